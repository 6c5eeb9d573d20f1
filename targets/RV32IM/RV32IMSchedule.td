//===-- RV32IMSchedule.td - Machine model ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A plain core: one instruction a cycle, in order.
//
//===----------------------------------------------------------------------===//

def WriteALU    : SchedWrite;
def WriteMul    : SchedWrite;
def WriteDiv    : SchedWrite;
def WriteLoad   : SchedWrite;
def WriteStore  : SchedWrite;
def WriteBranch : SchedWrite;

def RV32IMModel : SchedMachineModel {
  let IssueWidth = 1;
  let MicroOpBufferSize = 0;
  let LoadLatency = 2;
  let MispredictPenalty = 3;
  let CompleteModel = 1;
}

let SchedModel = RV32IMModel in {
  def UnitALU : ProcResource<1>;
  def UnitMem : ProcResource<1>;
  def UnitMulDiv : ProcResource<1>;

  def : WriteRes<WriteALU, [UnitALU]>;
  def : WriteRes<WriteBranch, [UnitALU]>;
  def : WriteRes<WriteStore, [UnitMem]>;
  let Latency = 2 in
  def : WriteRes<WriteLoad, [UnitMem]>;
  let Latency = 3 in
  def : WriteRes<WriteMul, [UnitMulDiv]>;
  let Latency = 20 in
  def : WriteRes<WriteDiv, [UnitMulDiv]>;

  def : InstRW<[WriteALU], (instrs COPY)>;
}
