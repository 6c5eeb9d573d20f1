/* The part of a C library that test programs call, for a machine that has none. Each function is compiled to an object of its own, by
   -DONLY_<name>, so that a program may define one of them itself. Only putchar and exit are the host's: a system call under an emulator, a
   function of the simulator elsewhere. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

int putchar(int character);
void exit(int status);

#ifdef ONLY_abort
void abort(void) { exit(134); /* as a shell reports SIGABRT */ }
#endif

#ifdef ONLY___assert_fail
int puts(const char *text);
void __assert_fail(const char *what) {
  puts(what);
  exit(134);
}
#endif

#ifdef ONLY_memcpy
void *memcpy(void *to, const void *from, size_t size) {
  char *out = to;
  for (const char *in = from; size; size--)
    *out++ = *in++;
  return to;
}
#endif

#ifdef ONLY_mempcpy
void *memcpy(void *to, const void *from, size_t size);
void *mempcpy(void *to, const void *from, size_t size) { return (char *)memcpy(to, from, size) + size; }
#endif

#ifdef ONLY_memmove
void *memmove(void *to, const void *from, size_t size) {
  char *out = to;
  const char *in = from;
  if (out <= in)
    while (size--)
      *out++ = *in++;
  else
    while (size--)
      out[size] = in[size];
  return to;
}
#endif

#ifdef ONLY_memset
void *memset(void *to, int value, size_t size) {
  for (char *out = to; size; size--)
    *out++ = (char)value;
  return to;
}
#endif

#ifdef ONLY_memcmp
int memcmp(const void *one, const void *other, size_t size) {
  const unsigned char *a = one, *b = other;
  for (; size; size--, a++, b++)
    if (*a != *b)
      return *a - *b;
  return 0;
}
#endif

#ifdef ONLY_memchr
void *memchr(const void *text, int character, size_t size) {
  for (const unsigned char *at = text; size; size--, at++)
    if (*at == (unsigned char)character)
      return (void *)at;
  return 0;
}
#endif

#ifdef ONLY_strlen
size_t strlen(const char *text) {
  const char *end = text;
  while (*end)
    end++;
  return (size_t)(end - text);
}
#endif

#ifdef ONLY_strcpy
char *strcpy(char *to, const char *from) {
  char *out = to;
  while ((*out++ = *from++))
    ;
  return to;
}
#endif

#ifdef ONLY_stpcpy
char *stpcpy(char *to, const char *from) {
  while ((*to = *from++))
    to++;
  return to;
}
#endif

#ifdef ONLY_strncpy
char *strncpy(char *to, const char *from, size_t size) {
  char *out = to;
  for (; size; size--)
    *out++ = *from ? *from++ : 0;
  return to;
}
#endif

#ifdef ONLY_strcat
char *strcpy(char *to, const char *from);
size_t strlen(const char *text);
char *strcat(char *to, const char *from) {
  strcpy(to + strlen(to), from);
  return to;
}
#endif

#ifdef ONLY_strncat
size_t strlen(const char *text);
char *strncat(char *to, const char *from, size_t size) {
  char *out = to + strlen(to);
  for (; size && *from; size--)
    *out++ = *from++;
  *out = 0;
  return to;
}
#endif

#ifdef ONLY_strcmp
int strcmp(const char *one, const char *other) {
  while (*one && *one == *other)
    one++, other++;
  return (unsigned char)*one - (unsigned char)*other;
}
#endif

#ifdef ONLY_strncmp
int strncmp(const char *one, const char *other, size_t size) {
  for (; size && *one && *one == *other; size--)
    one++, other++;
  return size ? (unsigned char)*one - (unsigned char)*other : 0;
}
#endif

#ifdef ONLY_strchr
char *strchr(const char *text, int character) {
  for (; *text != (char)character; text++)
    if (!*text)
      return 0;
  return (char *)text;
}
#endif

#ifdef ONLY_index
char *strchr(const char *text, int character);
char *index(const char *text, int character) { return strchr(text, character); }
#endif

#ifdef ONLY_strrchr
char *strrchr(const char *text, int character) {
  const char *found = 0;
  do
    if (*text == (char)character)
      found = text;
  while (*text++);
  return (char *)found;
}
#endif

#ifdef ONLY_rindex
char *strrchr(const char *text, int character);
char *rindex(const char *text, int character) { return strrchr(text, character); }
#endif

#ifdef ONLY_strstr
size_t strlen(const char *text);
int strncmp(const char *one, const char *other, size_t size);
char *strstr(const char *text, const char *part) {
  size_t size = strlen(part);
  for (; strncmp(text, part, size); text++)
    if (!*text)
      return 0;
  return (char *)text;
}
#endif

