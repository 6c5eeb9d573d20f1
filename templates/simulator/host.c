/* The half of a simulator that is the same for all machines: the image of a program, memory, limits, and main(). library.c has the functions
   that programs call by name. An image is what vega_gen/simulate/image.py writes. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "machine.h"

enum { STOPPED = 125, OUTPUT_LIMIT = 1 << 26 };

/* The head of an image: 64-bit little-endian words, in this order. Addresses and sizes are in bytes. */
typedef struct {
  uint64_t magic;
  uint64_t bits, big;            /* width of an address; whether data is big-endian */
  uint64_t base, size, fixed;    /* memory is [base, base + size); below `fixed` it cannot be written */
  uint64_t heap, heap_end, stack_end, stack; /* heap grows up to heap_end; the stack grows down from `stack` to stack_end */
  uint64_t entry, steps, milliseconds;
  uint64_t stack_pointer, pushed; /* register, UINT64_MAX for none; bytes that a call pushes */
  uint64_t unit, code_end;        /* code begins at multiples of `unit` below `code_end` */
  uint64_t functions, function_count; /* address of the first host function, 16 bytes each */
  uint64_t slot;                      /* bytes of an argument on the stack */
  uint64_t arguments, variadic, results; /* counts of registers; `variadic`: those that functions of variable arguments use */
  uint64_t bytes, distinct, runs, symbols, text; /* counts of what follows */
} head;

/* Where instructions lie one behind the other, and a symbol. */
typedef struct { uint64_t address, count; } run;
typedef struct { uint64_t address, name; } symbol;
typedef struct { uint32_t opcode, size; int64_t operand[MAX_OPERANDS]; } word;

static head image;
static uint8_t *memory;
static instruction *instructions;
static uint32_t *slots;
static const uint64_t *argument_registers, *result_registers, *function_names;
static const symbol *symbols;
static const char *text;
static uint64_t mask; /* the bits of an address */
static int swapped; /* whether the machine's byte order is not this computer's */
static const char *inside = ""; /* the host function that runs */

/* What the program prints, before it is written. */
static char output[1 << 16];
static size_t held;
static uint64_t written;

static void flush(void) {
  for (size_t done = 0; done < held;) {
    ssize_t n = write(1, output + done, held - done);
    if (n <= 0)
      break;
    done += (size_t)n;
  }
  held = 0;
}

static _Noreturn void finish(int status) {
  flush();
  fprintf(stderr, "steps: %llu\n", (unsigned long long)executed);
  fflush(stderr);
  _exit(status);
}

