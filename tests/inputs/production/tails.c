/* Tail calls: a million of them, by musttail and as siblings, leave the stack where it was. */
static volatile int zero;

__attribute__((noinline)) static int odd(int n, int a, int b);
__attribute__((noinline)) static int even(int n, int a, int b) {
  if (n == 0)
    return a;
  __attribute__((musttail)) return odd(n - 1, b, a);
}
__attribute__((noinline)) static int odd(int n, int a, int b) {
  if (n == 0)
    return b;
  __attribute__((musttail)) return even(n - 1, b, a);
}

typedef int (*next)(int);
__attribute__((noinline)) static int last(int n) { return n + 1; }
__attribute__((noinline)) static int through(next f, int n) {
  volatile int kept[4];
  kept[n & 3] = n;
  int m = kept[n & 3] + zero;
  __asm__ volatile("" ::: "memory");
  return f(m);
}

int main(void) {
  if (even(1000000, 3, 4) != 3 || odd(zero, 5, 6) != 6)
    return 1;
  return through(last, 41) != 42;
}
