//===-- TernSchedule.td - Machine model ---*- tablegen -*-===//
//
// Part of vega-gen, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One instruction a cycle, in order. Instructions name what they write and read
// (WriteALU, ...); the model below says what that costs.
//
//===----------------------------------------------------------------------===//

def WriteALU    : SchedWrite;
def WriteMul    : SchedWrite;
def WriteDiv    : SchedWrite;
def WriteLoad   : SchedWrite;
def WriteStore  : SchedWrite;
def WriteBranch : SchedWrite;

def TernModel : SchedMachineModel {
  let IssueWidth = 1;
  let MicroOpBufferSize = 0; // in order
  let LoadLatency = 2;
  let MispredictPenalty = 3;
  // Every instruction has its cost here, or TableGen complains.
  let CompleteModel = 1;
}

let SchedModel = TernModel in {
  def TernUnitALU : ProcResource<1>;
  def TernUnitMem : ProcResource<1>;
  def TernUnitMulDiv : ProcResource<1>;

  def : WriteRes<WriteALU, [TernUnitALU]>;
  def : WriteRes<WriteBranch, [TernUnitALU]>;
  def : WriteRes<WriteStore, [TernUnitMem]>;
  let Latency = 2 in
  def : WriteRes<WriteLoad, [TernUnitMem]>;
  let Latency = 3 in
  def : WriteRes<WriteMul, [TernUnitMulDiv]>;
  let Latency = 16 in
  def : WriteRes<WriteDiv, [TernUnitMulDiv]>;

  // LLVM's own copy becomes an addition.
  def : InstRW<[WriteALU], (instrs COPY)>;
}
