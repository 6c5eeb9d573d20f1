//===-- TernInstrFormats.td - Instruction formats ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every instruction has 32 bits, of which the upper six are the opcode:
//
//          31    26 25  22 21  18 17  14 13    6 5      0
//   RR    | opcode |  rd  | rs1  | rs2  |   0   | funct  |
//          31    26 25  22 21  18 17 16 15              0
//   RI    | opcode |  rd  | rs1  |  0  |      imm16      |
//   B     | opcode | rs1  | rs2  |  0  |   offset / 4    |
//          31    26 25                                  0
//   J     | opcode |             offset / 4              |
//
// Offsets count from the instruction's own address.
//
//===----------------------------------------------------------------------===//

class TernInst<dag outs, dag ins, string asm, list<dag> pattern>
    : Instruction {
  let Namespace = "Tern";
  let Size = 4;

  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;

  // Instructions with other properties set them.
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;

  field bits<32> Inst;
  // Bits that the disassembler does not look at: none.
  field bits<32> SoftFail = 0;

  bits<6> opcode;
  let Inst{31-26} = opcode;
}

// A pseudo instruction lives in the compiler alone: it has no encoding.
class Pseudo<dag outs, dag ins, string asm, list<dag> pattern>
    : Instruction {
  let Namespace = "Tern";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  let isPseudo = 1;
  let isCodeGenOnly = 1;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;
  let hasNoSchedulingInfo = 1;
}

class FormatRR<bits<6> op, bits<6> funct, dag outs, dag ins, string asm,
               list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rd;
  bits<4> rs1;
  bits<4> rs2;
  let opcode = op;
  let Inst{25-22} = rd;
  let Inst{21-18} = rs1;
  let Inst{17-14} = rs2;
  let Inst{13-6} = 0;
  let Inst{5-0} = funct;
}

class FormatRI<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rd;
  bits<4> rs1;
  bits<16> imm;
  let opcode = op;
  let Inst{25-22} = rd;
  let Inst{21-18} = rs1;
  let Inst{17-16} = 0;
  let Inst{15-0} = imm;
}

// A shift by a constant uses five bits of the immediate.
class FormatShift<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rd;
  bits<4> rs1;
  bits<5> imm;
  let opcode = op;
  let Inst{25-22} = rd;
  let Inst{21-18} = rs1;
  let Inst{17-5} = 0;
  let Inst{4-0} = imm;
}

// A memory access: `addr` is one operand, base register and offset together.
class FormatMem<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rd;
  bits<20> addr;
  let opcode = op;
  let Inst{25-22} = rd;
  let Inst{21-18} = addr{19-16};
  let Inst{17-16} = 0;
  let Inst{15-0} = addr{15-0};
}

class FormatB<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rs1;
  bits<4> rs2;
  bits<16> target;
  let opcode = op;
  let Inst{25-22} = rs1;
  let Inst{21-18} = rs2;
  let Inst{17-16} = 0;
  let Inst{15-0} = target;
}

class FormatJ<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<26> target;
  let opcode = op;
  let Inst{25-0} = target;
}

// A jump through a register.
class FormatJR<bits<6> op, dag outs, dag ins, string asm, list<dag> pattern>
    : TernInst<outs, ins, asm, pattern> {
  bits<4> rs1;
  let opcode = op;
  let Inst{25-22} = 0;
  let Inst{21-18} = rs1;
  let Inst{17-0} = 0;
}
