/* The host of a machine under test: a program and memory that a test puts there, and messages in place of an exit. */
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint8_t memory[1 << 16];
static instruction program[1024];
static unsigned length;
static jmp_buf back;
static int big;
char message[512];
uint64_t exit_address = 0xfff0;
static const uint64_t host_address = 0xffe0;
static instruction outside[2] = {{EXIT, 0, 0xfff0, {0}}, {HOST_FUNCTION, 0, 0xffe0, {0}}};

void reset(int big_endian) {
  memset(memory, 0, sizeof memory);
  length = 0;
  big = big_endian;
}

void add(uint32_t opcode, uint32_t size, uint64_t address, const int64_t *operands, unsigned count) {
  instruction *i = &program[length++];
  memset(i, 0, sizeof *i);
  i->opcode = opcode, i->size = size, i->address = address;
  memcpy(i->operand, operands, count * sizeof *operands);
  program[length] = (instruction){UNDECODED, 0, address + size, {0}};
}

uint64_t load(uint64_t address, unsigned bytes) {
  if (address + bytes > sizeof memory)
    stop("no memory at 0x%llx", (unsigned long long)address);
  uint64_t value = 0;
  for (unsigned n = 0; n != bytes; ++n)
    value |= (uint64_t)memory[address + n] << 8 * (big ? bytes - 1 - n : n);
  return value;
}

void store(uint64_t address, unsigned bytes, uint64_t value) {
  if (address + bytes > sizeof memory)
    stop("no memory at 0x%llx", (unsigned long long)address);
  for (unsigned n = 0; n != bytes; ++n)
    memory[address + n] = (uint8_t)(value >> 8 * (big ? bytes - 1 - n : n));
}

uint8_t byte_at(uint64_t address) { return memory[address]; }

const instruction *at(uint64_t address) {
  if (address == exit_address)
    return outside;
  if (address == host_address)
    return outside + 1;
  for (unsigned n = 0; n != length; ++n)
    if (program[n].address == address)
      return program + n;
  stop("no instruction at 0x%llx", (unsigned long long)address);
}

/* A function that the program may call: it doubles its first argument, as far as the test says which register that is. */
unsigned doubled;
int host_function(uint64_t address) {
  (void)address;
  write_register(doubled, read_register(doubled) * 2);
  return 1;
}

_Noreturn void stop(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  longjmp(back, 1);
}

/* Runs from an address; returns whether the program ended by itself. */
int go(uint64_t entry, uint64_t stack, uint64_t steps, uint64_t *result) {
  message[0] = 0;
  if (setjmp(back))
    return 0;
  *result = run_machine(entry, stack, steps);
  return 1;
}
