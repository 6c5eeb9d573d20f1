// Branches forward and backward over more than a conditional branch reaches (128 KB).
#define TEN(text) text text text text text text text text text text
#define MANY TEN(TEN(TEN(TEN("nop\n")))) TEN(TEN(TEN(TEN("nop\n")))) TEN(TEN(TEN(TEN("nop\n")))) TEN(TEN(TEN(TEN("nop\n"))))

static volatile int zero;

int main(void) {
  int rounds = 0;
  do {
    if (zero)
      __asm__ volatile(MANY);
    else
      ++rounds;
    if (rounds == 2)
      __asm__ volatile(MANY);
  } while (rounds + zero < 3);
  return rounds != 3;
}
