/* Structures by value and as results, variable arguments. */
struct small { char a; short b; };
struct large { int a[12]; };
struct mixed { char c; long long d; int e; };
__attribute__((noinline)) static struct large make(int n, struct small s) {
  struct large made;
  for (int i = 0; i < 12; ++i)
    made.a[i] = n + i * s.b + s.a;
  return made;
}
__attribute__((noinline)) static long long sum(struct large l, int x, struct mixed m) {
  long long s = x;
  for (int i = 0; i < 12; ++i)
    s += l.a[i];
  l.a[0] = 1000;
  return s + m.c + m.d * m.e;
}
__attribute__((noinline)) static long long various(const char *kinds, ...) {
  __builtin_va_list list, again;
  __builtin_va_start(list, kinds);
  __builtin_va_copy(again, list);
  long long s = 0;
  for (const char *k = kinds; *k; ++k)
    switch (*k) {
    case 'i': s += __builtin_va_arg(list, int); break;
    case 'p': s += *__builtin_va_arg(list, int *); break;
    case 's': { struct large l = __builtin_va_arg(list, struct large); s += l.a[11]; break; }
    }
  s += *kinds == 'i' ? __builtin_va_arg(again, int) : 0;
  __builtin_va_end(list);
  __builtin_va_end(again);
  return s;
}
int main(void) {
  struct large l = make(3, (struct small){1, 2});
  if (sum(l, 5, (struct mixed){2, 1LL << 33, 3}) != 5 + 12 * 4 + 2 * 66 + 2 + 3 * (1LL << 33))
    return 1;
  if (l.a[0] != 4)
    return 2;
  int n = 100;
  return various("iipisii", 1, 2, &n, 3, l, 4, 5) != 1 + 2 + 100 + 3 + 26 + 4 + 5 + 1;
}
