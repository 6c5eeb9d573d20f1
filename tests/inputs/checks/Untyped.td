// A register class with two value types, and a pattern that does not say which of them it means.
include "Whole.td"
foreach n = 0-3 in def D#n : WReg<n, "d"#n>;
def Double : RegisterClass<"Whole", [f32, v2i16], 32, (sequence "D%u", 0, 3)>;
def FETCH : Two<40, (outs Double:$d), (ins Word:$x), "fetch $d, $x", [(set Double:$d, (load Word:$x))]>;
