/* Where a program begins and ends that QEMU runs. It can say no more than an exit status, so what it prints is hashed and compared with the
   hash of what it should print; by 0xfffffff0 + n it is asked for byte n of the hash. __exit, __exit_status and __expected_output are the linker's (vega_gen/ladder/executable.py). */
#include <stdint.h>

extern volatile int32_t __exit_status;
extern const volatile uint32_t __expected_output;
void __exit(void);
int main(int count, char **arguments);

static uint32_t printed = 1;

int putchar(int character) {
  printed = (printed << 5 | printed >> 27) + (unsigned char)character;
  return character;
}

void exit(int status) {
  uint32_t expected = __expected_output;
  if (expected >= 0xfffffff0)
    status = (int)(printed >> (expected & 3) * 8 & 255);
  else if (!status && expected && expected != printed)
    status = 121;
  __exit_status = status;
  __exit();
  for (;;)
    ;
}

void _start(void) {
  static char name[] = "program";
  static char *arguments[] = {name, 0};
  exit(main(1, arguments));
}
