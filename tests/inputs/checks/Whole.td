// A machine of eight registers that says enough for vega-gen check to find nothing.
include "llvm/Target/Target.td"

class WReg<bits<16> number, string name> : Register<name> {
  let HWEncoding = number;
  let Namespace = "Whole";
}
foreach n = 0-7 in def A#n : WReg<n, "a"#n>;
def COND : WReg<0, "cond">;
def Word : RegisterClass<"Whole", [i32], 32, (sequence "A%u", 0, 7)>;

class Form<bits<8> op, dag outs, dag ins, string text, list<dag> pattern = []> : Instruction {
  field bits<32> Inst;
  let Namespace = "Whole";
  let Size = 4;
  let OutOperandList = outs;
  let InOperandList = ins;
  let AsmString = text;
  let Pattern = pattern;
  let Inst{7-0} = op;
}
class Three<bits<8> op, string name, SDPatternOperator node>
    : Form<op, (outs Word:$d), (ins Word:$x, Word:$y), name # " $d, $x, $y", [(set Word:$d, (node Word:$x, Word:$y))]> {
  bits<3> d;
  bits<3> x;
  bits<3> y;
  let Inst{31-17} = 0;
  let Inst{16-14} = d;
  let Inst{13-11} = x;
  let Inst{10-8} = y;
}
def PLUS : Three<0, "plus", add>;
def BOTH : Three<1, "both", and>;
def EITHER : Three<2, "either", or>;
def ONE : Three<3, "one", xor>;

class Two<bits<8> op, dag outs, dag ins, string text, list<dag> pattern = []> : Form<op, outs, ins, text, pattern> {
  bits<3> d;
  bits<3> x;
  let Inst{31-14} = 0;
  let Inst{13-11} = d;
  let Inst{10-8} = x;
}
let isMoveReg = 1 in
def MOVE : Two<4, (outs Word:$d), (ins Word:$x), "move $d, $x">;
def GET : Two<5, (outs Word:$d), (ins Word:$x), "get $d, $x", [(set Word:$d, (load Word:$x))]>;
def PUT : Two<6, (outs), (ins Word:$d, Word:$x), "put $d, $x", [(store Word:$d, Word:$x)]>;

def label : Operand<OtherVT>;
class Jump<bits<8> op, dag ins, string text, list<dag> pattern> : Form<op, (outs), ins, text, pattern> {
  bits<21> l;
  bits<3> x = 0;
  let Inst{31-11} = l;
  let Inst{10-8} = x;
  let isBranch = 1;
  let isTerminator = 1;
}
let isBarrier = 1 in
def GOTO : Jump<7, (ins label:$l), "goto $l", [(br bb:$l)]>;
def WHEN : Jump<8, (ins Word:$x, label:$l), "when $x, $l", [(brcond Word:$x, bb:$l)]> { bits<3> x; }

def ret_glue : SDNode<"WholeISD::RET_GLUE", SDTNone, [SDNPHasChain, SDNPOptInGlue, SDNPVariadic]>;
let isReturn = 1, isTerminator = 1, isBarrier = 1 in
def BACK : Form<9, (outs), (ins), "back", [(ret_glue)]> { let Inst{31-8} = 0; }
def call : SDNode<"WholeISD::CALL", SDTypeProfile<0, -1, [SDTCisVT<0, i32>]>,
                  [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue, SDNPVariadic]>;
let isCall = 1 in
def INTO : Form<10, (outs), (ins i32imm:$l), "into $l", [(call timm:$l)]> { bits<24> l; let Inst{31-8} = l; }

def callseq_start : SDNode<"ISD::CALLSEQ_START", SDCallSeqStart<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>, [SDNPHasChain, SDNPOutGlue]>;
def callseq_end : SDNode<"ISD::CALLSEQ_END", SDCallSeqEnd<[SDTCisVT<0, i32>, SDTCisVT<1, i32>]>,
                         [SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]>;
let isPseudo = 1 in {
def BEFORE : Form<0, (outs), (ins i32imm:$m, i32imm:$n), "", [(callseq_start timm:$m, timm:$n)]>;
def AFTER : Form<0, (outs), (ins i32imm:$m, i32imm:$n), "", [(callseq_end timm:$m, timm:$n)]>;
}

def WholeInstrInfo : InstrInfo;
def Whole : Target { let InstructionSet = WholeInstrInfo; }
