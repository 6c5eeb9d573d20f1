//===-- RV32IMInstrFormats.td - Instruction formats ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The six formats of the ISA manual: R, I, S, B, U, J.
//
//===----------------------------------------------------------------------===//

class RVInst<bits<7> op, dag outs, dag ins, string asm, list<dag> pattern>
    : Instruction {
  let Namespace = "RV32IM";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
  let hasSideEffects = 0;
  let mayLoad = 0;
  let mayStore = 0;

  field bits<32> Inst;
  field bits<32> SoftFail = 0;
  let Inst{6-0} = op;
}

// A pseudo instruction: only the compiler uses it, and it has no encoding.
class Pseudo<dag outs, dag ins, string asm, list<dag> pattern>
    : Instruction {
  let Namespace = "RV32IM";
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

class FormatR<bits<7> funct7, bits<3> funct3, dag outs, dag ins, string asm,
              list<dag> pattern>
    : RVInst<0b0110011, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<5> rs1;
  bits<5> rs2;
  let Inst{31-25} = funct7;
  let Inst{24-20} = rs2;
  let Inst{19-15} = rs1;
  let Inst{14-12} = funct3;
  let Inst{11-7} = rd;
}

class FormatI<bits<7> op, bits<3> funct3, dag outs, dag ins, string asm,
              list<dag> pattern>
    : RVInst<op, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<5> rs1;
  bits<12> imm;
  let Inst{31-20} = imm;
  let Inst{19-15} = rs1;
  let Inst{14-12} = funct3;
  let Inst{11-7} = rd;
}

// I, with seven bits of the immediate fixed.
class FormatShift<bits<7> funct7, bits<3> funct3, dag outs, dag ins,
                  string asm, list<dag> pattern>
    : RVInst<0b0010011, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<5> rs1;
  bits<5> imm;
  let Inst{31-25} = funct7;
  let Inst{24-20} = imm;
  let Inst{19-15} = rs1;
  let Inst{14-12} = funct3;
  let Inst{11-7} = rd;
}

// I, with base and offset as one operand: the base in the upper five bits.
class FormatLoad<bits<7> op, bits<3> funct3, dag outs, dag ins, string asm,
                 list<dag> pattern>
    : RVInst<op, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<17> addr;
  let Inst{31-20} = addr{11-0};
  let Inst{19-15} = addr{16-12};
  let Inst{14-12} = funct3;
  let Inst{11-7} = rd;
}

class FormatS<bits<3> funct3, dag outs, dag ins, string asm,
              list<dag> pattern>
    : RVInst<0b0100011, outs, ins, asm, pattern> {
  bits<5> rs2;
  bits<17> addr;
  let Inst{31-25} = addr{11-5};
  let Inst{24-20} = rs2;
  let Inst{19-15} = addr{16-12};
  let Inst{14-12} = funct3;
  let Inst{11-7} = addr{4-0};
}

// Bit 0 of the target is always zero and not encoded: target{11} is bit 12.
class FormatB<bits<3> funct3, dag outs, dag ins, string asm,
              list<dag> pattern>
    : RVInst<0b1100011, outs, ins, asm, pattern> {
  bits<5> rs1;
  bits<5> rs2;
  bits<12> target;
  let Inst{31} = target{11};
  let Inst{30-25} = target{9-4};
  let Inst{24-20} = rs2;
  let Inst{19-15} = rs1;
  let Inst{14-12} = funct3;
  let Inst{11-8} = target{3-0};
  let Inst{7} = target{10};
}

class FormatU<bits<7> op, dag outs, dag ins, string asm, list<dag> pattern>
    : RVInst<op, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<20> imm;
  let Inst{31-12} = imm;
  let Inst{11-7} = rd;
}

// As B: target{19} is bit 20.
class FormatJ<dag outs, dag ins, string asm, list<dag> pattern>
    : RVInst<0b1101111, outs, ins, asm, pattern> {
  bits<5> rd;
  bits<20> target;
  let Inst{31} = target{19};
  let Inst{30-21} = target{9-0};
  let Inst{20} = target{10};
  let Inst{19-12} = target{18-11};
  let Inst{11-7} = rd;
}
