class OtherReg<bits<16> number, string n> : Register<n> {
  let Namespace = "Other";
  let HWEncoding = number;
}
foreach i = 0-9 in def A#i : OtherReg<i, "a"#i>;
def STACK : OtherReg<10, "stack">;
def LINK : OtherReg<11, "link">;
def FRAME : OtherReg<12, "frame">;
def FLAGS : OtherReg<13, "flags">;
def Ints : RegisterClass<"Other", [i32], 32, (add (sequence "A%u", 0, 9), STACK, LINK, FRAME)>;
def Flags : RegisterClass<"Other", [i32], 32, (add FLAGS)> {
  let isAllocatable = false;
}