#ifdef ONLY_strspn
char *strchr(const char *text, int character);
size_t strspn(const char *text, const char *set) {
  size_t size = 0;
  while (text[size] && strchr(set, text[size]))
    size++;
  return size;
}
#endif

#ifdef ONLY_strcspn
char *strchr(const char *text, int character);
size_t strcspn(const char *text, const char *set) {
  size_t size = 0;
  while (text[size] && !strchr(set, text[size]))
    size++;
  return size;
}
#endif

#ifdef ONLY_strpbrk
size_t strcspn(const char *text, const char *set);
char *strpbrk(const char *text, const char *set) {
  text += strcspn(text, set);
  return *text ? (char *)text : 0;
}
#endif

#ifdef ONLY_abs
int abs(int value) { return value < 0 ? -value : value; }
#endif

#ifdef ONLY_labs
long labs(long value) { return value < 0 ? -value : value; }
#endif

#ifdef ONLY_llabs
long long llabs(long long value) { return value < 0 ? -value : value; }
#endif

#ifdef ONLY_atoi
int atoi(const char *text) {
  int value = 0, sign = *text == '-' ? text++, -1 : 1;
  for (; *text >= '0' && *text <= '9'; text++)
    value = value * 10 + (*text - '0');
  return sign * value;
}
#endif

/* What is allocated is never given back. */
#ifdef ONLY_malloc
static _Alignas(16) char heap[1 << 20];
static size_t used;
void *malloc(size_t size) {
  size = (size + 31) & ~(size_t)15;
  if (size > sizeof heap - used)
    return 0;
  char *found = heap + used + 16;
  used += size;
  *(size_t *)(found - 16) = size - 16; /* for realloc */
  return found;
}
#endif

#ifdef ONLY_free
void free(void *place) { (void)place; }
#endif

#ifdef ONLY_calloc
void *malloc(size_t size);
void *memset(void *to, int value, size_t size);
void *calloc(size_t count, size_t size) {
  void *found = malloc(count * size);
  return found ? memset(found, 0, count * size) : 0;
}
#endif

