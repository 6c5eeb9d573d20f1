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
#include "llvm/MC/MCDwarf.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace llvm;

static Align getABIStackAlignment() { return Align(8); }

// Nothing realigns the stack pointer: an object that is aligned beyond the stack is one of variable size, which is.
RookFrameLowering::RookFrameLowering(const RookSubtarget &STI)
    : TargetFrameLowering(StackGrowsDown, getABIStackAlignment(), /*LocalAreaOffset=*/0, getABIStackAlignment(),
          /*StackReal=*/false), STI(STI) {}

bool RookFrameLowering::hasFP(const MachineFunction &MF) const {
  const MachineFrameInfo &MFI = MF.getFrameInfo();
  // With objects of variable size, how far the stack pointer is from the others
  // is known at run time only.
  return MF.getTarget().Options.DisableFramePointerElim(MF) || MFI.hasVarSizedObjects() || MFI.isFrameAddressTaken();
}

bool RookFrameLowering::hasReservedCallFrame(const MachineFunction &MF) const {
  // Objects of variable size end at the stack pointer, where the outgoing
  // arguments have to be: then each call makes room for its own.
  return !MF.getFrameInfo().hasVarSizedObjects();
}

void RookFrameLowering::determineCalleeSaves(MachineFunction &MF, BitVector &SavedRegs, RegScavenger *RS) const {
  TargetFrameLowering::determineCalleeSaves(MF, SavedRegs, RS);
  if (hasFP(MF))
    SavedRegs.set(Rook::R31);
  // A call overwrites the return address: CALL defines R1 in the .td.
  if (MF.getFrameInfo().hasCalls())
    SavedRegs.set(Rook::R1);
}

/// Returns whether the offset of each instruction that accesses the stack reaches all of
/// the frame, with two spill slots and the arguments above it.
/// A frame pointer is at the upper end.
static bool reachesFrame(const MachineFunction &MF, bool HasFP) {
  const MachineFrameInfo &MFI = MF.getFrameInfo();
  const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
  int64_t Size = MFI.estimateStackSize(MF) + 2 * TRI.getSpillSize(Rook::GPRRegClass), Above = 0;
  for (int I = MFI.getObjectIndexBegin(); I < 0; ++I)
    Above = std::max(Above, MFI.getObjectOffset(I) + MFI.getObjectSize(I));
  int64_t Far = alignTo(Size + Above, getABIStackAlignment());
  for (const MachineBasicBlock &MBB : MF)
    for (const MachineInstr &MI : MBB)
      if (!MI.isDebugInstr() && any_of(MI.operands(), [](const MachineOperand &O) { return O.isFI(); }) &&
          !(TRI.isFrameOffsetLegal(&MI, Rook::R2, Far) && TRI.isFrameOffsetLegal(&MI, Rook::R2, HasFP ? -Far : 0)))
        return false;
  return true;
}

void RookFrameLowering::processFunctionBeforeFrameFinalized(MachineFunction &MF, RegScavenger *RS) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const TargetRegisterInfo &TRI = *MF.getSubtarget().getRegisterInfo();
  const TargetRegisterClass &RC = Rook::GPRRegClass;
  // An address that no offset reaches is put together in registers (see
  // eliminateFrameIndex). Where none is free, the scavenger spills two.
  if (RS && !reachesFrame(MF, hasFP(MF)))
    for (unsigned I = 0; I != 2; ++I)
      RS->addScavengingFrameIndex(MFI.CreateStackObject(TRI.getSpillSize(RC), TRI.getSpillAlign(RC), false));
}

/// Tells debuggers and unwinders how the frame changes before \p MI.
static void buildCFI(MachineBasicBlock &MBB, MachineBasicBlock::iterator MI, const DebugLoc &DL, const TargetInstrInfo &TII,
    const MCCFIInstruction &CFI, MachineInstr::MIFlag Flag) {
  MachineFunction &MF = *MBB.getParent();
  if (MF.needsFrameMoves())
    BuildMI(MBB, MI, DL, TII.get(TargetOpcode::CFI_INSTRUCTION)).addCFIIndex(MF.addFrameInst(CFI)).setMIFlag(Flag);
}

int RookFrameLowering::getInitialCFAOffset(const MachineFunction &) const {
  return 0;
}

Register RookFrameLowering::getInitialCFARegister(const MachineFunction &) const {
  return Rook::R2;
}

