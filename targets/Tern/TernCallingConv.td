//===-- TernCallingConv.td - Calling convention ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers and pointers in r1 to r4, what remains on the stack in slots of four
// bytes. Wider values come in parts of 32 bits, the lower one first. A function
// of variable arguments gets all of them on the stack, so that va_arg walks
// over memory alone.
//
//===----------------------------------------------------------------------===//

def CC_Tern : CallingConv<[
  CCIfType<[i1, i8, i16], CCPromoteToType<i32>>,
  CCIfByVal<CCPassByVal<4, 4>>,
  CCIfNotVarArg<CCIfType<[i32], CCAssignToReg<[R1, R2, R3, R4]>>>,
  CCIfType<[i32], CCAssignToStack<4, 4>>
]>;

def RetCC_Tern : CallingConv<[
  CCIfType<[i1, i8, i16], CCPromoteToType<i32>>,
  CCIfType<[i32], CCAssignToReg<[R1, R2]>>
]>;

def CSR : CalleeSavedRegs<(add LR, FP, (sequence "R%u", 9, 12))>;
