/* Large frames, and frames whose objects are aligned beyond the stack. */
typedef __UINTPTR_TYPE__ word;
static volatile int one = 1;

/* Compilers know how objects are aligned: only what they do not see through tells. */
__attribute__((noinline)) static int beyond(void *p, word align) {
  __asm__("" : "+r"(p));
  return (int)((word)p % align);
}

__attribute__((noinline)) static int touch(char *p, int n) {
  for (int i = 0; i < n; ++i)
    p[i] = (char)i;
  return p[n - 1];
}

__attribute__((noinline)) static int large(int n) {
  char room[100000];
  volatile int before = n, after = n + 1;
  touch(room, sizeof room);
  return before + after + room[1];
}

__attribute__((noinline)) static int aligned(int n) {
  _Alignas(128) char room[200];
  char odd = (char)n;
  touch(room, sizeof room);
  return beyond(room, 128) + odd + room[3];
}

__attribute__((noinline)) static int dynamic(int n) {
  char *room = __builtin_alloca_with_align((unsigned)n, 64 * 8);
  touch(room, n);
  return beyond(room, 64) + room[2];
}

__attribute__((noinline)) static int many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
}

/* Both, with arguments on the stack at entry and in a call. */
__attribute__((noinline)) static int all(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  _Alignas(64) char room[64];
  char *more = __builtin_alloca((unsigned)(a * 24 + j));
  touch(more, j);
  touch(room, 64);
  if (beyond((void *)room, 64))
    return -1;
  return many(j, i, h, g, f, e, d, c, b, a) + room[5] + more[1];
}

__attribute__((noinline)) static int aligned_arguments(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  _Alignas(64) volatile char room[64];
  room[0] = 1;
  if (beyond((void *)room, 64))
    return -1;
  return a + b + c + d + e + f + g + h + i + 2 * j + room[0];
}

__attribute__((noinline)) static int main_at(int depth) {
  volatile char gap[20];
  gap[depth] = 1;
  if (depth && main_at(depth - 1))
    return 10 + depth;
  if (large(one) != 4)
    return 1;
  if (aligned(one) != 4)
    return 2;
  if (dynamic(one * 100) != 2)
    return 3;
  if (all(one, 2, 3, 4, 5, 6, 7, 8, 9, 10) != many(10, 9, 8, 7, 6, 5, 4, 3, 2, 1) + 6)
    return 4;
  if (aligned_arguments(one, 2, 3, 4, 5, 6, 7, 8, 9, 10) != 66)
    return 5;
  return 0;
}

/* The stack pointer is another one at each depth. */
int main(void) { return main_at(9); }