/* The name of the function that `address` is in, and the distance from its start. */
static const char *function_at(uint64_t address, uint64_t *offset) {
  const char *name = "";
  for (uint64_t low = 0, high = image.symbols; low < high;) {
    uint64_t middle = (low + high) / 2;
    if (symbols[middle].address <= address) {
      name = text + symbols[middle].name;
      *offset = address - symbols[middle].address;
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return name;
}

_Noreturn void stop(const char *format, ...) {
  flush();
  va_list list;
  va_start(list, format);
  fputs("stopped: ", stderr);
  if (*inside)
    fprintf(stderr, "%s: ", inside);
  vfprintf(stderr, format, list);
  va_end(list);
  if (current) {
    uint64_t offset = 0;
    const char *name = function_at(current->address, &offset);
    fprintf(stderr, ", at 0x%llx", (unsigned long long)current->address);
    if (*name)
      fprintf(stderr, " (%s+0x%llx)", name, (unsigned long long)offset);
    if (current->opcode < instruction_count)
      fprintf(stderr, ", %s", instruction_names[current->opcode]);
  }
  fputc('\n', stderr);
  finish(STOPPED);
}

static _Noreturn void outside(const char *does, uint64_t address, uint64_t bytes) {
  const char *where = address - image.base < image.size && address < image.fixed ? "memory that is read-only" : "no memory";
  if (address >= image.heap_end && address < image.stack_end)
    where = "the gap between heap and stack";
  stop("it %s %llu bytes at 0x%llx, where there is %s", does, (unsigned long long)bytes, (unsigned long long)address, where);
}

/* The bytes of memory at `address`. */
static inline uint8_t *bytes_at(uint64_t address, uint64_t count, int writes) {
  uint64_t at = address - image.base;
  if (__builtin_expect(at >= image.size || image.size - at < count || (writes && address < image.fixed) ||
                           (address < image.stack_end && address + count > image.heap_end), 0))
    outside(writes ? "writes" : "reads", address, count);
  return memory + at;
}

uint64_t load(uint64_t address, unsigned bytes) {
  const uint8_t *from = bytes_at(address, bytes, 0);
  uint64_t value = 0;
  switch (bytes) {
  case 1:
    return *from;
  case 2: {
    uint16_t half;
    memcpy(&half, from, 2);
    return swapped ? __builtin_bswap16(half) : half;
  }
  case 4: {
    uint32_t full;
    memcpy(&full, from, 4);
    return swapped ? __builtin_bswap32(full) : full;
  }
  case 8:
    memcpy(&value, from, 8);
    return swapped ? __builtin_bswap64(value) : value;
  default:
    for (unsigned n = 0; n != bytes; ++n)
      value |= (uint64_t)from[image.big ? bytes - 1 - n : n] << (8 * n);
    return value;
  }
}

void store(uint64_t address, unsigned bytes, uint64_t value) {
  uint8_t *to = bytes_at(address, bytes, 1);
  switch (bytes) {
  case 1:
    *to = (uint8_t)value;
    return;
  case 2: {
    uint16_t half = swapped ? __builtin_bswap16((uint16_t)value) : (uint16_t)value;
    memcpy(to, &half, 2);
    return;
  }
  case 4: {
    uint32_t full = swapped ? __builtin_bswap32((uint32_t)value) : (uint32_t)value;
    memcpy(to, &full, 4);
    return;
  }
  case 8:
    value = swapped ? __builtin_bswap64(value) : value;
    memcpy(to, &value, 8);
    return;
  default:
    for (unsigned n = 0; n != bytes; ++n)
      to[image.big ? bytes - 1 - n : n] = (uint8_t)(value >> (8 * n));
  }
}

/* Behind the host functions, so that half of it is another address, as half of a return address is. */
uint64_t exit_address;

const instruction *at(uint64_t address) {
  address &= mask;
  uint32_t slot = address < image.code_end ? slots[address / image.unit] : 0;
  if (!slot || instructions[slot].address != address)
    stop("no instruction starts at 0x%llx, to which it jumps", (unsigned long long)address);
  return instructions + slot;
}

#include "library.c"

static _Noreturn void unreadable(const char *path) {
  fprintf(stderr, "stopped: %s is no image of a program\n", path);
  _exit(STOPPED);
}

/* Points `list` at `count` things of `size` bytes and moves on, at the next multiple of 8. */
static const void *take(const uint8_t **from, const uint8_t *end, uint64_t count, size_t size, const char *path) {
  const void *here = *from;
  if (count > (uint64_t)(end - *from) / size)
    unreadable(path);
  uint64_t whole = (count * size + 7) / 8 * 8;
  *from += whole > (uint64_t)(end - *from) ? (uint64_t)(end - *from) : whole;
  return here;
}

/* Puts the entry behind the last instruction of a run: what goes on beyond it stops. */
static uint32_t ended(uint32_t next, uint64_t address) {
  instructions[next].opcode = UNDECODED;
  instructions[next].size = (uint32_t)image.unit;
  instructions[next].address = address;
  return next + 1;
}

static void read_image(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END))
    unreadable(path);
  long length = ftell(file);
  rewind(file);
  uint8_t *all = length < (long)sizeof image ? NULL : malloc((size_t)length);
  if (!all || fread(all, 1, (size_t)length, file) != (size_t)length)
    unreadable(path);
  fclose(file);
  memcpy(&image, all, sizeof image);
  if (image.magic != 0x314d495347455601)
    unreadable(path);
  const uint8_t *from = all + sizeof image, *end = all + length;
  const uint8_t *bytes = take(&from, end, image.bytes, 1, path);
  argument_registers = take(&from, end, image.arguments, 8, path);
  result_registers = take(&from, end, image.results, 8, path);
  function_names = take(&from, end, image.function_count, 8, path);
  const word *words = take(&from, end, image.distinct, sizeof(word), path);
  const run *runs = take(&from, end, image.runs, sizeof(run), path);
  symbols = take(&from, end, image.symbols, sizeof(symbol), path);
  text = take(&from, end, image.text, 1, path);
  uint64_t total = 1 + image.runs + 2 * (image.function_count + 1), decoded = 0;
  for (uint64_t n = 0; n != image.runs; ++n)
    decoded += runs[n].count;
  total += decoded;
  const uint32_t *which = take(&from, end, decoded, 4, path);
  memory = calloc(image.size + 8, 1);
  instructions = calloc(total, sizeof *instructions);
  slots = calloc(image.code_end / image.unit + 1, sizeof *slots);
  if (!memory || !instructions || !slots || image.bytes > image.size) {
    fprintf(stderr, "stopped: no %llu bytes of memory\n", (unsigned long long)image.size);
    _exit(STOPPED);
  }
  memcpy(memory, bytes, image.bytes);
  mask = image.bits < 64 ? ((uint64_t)1 << image.bits) - 1 : UINT64_MAX;
  uint32_t next = 1;
  for (uint64_t n = 0; n != image.runs; ++n) {
    uint64_t address = runs[n].address;
    for (uint64_t k = 0; k != runs[n].count; ++k, ++next) {
      const word *one = words + *which++;
      instruction *made = instructions + next;
      made->opcode = one->opcode;
      made->size = one->size;
      made->address = address;
      memcpy(made->operand, one->operand, sizeof made->operand);
      slots[address / image.unit] = next;
      address += one->size;
    }
    next = ended(next, address);
  }
  exit_address = image.functions + 16 * image.function_count;
  for (uint64_t n = 0; n <= image.function_count; ++n) {
    instruction *made = instructions + next;
    made->opcode = n < image.function_count ? HOST_FUNCTION : EXIT;
    made->address = image.functions + 16 * n;
    made->size = (uint32_t)image.unit;
    slots[made->address / image.unit] = next;
    next = ended(next + 1, made->address + image.unit);
  }
  unsigned one = 1;
  swapped = (image.big != 0) != (*(unsigned char *)&one == 0);
}

static void late(int number) {
  (void)number;
  inside = "";
  stop("it has not ended within %llu.%llu s", (unsigned long long)image.milliseconds / 1000, (unsigned long long)image.milliseconds / 100 % 10);
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "--functions")) {
    for (const function *f = library; f->name; ++f)
      printf("%s %s\n", f->name, f->signature);
    return 0;
  }
  if (count != 2) {
    fprintf(stderr, "usage: %s IMAGE | --functions\n", words[0]);
    return 2;
  }
  read_image(words[1]);
  find_functions();
  if (image.milliseconds) {
    struct itimerval limit = {{0, 0}, {(time_t)(image.milliseconds / 1000), (suseconds_t)(image.milliseconds % 1000 * 1000)}};
    signal(SIGALRM, late);
    setitimer(ITIMER_REAL, &limit, NULL);
  }
  finish((int)(run_machine(image.entry, image.stack, image.steps) & 0xff));
}
