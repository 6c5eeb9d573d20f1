// A first program for a new target. The functions that it calls are the host's: see "Running a program".
int puts(const char *text);
int printf(const char *format, ...);

static unsigned fibonacci(unsigned n) {
  unsigned a = 0, b = 1;
  while (n--) {
    unsigned next = a + b;
    a = b;
    b = next;
  }
  return a;
}

int main(void) {
  puts("Hello from a machine that no one has built");
  for (unsigned n = 0; n <= 40; n += 10)
    printf("fibonacci(%u) = %u\n", n, fibonacci(n));
  return 0;
}
