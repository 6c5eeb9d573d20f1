/* Inline assembly: registers, tied operands, early clobbers, immediates, memory, clobbers, symbols. "add" and "addi" and "lw" are spelt
   alike in many assemblers. */
static volatile int zero;
static int shared[4] = {1, 2, 3, 4};

__attribute__((noinline)) static int registers(int a, int b) {
  int sum;
  __asm__("add %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b));
  __asm__("add %0, %0, %1" : "+r"(sum) : "r"(b));
  __asm__("add %0, %1, %2\n\tadd %0, %0, %1" : "=&r"(sum) : "r"(sum), "r"(a));
  return sum;
}
__attribute__((noinline)) static int immediates(int a) {
  int sum;
  __asm__("addi %0, %1, %2" : "=r"(sum) : "r"(a), "i"(100));
  __asm__("addi %0, %1, %2" : "=r"(sum) : "r"(sum), "n"(-7));
  return sum;
}
__attribute__((noinline)) static int memory(int *p, int i) {
  int value, other = 5 + zero, got;
  __asm__ volatile("lw %0, %1" : "=r"(value) : "m"(p[2]));
  __asm__ volatile("lw %0, %1" : "=r"(got) : "m"(other));
  __asm__ volatile("sw %1, %0" : "=m"(p[1]) : "r"(i));
  __asm__ volatile("sw %1, %0" : "+m"(other) : "r"(i + got));
  __asm__ volatile("sw %1, %0" : "=m"(shared[3]) : "r"(9));
  return value + other;
}
__attribute__((noinline)) static int general(int a, int *p) {
  int sum;
  __asm__("add %0, %1, %2" : "=r"(sum) : "r"(a), "r"(a));
  __asm__ volatile("" : : "rm"(a), "g"(a), "g"(7), "i"(shared), "X"(a));
  __asm__ volatile("" : "+X"(sum) : : "memory");
  __asm__ volatile("" : "=o"(*p) : "0"(sum));
  return sum;
}

int main(void) {
  if (registers(3 + zero, 4) != 3 + 4 + 4 + 3 + 11)
    return 1;
  if (immediates(1) != 94)
    return 2;
  if (memory(shared, 8) != 3 + 13 || shared[1] != 8 || shared[3] != 9)
    return 3;
  int kept;
  return general(5, &kept) != 10;
}
