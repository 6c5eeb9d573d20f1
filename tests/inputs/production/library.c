/* What the C library and the run-time library have, for programs that no host serves. */
typedef __SIZE_TYPE__ word;
void *memcpy(void *to, const void *from, word n) {
  volatile char *a = to;
  const char *b = from;
  while (n--)
    *a++ = *b++;
  return to;
}
void *memset(void *to, int value, word n) {
  volatile char *a = to;
  while (n--)
    *a++ = (char)value;
  return to;
}
void abort(void) {
  for (;;)
    ;
}
