/* Computed goto, jump tables, addresses of frames and returns. */
static volatile int zero;

__attribute__((noinline)) static int machine(const unsigned char *code) {
  static const void *const places[] = {&&add, &&twice, &&less, &&end};
  int n = 1;
  goto *places[*code++];
add:
  n += 3;
  goto *places[*code++];
twice:
  n *= 2;
  goto *places[*code++];
less:
  --n;
  goto *places[*code++];
end:
  return n;
}

__attribute__((noinline)) static int table(int n) {
  switch (n) {
  case 0: return 7;
  case 1: zero = 0; return 3;
  case 2: return 99 + zero;
  case 3: return 12;
  case 4: return n * 5 + zero;
  case 5: zero = 0; return 1;
  case 6: return 1000;
  case 7: return zero - 2;
  case 900: return 5;
  default: return -1;
  }
}

__attribute__((noinline)) static void *own_frame(void) { return __builtin_frame_address(0); }
__attribute__((noinline)) static void *back(void) { return __builtin_return_address(0); }
__attribute__((noinline)) static int same_back(void) {
  void *first = __builtin_return_address(0);
  void *called = back();
  return first == __builtin_return_address(0) && called != first && called && first;
}

int main(void) {
  static const unsigned char code[] = {0, 1, 2, 0, 3};
  if (machine(code) != 10)
    return 1;
  static const int wanted[] = {7, 3, 99, 12, 20, 1, 1000, -2, -1};
  for (int i = 0; i < 9; ++i)
    if (table(i) != wanted[i])
      return 2;
  if (table(900) != 5 || table(-1) != -1)
    return 3;
  char here;
  long below = (char *)own_frame() - &here;
  if (below > 64 || below < -4096)
    return 4;
  char *from = back();
  if (!same_back() || from - (char *)main < 0 || from - (char *)main > 100000)
    return 5;
  return 0;
}
