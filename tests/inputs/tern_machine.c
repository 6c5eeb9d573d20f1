/* Tern by hand: an interpreter to test the fixed half of the simulator with. records.h has RECORDS, an X(name) for each instruction in the
   order of Description.instructions, and REGISTERS likewise. */
#include "machine.h"
#include "records.h"

#define X(name) OP_##name,
enum { RECORDS COUNT };
#undef X
#define X(name) REG_##name,
enum { REGISTERS REG_COUNT };
#undef X
#define X(name) #name,
const char *const instruction_names[] = {RECORDS};
const char *const register_names[] = {REGISTERS};
#undef X
const unsigned instruction_count = COUNT, register_count = REG_COUNT;
const instruction *current;
uint64_t executed;
static uint32_t r[REG_COUNT];

uint64_t read_register(unsigned index) { return index == REG_R0 ? 0 : r[index]; }
void write_register(unsigned index, uint64_t value) { r[index] = (uint32_t)value; }

uint64_t run_machine(uint64_t entry, uint64_t stack, uint64_t steps) {
  r[REG_SP] = (uint32_t)stack;
  r[REG_LR] = (uint32_t)exit_address;
  for (const instruction *i = at(entry);;) {
    current = i;
    const int64_t *o = i->operand;
    if (i->opcode == EXIT)
      return r[REG_R1];
    if (i->opcode == HOST_FUNCTION) {
      host_function(i->address);
      i = at(r[REG_LR]);
      continue;
    }
    if (i->opcode == UNDECODED)
      stop("the bytes here are no instruction");
    if (executed == steps)
      stop("more than %llu instructions", (unsigned long long)steps);
    ++executed;
    uint32_t a = i->opcode != OP_RET && o[0] >= 0 && o[0] < REG_COUNT ? (uint32_t)read_register((unsigned)o[0]) : 0;
    uint32_t b = o[1] >= 0 && o[1] < REG_COUNT ? (uint32_t)read_register((unsigned)o[1]) : 0;
    uint32_t c = o[2] >= 0 && o[2] < REG_COUNT ? (uint32_t)read_register((unsigned)o[2]) : 0;
    const instruction *next = i + 1;
    switch (i->opcode) {
    case OP_ADD: r[o[0]] = b + c; break;
    case OP_SUB: r[o[0]] = b - c; break;
    case OP_MUL: r[o[0]] = b * c; break;
    case OP_XOR: r[o[0]] = b ^ c; break;
    case OP_ADDI: r[o[0]] = b + (uint32_t)o[2]; break;
    case OP_ORI: r[o[0]] = b | (uint32_t)o[2]; break;
    case OP_LUI: r[o[0]] = (uint32_t)o[1] << 16; break;
    case OP_LW: r[o[0]] = (uint32_t)load((uint32_t)(b + o[2]), 4); break;
    case OP_LBU: r[o[0]] = (uint32_t)load((uint32_t)(b + o[2]), 1); break;
    case OP_SW: store((uint32_t)(b + o[2]), 4, a); break;
    case OP_SB: store((uint32_t)(b + o[2]), 1, a); break;
    case OP_BEQ: if (a == b) next = at(i->address + (uint64_t)o[2]); break;
    case OP_BNE: if (a != b) next = at(i->address + (uint64_t)o[2]); break;
    case OP_J: next = at(i->address + (uint64_t)o[0]); break;
    case OP_JR: next = at(a); break;
    case OP_RET: next = at(r[REG_LR]); break;
    case OP_CALL: r[REG_LR] = (uint32_t)i->address + 4; next = at(i->address + (uint64_t)o[0]); break;
    case OP_CALLR: r[REG_LR] = (uint32_t)i->address + 4; next = at(a); break;
    default: stop("this instruction is not written here");
    }
    i = next;
  }
}
