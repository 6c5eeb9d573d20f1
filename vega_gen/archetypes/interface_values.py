"""Computes the values of templates that differ between LLVM's versions, as its headers declare them."""

from __future__ import annotations

from typing import Any

from vega_gen.cxx.interface import TRIPLES, Interface
from vega_gen.facts.find import Facts
from vega_gen.records import ContractRole, Description

_CONVENTIONS = "llvm/CodeGen/CallingConvLower.h"
_ARGUMENTS = "llvm/CodeGen/TargetCallingConv.h"
_DECODERS = ("llvm/MC/MCDecoder.h", "llvm/MC/MCDecoderOps.h", "llvm/MC/MCFixedLenDisassembler.h")


def interface_values(llvm: Interface) -> dict[str, Any]:
    """Returns the C++ names and signatures that differ between LLVM versions."""
    status = llvm.defines("ParseStatus")
    base = "CodeGenTargetMachineImpl" if llvm.defines("CodeGenTargetMachineImpl") else "LLVMTargetMachine"
    atomic = llvm.mentions("llvm/CodeGen/Passes.h", "createAtomicExpandLegacyPass")
    call = llvm.takes("SelectionDAG::getMemcpy", "CallInst")
    operand_print = llvm.parameters("MCParsedAsmOperand::print")
    frame = ["hasFPImpl" if llvm.declares("TargetFrameLowering::hasFPImpl") else "hasFP", "hasReservedCallFrame", "determineCalleeSaves"]
    frame += ["processFunctionBeforeFrameFinalized", "emitPrologue", "emitEpilogue", "eliminateCallFramePseudoInstr"]
    frame += ["getFrameIndexReference"]
    return {
        "opt_level": "CodeGenOptLevel" if llvm.defines("CodeGenOptLevel") else "CodeGenOpt::Level",
        "legacy_isel": llvm.defines("SelectionDAGISelLegacy"),
        "isel_id": llvm.takes("SelectionDAGISel::SelectionDAGISel", "char&"),
        "target_machine_base": base,
        "atomic_expand": f"createAtomicExpand{'Legacy' if atomic else ''}Pass()",
        "stack_size_getter": llvm.either("CCState::getStackSize", "CCState::getNextStackOffset"),
        "memcpy_flags": "false, false, nullptr, false" if call else "false, false, false",
        "has_fp": frame[0], "frame_lowering_methods": frame,
        "endianness": "llvm::endianness" if llvm.takes("MCAsmBackend::MCAsmBackend", "llvm::endianness") else "support",
        "triple_header": next(h for h in TRIPLES if llvm.exists(h)),
        "decoder_headers": [h for h in _DECODERS if llvm.exists(h)],
        "adds_relocations": llvm.declares("MCAsmBackend::maybeAddReloc"),
        "asks_for_relocation": llvm.mentions("llvm/MC/MCFixup.h", "isRelocation("),
        "relocation_context": llvm.takes("MCELFObjectTargetWriter::getRelocType", "MCContext"),
        "pc_relative_in_fixup": not llvm.takes("MCFixup::create", "SMLoc"),
        "prints_expressions": llvm.declares("MCAsmInfo::printExpr"),
        "costs_by_pointer": llvm.mentions("llvm/Analysis/TargetTransformInfo.h", "unique_ptr<const TargetTransformInfoImplBase>"),
        "chooses_library": llvm.declares("TargetSubtargetInfo::initLibcallLoweringInfo"),
        "convention_takes_type": convention_takes_type(llvm),
        "is_fixed": f"CLI.Outs[I].{'IsFixed' if llvm.mentions(_ARGUMENTS, 'IsFixed') else 'Flags.isVarArg() == false'}",
        "register_type": "MCRegister" if llvm.takes("MCInstPrinter::printRegName", "MCRegister") else "unsigned",
        "register_result": "MCRegister" if llvm.takes("MCParsedAsmOperand::getReg", "MCRegister") else "unsigned",
        "operand_print_parameters": "raw_ostream &OS, const MCAsmInfo &" if operand_print > 1 else "raw_ostream &OS",
        "parse_status": "ParseStatus" if status else "OperandMatchResultTy",
        "success": "ParseStatus::Success" if status else "MatchOperand_Success",
        "failure": "ParseStatus::Failure" if status else "MatchOperand_ParseFail",
        "no_match": "ParseStatus::NoMatch" if status else "MatchOperand_NoMatch",
        "custom_success": "Custom.isSuccess()" if status else "Custom == MatchOperand_Success",
        "custom_failure": "Custom.isFailure()" if status else "Custom == MatchOperand_ParseFail",
    }  # fmt: skip


def calling_hooks(d: Description, m: Facts, llvm: Interface) -> list[tuple[str, bool]]:
    """Returns the heads of the C++ functions that calling conventions name, with whether the function assigns the registers of arguments
    that a person gave, because the convention for arguments lists none itself.

    Those that only amend a value, which take references, are never given the type that it has in IR."""
    listed = next((c.registers for c in d.calling_conventions if c.name == m.cc), ())
    left = "registers.arguments" in d.given and {*listed}.isdisjoint(m.arguments)
    own = [c for c in d.contracts if c.role is ContractRole.CALLING_CONVENTION]
    found = [(c.signature, left and m.cc in c.records and c.name != m.cc) for c in own]
    if not convention_takes_type(llvm):
        return found
    return [(head.replace("ISD::ArgFlagsTy ArgFlags, ", "ISD::ArgFlagsTy ArgFlags, Type *OrigTy, "), assigns) for head, assigns in found]


def convention_takes_type(llvm: Interface) -> bool:
    """Whether a function of a calling convention takes the type that a value has in IR, besides those that it is made legal with."""
    return llvm.mentions(_CONVENTIONS, "Type *OrigTy, CCState &State")
