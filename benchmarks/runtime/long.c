/* Runs some hundred million instructions: sieve, matrix product, sort, checksum. */
static unsigned char composite[100000];
static int a[24][24], b[24][24], c[24][24];
static unsigned numbers[2000];

int main(void) {
  unsigned sum = 0;
  for (int round = 0; round < 12; round++) {
    for (unsigned i = 0; i < sizeof composite; i++)
      composite[i] = 0;
    for (unsigned i = 2; i < sizeof composite; i++)
      if (!composite[i]) {
        sum += i;
        for (unsigned j = 2 * i; j < sizeof composite; j += i)
          composite[j] = 1;
      }
    for (int i = 0; i < 24; i++)
      for (int j = 0; j < 24; j++)
        a[i][j] = (int)(sum >> (i + j) % 16), b[i][j] = i * j - round, c[i][j] = 0;
    for (int repeat = 0; repeat < 20; repeat++)
      for (int i = 0; i < 24; i++)
        for (int j = 0; j < 24; j++)
          for (int k = 0; k < 24; k++)
            c[i][j] += a[i][k] * b[k][j];
    for (unsigned i = 0; i < 2000; i++)
      numbers[i] = sum = sum * 1664525u + 1013904223u + (unsigned)c[i % 24][i % 7];
    for (int i = 1; i < 2000; i++) {
      unsigned value = numbers[i];
      int j = i;
      for (; j && numbers[j - 1] > value; j--)
        numbers[j] = numbers[j - 1];
      numbers[j] = value;
    }
    for (int i = 0; i < 2000; i++)
      sum = sum * 31 + numbers[i];
  }
  return (int)(sum & 127);
}
