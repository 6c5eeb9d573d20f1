//===-- Tern.td - The Tern target ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tern is a small 32-bit RISC that exists nowhere but in this folder: it is
// what a user of vega-gen has in hand before a line of C++ is written. Sixteen
// registers, 32-bit little-endian instructions, loads and stores, compare and
// branch in one instruction, a conditional move, and division as an extension.
//
// Read the files in this order: registers, formats, instructions, calling
// convention, schedule.
//
//===----------------------------------------------------------------------===//

include "llvm/Target/Target.td"

//===----------------------------------------------------------------------===//
// Features, which differ between Tern processors. Each becomes a field of
// TernSubtarget, and -mattr=+div sets it.
//===----------------------------------------------------------------------===//

def FeatureDiv : SubtargetFeature<"div", "HasDiv", "true",
                                  "Divide and remainder instructions">;

// Predicate: for instruction selection. AssemblerPredicate: for the assembler.
def HasDiv : Predicate<"Subtarget->hasDiv()">,
             AssemblerPredicate<(all_of FeatureDiv), "divide instructions">;

//===----------------------------------------------------------------------===//
// The parts.
//===----------------------------------------------------------------------===//

include "TernRegisterInfo.td"
include "TernSchedule.td"
include "TernInstrInfo.td"
include "TernCallingConv.td"

//===----------------------------------------------------------------------===//
// Processors: a name for -mcpu, how it schedules, and what it has.
//===----------------------------------------------------------------------===//

def : ProcessorModel<"generic", TernModel, []>;
def : ProcessorModel<"tern-1", TernModel, []>;
def : ProcessorModel<"tern-2", TernModel, [FeatureDiv]>;

//===----------------------------------------------------------------------===//
// The target.
//===----------------------------------------------------------------------===//

def TernInstrInfo : InstrInfo {
  // Instructions set their flags themselves: TableGen does not guess them from
  // patterns.
  let guessInstructionProperties = 0;
}

def TernAsmParser : AsmParser {
  let ShouldEmitMatchRegisterName = 1;
  let ShouldEmitMatchRegisterAltName = 1;
}

def TernAsmWriter : AsmWriter {
  string AsmWriterClassName = "InstPrinter";
}

def Tern : Target {
  let InstructionSet = TernInstrInfo;
  let AssemblyParsers = [TernAsmParser];
  let AssemblyWriters = [TernAsmWriter];
  let AllowRegisterRenaming = 1;
}
