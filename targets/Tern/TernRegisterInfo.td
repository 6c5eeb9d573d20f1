//===-- TernRegisterInfo.td - Registers ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sixteen registers of 32 bits:
//
//   r0         always zero
//   r1 - r4    arguments; r1 and r2 return values
//   r5 - r8    temporaries, lost in a call
//   r9 - r12   kept over a call
//   fp         (r13) frame pointer, kept over a call
//   sp         (r14) stack pointer
//   lr         (r15) return address
//
//===----------------------------------------------------------------------===//

// `number` is what stands in an instruction's field, and in debug information.
class TernReg<bits<4> number, string name, list<string> others = []>
    : Register<name, others>, DwarfRegNum<[number]> {
  let HWEncoding{3-0} = number;
  let Namespace = "Tern";
}

let isConstant = 1 in
def R0 : TernReg<0, "r0", ["zero"]>;

foreach i = 1-12 in
def R#i : TernReg<i, "r"#i>;

def FP : TernReg<13, "fp", ["r13"]>;
def SP : TernReg<14, "sp", ["r14"]>;
def LR : TernReg<15, "lr", ["r15"]>;

// The one register class. The order is that of allocation: temporaries before
// those that a function has to save, and what is reserved last.
def GPR : RegisterClass<"Tern", [i32], 32,
                        (add (sequence "R%u", 1, 12), FP, LR, SP, R0)>;
