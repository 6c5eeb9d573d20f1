/* The functions that a program calls and no object defines: the C library's and the compiler's run-time library's. Included by host.c.

   A signature is a result and arguments, a letter each: v nothing, i int, l long, p pointer, z size_t, . variable arguments; of fixed
   width: h 16 bits, s 32, d 64, t 128 (in capitals where the number has no sign), f float, e double. A value wider than a register comes in
   parts, the lower one first on little-endian machines; a result of more parts than there are registers goes to the address that is a
   hidden first argument. This is how templates/archetypes/ISelLowering.cpp.j2 lowers calls. */
#include <math.h>

typedef unsigned __int128 wide;
typedef struct { const char *name, *signature; wide (*call)(const wide *a); } function;

/* ------------------------------------------------------------------------------------------------------------ arguments and results */

static uint64_t next_register, next_offset, usable;

static unsigned width(char letter) {
  switch (letter) {
  case 'h': case 'H':
    return 16;
  case 's': case 'S': case 'f':
    return 32;
  case 'd': case 'D': case 'e':
    return 64;
  case 't': case 'T':
    return 128;
  case 'i':
    return image.bits < 32 ? 16 : 32;
  case 'l':
    return image.bits < 32 ? 32 : (unsigned)image.bits;
  default:
    return (unsigned)image.bits;
  }
}

static int is_signed(char letter) { return strchr("ilhsdt", letter) != NULL; }

static wide cut(wide value, unsigned bits) { return bits < 128 ? value & (((wide)1 << bits) - 1) : value; }

/* A number of `bits` with its sign. */
static __int128 sign(wide value, unsigned bits) { return (__int128)(value << (128 - bits)) >> (128 - bits); }

static wide argument_word(void) {
  if (next_register < usable)
    return cut(read_register((unsigned)argument_registers[next_register++]), (unsigned)image.bits);
  if (image.stack_pointer == UINT64_MAX)
    stop("an argument lies on the stack, and no register is known to be the stack pointer");
  uint64_t address = read_register((unsigned)image.stack_pointer) + image.pushed + next_offset;
  next_offset += image.slot;
  return load(address, (unsigned)(image.bits / 8));
}

static wide argument(char letter) {
  unsigned bits = width(letter), word = (unsigned)image.bits, parts = (bits + word - 1) / word;
  wide value = 0;
  for (unsigned n = 0; n != parts; ++n)
    value |= argument_word() << (word * (image.big ? parts - 1 - n : n));
  return is_signed(letter) ? (wide)sign(value, bits) : cut(value, bits);
}

static void give(char letter, wide value, uint64_t hidden) {
  unsigned bits = width(letter), word = (unsigned)image.bits, parts = (bits + word - 1) / word;
  if (parts > image.results) {
    for (unsigned n = 0; n != bits / 8; ++n)
      store(hidden + n, 1, (uint64_t)(value >> (8 * (image.big ? bits / 8 - 1 - n : n))) & 0xff);
    return;
  }
  value = is_signed(letter) ? (wide)sign(value, bits) : cut(value, bits);
  for (unsigned n = 0; n != parts; ++n)
    write_register((unsigned)result_registers[n], (uint64_t)cut(value >> (word * (image.big ? parts - 1 - n : n)), word));
}

/* --------------------------------------------------------------------------------------------------------------------------- printing */

static void put(char c) {
  if (++written > OUTPUT_LIMIT)
    stop("it has printed more than %d bytes", OUTPUT_LIMIT);
  if (held == sizeof output)
    flush();
  output[held++] = c;
}

/* Where formatted text goes: to the output, or to `room` bytes at `address`. */
typedef struct { uint64_t address, room, count; int memory; } sink;

static void emit(sink *to, char c) {
  if (!to->memory)
    put(c);
  else if (to->count + 1 < to->room)
    store(to->address + to->count, 1, (uint8_t)c);
  ++to->count;
}

static uint64_t length(uint64_t address) {
  uint64_t n = 0;
  while (load(address + n, 1))
    ++n;
  return n;
}

