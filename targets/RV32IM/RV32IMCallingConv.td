//===-- RV32IMCallingConv.td - The ILP32 convention ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arguments in a0 to a7, what remains on the stack; results in a0 and a1. The
// places for numbers of 64 and 128 bits, which are taken apart before, say how
// these and the stack are aligned.
//
//===----------------------------------------------------------------------===//

def CC_RV32IM : CallingConv<[
  CCIfType<[i1, i8, i16], CCPromoteToType<i32>>,
  CCIfByVal<CCPassByVal<4, 4>>,
  CCIfType<[i32], CCAssignToReg<[X10, X11, X12, X13, X14, X15, X16, X17]>>,
  CCIfType<[i32], CCAssignToStack<4, 4>>,
  CCIfType<[f64], CCAssignToStack<8, 8>>,
  CCIfType<[f128], CCAssignToStack<16, 16>>
]>;

def RetCC_RV32IM : CallingConv<[
  CCIfType<[i1, i8, i16], CCPromoteToType<i32>>,
  CCIfType<[i32], CCAssignToReg<[X10, X11]>>
]>;

// ra, s0 to s11.
def CSR : CalleeSavedRegs<(add X1, X8, X9, (sequence "X%u", 18, 27))>;
