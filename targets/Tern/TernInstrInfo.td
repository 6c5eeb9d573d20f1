//===-- TernInstrInfo.td - Instructions ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the assembler, the disassembler and instruction selection know of Tern.
//
//===----------------------------------------------------------------------===//

include "TernInstrFormats.td"

//===----------------------------------------------------------------------===//
// Nodes: operations that instruction selection makes itself, TernISD::<name>.
//===----------------------------------------------------------------------===//

def SDT_TernCallSeqStart
    : SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>;
def SDT_TernCallSeqEnd
    : SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>;
def SDT_TernCall : SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>;
def SDT_TernAddress
    : SDTypeProfile<1, 1, [SDTCisVT<0, i32>, SDTCisSameAs<0, 1>]>;

def callseq_start : SDNode<"ISD::CALLSEQ_START", SDT_TernCallSeqStart,
                           [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDT_TernCallSeqEnd,
                         [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;

// A call. Its operands are the callee and the registers of the arguments.
def TernCall : SDNode<"TernISD::CALL", SDT_TernCall,
                      [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue,
                       SDNPVariadic]>;

// A return, glued to the copies into the registers of the return values.
def TernRet : SDNode<"TernISD::RET_GLUE", SDTNone,
                     [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;

// A jump to another function in place of a call and a return. Its operands are
// those of a call.
def TernTail : SDNode<"TernISD::TAIL_SYMBOL", SDT_TernCall,
                      [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def TernTailThrough : SDNode<"TernISD::TAIL_REGISTER", SDT_TernCall,
                             [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;

// The upper and the lower sixteen bits of an address.
def TernHi : SDNode<"TernISD::HI", SDT_TernAddress>;
def TernLo : SDNode<"TernISD::LO", SDT_TernAddress>;

//===----------------------------------------------------------------------===//
// Operands. AsmOperandClass: what the assembler accepts (isSImm16() of
// TernOperand). EncoderMethod, DecoderMethod, PrintMethod: the functions of the
// code emitter, the disassembler and the printer that know it.
//===----------------------------------------------------------------------===//

class ImmAsmOperand<string name> : AsmOperandClass {
  let Name = name;
  let RenderMethod = "addImmOperands";
  let DiagnosticType = "Invalid"#name;
}

def SImm16AsmOperand : ImmAsmOperand<"SImm16">;
def UImm16AsmOperand : ImmAsmOperand<"UImm16">;
def UImm5AsmOperand : ImmAsmOperand<"UImm5">;
def BranchTargetAsmOperand : ImmAsmOperand<"BranchTarget">;
def CallTargetAsmOperand : ImmAsmOperand<"CallTarget">;

// Signed sixteen bits: -32768 to 32767.
def simm16 : Operand<i32>, ImmLeaf<i32, [{ return isInt<16>(Imm); }]> {
  let ParserMatchClass = SImm16AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeSImm16";
  let OperandType = "OPERAND_IMMEDIATE";
}

// Unsigned sixteen bits, or %hi(symbol) or %lo(symbol).
def uimm16 : Operand<i32>, ImmLeaf<i32, [{ return isUInt<16>(Imm); }]> {
  let ParserMatchClass = UImm16AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeUImm16";
  let OperandType = "OPERAND_IMMEDIATE";
}

// A shift amount.
def uimm5 : Operand<i32>, ImmLeaf<i32, [{ return isUInt<5>(Imm); }]> {
  let ParserMatchClass = UImm5AsmOperand;
  let EncoderMethod = "getImmOpValue";
  let DecoderMethod = "decodeUImm5";
  let OperandType = "OPERAND_IMMEDIATE";
}

// A branch target: a label, or a distance in bytes that is a multiple of 4.
def brtarget : Operand<OtherVT> {
  let ParserMatchClass = BranchTargetAsmOperand;
  let EncoderMethod = "getBranchTargetOpValue";
  let DecoderMethod = "decodeBranchTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

// A jump target, with a larger range.
def jmptarget : Operand<OtherVT> {
  let ParserMatchClass = CallTargetAsmOperand;
  let EncoderMethod = "getCallTargetOpValue";
  let DecoderMethod = "decodeCallTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

// The callee of a call.
def calltarget : Operand<i32> {
  let ParserMatchClass = CallTargetAsmOperand;
  let EncoderMethod = "getCallTargetOpValue";
  let DecoderMethod = "decodeCallTarget";
  let PrintMethod = "printPCRelOperand";
  let OperandType = "OPERAND_PCREL";
}

// An address in memory, 8(sp): a base register and an offset.
def MemAsmOperand : AsmOperandClass {
  let Name = "Mem";
  let ParserMethod = "parseMemOperand";
  let RenderMethod = "addMemOperands";
}

def mem : Operand<i32> {
  let MIOperandInfo = (ops GPR:$base, simm16:$offset);
  let ParserMatchClass = MemAsmOperand;
  let EncoderMethod = "getMemOpValue";
  let DecoderMethod = "decodeMemOperand";
  let PrintMethod = "printMemOperand";
  let OperandType = "OPERAND_MEMORY";
}

// Selects both parts of such an address; TernDAGToDAGISel::SelectAddr.
def addr : ComplexPattern<i32, 2, "SelectAddr", [frameindex]>;

//===----------------------------------------------------------------------===//
// Parts of constants.
//===----------------------------------------------------------------------===//

// The upper sixteen bits of a constant, as LUI wants them.
def Hi16 : SDNodeXForm<imm, [{
  return CurDAG->getTargetConstant((N->getZExtValue() >> 16) & 0xffff,
                                   SDLoc(N), MVT::i32);
}]>;

// The lower sixteen bits, as ORI wants them.
def Lo16 : SDNodeXForm<imm, [{
  return CurDAG->getTargetConstant(N->getZExtValue() & 0xffff, SDLoc(N),
                                   MVT::i32);
}]>;

// A constant whose lower sixteen bits are zero.
def hi16only : ImmLeaf<i32, [{ return (Imm & 0xffff) == 0; }]>;

// The address of a stack slot as an operand, which is resolved when prologue
// and epilogue are inserted.
def SlotAddress : SDNodeXForm<frameindex, [{
  return CurDAG->getTargetFrameIndex(N->getIndex(), MVT::i32);
}]>;

//===----------------------------------------------------------------------===//
// Arithmetic and logic.
//===----------------------------------------------------------------------===//

class ALU<bits<6> funct, string name, SDPatternOperator node>
    : FormatRR<0x00, funct, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2),
               name#"\t$rd, $rs1, $rs2",
               [(set GPR:$rd, (node GPR:$rs1, GPR:$rs2))]>,
      Sched<[WriteALU]>;

class ALUImm<bits<6> op, string name, SDPatternOperator node,
             DAGOperand operand>
    : FormatRI<op, (outs GPR:$rd), (ins GPR:$rs1, operand:$imm),
               name#"\t$rd, $rs1, $imm",
               [(set GPR:$rd, (node GPR:$rs1, operand:$imm))]>,
      Sched<[WriteALU]>;

class Shift<bits<6> op, string name, SDPatternOperator node>
    : FormatShift<op, (outs GPR:$rd), (ins GPR:$rs1, uimm5:$imm),
                  name#"\t$rd, $rs1, $imm",
                  [(set GPR:$rd, (node GPR:$rs1, uimm5:$imm))]>,
      Sched<[WriteALU]>;

let isCommutable = 1 in {
  def ADD : ALU<0x00, "add", add>;
  def AND : ALU<0x02, "and", and>;
  def OR  : ALU<0x03, "or", or>;
  def XOR : ALU<0x04, "xor", xor>;
}
def SUB  : ALU<0x01, "sub", sub>;
def SLL  : ALU<0x05, "sll", shl>;
def SRL  : ALU<0x06, "srl", srl>;
def SRA  : ALU<0x07, "sra", sra>;
def SLT  : ALU<0x08, "slt", setlt>;
def SLTU : ALU<0x09, "sltu", setult>;

let isReMaterializable = 1, isAsCheapAsAMove = 1 in {
  def ADDI : ALUImm<0x01, "addi", add, simm16>;
  def ORI  : ALUImm<0x03, "ori", or, uimm16>;
}
def ANDI  : ALUImm<0x02, "andi", and, uimm16>;
def XORI  : ALUImm<0x04, "xori", xor, uimm16>;
def SLTI  : ALUImm<0x05, "slti", setlt, simm16>;
def SLTIU : ALUImm<0x06, "sltiu", setult, simm16>;

def SLLI : Shift<0x07, "slli", shl>;
def SRLI : Shift<0x08, "srli", srl>;
def SRAI : Shift<0x09, "srai", sra>;

// Load upper immediate: imm into the upper half, zeros below.
let isReMaterializable = 1, isAsCheapAsAMove = 1 in
def LUI : TernInst<(outs GPR:$rd), (ins uimm16:$imm), "lui\t$rd, $imm", []>,
          Sched<[WriteALU]> {
  bits<4> rd;
  bits<16> imm;
  let opcode = 0x0a;
  let Inst{25-22} = rd;
  let Inst{21-16} = 0;
  let Inst{15-0} = imm;
}

// Conditional moves: rd becomes rs1 if rs2 is not zero (is zero), else it keeps
// its value ($old, which is tied to rd).
let Constraints = "$rd = $old" in {
  def CMOVN : FormatRR<0x00, 0x10, (outs GPR:$rd),
                       (ins GPR:$rs1, GPR:$rs2, GPR:$old),
                       "cmovn\t$rd, $rs1, $rs2",
                       [(set GPR:$rd,
                             (select GPR:$rs2, GPR:$rs1, GPR:$old))]>,
              Sched<[WriteALU]>;
  def CMOVZ : FormatRR<0x00, 0x11, (outs GPR:$rd),
                       (ins GPR:$rs1, GPR:$rs2, GPR:$old),
                       "cmovz\t$rd, $rs1, $rs2",
                       [(set GPR:$rd, (select (i32 (seteq GPR:$rs2, 0)),
                                              GPR:$rs1, GPR:$old))]>,
              Sched<[WriteALU]>;
}

//===----------------------------------------------------------------------===//
// Multiplication and, where FeatureDiv is there, division.
//===----------------------------------------------------------------------===//

class Multiply<bits<6> funct, string name, SDPatternOperator node>
    : FormatRR<0x00, funct, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2),
               name#"\t$rd, $rs1, $rs2",
               [(set GPR:$rd, (node GPR:$rs1, GPR:$rs2))]>,
      Sched<[WriteMul]>;

let isCommutable = 1 in {
  def MUL   : Multiply<0x18, "mul", mul>;
  def MULH  : Multiply<0x19, "mulh", mulhs>;
  def MULHU : Multiply<0x1a, "mulhu", mulhu>;
}

class Divide<bits<6> funct, string name, SDPatternOperator node>
    : FormatRR<0x00, funct, (outs GPR:$rd), (ins GPR:$rs1, GPR:$rs2),
               name#"\t$rd, $rs1, $rs2",
               [(set GPR:$rd, (node GPR:$rs1, GPR:$rs2))]>,
      Sched<[WriteDiv]>;

let Predicates = [HasDiv] in {
  def DIV  : Divide<0x1c, "div", sdiv>;
  def DIVU : Divide<0x1d, "divu", udiv>;
  def REM  : Divide<0x1e, "rem", srem>;
  def REMU : Divide<0x1f, "remu", urem>;
}

//===----------------------------------------------------------------------===//
// Loads and stores.
//===----------------------------------------------------------------------===//

let mayLoad = 1 in
class Load<bits<6> op, string name, PatFrag node>
    : FormatMem<op, (outs GPR:$rd), (ins mem:$addr), name#"\t$rd, $addr",
                [(set GPR:$rd, (i32 (node addr:$addr)))]>,
      Sched<[WriteLoad]>;

let mayStore = 1 in
class Store<bits<6> op, string name, PatFrag node>
    : FormatMem<op, (outs), (ins GPR:$rd, mem:$addr), name#"\t$rd, $addr",
                [(node GPR:$rd, addr:$addr)]>,
      Sched<[WriteStore]>;

def LB  : Load<0x10, "lb", sextloadi8>;
def LBU : Load<0x11, "lbu", zextloadi8>;
def LH  : Load<0x12, "lh", sextloadi16>;
def LHU : Load<0x13, "lhu", zextloadi16>;
def LW  : Load<0x14, "lw", load>;
def SB  : Store<0x18, "sb", truncstorei8>;
def SH  : Store<0x19, "sh", truncstorei16>;
def SW  : Store<0x1a, "sw", store>;

//===----------------------------------------------------------------------===//
// Branches, jumps, calls.
//===----------------------------------------------------------------------===//

let isBranch = 1, isTerminator = 1 in
class Branch<bits<6> op, string name, PatFrag condition>
    : FormatB<op, (outs), (ins GPR:$rs1, GPR:$rs2, brtarget:$target),
              name#"\t$rs1, $rs2, $target",
              [(brcond (i32 (condition GPR:$rs1, GPR:$rs2)), bb:$target)]>,
      Sched<[WriteBranch]>;

def BEQ  : Branch<0x20, "beq", seteq>;
def BNE  : Branch<0x21, "bne", setne>;
def BLT  : Branch<0x22, "blt", setlt>;
def BGE  : Branch<0x23, "bge", setge>;
def BLTU : Branch<0x24, "bltu", setult>;
def BGEU : Branch<0x25, "bgeu", setuge>;

let isBranch = 1, isTerminator = 1, isBarrier = 1 in
def J : FormatJ<0x28, (outs), (ins jmptarget:$target), "j\t$target",
                [(br bb:$target)]>,
        Sched<[WriteBranch]>;

let isBranch = 1, isIndirectBranch = 1, isTerminator = 1, isBarrier = 1 in
def JR : FormatJR<0x29, (outs), (ins GPR:$rs1), "jr\t$rs1",
                  [(brind GPR:$rs1)]>,
         Sched<[WriteBranch]>;

let isCall = 1, Defs = [LR], Uses = [SP] in {
  def CALL : FormatJ<0x2a, (outs), (ins calltarget:$target), "call\t$target",
                     []>,
             Sched<[WriteBranch]>;
  def CALLR : FormatJR<0x2b, (outs), (ins GPR:$rs1), "callr\t$rs1",
                       [(TernCall GPR:$rs1)]>,
              Sched<[WriteBranch]>;
}

// A return is a jump to lr. For the compiler it is an instruction of its own.
let isReturn = 1, isTerminator = 1, isBarrier = 1, isCodeGenOnly = 1,
    Uses = [LR], rs1 = 15 in
def RET : FormatJR<0x29, (outs), (ins), "ret", [(TernRet)]>,
          Sched<[WriteBranch]>;

//===----------------------------------------------------------------------===//
// Pseudo instructions: around a call, where the stack pointer moves.
//===----------------------------------------------------------------------===//

let Defs = [SP], Uses = [SP] in {
  def ADJCALLSTACKDOWN
      : Pseudo<(outs), (ins i32imm:$amount, i32imm:$inner),
               "# ADJCALLSTACKDOWN $amount, $inner",
               [(callseq_start timm:$amount, timm:$inner)]>;
  def ADJCALLSTACKUP
      : Pseudo<(outs), (ins i32imm:$amount, i32imm:$popped),
               "# ADJCALLSTACKUP $amount, $popped",
               [(callseq_end timm:$amount, timm:$popped)]>;
}

// Tail calls, which the epilogue comes before. J and JR are written for them.
let isCall = 1, isReturn = 1, isTerminator = 1, isBarrier = 1, Uses = [LR] in {
  def TAIL_SYMBOL : Pseudo<(outs), (ins i32imm:$callee, variable_ops),
                           "# TAIL_SYMBOL $callee", []>;
  def TAIL_REGISTER : Pseudo<(outs), (ins GPR:$callee, variable_ops),
                             "# TAIL_REGISTER $callee",
                             [(TernTailThrough GPR:$callee)]>;
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

def : InstAlias<"nop", (ADDI R0, R0, 0)>;
def : InstAlias<"ret", (JR LR)>;
def : InstAlias<"mov $rd, $rs", (ADD GPR:$rd, GPR:$rs, R0), 0>;
def : InstAlias<"li $rd, $imm", (ADDI GPR:$rd, R0, simm16:$imm), 0>;

//===----------------------------------------------------------------------===//
// Patterns of more than one instruction.
//===----------------------------------------------------------------------===//

// Constants: one instruction where that is enough, else two.
def : Pat<(i32 simm16:$imm), (ADDI R0, simm16:$imm)>;
def : Pat<(i32 uimm16:$imm), (ORI R0, uimm16:$imm)>;
def : Pat<(i32 hi16only:$imm), (LUI (Hi16 $imm))>;
def : Pat<(i32 imm:$imm), (ORI (LUI (Hi16 $imm)), (Lo16 $imm))>;

// The address of a stack slot.
def : Pat<(i32 frameindex:$slot), (ADDI (SlotAddress $slot), 0)>;

// Addresses of symbols: lui rd, %hi(x); ori rd, rd, %lo(x).
foreach symbol = [tglobaladdr, texternalsym, tconstpool, tjumptable,
                  tblockaddress] in {
  def : Pat<(TernHi symbol:$symbol), (LUI symbol:$symbol)>;
  def : Pat<(or GPR:$upper, (TernLo symbol:$symbol)),
            (ORI GPR:$upper, symbol:$symbol)>;
}

// Calls by name.
def : Pat<(TernCall tglobaladdr:$callee), (CALL tglobaladdr:$callee)>;
def : Pat<(TernCall texternalsym:$callee), (CALL texternalsym:$callee)>;
def : Pat<(TernTail tglobaladdr:$callee), (TAIL_SYMBOL tglobaladdr:$callee)>;
def : Pat<(TernTail texternalsym:$callee), (TAIL_SYMBOL texternalsym:$callee)>;

// Where the upper bits do not matter, they are cleared.
def : Pat<(i32 (extloadi8 addr:$addr)), (LBU addr:$addr)>;
def : Pat<(i32 (extloadi16 addr:$addr)), (LHU addr:$addr)>;

// Comparisons that have no instruction of their own.
def : Pat<(i32 (seteq GPR:$a, 0)), (SLTIU GPR:$a, 1)>;
def : Pat<(i32 (setne GPR:$a, 0)), (SLTU R0, GPR:$a)>;
def : Pat<(i32 (seteq GPR:$a, GPR:$b)), (SLTIU (XOR GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setne GPR:$a, GPR:$b)), (SLTU R0, (XOR GPR:$a, GPR:$b))>;
def : Pat<(i32 (setgt GPR:$a, GPR:$b)), (SLT GPR:$b, GPR:$a)>;
def : Pat<(i32 (setugt GPR:$a, GPR:$b)), (SLTU GPR:$b, GPR:$a)>;
def : Pat<(i32 (setge GPR:$a, GPR:$b)), (XORI (SLT GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setuge GPR:$a, GPR:$b)), (XORI (SLTU GPR:$a, GPR:$b), 1)>;
def : Pat<(i32 (setle GPR:$a, GPR:$b)), (XORI (SLT GPR:$b, GPR:$a), 1)>;
def : Pat<(i32 (setule GPR:$a, GPR:$b)), (XORI (SLTU GPR:$b, GPR:$a), 1)>;

// Branches that others do with swapped operands, and a branch on a truth value.
def : Pat<(brcond (i32 (setgt GPR:$a, GPR:$b)), bb:$target),
          (BLT GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setle GPR:$a, GPR:$b)), bb:$target),
          (BGE GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setugt GPR:$a, GPR:$b)), bb:$target),
          (BLTU GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond (i32 (setule GPR:$a, GPR:$b)), bb:$target),
          (BGEU GPR:$b, GPR:$a, bb:$target)>;
def : Pat<(brcond GPR:$a, bb:$target), (BNE GPR:$a, R0, bb:$target)>;