// From the stack pointer at entry downwards, a frame has
//
//   callee-saved registers, the return address among them
//   locals and spill slots
//   outgoing arguments, unless objects of variable size end the frame
//
// R2 is the stack pointer: ADJCALLSTACKDOWN defines and uses it in the .td. R31, in functions that need a frame pointer, holds what R2 was at entry.
void RookFrameLowering::emitPrologue(MachineFunction &MF, MachineBasicBlock &MBB) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const RookInstrInfo &TII = *STI.getInstrInfo();
  MachineBasicBlock::iterator MI = MBB.begin();
  DebugLoc DL;
  uint64_t Size = alignTo(MFI.getStackSize(), getStackAlign());
  MFI.setStackSize(Size);
  const TargetRegisterInfo &TRI = *STI.getRegisterInfo();
  // Allocate the whole frame first: the stores of callee-saved registers that
  // follow are relative to the moved stack pointer, and an interrupt in between
  // overwrites none of them.
  if (Size) {
    TII.addImmediate(MBB, MI, DL, Rook::R2, Rook::R2, -static_cast<int64_t>(Size), Rook::R8, MachineInstr::FrameSetup);
    buildCFI(MBB, MI, DL, TII, MCCFIInstruction::cfiDefCfaOffset(nullptr, Size), MachineInstr::FrameSetup);
  }
  // Behind the stores of callee-saved registers: the caller's frame pointer is among them.
  for (unsigned Saved = MFI.getCalleeSavedInfo().size(); Saved && MI != MBB.end(); ++MI)
    if (MI->mayStore())
      --Saved;
  // Offsets of slots count from the stack pointer before the call, which is the frame's address.
  for (const CalleeSavedInfo &Info : MFI.getCalleeSavedInfo())
    if (int Number = TRI.getDwarfRegNum(Info.getReg(), true); Number >= 0 && !Info.isSpilledToReg())
      buildCFI(MBB, MI, DL, TII, MCCFIInstruction::createOffset(nullptr, Number, MFI.getObjectOffset(Info.getFrameIdx())), MachineInstr::FrameSetup);
  if (hasFP(MF)) {
    TII.addImmediate(MBB, MI, DL, Rook::R31, Rook::R2, Size, Rook::R8, MachineInstr::FrameSetup);
    buildCFI(MBB, MI, DL, TII, MCCFIInstruction::cfiDefCfa(nullptr, TRI.getDwarfRegNum(Rook::R31, true), 0), MachineInstr::FrameSetup);
  }
}

void RookFrameLowering::emitEpilogue(MachineFunction &MF, MachineBasicBlock &MBB) const {
  MachineFrameInfo &MFI = MF.getFrameInfo();
  const RookInstrInfo &TII = *STI.getInstrInfo();
  MachineBasicBlock::iterator MI = MBB.getFirstTerminator();
  DebugLoc DL = MI != MBB.end() ? MI->getDebugLoc() : DebugLoc();
  uint64_t Size = MFI.getStackSize();
  const TargetRegisterInfo &TRI = *STI.getRegisterInfo();
  if (hasFP(MF)) {
    // The reloads of callee-saved registers are relative to the stack pointer, which
    // objects of variable size have moved: restore it before the first reload.
    MachineBasicBlock::iterator First = MI;
    for (unsigned Saved = MFI.getCalleeSavedInfo().size(); Saved && First != MBB.begin();) {
      --First;
      if (First->mayLoad())
        --Saved;
    }
    if (MFI.hasVarSizedObjects()) {
      TII.addImmediate(MBB, First, DL, Rook::R2, Rook::R31, -static_cast<int64_t>(Size), Rook::R8, MachineInstr::FrameDestroy);
    }
    buildCFI(MBB, First, DL, TII, MCCFIInstruction::cfiDefCfa(nullptr, TRI.getDwarfRegNum(Rook::R2, true), Size), MachineInstr::FrameDestroy);
  }
  for (const CalleeSavedInfo &Info : MFI.getCalleeSavedInfo())
    if (int Number = TRI.getDwarfRegNum(Info.getReg(), true); Number >= 0 && !Info.isSpilledToReg())
      buildCFI(MBB, MI, DL, TII, MCCFIInstruction::createRestore(nullptr, Number), MachineInstr::FrameDestroy);
  if (Size) {
    TII.addImmediate(MBB, MI, DL, Rook::R2, Rook::R2, Size, Rook::R8, MachineInstr::FrameDestroy);
    buildCFI(MBB, MI, DL, TII, MCCFIInstruction::cfiDefCfaOffset(nullptr, 0), MachineInstr::FrameDestroy);
  }
}

MachineBasicBlock::iterator RookFrameLowering::eliminateCallFramePseudoInstr(MachineFunction &MF, MachineBasicBlock &MBB, MachineBasicBlock::iterator MI) const {
  const RookInstrInfo &TII = *STI.getInstrInfo();
  // The prologue has made room for the arguments of every call, or else this
  // pseudo instruction does.
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
  // Callee-saved registers are stored before the prologue sets the frame pointer,
  // which is one of them: they are addressed from the stack pointer.
  bool Saved = false;
  for (const CalleeSavedInfo &Info : MFI.getCalleeSavedInfo())
    Saved |= !Info.isSpilledToReg() && Info.getFrameIdx() == FI;
  // Offsets of objects count from the stack pointer at entry.
  if (hasFP(MF) && !Saved) {
    FrameReg = Rook::R31;
    return StackOffset::getFixed(Offset - getOffsetOfLocalArea());
  }
  FrameReg = Rook::R2;
  // The prologue has moved it down by the size of the frame.
  return StackOffset::getFixed(Offset - getOffsetOfLocalArea() + MFI.getStackSize());
}
