// Floating point for targets/RV32IM, after the public ISA manual, under a feature of each width: registers, arithmetic, comparisons into an
// integer register, conversions. There is no pattern for a remainder, a conversion of unsigned numbers, or a condition but ==, < and <=.
def FeatureSingle : SubtargetFeature<"single", "HasSingle", "true", "32-bit floating point">;
def FeatureDouble : SubtargetFeature<"double", "HasDouble", "true", "64-bit floating point", [FeatureSingle]>;
def HasSingle : Predicate<"Subtarget->hasSingle()">;
def HasDouble : Predicate<"Subtarget->hasDouble()">;

def sub_single : SubRegIndex<32> { let Namespace = "RV32IM"; }
foreach i = 0-31 in {
  def F#i : Register<"fs"#i> { let HWEncoding{4-0} = i; let Namespace = "RV32IM"; }
  def D#i : Register<"fd"#i> {
    let HWEncoding{4-0} = i;
    let Namespace = "RV32IM";
    let SubRegs = [!cast<Register>("F"#i)];
    let SubRegIndices = [sub_single];
  }
}
def Single : RegisterClass<"RV32IM", [f32], 32, (sequence "F%u", 0, 31)>;
def Double : RegisterClass<"RV32IM", [f64], 64, (sequence "D%u", 0, 31)>;

class Arithmetic<bits<7> op, bits<3> rounding, dag outs, dag ins, string asm, list<dag> pattern>
    : FormatR<op, rounding, outs, ins, asm, pattern>, Sched<[WriteALU]> {
  let Inst{6-0} = 0b1010011;
}
class OfOne<bits<7> op, bits<3> rounding, bits<5> kind, dag outs, dag ins, string asm, list<dag> pattern>
    : Arithmetic<op, rounding, outs, ins, asm, pattern> {
  let rs2 = kind;
}
class OfTwo<RegisterClass R, bits<7> op, bits<3> rounding, string name, SDPatternOperator node>
    : Arithmetic<op, rounding, (outs R:$rd), (ins R:$rs1, R:$rs2), name#"\t$rd, $rs1, $rs2", [(set R:$rd, (node R:$rs1, R:$rs2))]>;
class Compare<RegisterClass R, bits<7> op, bits<3> kind, string name, SDPatternOperator node>
    : Arithmetic<op, kind, (outs GPR:$rd), (ins R:$rs1, R:$rs2), name#"\t$rd, $rs1, $rs2", [(set GPR:$rd, (i32 (node R:$rs1, R:$rs2)))]>;
multiclass Width<RegisterClass R, ValueType T, Predicate has, string dot, int fmt, bits<3> funct3> {
  let Predicates = [has] in {
    def _ADD : OfTwo<R, fmt, 7, "fadd"#dot, fadd>;
    def _SUB : OfTwo<R, !add(fmt, 4), 7, "fsub"#dot, fsub>;
    def _MUL : OfTwo<R, !add(fmt, 8), 7, "fmul"#dot, fmul>;
    def _DIV : OfTwo<R, !add(fmt, 12), 7, "fdiv"#dot, fdiv>;
    def _SIGN : OfTwo<R, !add(fmt, 16), 0, "fsgnj"#dot, fcopysign>;
    def _LE : Compare<R, !add(fmt, 80), 0, "fle"#dot, setole>;
    def _LT : Compare<R, !add(fmt, 80), 1, "flt"#dot, setolt>;
    def _EQ : Compare<R, !add(fmt, 80), 2, "feq"#dot, setoeq>;
    def _INT : OfOne<!add(fmt, 96), 1, 0, (outs GPR:$rd), (ins R:$rs1), "fcvt.w"#dot#"\t$rd, $rs1", [(set GPR:$rd, (fp_to_sint R:$rs1))]>;
    def _OF : OfOne<!add(fmt, 104), 7, 0, (outs R:$rd), (ins GPR:$rs1), "fcvt"#dot#".w\t$rd, $rs1", [(set R:$rd, (sint_to_fp GPR:$rs1))]>;
    let mayLoad = 1 in
    def _LOAD : FormatLoad<0b0000111, funct3, (outs R:$rd), (ins mem:$addr), "fl"#dot#"\t$rd, $addr", [(set R:$rd, (T (load addr:$addr)))]>,
                Sched<[WriteLoad]>;
    let mayStore = 1 in
    def _STORE : FormatS<funct3, (outs), (ins R:$rs2, mem:$addr), "fs"#dot#"\t$rs2, $addr", [(store R:$rs2, addr:$addr)]>, Sched<[WriteStore]> {
      let Inst{6-0} = 0b0100111;
    }
  }
}
defm S : Width<Single, f32, HasSingle, ".s", 0, 2>;
defm D : Width<Double, f64, HasDouble, ".d", 1, 3>;
let Predicates = [HasDouble] in {
  def WIDEN : OfOne<0b0100001, 0, 0, (outs Double:$rd), (ins Single:$rs1), "fcvt.d.s\t$rd, $rs1", [(set Double:$rd, (fpextend Single:$rs1))]>;
  def ROUND : OfOne<0b0100000, 7, 1, (outs Single:$rd), (ins Double:$rs1), "fcvt.s.d\t$rd, $rs1", [(set Single:$rd, (fpround Double:$rs1))]>;
}
let Predicates = [HasSingle] in {
  def BITS : OfOne<0b1110000, 0, 0, (outs GPR:$rd), (ins Single:$rs1), "fmv.x.w\t$rd, $rs1", [(set GPR:$rd, (bitconvert Single:$rs1))]>;
  def FROM : OfOne<0b1111000, 0, 0, (outs Single:$rd), (ins GPR:$rs1), "fmv.w.x\t$rd, $rs1", [(set Single:$rd, (bitconvert GPR:$rs1))]>;
}
