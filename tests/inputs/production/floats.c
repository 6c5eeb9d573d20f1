/* _Float16 and long double, whose operations are calls of the library. The functions here know whole numbers alone. */
typedef unsigned long long u64;
union wide { long double value; struct { u64 low, high; } bits; double narrow; };
static volatile int zero;
int calls;

/* LLVM's names of the conversions, and what they take. */
float __gnu_h2f_ieee(unsigned short n);
unsigned short __gnu_f2h_ieee(float f);
float __gnu_h2f_ieee(unsigned short h) {
  struct { unsigned n; } in = {h};
  union { unsigned n; float f; } out;
  ++calls;
  out.n = in.n & 0x7fff ? (unsigned)(in.n & 0x8000) << 16 | ((unsigned)(in.n & 0x7fff) << 13) + (112u << 23) : 0;
  return out.f;
}
unsigned short __gnu_f2h_ieee(float f) {
  union { float f; unsigned n; } in = {f};
  ++calls;
  return in.n & 0x7fffffff ? (unsigned short)((in.n >> 16 & 0x8000) | (((in.n & 0x7fffffff) - (112u << 23)) >> 13)) : 0;
}

#if __SIZEOF_LONG_DOUBLE__ == 16
static int whole(long double v) {
  union wide in = {v};
  int exponent = (int)(in.bits.high >> 48 & 0x7fff) - 16383;
  if (exponent < 0)
    return 0;
  int n = (int)(((in.bits.high & 0xffffffffffffULL) | 1ULL << 48) >> (48 - exponent));
  return in.bits.high >> 63 ? -n : n;
}
static long double made(int n) {
  union wide out = {0};
  out.bits.low = out.bits.high = 0;
  if (!n)
    return out.value;
  u64 m = n < 0 ? -(u64)n : (u64)n;
  int exponent = 48;
  while (!(m >> 48)) {
    m <<= 1;
    --exponent;
  }
  out.bits.high = (u64)(n < 0) << 63 | (u64)(16383 + exponent) << 48 | (m & 0xffffffffffffULL);
  return out.value;
}
long double __addtf3(long double a, long double b) { ++calls; return made(whole(a) + whole(b)); }
long double __subtf3(long double a, long double b) { ++calls; return made(whole(a) - whole(b)); }
long double __multf3(long double a, long double b) { ++calls; return made(whole(a) * whole(b)); }
long double __divtf3(long double a, long double b) { ++calls; return made(whole(a) / whole(b)); }
long double __floatsitf(int n) { ++calls; return made(n); }
int __fixtfsi(long double v) { ++calls; return whole(v); }
int __lttf2(long double a, long double b) { return whole(a) - whole(b); }
int __gttf2(long double a, long double b) { return whole(a) - whole(b); }
int __letf2(long double a, long double b) { return whole(a) - whole(b); }
int __getf2(long double a, long double b) { return whole(a) - whole(b); }
int __eqtf2(long double a, long double b) { return whole(a) != whole(b); }
int __netf2(long double a, long double b) { return whole(a) != whole(b); }
#endif

__attribute__((noinline)) static long double polynomial(long double x, int n) { return x * x + (long double)n * x - 6; }
__attribute__((noinline)) static _Float16 half(_Float16 a, _Float16 b) { return a * b + a; }
__attribute__((noinline)) static int less(long double a, long double b) { return a < b ? 1 : a == b ? 2 : 3; }
__attribute__((noinline)) static int half_less(_Float16 a, _Float16 b) { return a < b; }

int main(void) {
  if ((int)(float)half((_Float16)(3 + zero), (_Float16)4) != 15)
    return 1;
  if (!half_less((_Float16)(3 + zero), (_Float16)4))
    return 2;
  if ((int)polynomial(5 + zero, 2) != 29)
    return 3;
  if (less(3 + zero, 4) != 1 || less(4 + zero, 4) != 2 || less(5 + zero, 4) != 3)
    return 4;
  return calls < 5;
}