static void padded(sink *to, const char *body, size_t count, int wanted, int left, char fill) {
  int more = wanted > (int)count ? wanted - (int)count : 0;
  for (int n = left ? 0 : more; n > 0; --n)
    emit(to, fill);
  for (size_t n = 0; n != count; ++n)
    emit(to, body[n]);
  for (int n = left ? more : 0; n > 0; --n)
    emit(to, ' ');
}

/* Prints `value` with the digits and the sign that a conversion asks for. */
static void number(sink *to, wide value, int negative, char kind, const char *flags, int wanted, int least) {
  char digits[48], all[2100];
  unsigned count = 0, base = kind == 'x' || kind == 'X' ? 16 : kind == 'o' ? 8 : 10;
  for (wide left = value; left; left /= base)
    digits[count++] = (kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[left % base];
  size_t size = 0;
  if (negative || strchr(flags, '+') || strchr(flags, ' '))
    if (kind == 'd')
      all[size++] = negative ? '-' : strchr(flags, '+') ? '+' : ' ';
  if (strchr(flags, '#') && base == 16 && value) {
    all[size++] = '0';
    all[size++] = kind;
  }
  int zeros = least < 0 ? 1 : least;
  if (least < 0 && strchr(flags, '0') && !strchr(flags, '-'))
    zeros = wanted - (int)size;
  if (strchr(flags, '#') && base == 8 && zeros <= (int)count)
    zeros = (int)count + 1;
  for (int n = (int)count; n < zeros && size < 2000; ++n)
    all[size++] = '0';
  while (count)
    all[size++] = digits[--count];
  padded(to, all, size, wanted, strchr(flags, '-') != NULL, ' ');
}

static char next_char(uint64_t *format) { return (char)load((*format)++, 1); }

static int format_number(uint64_t *format, char *c) {
  int value = 0;
  if (*c == '*') {
    *c = next_char(format);
    return (int)argument('i');
  }
  for (; *c >= '0' && *c <= '9'; *c = next_char(format))
    value = value * 10 + (*c - '0');
  return value;
}

static wide print(sink *to, uint64_t format) {
  for (char c; (c = next_char(&format)) != 0;) {
    if (c != '%') {
      emit(to, c);
      continue;
    }
    char flags[8] = "", size = 'i';
    unsigned longs = 0, halves = 0;
    for (c = next_char(&format); c && strchr("-+ #0", c); c = next_char(&format))
      if (!strchr(flags, c))
        flags[strlen(flags)] = c;
    int wanted = format_number(&format, &c), least = -1;
    if (wanted < 0) {
      wanted = -wanted;
      strcat(flags, strchr(flags, '-') ? "" : "-");
    }
    if (c == '.') {
      c = next_char(&format);
      least = format_number(&format, &c);
    }
    if (wanted > 2000 || least > 2000)
      stop("a width of more than 2000 characters");
    for (; c && strchr("hlzjt", c); c = next_char(&format)) {
      longs += c == 'l' ? 1 : c == 'j' ? 2 : 0;
      halves += c == 'h';
      size = c == 'z' || c == 't' ? 'z' : size;
    }
    size = longs > 1 ? 'd' : longs ? 'l' : size;
    unsigned bits = halves > 1 ? 8 : halves ? 16 : width(size);
    int left = strchr(flags, '-') != NULL;
    switch (c) {
    case 'd': case 'i': {
      __int128 value = sign(argument(size), bits);
      number(to, (wide)(value < 0 ? -value : value), value < 0, 'd', flags, wanted, least);
      break;
    }
    case 'u': case 'x': case 'X': case 'o':
      number(to, cut(argument(size), bits), 0, c, flags, wanted, least);
      break;
    case 'p':
      number(to, argument('p'), 0, 'x', "#", wanted, least);
      break;
    case 'c': {
      char one = (char)argument('i');
      padded(to, &one, 1, wanted, left, ' ');
      break;
    }
    case 's': {
      uint64_t from = (uint64_t)argument('p'), count = 0;
      while ((least < 0 || count < (uint64_t)least) && load(from + count, 1))
        ++count;
      for (uint64_t n = count; !left && n < (uint64_t)wanted; ++n)
        emit(to, ' ');
      for (uint64_t n = 0; n != count; ++n)
        emit(to, (char)load(from + n, 1));
      for (uint64_t n = count; left && n < (uint64_t)wanted; ++n)
        emit(to, ' ');
      break;
    }
    case 'f': case 'F': case 'e': case 'E': case 'g': case 'G': {
      uint64_t raw = (uint64_t)argument('e');
      double value;
      memcpy(&value, &raw, 8);
      char shape[16], body[2500];
      snprintf(shape, sizeof shape, "%%%s*.*%c", flags, c);
      int count = snprintf(body, sizeof body, shape, wanted, least, value);
      padded(to, body, (size_t)count < sizeof body ? (size_t)count : sizeof body - 1, 0, 0, ' ');
      break;
    }
    case '%':
      emit(to, '%');
      break;
    case 0:
      stop("the format ends inside a conversion");
    default:
      stop("the conversion %%%c is not known", c >= ' ' && c <= '~' ? c : '?');
    }
  }
  return to->count;
}

/* ---------------------------------------------------------------------------------------------------------------------------- the heap */

/* A block has its size in the 16 bytes before it; a free one has the address of the next of its size in its first bytes. */
enum { CLASSES = 4096 };
static uint64_t free_blocks[CLASSES], heap_top;
static const uint64_t LIVE = 0x11fe, FREE = 0xf1ee;

static void mark(uint64_t block, uint64_t size, uint64_t state) {
  unsigned word = (unsigned)(image.bits < 64 ? image.bits / 8 : 8);
  store(block - 16, word, size);
  store(block - 8, 2, state);
}

static uint64_t block_size(uint64_t block, const char *does) {
  if (block - 16 < image.heap || block < 16 || block >= heap_top || load(block - 8, 2) != LIVE)
    stop("it %s 0x%llx, which is no block that malloc has given", does, (unsigned long long)block);
  return load(block - 16, (unsigned)(image.bits < 64 ? image.bits / 8 : 8));
}

static uint64_t allocate(uint64_t count) {
  uint64_t size = (count + 15) / 16 * 16 + (count ? 0 : 16);
  heap_top = heap_top ? heap_top : image.heap;
  if (size < count || size > image.size)
    return 0;
  uint64_t *list = size / 16 < CLASSES ? &free_blocks[size / 16] : NULL, block = list ? *list : 0;
  if (block) {
    *list = load(block, (unsigned)(image.bits / 8));
  } else {
    if (heap_top + 16 + size > image.heap_end)
      return 0;
    block = heap_top + 16;
    heap_top = block + size;
  }
  mark(block, size, LIVE);
  return block;
}

static void release(uint64_t block) {
  if (!block)
    return;
  uint64_t size = block_size(block, "frees");
  mark(block, size, FREE);
  if (size / 16 < CLASSES) {
    store(block, (unsigned)(image.bits / 8), free_blocks[size / 16]);
    free_blocks[size / 16] = block;
  }
}

/* ---------------------------------------------------------------------------------------------------------------------- the C library */

static uint64_t move(uint64_t to, uint64_t from, uint64_t count) {
  if (count) {
    const uint8_t *source = bytes_at(from, count, 0);
    memmove(bytes_at(to, count, 1), source, count);
  }
  return to;
}

static int compare(uint64_t a, uint64_t b, uint64_t count, int ends) {
  for (uint64_t n = 0; n != count; ++n) {
    uint64_t x = load(a + n, 1), y = load(b + n, 1);
    if (x != y)
      return x < y ? -1 : 1;
    if (ends && !x)
      break;
  }
  return 0;
}

static uint64_t find(uint64_t from, unsigned char c, uint64_t count, int ends) {
  for (uint64_t n = 0; n != count; ++n) {
    uint64_t here = load(from + n, 1);
    if (here == c)
      return from + n;
    if (ends && !here)
      break;
  }
  return 0;
}

#define DEFINE(name, expression) static wide call_##name(const wide *a) { (void)a; return (wide)(expression); }
#define A ((uint64_t)a[0])
#define B ((uint64_t)a[1])
#define C ((uint64_t)a[2])

static wide call_exit(const wide *a) { finish((int)(A & 0xff)); }
static wide call_abort(const wide *a) { (void)a; finish(134); }
static wide call_putchar(const wide *a) { put((char)A); return A & 0xff; }
static wide call_puts(const wide *a) {
  for (uint64_t n = 0, count = length(A); n != count; ++n)
    put((char)load(A + n, 1));
  put('\n');
  return 0;
}
static wide call_printf(const wide *a) { return print(&(sink){0}, A); }
static wide call_snprintf(const wide *a) {
  sink to = {A, B, 0, 1};
  print(&to, C);
  if (B)
    store(A + (to.count < B ? to.count : B - 1), 1, 0);
  return to.count;
}
static wide call_sprintf(const wide *a) {
  sink to = {A, UINT64_MAX, 0, 1};
  print(&to, B);
  store(A + to.count, 1, 0);
  return to.count;
}
static wide call___assert_fail(const wide *a) {
  flush();
  fputs("assertion failed: ", stderr);
  for (uint64_t n = 0, count = length(A); n != count; ++n)
    fputc((int)load(A + n, 1), stderr);
  fputc('\n', stderr);
  finish(134);
}
static wide call_memset(const wide *a) {
  if (C)
    memset(bytes_at(A, C, 1), (int)B, C);
  return A;
}
static wide call_calloc(const wide *a) {
  uint64_t block = B && A > image.size / B ? 0 : allocate(A * B);
  if (block && A * B)
    memset(bytes_at(block, A * B, 1), 0, A * B);
  return block;
}
static wide call_realloc(const wide *a) {
  uint64_t block = allocate(B), had = block && A ? block_size(A, "resizes") : 0;
  move(block, A, had < B ? had : B);
  release(had ? A : 0);
  return block;
}
static wide call_free(const wide *a) { release(A); return 0; }
static wide call_strncpy(const wide *a) {
  int ended = 0;
  for (uint64_t n = 0; n != C; ++n) {
    uint64_t c = ended ? 0 : load(B + n, 1);
    ended |= !c;
    store(A + n, 1, c);
  }
  return A;
}
DEFINE(memcpy, move(A, B, C))
DEFINE(memcmp, compare(A, B, C, 0))
DEFINE(memchr, find(A, (unsigned char)B, C, 0))
DEFINE(strlen, length(A))
DEFINE(strcmp, compare(A, B, UINT64_MAX, 1))
DEFINE(strncmp, compare(A, B, C, 1))
DEFINE(strchr, find(A, (unsigned char)B, UINT64_MAX, 1))
DEFINE(strcpy, move(A, B, length(B) + 1))
DEFINE(strcat, (move(A + length(A), B, length(B) + 1), A))
DEFINE(malloc, allocate(A))
DEFINE(abs, (__int128)a[0] < 0 ? -a[0] : a[0])

/* ------------------------------------------------------------------------------------------------------- the compiler's own: integers */

static wide divided(wide a, wide b, int is_signed_one, int remainder) {
  if (!b)
    stop("a division by zero");
  int minus_a = is_signed_one && (__int128)a < 0, minus_b = is_signed_one && (__int128)b < 0;
  wide x = minus_a ? -a : a, y = minus_b ? -b : b;
  wide result = remainder ? x % y : x / y;
  return (remainder ? minus_a : minus_a != minus_b) ? -result : result;
}

static wide both(const wide *a, int is_signed_one, char letter) {
  wide rest = divided(a[0], a[1], is_signed_one, 1);
  uint64_t to = (uint64_t)a[2];
  unsigned bytes = width(letter) / 8;
  for (unsigned n = 0; n != bytes; ++n)
    store(to + n, 1, (uint64_t)(rest >> (8 * (image.big ? bytes - 1 - n : n))) & 0xff);
  return divided(a[0], a[1], is_signed_one, 0);
}

static wide zeros(wide value, int from_above, unsigned bits) {
  unsigned n = 0;
  while (n != bits && !(value >> (from_above ? bits - 1 - n : n) & 1))
    ++n;
  return n;
}

static wide ones(wide value) {
  unsigned n = 0;
  for (; value; value &= value - 1)
    ++n;
  return n;
}

static wide shifted(wide value, wide amount, int direction) {
  if (amount > 127)
    stop("a shift by %llu bits", (unsigned long long)amount);
  return direction > 0 ? value << amount : direction < 0 ? (wide)((__int128)value >> amount) : value >> amount;
}

#define INTEGERS(m, letter, bits)                                                                                                          \
  DEFINE(__mul##m##3, a[0] * a[1])                                                                                                         \
  DEFINE(__div##m##3, divided(a[0], a[1], 1, 0))                                                                                           \
  DEFINE(__udiv##m##3, divided(a[0], a[1], 0, 0))                                                                                          \
  DEFINE(__mod##m##3, divided(a[0], a[1], 1, 1))                                                                                           \
  DEFINE(__umod##m##3, divided(a[0], a[1], 0, 1))                                                                                          \
  DEFINE(__divmod##m##4, both(a, 1, letter))                                                                                               \
  DEFINE(__udivmod##m##4, both(a, 0, letter))                                                                                              \
  DEFINE(__neg##m##2, -a[0])                                                                                                               \
  DEFINE(__ashl##m##3, shifted(a[0], a[1], 1))                                                                                             \
  DEFINE(__ashr##m##3, shifted(a[0], a[1], -1))                                                                                            \
  DEFINE(__lshr##m##3, shifted(a[0], a[1], 0))                                                                                             \
  DEFINE(__clz##m##2, zeros(a[0], 1, bits))                                                                                                \
  DEFINE(__ctz##m##2, zeros(a[0], 0, bits))                                                                                                \
  DEFINE(__popcount##m##2, ones(a[0]))                                                                                                     \
  DEFINE(__parity##m##2, ones(a[0]) & 1)

INTEGERS(hi, 'h', 16)
INTEGERS(si, 's', 32)
INTEGERS(di, 'd', 64)
INTEGERS(ti, 't', 128)
DEFINE(__bswapsi2, __builtin_bswap32((uint32_t)a[0]))
DEFINE(__bswapdi2, __builtin_bswap64((uint64_t)a[0]))

/* ------------------------------------------------------------------------------------------------- the compiler's own: floating point */

static float as_f(wide raw) { uint32_t bits = (uint32_t)raw; float value; memcpy(&value, &bits, 4); return value; }
static double as_e(wide raw) { uint64_t bits = (uint64_t)raw; double value; memcpy(&value, &bits, 8); return value; }
static wide raw_f(float value) { uint32_t bits; memcpy(&bits, &value, 4); return bits; }
static wide raw_e(double value) { uint64_t bits; memcpy(&bits, &value, 8); return bits; }

/* The whole part of `value`; the nearest number of `bits` where it has none of those. */
static wide whole(double value, unsigned bits, int is_signed_one) {
  double limit = ldexp(1.0, (int)bits - (is_signed_one ? 1 : 0));
  if (value != value)
    return 0;
  if (value >= limit)
    return is_signed_one ? ((wide)1 << (bits - 1)) - 1 : cut(~(wide)0, bits);
  if (value < (is_signed_one ? -limit : 0))
    return is_signed_one ? (wide)1 << (bits - 1) : 0;
  return is_signed_one ? (wide)(__int128)value : (wide)value;
}

/* What the comparisons return: the sign of x - y, `unordered` for a NaN. */
static wide ordered(double x, double y, int unordered) { return (wide)(x != x || y != y ? unordered : x < y ? -1 : x > y); }

static double power(double base, int n) {
  double result = 1;
  for (unsigned left = n < 0 ? 0u - (unsigned)n : (unsigned)n; left; left >>= 1, base *= base)
    result *= left & 1 ? base : 1;
  return n < 0 ? 1 / result : result;
}

#define FLOATS(m, k, type)                                                                                                                 \
  DEFINE(__add##m##3, raw_##k(as_##k(a[0]) + as_##k(a[1])))                                                                                \
  DEFINE(__sub##m##3, raw_##k(as_##k(a[0]) - as_##k(a[1])))                                                                                \
  DEFINE(__mul##m##3, raw_##k(as_##k(a[0]) * as_##k(a[1])))                                                                                \
  DEFINE(__div##m##3, raw_##k(as_##k(a[0]) / as_##k(a[1])))                                                                                \
  DEFINE(__neg##m##2, raw_##k(-as_##k(a[0])))                                                                                              \
  DEFINE(__eq##m##2, ordered(as_##k(a[0]), as_##k(a[1]), 1))                                                                               \
  DEFINE(__lt##m##2, ordered(as_##k(a[0]), as_##k(a[1]), 1))                                                                               \
  DEFINE(__gt##m##2, ordered(as_##k(a[0]), as_##k(a[1]), -1))                                                                              \
  DEFINE(__unord##m##2, as_##k(a[0]) != as_##k(a[0]) || as_##k(a[1]) != as_##k(a[1]))                                                      \
  DEFINE(__powi##m##2, raw_##k((type)power(as_##k(a[0]), (int)(__int128)a[1])))                                                            \
  DEFINE(__fix##m##si, whole(as_##k(a[0]), 32, 1))                                                                                         \
  DEFINE(__fix##m##di, whole(as_##k(a[0]), 64, 1))                                                                                         \
  DEFINE(__fixuns##m##si, whole(as_##k(a[0]), 32, 0))                                                                                      \
  DEFINE(__fixuns##m##di, whole(as_##k(a[0]), 64, 0))                                                                                      \
  DEFINE(__floatsi##m, raw_##k((type)(__int128)a[0]))                                                                                      \
  DEFINE(__floatdi##m, raw_##k((type)(int64_t)a[0]))                                                                                       \
  DEFINE(__floatunsi##m, raw_##k((type)(uint32_t)a[0]))                                                                                    \
  DEFINE(__floatundi##m, raw_##k((type)(uint64_t)a[0]))

FLOATS(sf, f, float)
FLOATS(df, e, double)
DEFINE(__extendsfdf2, raw_e(as_f(a[0])))
DEFINE(__truncdfsf2, raw_f((float)as_e(a[0])))
DEFINE(fmod, raw_e(fmod(as_e(a[0]), as_e(a[1]))))
DEFINE(fmodf, raw_f(fmodf(as_f(a[0]), as_f(a[1]))))
DEFINE(sqrt, raw_e(sqrt(as_e(a[0]))))
DEFINE(sqrtf, raw_f(sqrtf(as_f(a[0]))))
DEFINE(floor, raw_e(floor(as_e(a[0]))))
DEFINE(floorf, raw_f(floorf(as_f(a[0]))))
DEFINE(ceil, raw_e(ceil(as_e(a[0]))))
DEFINE(ceilf, raw_f(ceilf(as_f(a[0]))))
DEFINE(trunc, raw_e(trunc(as_e(a[0]))))
DEFINE(truncf, raw_f(truncf(as_f(a[0]))))
DEFINE(fabs, raw_e(fabs(as_e(a[0]))))
DEFINE(fabsf, raw_f(fabsf(as_f(a[0]))))

/* ------------------------------------------------------------------------------------------------------------------ names, signatures */

#define ROW(name, signature) {#name, signature, call_##name}
#define INTEGER_ROWS(m, s, u)                                                                                                              \
  ROW(__mul##m##3, s s s), ROW(__div##m##3, s s s), ROW(__udiv##m##3, u u u), ROW(__mod##m##3, s s s), ROW(__umod##m##3, u u u),           \
      ROW(__divmod##m##4, s s s "p"), ROW(__udivmod##m##4, u u u "p"), ROW(__neg##m##2, s s), ROW(__ashl##m##3, s s "i"),                  \
      ROW(__ashr##m##3, s s "i"), ROW(__lshr##m##3, u u "i"), ROW(__clz##m##2, "i" u), ROW(__ctz##m##2, "i" u),                            \
      ROW(__popcount##m##2, "i" u), ROW(__parity##m##2, "i" u)
#define FLOAT_ROWS(m, k)                                                                                                                   \
  ROW(__add##m##3, k k k), ROW(__sub##m##3, k k k), ROW(__mul##m##3, k k k), ROW(__div##m##3, k k k), ROW(__neg##m##2, k k),               \
      ROW(__eq##m##2, "s" k k), {"__ne" #m "2", "s" k k, call___eq##m##2}, ROW(__lt##m##2, "s" k k),                                       \
      {"__le" #m "2", "s" k k, call___lt##m##2}, ROW(__gt##m##2, "s" k k), {"__ge" #m "2", "s" k k, call___gt##m##2},                      \
      ROW(__unord##m##2, "s" k k), ROW(__powi##m##2, k k "i"), ROW(__fix##m##si, "s" k), ROW(__fix##m##di, "d" k),                         \
      ROW(__fixuns##m##si, "S" k), ROW(__fixuns##m##di, "D" k), ROW(__floatsi##m, k "s"), ROW(__floatdi##m, k "d"),                        \
      ROW(__floatunsi##m, k "S"), ROW(__floatundi##m, k "D")

static const function library[] = {
    ROW(exit, "vi"), ROW(abort, "v"), ROW(putchar, "ii"), ROW(puts, "ip"), ROW(printf, "ip."), ROW(sprintf, "ipp."),
    ROW(snprintf, "ipzp."), ROW(__assert_fail, "vppip"), ROW(memcpy, "pppz"), {"memmove", "pppz", call_memcpy}, ROW(memset, "ppiz"),
    ROW(memcmp, "ippz"), ROW(memchr, "ppiz"), ROW(strlen, "zp"), ROW(strcmp, "ipp"), ROW(strncmp, "ippz"), ROW(strchr, "ppi"),
    ROW(strcpy, "ppp"), ROW(strncpy, "pppz"), ROW(strcat, "ppp"), ROW(malloc, "pz"), ROW(calloc, "pzz"), ROW(realloc, "ppz"),
    ROW(free, "vp"), ROW(abs, "ii"), {"labs", "ll", call_abs}, INTEGER_ROWS(hi, "h", "H"), INTEGER_ROWS(si, "s", "S"),
    INTEGER_ROWS(di, "d", "D"), INTEGER_ROWS(ti, "t", "T"), ROW(__bswapsi2, "SS"), ROW(__bswapdi2, "DD"), FLOAT_ROWS(sf, "f"),
    FLOAT_ROWS(df, "e"), ROW(__extendsfdf2, "ef"), ROW(__truncdfsf2, "fe"), ROW(fmod, "eee"), ROW(fmodf, "fff"), ROW(sqrt, "ee"),
    ROW(sqrtf, "ff"), ROW(floor, "ee"), ROW(floorf, "ff"), ROW(ceil, "ee"), ROW(ceilf, "ff"), ROW(trunc, "ee"), ROW(truncf, "ff"),
    ROW(fabs, "ee"), ROW(fabsf, "ff"), {NULL, NULL, NULL},
};

static const function **called;

/* Finds the functions that the image names. */
static void find_functions(void) {
  called = calloc(image.function_count + 1, sizeof *called);
  for (uint64_t n = 0; called && n != image.function_count; ++n) {
    const function *f = library;
    while (f->name && strcmp(f->name, text + function_names[n]))
      ++f;
    if (!f->name)
      stop("no host function is called %s", text + function_names[n]);
    called[n] = f;
  }
}

int host_function(uint64_t address) {
  uint64_t offset = address - image.functions;
  if (address < image.functions || offset % 16 || offset / 16 >= image.function_count)
    return 0;
  const function *f = called[offset / 16];
  unsigned word = (unsigned)image.bits, parts = f->signature[0] == 'v' ? 0 : (width(f->signature[0]) + word - 1) / word;
  wide a[8] = {0};
  inside = f->name;
  next_register = next_offset = 0;
  usable = strchr(f->signature, '.') ? image.variadic : image.arguments;
  uint64_t hidden = parts > image.results ? (uint64_t)argument('p') : 0;
  for (unsigned n = 1; f->signature[n] && f->signature[n] != '.'; ++n)
    a[n - 1] = argument(f->signature[n]);
  wide result = f->call(a);
  if (parts)
    give(f->signature[0], result, hidden);
  inside = "";
  return 1;
}
