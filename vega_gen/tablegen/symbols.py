"""List the C++ names that TableGen generates for a target, by kind. Names that its own C++ declares (fixups, helpers) are not here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from vega_gen.records import Description, HoleKind, SubtargetFeature

# Functions that the generated .inc files declare for every target (llvm/utils/TableGen/*Emitter.cpp).
_GENERATED = (
    "getMnemonic", "printInstruction", "printAliasInstr", "printCustomAliasOperand", "getRegisterName",
    "getBinaryCodeForInstr", "ComputeAvailableFeatures", "convertToMCInst", "convertToMapAndConstraints",
    "MatchInstructionImpl", "MatchRegisterName", "MatchRegisterAltName", "MatchOperandParserImpl", "ParseSubtargetFeatures",
    "decodeInstruction", "getNamedOperandIdx", "SelectCode", "getSubtargetFeatureName", "checkAsmTiedOperandConstraints",
)


@dataclass(frozen=True)
class SymbolTable:
    """Names by kind, as C++ writes them: ``Lanai::GPRRegClass``; accessors and functions have no scope."""

    names: Mapping[HoleKind, tuple[str, ...]]

    @cached_property
    def _kinds(self) -> dict[str, HoleKind]:
        kinds: dict[str, HoleKind] = {}
        for kind, names in self.names.items():
            for name in names:
                kinds.setdefault(name, kind)
        return kinds

    def kind_of(self, name: str) -> HoleKind | None:
        """Return the kind of a qualified name (``LanaiISD::CALL``), or None if TableGen does not generate it."""
        return self._kinds.get(name)

    def of(self, kind: HoleKind) -> tuple[str, ...]:
        """Return the names of a kind in order of the records."""
        return self.names.get(kind, ())

    def __contains__(self, name: str) -> bool:
        return name in self._kinds


def symbols(description: Description) -> SymbolTable:
    """Return the names that llvm-tblgen's backends generate from a target's records."""
    d, scope = description, description.namespace
    return SymbolTable(
        {
            HoleKind.OPCODE: tuple(f"{i.namespace}::{i.name}" for i in d.instructions),
            HoleKind.REGISTER: tuple(f"{r.namespace}::{r.name}" for r in d.registers),
            HoleKind.REGISTER_CLASS: tuple(f"{c.namespace}::{c.name}{s}" for c in d.register_classes for s in ("RegClass", "RegClassID")),
            HoleKind.SUBREGISTER: tuple(f"{scope}::{name}" for name in d.subregister_indices),
            HoleKind.ISD_NODE: tuple(dict.fromkeys(node.opcode for node in d.nodes)),
            HoleKind.RELOCATION: tuple(f"ELF::{name}" for name in d.relocations),
            HoleKind.FEATURE: tuple(dict.fromkeys(name for f in d.features for name in feature_names(f, scope))),
            HoleKind.ENUMERATOR: tuple(dict.fromkeys(_enumerators(d))),
            HoleKind.STRING: tuple(p.name for p in d.processors),
            HoleKind.METHOD: tuple(dict.fromkeys(_functions(d))),
        }
    )


def getter(feature: SubtargetFeature) -> str:
    """Return the accessor that SubtargetEmitter.cpp generates for a boolean feature's field, "" for any other field."""
    if feature.value not in ("true", "false"):
        return ""
    return feature.field[:1].lower() + feature.field[1:]


def feature_names(feature: SubtargetFeature, scope: str) -> tuple[str, ...]:
    """Return the names by which C++ refers to a feature: its enumerator, its accessor, its field."""
    return tuple(dict.fromkeys(n for n in (f"{scope}::{feature.record}", getter(feature), feature.field) if n))


def _enumerators(d: Description) -> Iterator[str]:
    for instruction in d.instructions:
        if "UseNamedOperandTable" in instruction.flags:
            for operand in (*instruction.outs, *instruction.ins):
                yield f"{d.namespace}::OpName::{operand.name}"
    yield from (f"{d.namespace}::Sched::{name}" for name in sorted({i.itinerary for i in d.instructions}) if re.fullmatch(r"\w+", name))


def _functions(d: Description) -> Iterator[str]:
    yield from _GENERATED
    for convention in d.calling_conventions:
        if convention.callee_saved:
            yield f"{convention.name}_SaveList"
            yield f"{convention.name}_RegMask"
        else:
            yield convention.name
    yield from (c.name for c in d.contracts if "::" not in c.name)


def record_numbers(description: Description, record: str) -> dict[str, str]:
    """Return what integers may mean in a function that names a register class: the number of its registers, and its last index.

    The result maps an integer to a symbol for it. It is empty for a class of fewer than three registers, whose numbers mean nothing.
    """
    found = next((c for c in description.register_classes if c.name == record), None) if record else None
    if found is None or len(found.members) < 3:
        return {}
    return {str(len(found.members)): "size(<RC>)", str(len(found.members) - 1): "size(<RC>)-1"}
