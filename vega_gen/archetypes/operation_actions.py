"""Computes what the lowering's constructor says of operations (setOperationAction and its like) from the facts."""

from __future__ import annotations

import re
from typing import Any

from vega_gen.archetypes.compared_values import select_action
from vega_gen.archetypes.legality import branch_custom, by_truth
from vega_gen.facts.find import Facts
from vega_gen.facts.narrow import LOGIC
from vega_gen.facts.operations import CONDITIONS

_SHIFTS = ("SHL", "SRA", "SRL")
_ALWAYS_EXPANDED = (
    "SHL_PARTS", "SRA_PARTS", "SRL_PARTS", "SMUL_LOHI", "UMUL_LOHI", "SDIVREM", "UDIVREM", "SELECT_CC", "DYNAMIC_STACKALLOC",
)  # fmt: skip


def operation_actions(m: Facts) -> list[str]:
    """Returns the arguments of setOperationAction that hang on facts, for the pointer's type."""
    vt = f"MVT::{m.type}"
    found = [f"ISD::{name}, {vt}, Expand" for name in _ALWAYS_EXPANDED]
    if shifts_parts(m):
        found = [a.replace("Expand", "Custom") if "_PARTS" in a else a for a in found]
    narrow = [bits for bits in (1, 8, 16, 32) if bits < m.native]
    found += [f"ISD::SIGN_EXTEND_INREG, MVT::i{bits}, Expand" for bits in narrow if bits not in _extended(m, narrow)]
    found += [f"ISD::{name.upper()}, {vt}, Legal" for name in sorted(m.carries)]
    found += [f"ISD::{name}, {vt}, Custom" for name in _SHIFTS if name.lower() not in m.legal]
    found += [f"ISD::{name.upper()}, {vt}, Custom" for name in library_logic(m)]
    truth = () if m.by_table or by_truth(m) else ("BRCOND",)
    others = (*truth, "BR_JT", "STACKSAVE", "STACKRESTORE", "VAARG", "VACOPY", "VAEND")
    found += [f"ISD::{name}, MVT::Other, Expand" for name in others]
    branch = "Expand" if m.by_table or by_truth(m) else "Custom" if branch_custom(m) else "Legal"
    select = "Expand" if m.selects else "Custom"
    found += ["ISD::VASTART, MVT::Other, Custom", f"ISD::SELECT, {vt}, {select}", f"ISD::BR_CC, {vt}, {branch}"]
    found += [f"ISD::{name}, {vt}, Custom" for name in ("FRAMEADDR", "RETURNADDR", "GlobalTLSAddress")]
    if m.selects:
        found = [f"ISD::SELECT_CC, {vt}, {select_action(m)}" if a == f"ISD::SELECT_CC, {vt}, Expand" else a for a in found]
    set_action = "Legal" if set(CONDITIONS) <= m.sets else "Expand" if m.selects and m.compare_branches else "Custom"
    return [*found, f"ISD::SETCC, {vt}, {set_action}"]


def shifts_parts(m: Facts) -> bool:
    """Whether numbers of two registers are shifted in place, by shifts of both: where instructions shift by any amount and a choice of two
    values is a branch. Else the run-time library does it."""
    return bool(m.selects) and all(name.lower() in m.legal for name in _SHIFTS) and not m.narrow


def library_logic(m: Facts) -> dict[str, str]:
    """Returns operator -> the function that combines two words of bits where no instruction does, named as GCC names the functions of such
    operations (gcc/optabs.def: and$P$a3, ior$P$a3, xor$P$a3)."""
    mode = {16: "hi", 32: "si", 64: "di"}.get(m.native, "")
    return {op: f"__{'ior' if op == 'or' else op}{mode}3" for op in LOGIC if mode and op not in m.legal}


