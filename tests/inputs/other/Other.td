// A second little target with other names for the same things, split in two files; for matching.
include "llvm/Target/Target.td"
include "OtherRegisters.td"

def FeatureMultiply : SubtargetFeature<"multiply", "HasMultiply", "true", "Has a multiplier">;
def FeatureDebug : SubtargetFeature<"debug", "HasDebug", "true", "Debug unit">;

def imm12 : Operand<i32>, ImmLeaf<i32, "return isInt<12>(Imm);">;
def place : Operand<iPTR> {
  let MIOperandInfo = (ops Ints:$base, i32imm:$offset);
  let PrintMethod = "printPlace";
}
def label : Operand<OtherVT>;
def callee : Operand<i32>;
def where : ComplexPattern<iPTR, 2, "selectWhere", [frameindex]>;

def SDT_OtherCall : SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>;
def OtherJal : SDNode<"OtherISD::JAL", SDT_OtherCall, [SDNPHasChain, SDNPOutGlue, SDNPOptInGlue, SDNPVariadic]>;
def OtherReturn : SDNode<"OtherISD::RETURN", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
def seq_start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;

class I<dag o, dag i, string asm, list<dag> p> : Instruction {
  let Namespace = "Other";
  let Size = 4;
  let OutOperandList = o;
  let InOperandList = i;
  let AsmString = asm;
  let Pattern = p;
}
class ALU<string n, SDNode node> : I<(outs Ints:$d), (ins Ints:$a, Ints:$b), n # " $d, $a, $b", [(set Ints:$d, (node Ints:$a, Ints:$b))]>;
class ALUI<string n, SDNode node> : I<(outs Ints:$d), (ins Ints:$a, imm12:$i), n # " $d, $a, $i", [(set Ints:$d, (node Ints:$a, imm12:$i))]>;
def PLUS : ALU<"plus", add>;
def PLUSK : ALUI<"plusk", add>;
def MINUS : ALU<"minus", sub>;
def AND : ALU<"and", and>;
def TIMES : ALU<"times", mul>;
def FETCH : I<(outs Ints:$d), (ins place:$p), "fetch $d, $p", [(set Ints:$d, (load where:$p))]> { let mayLoad = true; }
def FETCHB : I<(outs Ints:$d), (ins place:$p), "fetchb $d, $p", [(set Ints:$d, (zextloadi8 where:$p))]> { let mayLoad = true; }
def PUT : I<(outs), (ins Ints:$d, place:$p), "put $d, $p", [(store Ints:$d, where:$p)]> { let mayStore = true; }
let isBranch = true, isTerminator = true, isBarrier = true in def GOTO : I<(outs), (ins label:$t), "goto $t", [(br bb:$t)]>;
let isCall = true, Defs = [LINK] in def JAL : I<(outs), (ins callee:$t), "jal $t", [(OtherJal (i32 tglobaladdr:$t))]>;
let isReturn = true, isTerminator = true, isBarrier = true, Uses = [LINK] in def BACK : I<(outs), (ins), "back", [(OtherReturn)]>;
let isPseudo = true, isCodeGenOnly = true, Defs = [STACK], Uses = [STACK] in
  def CALL_BEGIN : I<(outs), (ins i32imm:$x, i32imm:$y), "", [(seq_start timm:$x, timm:$y)]>;

def CC_Other : CallingConv<[CCIfType<[i32], CCAssignToReg<[A2, A3]>>, CCAssignToStack<4, 4>]>;
def RetCC_Other : CallingConv<[CCIfType<[i32], CCAssignToReg<[A2]>>]>;
def OtherInstrInfo : InstrInfo;
def Other : Target { let InstructionSet = OtherInstrInfo; }
