#include "RookFrameLowering.h"
#include "RookInstrInfo.h"
#include "RookSubtarget.h"
#include "MCTargetDesc/RookMCTargetDesc.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/CodeGen/MachineFrameInfo.h"
#include "llvm/CodeGen/MachineFunction.h"
#include "llvm/CodeGen/MachineInstrBuilder.h"
#include "llvm/CodeGen/MachineRegisterInfo.h"
#include "llvm/CodeGen/RegisterScavenging.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace llvm;

static Align getABIStackAlignment() { return Align(8); }

RookFrameLowering::RookFrameLowering(const RookSubtarget &STI)
    : TargetFrameLowering(StackGrowsDown, getABIStackAlignment(), /*LocalAreaOffset=*/0, getABIStackAlignment()), STI(STI) {}

bool RookFrameLowering::hasFP(const MachineFunction &MF) const {
  const MachineFrameInfo &MFI = MF.getFrameInfo();
  return MF.getTarget().Options.DisableFramePointerElim(MF) || MFI.hasVarSizedObjects() || MFI.isFrameAddressTaken();
}

bool RookFrameLowering::hasReservedCallFrame(const MachineFunction &MF) const {
  return !MF.getFrameInfo().hasVarSizedObjects();
}

void RookFrameLowering::determineCalleeSaves(MachineFunction &MF, BitVector &SavedRegs, RegScavenger *RS) const {
  TargetFrameLowering::determineCalleeSaves(MF, SavedRegs, RS);
  if (hasFP(MF))
    SavedRegs.set(Rook::R31);
  if (MF.getFrameInfo().hasCalls())
    SavedRegs.set(Rook::R1);
}

void RookFrameLowering::processFunctionBeforeFrameFinalized(MachineFunction &MF, RegScavenger *RS) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
  const TargetRegisterClass &RC = Rook::GPRRegClass;
  // An address out of reach of a load's offset is put together in registers: keep slots to spill two of them.
  if (RS && MFI.estimateStackSize(MF) >= 16383)
    for (unsigned I = 0; I != 2; ++I)
      RS->addScavengingFrameIndex(MFI.CreateStackObject(TRI.getSpillSize(RC), TRI.getSpillAlign(RC), false));
}

void RookFrameLowering::emitPrologue(MachineFunction &MF, MachineBasicBlock &MBB) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const RookInstrInfo &TII = *STI.getInstrInfo();
  MachineBasicBlock::iterator MI = MBB.begin();
  DebugLoc DL;
  uint64_t Size = alignTo(MFI.getStackSize(), getStackAlign());
  MFI.setStackSize(Size);
  if (Size)
    TII.addImmediate(MBB, MI, DL, Rook::R2, Rook::R2, -static_cast<int64_t>(Size), Rook::R8, MachineInstr::FrameSetup);
  if (hasFP(MF)) {
    // After the stores of callee-saved registers, the frame pointer's own among them: it is what the stack pointer was.
    for (unsigned Saved = MFI.getCalleeSavedInfo().size(); Saved && MI != MBB.end(); ++MI)
      if (MI->mayStore())
        --Saved;
    TII.addImmediate(MBB, MI, DL, Rook::R31, Rook::R2, Size, Rook::R8, MachineInstr::FrameSetup);
  }
}

void RookFrameLowering::emitEpilogue(MachineFunction &MF, MachineBasicBlock &MBB) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const RookInstrInfo &TII = *STI.getInstrInfo();
  MachineBasicBlock::iterator MI = MBB.getFirstTerminator();
  DebugLoc DL = MI != MBB.end() ? MI->getDebugLoc() : DebugLoc();
  uint64_t Size = MFI.getStackSize();
  if (MFI.hasVarSizedObjects()) {
    // Before the reloads, which address from the stack pointer.
    MachineBasicBlock::iterator First = MI;
    for (unsigned Saved = MFI.getCalleeSavedInfo().size(); Saved && First != MBB.begin();) {
      --First;
      if (First->mayLoad())
        --Saved;
    }
    TII.addImmediate(MBB, First, DL, Rook::R2, Rook::R31, -static_cast<int64_t>(Size), Rook::R8, MachineInstr::FrameDestroy);
  }
  if (Size)
    TII.addImmediate(MBB, MI, DL, Rook::R2, Rook::R2, Size, Rook::R8, MachineInstr::FrameDestroy);
}

MachineBasicBlock::iterator RookFrameLowering::eliminateCallFramePseudoInstr(MachineFunction &MF, MachineBasicBlock &MBB, MachineBasicBlock::iterator MI) const {
  const RookInstrInfo &TII = *STI.getInstrInfo();
  if (!hasReservedCallFrame(MF)) {
    int64_t Amount = alignTo(TII.getFrameSize(*MI), getStackAlign());
    if (Amount)
      TII.addImmediate(MBB, MI, MI->getDebugLoc(), Rook::R2, Rook::R2,
          MI->getOpcode() == Rook::ADJCALLSTACKDOWN ? -Amount : Amount, Register());
  }
  return MBB.erase(MI);
}

StackOffset RookFrameLowering::getFrameIndexReference(const MachineFunction &MF, int FI, Register &FrameReg) const {
  const MachineFrameInfo &MFI = MF.getFrameInfo();
  int64_t Offset = MFI.getObjectOffset(FI);
  bool Saved = false;
  for (const CalleeSavedInfo &Info : MFI.getCalleeSavedInfo())
    Saved |= !Info.isSpilledToReg() && Info.getFrameIdx() == FI;
  // The frame pointer is what the stack pointer was at entry; callee-saved registers are stored before it is set.
  if (hasFP(MF) && !Saved) {
    FrameReg = Rook::R31;
    return StackOffset::getFixed(Offset - getOffsetOfLocalArea());
  }
  FrameReg = Rook::R2;
  return StackOffset::getFixed(Offset - getOffsetOfLocalArea() + MFI.getStackSize());
}
