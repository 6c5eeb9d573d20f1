//===-- RV32IMRegisterInfo.td - Registers ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x0 to x31. The assembler writes the names of the calling convention, and
// reads both.
//
//===----------------------------------------------------------------------===//

class XReg<bits<5> number, string name, list<string> others = []>
    : Register<name, !listconcat(["x"#number], others)>,
      DwarfRegNum<[number]> {
  let HWEncoding{4-0} = number;
  let Namespace = "RV32IM";
}

let isConstant = 1 in
def X0 : XReg<0, "zero">;
def X1 : XReg<1, "ra">;
def X2 : XReg<2, "sp">;
def X3 : XReg<3, "gp">;
def X4 : XReg<4, "tp">;
def X5 : XReg<5, "t0">;
def X6 : XReg<6, "t1">;
def X7 : XReg<7, "t2">;
def X8 : XReg<8, "s0", ["fp"]>;
def X9 : XReg<9, "s1">;
foreach i = 10-17 in
def X#i : XReg<i, "a"#!add(i, -10)>;
foreach i = 18-27 in
def X#i : XReg<i, "s"#!add(i, -16)>;
foreach i = 28-31 in
def X#i : XReg<i, "t"#!add(i, -25)>;

// In the order of allocation: arguments and temporaries first, then what a
// function has to save, then what is reserved.
def GPR : RegisterClass<"RV32IM", [i32], 32,
                        (add (sequence "X%u", 10, 17),
                             (sequence "X%u", 5, 7),
                             (sequence "X%u", 28, 31),
                             (sequence "X%u", 8, 9),
                             (sequence "X%u", 18, 27),
                             (sequence "X%u", 0, 4))>;