def narrow_actions(m: Facts) -> list[str]:
    """Returns the operation actions of the narrow type: what no pattern covers is expanded, or promoted to the pointer's type."""
    if m.narrow is None:
        return []
    vt, wide = f"MVT::i{m.narrow.bits}", f"MVT::{m.type}"
    found = [f"ISD::{name}, {vt}, Expand" for name in (*_ALWAYS_EXPANDED, "MULHS", "MULHU", "ROTL", "ROTR", "BSWAP")]
    compared = m.narrow.bits in m.compare_branches
    if m.selects:
        found = [a for a in found if "SELECT_CC" not in a] + [f"ISD::SELECT_CC, {vt}, {select_action(m)}"]
    found += [f"ISD::SETCC, {vt}, Expand"] if compared and m.selects else []
    promoted = [] if compared and m.selects else ["SETCC"]
    promoted += [op.upper() for op in LOGIC if op not in m.narrow.legal]
    promoted += ["MUL", "SDIV", "UDIV", "SREM", "UREM", "BITREVERSE", "CTTZ", "CTLZ", "CTPOP"]
    promoted += [] if m.by_table or compared else ["BR_CC"]
    found += [f"ISD::{name}, {vt}, Expand" for name in ("BR_CC",) if m.by_table]
    found += [f"ISD::SELECT, {vt}, {'Expand' if m.selects else 'Custom'}"]
    found += [f"ISD::{name.upper()}, {vt}, Custom" for name in ("shl", "sra", "srl") if name not in m.narrow.legal]
    found += [f"ISD::SIGN_EXTEND, {wide}, Custom"] if "sext" not in m.narrow.legal else []
    both = [f"setOperationPromotedToType(ISD::{name}, {vt}, {wide});" for name in promoted]
    return [*(f"setOperationAction({a});" for a in found), *both]


def _extended(m: Facts, widths: list[int]) -> set[int]:
    """Returns the widths of which instructions extend the sign in a register: all but a bit where no pattern says which."""
    if "sext_inreg" not in m.legal:
        return set()
    told = {bits for bits in widths if f"sext_inregi{bits}" in m.legal}
    return told or set(widths) - {1}


def condition_actions(m: Facts) -> list[str]:
    """Returns the condition code actions: custom for each condition that no pattern computes into a register."""
    lacking = [] if m.selects and m.compare_branches else [c for c in CONDITIONS if c not in m.sets]
    return [f"ISD::SET{c.upper()}, MVT::{m.type}, Custom" for c in lacking]


def memory_actions(m: Facts) -> dict[str, Any]:
    """Returns the arguments of setLoadExtAction and setTruncStoreAction, and which widths loads extend, as conditions of MemVT."""
    vt = f"MVT::{m.type}"
    second = [f"MVT::i{m.narrow.bits}"] if m.narrow else []
    loads = [f"ISD::{kind}LOAD, {t}, MVT::i1, Promote" for t in (vt, *second) for kind in ("EXT", "SEXT", "ZEXT")]
    stores = [f"{vt}, {t}, Expand" for t in second if m.narrow and m.narrow.bits not in m.stores]
    names = " ".join(m.legal)
    for bits in (b for b in (8, 16, 32) if b < m.native):
        for kind in ("ext", "sext", "zext"):
            found = re.search(rf"\b{kind}loadi(?:\d+i)?{bits}\b", names)
            loads += [] if found else [f"ISD::{kind.upper()}LOAD, {vt}, MVT::i{bits}, Custom"]

    def extended(kind: str) -> str:
        by_pattern = {bits for bits in (8, 16, 32) if re.search(rf"\b{kind}loadi(?:\d+i)?{bits}\b", names)}
        return " || ".join(f"MemVT == MVT::i{bits}" for bits in sorted(by_pattern | {bits for one, bits in m.loads if one == kind}))

    signed, unsigned, plain = extended("sext"), extended("zext"), extended("ext")
    whole = ("", m.native) in m.loads and m.native in m.stores and not m.narrow
    widths = [bits for bits in (8, 16, 32) if bits < m.native]
    loaded = {bits for bits in widths if re.search(rf"\bMVT::i{bits}\b", f"{signed} {unsigned} {plain}")}
    parted = [bits for bits in widths if whole and bits not in m.stores and f"truncstorei{bits}" not in m.legal]
    stores += [f"{vt}, MVT::i{bits}, Custom" for bits in parted]
    return {
        "load_parts": whole and len(loaded) < len(widths), "store_parts": bool(parted),
        "load_custom": any(a.endswith("Custom") for a in loads), "load_actions": loads, "store_actions": stores,
        "sign_loads": signed or "false", "zero_loads": unsigned or "false", "plain_loads": plain or "false",
    }  # fmt: skip
