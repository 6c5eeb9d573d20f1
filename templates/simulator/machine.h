/* What the two halves of a simulator say to each other. machine.c is generated from a .td: registers, and what each instruction does.
   host.c is the same for all machines: the program's image, its memory, the functions of the C library, the limits, and main(). */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdint.h>

#define MAX_OPERANDS 12

/* Values of `opcode` that are no record. */
#define UNDECODED UINT32_MAX           /* bytes that do not decode, or the end of what was decoded */
#define HOST_FUNCTION (UINT32_MAX - 1) /* the address of a host function */
#define EXIT (UINT32_MAX - 2)          /* the address to which the entry function returns */

typedef struct {
  uint32_t opcode;  /* index of the record in Description.instructions, or one of the three above */
  uint32_t size;    /* bytes */
  uint64_t address; /* of its first byte */
  /* In the order of the MCInst. A register: its index in Description.registers, -1 for no register (register number 0). An immediate: as
     the MCInst has it, sign extended, after fixups: where a fixup set bits of the encoding, what the decoder reads from the patched bytes.
     A branch target that is relative stays as the decoder prints it, as the template of the target's disassembler makes it. */
  int64_t operand[MAX_OPERANDS];
} instruction;

/* host.c: memory. The byte order is the machine's; bytes is 1 to 8; what lies outside memory stops the program. */
uint64_t load(uint64_t address, unsigned bytes);
void store(uint64_t address, unsigned bytes, uint64_t value);

/* host.c: the instruction that starts at `address`; stops the program where none does. Instructions that lie one behind the other are
   neighbours in one array: at(a) + 1 == at(a + size). Behind the last of each run of instructions there is an entry with opcode UNDECODED
   and the address that follows, so that machine.c may go on to `i + 1` without looking. Addresses of host functions and exit_address have
   entries of their own, with opcode HOST_FUNCTION and EXIT. `address` is masked to the bits of an address. */
const instruction *at(uint64_t address);

/* host.c: the address to which the entry function returns. It fits the bits of an address, and no program is there. */
extern uint64_t exit_address;

/* host.c: prints "stopped: " and the message, with the address and the instruction that runs, and ends with exit status 125. */
_Noreturn void stop(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* host.c: calls the host function at `address`, nonzero if there is one. machine.c calls it where control reaches an entry with opcode
   HOST_FUNCTION, and then goes on where a return would. */
int host_function(uint64_t address);

/* machine.c: the value of a register by its index in Description.registers, zero extended. */
uint64_t read_register(unsigned index);
void write_register(unsigned index, uint64_t value);

/* machine.c: runs from `entry` until it returns, with the stack pointer at `stack`; returns the first result register. Executes at most
   `steps` instructions: where more would follow, it stops the program. */
uint64_t run_machine(uint64_t entry, uint64_t stack, uint64_t steps);

/* machine.c: for messages and counts. */
extern const instruction *current;        /* the instruction that runs */
extern uint64_t executed;                 /* instructions executed so far */
extern const char *const instruction_names[]; /* by opcode */
extern const unsigned instruction_count;
extern const char *const register_names[];
extern const unsigned register_count;

#endif