#ifdef ONLY_realloc
void *malloc(size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *realloc(void *place, size_t size) {
  void *found = malloc(size);
  if (place && found) {
    size_t before = *(size_t *)((char *)place - 16);
    memcpy(found, place, before < size ? before : size);
  }
  return found;
}
#endif

#ifdef ONLY_puts
int puts(const char *text) {
  while (*text)
    putchar(*text++);
  return putchar('\n');
}
#endif

/* Flags - 0 + and space, width, precision, hh h l ll z, and d i u x X o c s p %. */
#ifdef ONLY_vsnprintf
static void put(char *to, size_t size, size_t *at, char character) {
  if (*at + 1 < size)
    to[*at] = character;
  ++*at;
}

static void padded(char *to, size_t size, size_t *at, const char *text, int length, int width, int left, char fill) {
  for (int i = length; !left && i < width; i++)
    put(to, size, at, fill);
  for (int i = 0; i < length; i++)
    put(to, size, at, text[i]);
  for (int i = length; left && i < width; i++)
    put(to, size, at, ' ');
}

int vsnprintf(char *to, size_t size, const char *format, va_list arguments) {
  size_t at = 0;
  for (; *format; format++) {
    if (*format != '%') {
      put(to, size, &at, *format);
      continue;
    }
    int left = 0, zero = 0, plus = 0, width = 0, precision = -1, longs = 0;
    for (format++; *format == '-' || *format == '0' || *format == '+' || *format == ' ' || *format == '#'; format++) {
      left |= *format == '-';
      zero |= *format == '0';
      plus = *format == '+' || *format == ' ' ? *format : plus;
    }
    if (*format == '*')
      width = va_arg(arguments, int), format++;
    for (; *format >= '0' && *format <= '9'; format++)
      width = width * 10 + (*format - '0');
    if (*format == '.') {
      precision = 0;
      if (*++format == '*')
        precision = va_arg(arguments, int), format++;
      for (; *format >= '0' && *format <= '9'; format++)
        precision = precision * 10 + (*format - '0');
    }
    for (; *format == 'l' || *format == 'h' || *format == 'z' || *format == 'j'; format++)
      longs += *format == 'l' ? 1 : *format == 'j' ? 2 : *format == 'h' ? -1 : 0;
    char digits[24], *end = digits + sizeof digits, *start = end, sign = 0;
    if (*format == 'c') {
      *--start = (char)va_arg(arguments, int);
      padded(to, size, &at, start, 1, width, left, ' ');
    } else if (*format == 's') {
      const char *text = va_arg(arguments, const char *);
      int length = 0;
      while (length != precision && text[length])
        length++;
      padded(to, size, &at, text, length, width, left, ' ');
    } else if (*format == '%') {
      put(to, size, &at, '%');
    } else {
      int is_signed = *format == 'd' || *format == 'i';
      unsigned base = *format == 'x' || *format == 'X' || *format == 'p' ? 16 : *format == 'o' ? 8 : 10;
      unsigned long long value;
      if (*format == 'p')
        value = (uintptr_t)va_arg(arguments, void *);
      else if (longs >= 2)
        value = va_arg(arguments, unsigned long long);
      else if (longs == 1)
        value = is_signed ? (unsigned long long)va_arg(arguments, long) : va_arg(arguments, unsigned long);
      else
        value = is_signed ? (unsigned long long)va_arg(arguments, int) : va_arg(arguments, unsigned);
      if (longs < 0)
        value = longs < -1 ? (is_signed ? (unsigned long long)(signed char)value : (unsigned char)value)
                           : (is_signed ? (unsigned long long)(short)value : (unsigned short)value);
      if (is_signed && (long long)value < 0)
        sign = '-', value = 0 - value;
      else if (is_signed && plus)
        sign = (char)plus;
      for (; value; value /= base)
        *--start = (*format == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[value % base];
      while (end - start < (precision < 0 ? 1 : precision) && start > digits + 1)
        *--start = '0';
      while (zero && !left && precision < 0 && end - start + (sign != 0) < width && start > digits + 1)
        *--start = '0';
      if (sign)
        *--start = sign;
      padded(to, size, &at, start, (int)(end - start), width, left, ' ');
    }
  }
  if (size)
    to[at < size ? at : size - 1] = 0;
  return (int)at;
}
#endif

#ifdef ONLY_vsprintf
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int vsprintf(char *to, const char *format, va_list arguments) { return vsnprintf(to, (size_t)-1 / 2, format, arguments); }
#endif

#ifdef ONLY_snprintf
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int snprintf(char *to, size_t size, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(to, size, format, arguments);
  va_end(arguments);
  return length;
}
#endif

#ifdef ONLY_sprintf
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int sprintf(char *to, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(to, (size_t)-1 / 2, format, arguments);
  va_end(arguments);
  return length;
}
#endif

#ifdef ONLY_vprintf
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int vprintf(const char *format, va_list arguments) {
  char text[512];
  int length = vsnprintf(text, sizeof text, format, arguments);
  for (char *at = text; *at; at++)
    putchar(*at);
  return length;
}
#endif

#ifdef ONLY_printf
int vprintf(const char *format, va_list arguments);
int printf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vprintf(format, arguments);
  va_end(arguments);
  return length;
}
#endif

#ifdef ONLY_isalpha
int isalpha(int character) { return (unsigned)(character | 32) - 'a' < 26; }
#endif

#ifdef ONLY_isdigit
int isdigit(int character) { return (unsigned)character - '0' < 10; }
#endif

#ifdef ONLY_isalnum
int isalpha(int character);
int isdigit(int character);
int isalnum(int character) { return isalpha(character) || isdigit(character); }
#endif

#ifdef ONLY_islower
int islower(int character) { return (unsigned)character - 'a' < 26; }
#endif

#ifdef ONLY_isupper
int isupper(int character) { return (unsigned)character - 'A' < 26; }
#endif

#ifdef ONLY_isspace
int isspace(int character) { return character == ' ' || (unsigned)character - '\t' < 5; }
#endif

#ifdef ONLY_isxdigit
int isxdigit(int character) { return (unsigned)character - '0' < 10 || (unsigned)(character | 32) - 'a' < 6; }
#endif

#ifdef ONLY_tolower
int tolower(int character) { return (unsigned)character - 'A' < 26 ? character | 32 : character; }
#endif

#ifdef ONLY_toupper
int toupper(int character) { return (unsigned)character - 'a' < 26 ? character & ~32 : character; }
#endif

#ifdef ONLY_fabs
double fabs(double value) { return value < 0 ? -value : value; }
#endif

#ifdef ONLY_sqrt
/* Newton's method, from half the exponent: right but for the last bit. */
double sqrt(double value) {
  union { double number; uint64_t bits; } guess = {value};
  if (!(value > 0))
    return value == 0 ? value : __builtin_nan("");
  guess.bits = (guess.bits >> 1) + (UINT64_C(1023) << 51);
  for (int times = 0; times < 6; times++)
    guess.number = (guess.number + value / guess.number) / 2;
  return guess.number;
}
#endif
