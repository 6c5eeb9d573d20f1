//===-- RV32IMInstrInfo.td - Instructions ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

include "RV32IMInstrFormats.td"

//===----------------------------------------------------------------------===//
// Nodes.
//===----------------------------------------------------------------------===//

def SDT_CallSeqStart : SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>;
def SDT_CallSeqEnd : SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>;
def SDT_Call : SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>;
def SDT_Address
    : SDTypeProfile<1, 1, [SDTCisVT<0, i32>, SDTCisSameAs<0, 1>]>;

def callseq_start : SDNode<"ISD::CALLSEQ_START", SDT_CallSeqStart,
                           [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDT_CallSeqEnd,
                         [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;
def rv_call : SDNode<"RV32IMISD::CALL", SDT_Call,
                     [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue,
                      SDNPVariadic]>;
def rv_ret : SDNode<"RV32IMISD::RET_GLUE", SDTNone,
                    [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def rv_tail : SDNode<"RV32IMISD::TAIL_SYMBOL", SDT_Call,
                     [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def rv_tail_through : SDNode<"RV32IMISD::TAIL_REGISTER", SDT_Call,
                             [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;

// The parts of an address for lui and addi: addi adds a signed number, so the
// upper part is rounded.
def rv_hi : SDNode<"RV32IMISD::HI", SDT_Address>;
def rv_lo : SDNode<"RV32IMISD::LO", SDT_Address>;

//===----------------------------------------------------------------------===//
// Operands.
//===----------------------------------------------------------------------===//

class ImmAsmOperand<string name> : AsmOperandClass {
  let Name = name;
  let RenderMethod = "addImmOperands";
  let DiagnosticType = "Invalid"#name;
}

def SImm12AsmOperand : ImmAsmOperand<"SImm12">;
def UImm20AsmOperand : ImmAsmOperand<"UImm20">;
def UImm5AsmOperand : ImmAsmOperand<"UImm5">;
def BranchTargetAsmOperand : ImmAsmOperand<"BranchTarget">;
def CallTargetAsmOperand : ImmAsmOperand<"CallTarget">;

// A signed number of twelve bits, or %lo(symbol).
def simm12 : Operand<i32>, ImmLeaf<i32, [{ return isInt<12>(Imm); }]> {
  let ParserMatchClass = SImm12AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeSImm12";
  let OperandType = "OPERAND_IMMEDIATE";
}

// An unsigned number of twenty bits, or %hi(symbol).
def uimm20 : Operand<i32>, ImmLeaf<i32, [{ return isUInt<20>(Imm); }]> {
  let ParserMatchClass = UImm20AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeUImm20";
  let OperandType = "OPERAND_IMMEDIATE";
}

def uimm5 : Operand<i32>, ImmLeaf<i32, [{ return isUInt<5>(Imm); }]> {
  let ParserMatchClass = UImm5AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeUImm5";
  let OperandType = "OPERAND_IMMEDIATE";
}

// An even distance in bytes of thirteen bits, or a label. Asr1 in the encoder's
// name says, as in LLVM's own backends, that bit 0 is not encoded.
def brtarget : Operand<OtherVT> {
  let ParserMatchClass = BranchTargetAsmOperand;
  let EncoderMethod = "getBranchTargetOpValueAsr1";
  let DecoderMethod = "decodeBranchTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

// An even distance in bytes of twenty-one bits, or a label.
def jmptarget : Operand<OtherVT> {
  let ParserMatchClass = CallTargetAsmOperand;
  let EncoderMethod = "getCallTargetOpValueAsr1";
  let DecoderMethod = "decodeCallTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

def calltarget : Operand<i32> {
  let ParserMatchClass = CallTargetAsmOperand;
  let EncoderMethod = "getCallTargetOpValueAsr1";
  let DecoderMethod = "decodeCallTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

// 8(sp): a base register and an offset.
def MemAsmOperand : AsmOperandClass {
  let Name = "Mem";
  let ParserMethod = "parseMemOperand";
  let RenderMethod = "addMemOperands";
}

def mem : Operand<i32> {
  let MIOperandInfo = (ops GPR:$base, simm12:$offset);
  let ParserMatchClass = MemAsmOperand;
  let EncoderMethod = "getMemOpValue";
  let DecoderMethod = "decodeMemOperand";
  let PrintMethod = "printMemOperand";
  let OperandType = "OPERAND_MEMORY";
}

def addr : ComplexPattern<i32, 2, "SelectAddr", [frameindex]>;

//===----------------------------------------------------------------------===//
// Parts of constants.
//===----------------------------------------------------------------------===//

def Hi20 : SDNodeXForm<imm, [{
  uint64_t Upper = ((N->getZExtValue() + 0x800) >> 12) & 0xfffff;
  return CurDAG->getTargetConstant(Upper, SDLoc(N), MVT::i32);
}]>;

def Lo12 : SDNodeXForm<imm, [{
  return CurDAG->getTargetConstant(SignExtend64<12>(N->getZExtValue()),
                                   SDLoc(N), MVT::i32);
}]>;

def hi20only : ImmLeaf<i32, [{ return (Imm & 0xfff) == 0; }]>;

def SlotAddress : SDNodeXForm<frameindex, [{
  return CurDAG->getTargetFrameIndex(N->getIndex(), MVT::i32);
}]>;

//===----------------------------------------------------------------------===//
// RV32I: arithmetic and logic.
//===----------------------------------------------------------------------===//

class ALU<bits<7> funct7, bits<3> funct3, string name,
          SDPatternOperator node>
    : FormatR<funct7, funct3, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2),
              name#"\t$rd, $rs1, $rs2",
              [(set GPR:$rd, (node GPR:$rs1, GPR:$rs2))]>;

class ALUImm<bits<3> funct3, string name, SDPatternOperator node>
    : FormatI<0b0010011, funct3, (outs GPR:$rd), (ins GPR:$rs1, simm12:$imm),
              name#"\t$rd, $rs1, $imm",
              [(set GPR:$rd, (node GPR:$rs1, simm12:$imm))]>,
      Sched<[WriteALU]>;

class Shift<bits<7> funct7, bits<3> funct3, string name,
            SDPatternOperator node>
    : FormatShift<funct7, funct3, (outs GPR:$rd), (ins GPR:$rs1, uimm5:$imm),
                  name#"\t$rd, $rs1, $imm",
                  [(set GPR:$rd, (node GPR:$rs1, uimm5:$imm))]>,
      Sched<[WriteALU]>;

let isReMaterializable = 1, isAsCheapAsAMove = 1 in {
  def LUI : FormatU<0b0110111, (outs GPR:$rd), (ins uimm20:$imm),
                    "lui\t$rd, $imm", []>,
            Sched<[WriteALU]>;
  def ADDI : ALUImm<0b000, "addi", add>;
  def ORI  : ALUImm<0b110, "ori", or>;
  def XORI : ALUImm<0b100, "xori", xor>;
}

def AUIPC : FormatU<0b0010111, (outs GPR:$rd), (ins uimm20:$imm),
                    "auipc\t$rd, $imm", []>,
            Sched<[WriteALU]>;

def ANDI  : ALUImm<0b111, "andi", and>;
def SLTI  : ALUImm<0b010, "slti", setlt>;
def SLTIU : ALUImm<0b011, "sltiu", setult>;

def SLLI : Shift<0b0000000, 0b001, "slli", shl>;
def SRLI : Shift<0b0000000, 0b101, "srli", srl>;
def SRAI : Shift<0b0100000, 0b101, "srai", sra>;

let isCommutable = 1 in {
  def ADD : ALU<0b0000000, 0b000, "add", add>, Sched<[WriteALU]>;
  def XOR : ALU<0b0000000, 0b100, "xor", xor>, Sched<[WriteALU]>;
  def OR  : ALU<0b0000000, 0b110, "or", or>, Sched<[WriteALU]>;
  def AND : ALU<0b0000000, 0b111, "and", and>, Sched<[WriteALU]>;
}
def SUB  : ALU<0b0100000, 0b000, "sub", sub>, Sched<[WriteALU]>;
def SLL  : ALU<0b0000000, 0b001, "sll", shl>, Sched<[WriteALU]>;
def SLT  : ALU<0b0000000, 0b010, "slt", setlt>, Sched<[WriteALU]>;
def SLTU : ALU<0b0000000, 0b011, "sltu", setult>, Sched<[WriteALU]>;
def SRL  : ALU<0b0000000, 0b101, "srl", srl>, Sched<[WriteALU]>;
def SRA  : ALU<0b0100000, 0b101, "sra", sra>, Sched<[WriteALU]>;

//===----------------------------------------------------------------------===//
// The M extension.
//===----------------------------------------------------------------------===//

let isCommutable = 1 in {
  def MUL   : ALU<0b0000001, 0b000, "mul", mul>, Sched<[WriteMul]>;
  def MULH  : ALU<0b0000001, 0b001, "mulh", mulhs>, Sched<[WriteMul]>;
  def MULHU : ALU<0b0000001, 0b011, "mulhu", mulhu>, Sched<[WriteMul]>;
}
// No operation of LLVM's multiplies signed by unsigned.
def MULHSU : ALU<0b0000001, 0b010, "mulhsu", null_frag>, Sched<[WriteMul]>;

def DIV  : ALU<0b0000001, 0b100, "div", sdiv>, Sched<[WriteDiv]>;
def DIVU : ALU<0b0000001, 0b101, "divu", udiv>, Sched<[WriteDiv]>;
def REM  : ALU<0b0000001, 0b110, "rem", srem>, Sched<[WriteDiv]>;
def REMU : ALU<0b0000001, 0b111, "remu", urem>, Sched<[WriteDiv]>;

//===----------------------------------------------------------------------===//
// Loads and stores.
//===----------------------------------------------------------------------===//

let mayLoad = 1 in
class Load<bits<3> funct3, string name, PatFrag node>
    : FormatLoad<0b0000011, funct3, (outs GPR:$rd), (ins mem:$addr),
                 name#"\t$rd, $addr",
                 [(set GPR:$rd, (i32 (node addr:$addr)))]>,
      Sched<[WriteLoad]>;

let mayStore = 1 in
class Store<bits<3> funct3, string name, PatFrag node>
    : FormatS<funct3, (outs), (ins GPR:$rs2, mem:$addr),
              name#"\t$rs2, $addr", [(node GPR:$rs2, addr:$addr)]>,
      Sched<[WriteStore]>;

def LB  : Load<0b000, "lb", sextloadi8>;
def LH  : Load<0b001, "lh", sextloadi16>;
def LW  : Load<0b010, "lw", load>;
def LBU : Load<0b100, "lbu", zextloadi8>;
def LHU : Load<0b101, "lhu", zextloadi16>;
def SB  : Store<0b000, "sb", truncstorei8>;
def SH  : Store<0b001, "sh", truncstorei16>;
def SW  : Store<0b010, "sw", store>;

//===----------------------------------------------------------------------===//
// Branches, jumps, calls.
//===----------------------------------------------------------------------===//

let isBranch = 1, isTerminator = 1 in
class Branch<bits<3> funct3, string name, PatFrag condition>
    : FormatB<funct3, (outs), (ins GPR:$rs1, GPR:$rs2, brtarget:$target),
              name#"\t$rs1, $rs2, $target",
              [(brcond (i32 (condition GPR:$rs1, GPR:$rs2)), bb:$target)]>,
      Sched<[WriteBranch]>;

def BEQ  : Branch<0b000, "beq", seteq>;
def BNE  : Branch<0b001, "bne", setne>;
def BLT  : Branch<0b100, "blt", setlt>;
def BGE  : Branch<0b101, "bge", setge>;
def BLTU : Branch<0b110, "bltu", setult>;
def BGEU : Branch<0b111, "bgeu", setuge>;

// The jumps of the ISA, which can link in any register.
let isCall = 1 in {
  def JAL : FormatJ<(outs GPR:$rd), (ins calltarget:$target),
                    "jal\t$rd, $target", []>,
            Sched<[WriteBranch]>;
  def JALR : FormatLoad<0b1100111, 0b000, (outs GPR:$rd), (ins mem:$addr),
                        "jalr\t$rd, $addr", []>,
             Sched<[WriteBranch]>;
}

// The compiler's uses of them: jump and call.
let isCodeGenOnly = 1 in {
  let isBranch = 1, isTerminator = 1, isBarrier = 1, rd = 0 in
  def J : FormatJ<(outs), (ins jmptarget:$target), "j\t$target",
                  [(br bb:$target)]>,
          Sched<[WriteBranch]>;

  let isCall = 1, Defs = [X1], Uses = [X2], rd = 1 in
  def CALL : FormatJ<(outs), (ins calltarget:$target), "jal\t$target", []>,
             Sched<[WriteBranch]>;
}

// Indirect jump, indirect call, return. The assembler knows them too. They are
// no aliases of JALR, because an alias of an instruction with a memory operand is
// written in one way until LLVM 20 and in another since.
let isAsmParserOnly = 1 in {
  let isBranch = 1, isIndirectBranch = 1, isTerminator = 1, isBarrier = 1,
      rd = 0, imm = 0 in
  def JR : FormatI<0b1100111, 0b000, (outs), (ins GPR:$rs1), "jr\t$rs1",
                   [(brind GPR:$rs1)]>,
           Sched<[WriteBranch]>;

  let isCall = 1, Defs = [X1], Uses = [X2], rd = 1, imm = 0 in
  def CALLR : FormatI<0b1100111, 0b000, (outs), (ins GPR:$rs1),
                      "jalr\t$rs1", [(rv_call GPR:$rs1)]>,
              Sched<[WriteBranch]>;

  let isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [X1], rd = 0,
      rs1 = 1, imm = 0 in
  def RET : FormatI<0b1100111, 0b000, (outs), (ins), "ret", [(rv_ret)]>,
            Sched<[WriteBranch]>;
}

// Tail calls, which the epilogue comes before. J and JR are written for them.
let isCall = 1, isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [X1] in {
  def TAIL_SYMBOL : Pseudo<(outs), (ins i32imm:$callee, variable_ops),
                           "# TAIL_SYMBOL $callee", []>;
  def TAIL_REGISTER : Pseudo<(outs), (ins GPR:$callee, variable_ops),
                             "# TAIL_REGISTER $callee",
                             [(rv_tail_through GPR:$callee)]>;
}
def : Pat<(rv_tail tglobaladdr:$callee), (TAIL_SYMBOL tglobaladdr:$callee)>;
def : Pat<(rv_tail texternalsym:$callee), (TAIL_SYMBOL texternalsym:$callee)>;

//===----------------------------------------------------------------------===//
// Environment calls, breakpoints and fences (always of all memory accesses).
//===----------------------------------------------------------------------===//

let hasSideEffects = 1, rd = 0, rs1 = 0 in {
  let imm = 0 in
  def ECALL : FormatI<0b1110011, 0b000, (outs), (ins), "ecall", []>,
              Sched<[WriteBranch]>;
  let imm = 1 in
  def EBREAK : FormatI<0b1110011, 0b000, (outs), (ins), "ebreak", [(trap)]>,
               Sched<[WriteBranch]>;
  let imm = 0x0ff in
  def FENCE : FormatI<0b0001111, 0b000, (outs), (ins), "fence", []>,
              Sched<[WriteStore]>;
}

//===----------------------------------------------------------------------===//
// Pseudo instructions.
//===----------------------------------------------------------------------===//

let Defs = [X2], Uses = [X2] in {
  def ADJCALLSTACKDOWN
      : Pseudo<(outs), (ins i32imm:$amount, i32imm:$inner),
               "# ADJCALLSTACKDOWN $amount, $inner",
               [(callseq_start timm:$amount, timm:$inner)]>;
  def ADJCALLSTACKUP
      : Pseudo<(outs), (ins i32imm:$amount, i32imm:$popped),
               "# ADJCALLSTACKUP $amount, $popped",
               [(callseq_end timm:$amount, timm:$popped)]>;
}

// One of two values, chosen by a branch that compares two registers. The number
// is an ISD::CondCode.
let usesCustomInserter = 1 in
def SELECT_CC_i32_i32
    : Pseudo<(outs GPR:$dst), (ins GPR:$lhs, GPR:$rhs, i32imm:$condition,
                                   GPR:$yes, GPR:$no),
             "# SELECT_CC $dst", []>;

//===----------------------------------------------------------------------===//
// What the assembler also understands.
//===----------------------------------------------------------------------===//

def : InstAlias<"nop", (ADDI X0, X0, 0)>;
def : InstAlias<"mv $rd, $rs", (ADDI GPR:$rd, GPR:$rs, 0), 0>;
def : InstAlias<"li $rd, $imm", (ADDI GPR:$rd, X0, simm12:$imm), 0>;
def : InstAlias<"j $target", (JAL X0, calltarget:$target)>;
def : InstAlias<"jal $target", (JAL X1, calltarget:$target), 0>;

//===----------------------------------------------------------------------===//
// Patterns of more than one instruction.
//===----------------------------------------------------------------------===//

def : Pat<(i32 simm12:$imm), (ADDI X0, simm12:$imm)>;
def : Pat<(i32 hi20only:$imm), (LUI (Hi20 $imm))>;
def : Pat<(i32 imm:$imm), (ADDI (LUI (Hi20 $imm)), (Lo12 $imm))>;

def : Pat<(i32 frameindex:$slot), (ADDI (SlotAddress $slot), 0)>;

foreach symbol = [tglobaladdr, texternalsym, tconstpool, tjumptable,
                  tblockaddress] in {
  def : Pat<(rv_hi symbol:$symbol), (LUI symbol:$symbol)>;
  def : Pat<(add GPR:$upper, (rv_lo symbol:$symbol)),
            (ADDI GPR:$upper, symbol:$symbol)>;
}

def : Pat<(rv_call tglobaladdr:$callee), (CALL tglobaladdr:$callee)>;
def : Pat<(rv_call texternalsym:$callee), (CALL texternalsym:$callee)>;

def : Pat<(i32 (extloadi8 addr:$addr)), (LBU addr:$addr)>;
def : Pat<(i32 (extloadi16 addr:$addr)), (LHU addr:$addr)>;

// Comparisons that have no instruction of their own.
def : Pat<(i32 (seteq GPR:$a, 0)), (SLTIU GPR:$a, 1)>;
def : Pat<(i32 (setne GPR:$a, 0)), (SLTU X0, GPR:$a)>;
def : Pat<(i32 (seteq GPR:$a, GPR:$b)), (SLTIU (XOR GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setne GPR:$a, GPR:$b)), (SLTU X0, (XOR GPR:$a, GPR:$b))>;
def : Pat<(i32 (setgt GPR:$a, GPR:$b)), (SLT GPR:$b, GPR:$a)>;
def : Pat<(i32 (setugt GPR:$a, GPR:$b)), (SLTU GPR:$b, GPR:$a)>;
def : Pat<(i32 (setge GPR:$a, GPR:$b)), (XORI (SLT GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setuge GPR:$a, GPR:$b)), (XORI (SLTU GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setle GPR:$a, GPR:$b)), (XORI (SLT GPR:$b, GPR:$a), 1)>;
def : Pat<(i32 (setule GPR:$a, GPR:$b)), (XORI (SLTU GPR:$b, GPR:$a), 1)>;

// A select without a branch: xor with the bits in which both values differ,
// masked by the condition's lowest bit.
def : Pat<(i32 (select GPR:$c, GPR:$a, GPR:$b)),
          (XOR GPR:$b, (AND (SUB X0, (ANDI GPR:$c, 1)),
                            (XOR GPR:$a, GPR:$b)))>;

def : Pat<(brcond (i32 (setgt GPR:$a, GPR:$b)), bb:$target),
          (BLT GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setle GPR:$a, GPR:$b)), bb:$target),
          (BGE GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setugt GPR:$a, GPR:$b)), bb:$target),
          (BLTU GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setule GPR:$a, GPR:$b)), bb:$target),
          (BGEU GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond GPR:$c, bb:$target), (BNE GPR:$c, X0, bb:$target)>;
