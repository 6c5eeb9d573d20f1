/* Calls, a global, a loop and the C library: ends with status 0. */
#include <stdlib.h>
#include <string.h>

static int squares[6];

static int filled(int *to, int count) {
  int sum = 0;
  for (int i = 0; i < count; i++)
    sum += to[i] = i * i;
  return sum;
}

int main(void) {
  char text[8];
  strcpy(text, "vega");
  if (filled(squares, 6) != 55 || strlen(text) != 4)
    abort();
  exit(0);
}
