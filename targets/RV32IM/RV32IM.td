//===-- RV32IM.td - RISC-V: RV32I and M ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cut-down description of RISC-V after the public ISA manual: RV32I and the M
// extension, no more. Programs compiled for it run on any RISC-V of 32 bits.
//
//===----------------------------------------------------------------------===//

include "llvm/Target/Target.td"

include "RV32IMRegisterInfo.td"
include "RV32IMSchedule.td"
include "RV32IMInstrInfo.td"
include "RV32IMCallingConv.td"

def : ProcessorModel<"generic", RV32IMModel, []>;

def RV32IMInstrInfo : InstrInfo {
  let guessInstructionProperties = 0;
}

def RV32IMAsmParser : AsmParser {
  let ShouldEmitMatchRegisterAltName = 1;
}

def RV32IMAsmWriter : AsmWriter;

def RV32IM : Target {
  let InstructionSet = RV32IMInstrInfo;
  let AssemblyParsers = [RV32IMAsmParser];
  let AssemblyWriters = [RV32IMAsmWriter];
  let AllowRegisterRenaming = 1;
}
