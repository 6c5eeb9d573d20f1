"""Computes what archetypes need to make floating-point types legal: their operation actions, and when they hold."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

from vega_gen.archetypes.legality import all_of
from vega_gen.facts.find import Facts
from vega_gen.facts.floats import CONVERSIONS
from vega_gen.facts.operations import Float
from vega_gen.records import Description

_OPERATIONS = {
    "FADD": "fadd", "FSUB": "fsub", "FMUL": "fmul", "FDIV": "fdiv", "FREM": "frem", "FSQRT": "fsqrt", "FNEG": "fneg", "FABS": "fabs",
    "FCOPYSIGN": "fcopysign", "FMA": "fma", "FMINNUM": "fminnum", "FMAXNUM": "fmaxnum", "FSIN": "fsin", "FCOS": "fcos", "FPOW": "fpow",
    "FSINCOS": "",
}  # fmt: skip
"""Operation -> the operator of its patterns, "" where none has it."""
_CONDITIONS = ("oeq", "ogt", "oge", "olt", "ole", "one", "o", "uo", "ueq", "ugt", "uge", "ult", "ule", "une")
_EITHER = ("eq", "gt", "ge", "lt", "le", "ne")
"""Conditions that say nothing of numbers that are not ordered."""


def float_values(d: Description, m: Facts, known: AbstractSet[str]) -> dict[str, Any]:
    """Returns the values of templates that have to do with floating point. ``known``: methods of the subtarget."""
    actions = [_actions(m, f) for f in m.floats]
    return {
        "floats": [
            {"type": f.type, "bits": f.bits, "class": f.register_class, "guard": _guard(d, f, known), "load": f.load, "store": f.store,
             "halves": f.halves, "actions": [*own, *_memory(f)]} for f, own in zip(m.floats, actions, strict=True)
        ],
        "float_conditions": any("setCondCodeAction" in a and "Custom" in a for own in actions for a in own),
        "wide_float": any(f.bits > m.native for f in m.floats),
        "float_compares": not all(f.compared for f in m.floats),
        "float_either": any(f.compared and not {*_EITHER} <= f.conditions for f in m.floats),
    }  # fmt: skip


def _guard(d: Description, f: Float, known: AbstractSet[str]) -> str:
    """Returns the condition in C++ on the subtarget that it has the type's instructions, "" where every one has."""
    return all_of([d.predicates.get(record, "") for record in f.guard], known)


def _actions(m: Facts, f: Float) -> list[str]:
    vt = f"MVT::{f.type}"
    found = [f"setOperationAction(ISD::{name}, {vt}, Expand);" for name, root in _OPERATIONS.items() if root not in f.legal]
    found += [f"setOperationAction(ISD::{name}, {vt}, Expand);" for name in ("SELECT_CC", "FP16_TO_FP", "FP_TO_FP16")]
    found += [f"setOperationAction(ISD::{name}, {vt}, Custom);" for name in ("BR_CC", "SELECT")]
    if f.bits == 64:
        both = len(m.floats) > 1
        found += [f"setOperationAction(ISD::FP_EXTEND, {vt}, LibCall);"] if both and "fpextend" not in f.legal else []
        found += ["setOperationAction(ISD::FP_ROUND, MVT::f32, LibCall);"] if both and "fpround" not in f.legal else []
    moved = {"bitconvert", "bitconvert_from"} <= f.legal and f.bits == m.native
    found += [] if moved else [f"setOperationAction(ISD::BITCAST, {t}, Expand);" for t in (vt, f"MVT::i{f.bits}")]
    # The integer's type decides about conversions, for all types of floating point alike.
    missing = [name for name in CONVERSIONS if any(name not in one.legal for one in m.floats)]
    integers = [m.type, *([f"i{m.narrow.bits}"] if m.narrow else [])]
    found += [f"setOperationAction(ISD::{name.upper()}, MVT::{t}, LibCall);" for t in integers for name in missing]
    if not f.compared:
        found += [f"setCondCodeAction(ISD::SET{c.upper()}, {vt}, Custom);" for c in (*_CONDITIONS, *_EITHER)]
    else:
        found += [f"setCondCodeAction(ISD::SET{c.upper()}, {vt}, Expand);" for c in _CONDITIONS if c not in f.conditions]
        found += [f"setCondCodeAction(ISD::SET{c.upper()}, {vt}, Custom);" for c in _EITHER if c not in f.conditions]
    return found


def _memory(f: Float) -> list[str]:
    """Returns the actions for loads that extend a number and stores that round one: they do the two one after the other."""
    vt = f"MVT::{f.type}"
    narrower = ["MVT::bf16", "MVT::f16", *(["MVT::f32"] if f.bits == 64 else [])]
    forms = ("setLoadExtAction(ISD::EXTLOAD, {0}, {1}, Expand);", "setTruncStoreAction({0}, {1}, Expand);")
    return [form.format(vt, t) for t in narrower for form in forms]
