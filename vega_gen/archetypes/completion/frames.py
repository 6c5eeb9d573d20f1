"""The pseudo instructions that bracket a call, which frame lowering replaces (llvm/Target/TargetCallingConv.td, ``ISD::CALLSEQ_START``)."""

from __future__ import annotations

from vega_gen.archetypes.completion.lacking import Lacking

_PSEUDOS = (
    ("start", "ADJCALLSTACKDOWN", "SDCallSeqStart", "[SDNPHasChain, SDNPOutGlue]", "CALLSEQ_START", "inner"),
    ("end", "ADJCALLSTACKUP", "SDCallSeqEnd", "[SDNPHasChain, SDNPOptInGlue, SDNPOutGlue]", "CALLSEQ_END", "popped"),
)


def part(lacking: Lacking) -> str:
    """Returns the pseudo instructions that nothing selects for ISD::CALLSEQ_START and ISD::CALLSEQ_END."""
    m = lacking.m
    there = {"start": m.frame_setup, "end": m.frame_destroy}
    missing = [one for one in _PSEUDOS if not there[one[0]]]
    if not missing or not m.native:
        return ""
    moved = f", Defs = [{m.sp}], Uses = [{m.sp}]" if m.sp else ""
    made = [
        "// These bracket a call. Frame lowering makes them an addition to the stack pointer, or nothing.",
        *(f"{line}" for which, _, profile, properties, opcode, _ in missing for line in (
            f"def {lacking.name(f'callseq_{which}')} : SDNode<\"ISD::{opcode}\",",
            f"    {profile}<[SDTCisVT<0, {m.type}>, SDTCisVT<1, {m.type}>]>, {properties}>;",
        )),
        f"let {lacking.pseudo}, OutOperandList = (outs){moved} in {{",
    ]  # fmt: skip
    for which, record, _, _, _, other in missing:
        made += [
            f"def {lacking.name(record)} : Instruction {{",
            f"  let InOperandList = (ins {m.type}imm:$amount, {m.type}imm:${other});",
            f"  let Pattern = [({lacking.name(f'callseq_{which}')} timm:$amount, timm:${other})];",
            "}",
        ]
    return "\n".join([*made, "}"])
