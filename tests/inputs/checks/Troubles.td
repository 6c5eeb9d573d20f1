// One trouble of each kind that a description may have and still pass every generator.
include "Whole.td"

// decoding-conflict: the same code and no fixed bit apart.
class Store<dag ins, string name> : Two<20, (outs), ins, name # " $d, $x">;
def KEEP : Store<(ins Word:$d, Word:$x), "keep">;
def HOLD : Store<(ins Word:$d, Word:$x), "hold">;

// no-size
let Size = 0 in
def UNSIZED : Two<21, (outs Word:$d), (ins Word:$x), "unsized $d, $x">;

// operand-without-bits: $far is printed, $near is nowhere, $same is tied, A7 is the only register of its class.
def Last : RegisterClass<"Whole", [i32], 32, (add A7)>;
def REACH : Two<22, (outs Word:$d), (ins Word:$x, i32imm:$far), "reach $d, $x, $far">;
def LURK : Two<23, (outs Word:$d), (ins Word:$x, i32imm:$near), "lurk $d, $x">;
let Constraints = "$same = $d" in
def TIED : Two<24, (outs Word:$d), (ins Word:$same, Word:$x, Last:$only), "tied $d, $x, $only">;

// never-decoded: the two forms with bit 31 fixed cover the one without.
class Half<bits<18> top, string name> : Form<25, (outs Word:$d), (ins Word:$x), name # " $d, $x"> {
  bits<3> d;
  bits<3> x;
  let Inst{31} = top{17};
  let Inst{30-14} = 0;
  let Inst{13-11} = d;
  let Inst{10-8} = x;
}
def FIRST : Half<0, "first">;
def SECOND : Half<{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "second">;
def ALL : Half<{?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "all">;
// Three quarters of a space do not cover it.
def QUARTER : Two<26, (outs Word:$d), (ins Word:$x), "quarter $d, $x"> { let Inst{31-30} = 0b11; }
def QUARTERS : Two<26, (outs Word:$d), (ins Word:$x), "quarters $d, $x"> { let Inst{31-30} = {0, ?}; }
def REST : Two<26, (outs Word:$d), (ins Word:$x), "rest $d, $x"> { let Inst{31-30} = {?, ?}; }

// shadowed-pattern: through a multiclass, whose defm is the place.
multiclass Late<bits<8> op, string name> {
  def _rr : Three<op, name, add>;
}
defm LATE : Late<27, "late">;
// Not shadowed: it asks for less than the one before it.
def HasMore : Predicate<"Subtarget->hasMore()">;
let Predicates = [HasMore], AddedComplexity = 5 in
def MORE : Three<28, "more", mul>;
def LESS : Three<29, "less", mul>;
// A general pattern that is tried before a special one.
def small : ImmLeaf<i32, [{ return Imm < 8; }]>;
let AddedComplexity = 50 in
def DIFF : Three<30, "diff", sub>;
def DIFFI : Two<31, (outs Word:$d), (ins Word:$x, i32imm:$y), "diffi $d, $x, $y", [(set Word:$d, (sub Word:$x, small:$y))]> {
  bits<8> y;
  let Inst{31-24} = y;
}

// repeated-pattern
def : Pat<(xor Word:$x, Word:$y), (ONE $y, $x)>;

// contradictory-predicates
def NoMore : Predicate<"!Subtarget->hasMore()">;
let Predicates = [HasMore, NoMore] in
def : Pat<(sdiv Word:$x, Word:$y), (PLUS $x, $y)>;

// illegal-type-in-pattern
def far : SDNode<"WholeISD::FAR", SDTypeProfile<0, 1, [SDTCisVT<0, i64>]>, [SDNPHasChain]>;
def AWAY : Form<37, (outs), (ins i64imm:$l), "away $l"> { bits<24> l; let Inst{31-8} = l; }
def : Pat<(far tglobaladdr:$l), (AWAY tglobaladdr:$l)>;

// class-not-copied, class-not-spilled
foreach n = 0-3 in def M#n : WReg<n, "m"#n>;
def Mask : RegisterClass<"Whole", [v4i1], 32, (sequence "M%u", 0, 3)>;
def BUILD : Two<32, (outs Mask:$d), (ins Word:$x), "build $d, $x", [(set Mask:$d, (bitconvert Word:$x))]>;

// copy-clobbers-flags
def cmp : SDNode<"WholeISD::CMP", SDTypeProfile<0, 2, [SDTCisInt<0>, SDTCisSameAs<0, 1>]>, [SDNPOutGlue]>;
def pick : SDNode<"WholeISD::PICK", SDTypeProfile<0, 1, [SDTCisVT<0, OtherVT>]>, [SDNPHasChain, SDNPInGlue]>;
let Defs = [COND] in
def LIKE : Two<33, (outs), (ins Word:$d, Word:$x), "like $d, $x", [(cmp Word:$d, Word:$x)]>;
let Uses = [COND] in
def PICK : Jump<34, (ins label:$l), "pick $l", [(pick bb:$l)]>;
foreach n = 0-3 in def F#n : WReg<n, "f"#n>;
def Real : RegisterClass<"Whole", [f32], 32, (sequence "F%u", 0, 3)>;
let Defs = [COND], isMoveReg = 1 in
def FMOVE : Two<35, (outs Real:$d), (ins Real:$x), "fmove $d, $x">;
// Harmless: Word has another move, which leaves COND alone.
let Defs = [COND], isMoveReg = 1 in
def MOVES : Two<36, (outs Word:$d), (ins Word:$x), "moves $d, $x">;

// number-for-register
def few : ImmLeaf<i32, [{ return Imm < 4; }]>;
def FEWER : Two<38, (outs Word:$d), (ins Word:$x), "fewer $d, $x", [(set Word:$d, few:$x)]>;
