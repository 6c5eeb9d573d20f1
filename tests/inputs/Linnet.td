// A 32-bit machine without encodings: addresses of a base, a scale, an index and an offset, or counted from the program counter; 16 bits of
// some registers, which loads and stores of their own have as operands; flags, and a comparison that subtracts its first operand.
include "llvm/Target/Target.td"

def sub_half : SubRegIndex<16>;
class Half<int n> : Register<"h" # n> { let Namespace = "Linnet"; let HWEncoding = n; }
class Whole<int n, list<Register> half> : RegisterWithSubRegs<"r" # n, half> {
  let Namespace = "Linnet";
  let HWEncoding = n;
  let SubRegIndices = [sub_half];
}
foreach n = 0-3 in {
  def H # n : Half<n>;
  def R # n : Whole<n, [!cast<Register>("H" # n)]>;
}
let Namespace = "Linnet" in {
  foreach n = 4-6 in def R # n : Register<"r" # n> { let HWEncoding = n; }
  def SP : Register<"sp"> { let HWEncoding = 7; }
  def CCR : Register<"ccr">;
}
def GR : RegisterClass<"Linnet", [i32], 32, (add (sequence "R%u", 0, 6), SP)>;
def Low : RegisterClass<"Linnet", [i32], 32, (sequence "R%u", 0, 3)>;
def HR : RegisterClass<"Linnet", [i16], 16, (sequence "H%u", 0, 3)>;
def Flags : RegisterClass<"Linnet", [i8], 8, (add CCR)> { let CopyCost = -1; }

def mem : Operand<i32> { let MIOperandInfo = (ops GR, i8imm, GR, i32imm); }
def mem16 : Operand<i32> { let MIOperandInfo = (ops Low, i8imm, GR, i32imm); }
def near : Operand<i32> { let MIOperandInfo = (ops GR, i16imm); let OperandType = "OPERAND_PCREL"; }
def half : Operand<i16>;
def target : Operand<OtherVT>;
def addr : ComplexPattern<i32, 4, "selectAddr", []>;
def nearby : ComplexPattern<i32, 2, "selectNearby", []>;
def compare : SDNode<"LinnetISD::CMP", SDTypeProfile<1, 2, [SDTCisVT<0, i8>, SDTCisSameAs<1, 2>]>>;
def branch : SDNode<"LinnetISD::BRCOND", SDTypeProfile<0, 1, [SDTCisVT<0, OtherVT>]>, [SDNPHasChain]>;

class I<dag outs, dag ins, string asm, list<dag> pattern = []> : Instruction {
  let Namespace = "Linnet";
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = asm;
  let Pattern = pattern;
}
let mayLoad = 1 in {
  def LDN : I<(outs GR:$d), (ins near:$m), "ld $d, $m", [(set GR:$d, (load nearby:$m))]>;
  def LD : I<(outs GR:$d), (ins mem:$m), "ld $d, $m", [(set GR:$d, (load addr:$m))]>;
  def LDH : I<(outs HR:$d), (ins mem16:$m), "ldh $d, $m", [(set HR:$d, (load addr:$m))]>;
}
let mayStore = 1 in {
  def ST : I<(outs), (ins mem:$m, GR:$v), "st $v, $m", [(store GR:$v, addr:$m)]>;
  def STH : I<(outs), (ins mem16:$m, HR:$v), "sth $v, $m", [(store HR:$v, addr:$m)]>;
}
let Defs = [CCR] in {
  def ADD : I<(outs GR:$d), (ins GR:$a, GR:$b), "add $d, $a, $b", [(set GR:$d, (add GR:$a, GR:$b))]>;
  def CMP : I<(outs), (ins GR:$a, GR:$b), "cmp $a, $b", [(set CCR, (compare GR:$a, GR:$b))]>;
  def MULI : I<(outs GR:$d), (ins GR:$a, half:$n), "muls $d, $a, $n">;
}
def EXTH : I<(outs HR:$d), (ins HR:$a), "ext $d, $a", [(set HR:$d, (sext_inreg HR:$a, i8))]>;
def SEXT : I<(outs GR:$d), (ins HR:$a), "sext $d, $a">;
def : Pat<(i32 (sext_inreg GR:$a, i16)), (SEXT (EXTRACT_SUBREG GR:$a, sub_half))>;
let isBranch = 1, isTerminator = 1, Uses = [CCR] in {
  foreach c = ["eq", "ne", "ls", "lt", "ge", "hi", "gt", "le", "cs", "cc"] in def B # c : I<(outs), (ins target:$t), "b" # c # " $t">;
}
def BRA : I<(outs), (ins target:$t), "bra $t", [(br bb:$t)]> { let isBranch = 1; let isTerminator = 1; let isBarrier = 1; }
let isReturn = 1, isTerminator = 1, isBarrier = 1 in {
  def RTE : I<(outs), (ins), "rte">;
  def RTS : I<(outs), (ins), "rts">;
}
def TRUE : I<(outs GR:$d), (ins i8imm:$c), "set$c $d"> { let isCodeGenOnly = 1; }
def : InstAlias<"true $d", (TRUE GR:$d, 1)>;
def UNREAL : I<(outs GR:$d), (ins), "unreal $d"> { let isCodeGenOnly = 1; }

def CC_Linnet : CallingConv<[
  CCIf<"State.getMachineFunction().getFunction().getParent()->getModuleFlag(\"odd\") != nullptr", CCAssignToStack<4, 4>>,
  CCIfType<[i32], CCAssignToReg<[R0, R1]>>
]>;
def RetCC_Linnet : CallingConv<[CCIfType<[i32], CCAssignToReg<[R0, R1]>>]>;

def LinnetInstrInfo : InstrInfo;
def Linnet : Target { let InstructionSet = LinnetInstrInfo; }
