"""A whole backend from archetypes: Jinja bodies that depend on TableGen's facts and LLVM's declared interface alone.

Enters: a description, LLVM's interface. Leaves: the text of every file of ``lib/Target/<New>`` but CMake's and the .td files, and which
archetypes are not offered, with the reason. It compiles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vega_gen import resources
from vega_gen.archetypes.code import Code
from vega_gen.archetypes.doubtful import with_doubts, without_notes
from vega_gen.archetypes.values import values
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.find import Facts
from vega_gen.records import Description

_FOLDER = "templates/archetypes"
_SUFFIX = ".j2"
_BY_TEXT = "TextParser"
_NEEDED = {
    "sp": "no register is known to be the stack pointer",
    "gpr": "no register class holds addresses",
    "add": "no instruction is known to add two registers",
    "add_immediate": "no instruction is known to add a number to a register",
    "copies": "no instruction is known to copy a register",
    "jump": "no unconditional branch is known",
    "return_node": "the .td defines no node for a return",
    "frame_setup": "no pseudo instruction stands for ISD::CALLSEQ_START",
    "frame_destroy": "no pseudo instruction stands for ISD::CALLSEQ_END",
    "cc": "the .td defines no calling convention",
    "ret_cc": "the .td defines no convention for return values",
}


@dataclass(frozen=True, slots=True)
class Archetypes:
    """``printed``: path relative to the target's folder -> C++ text without banner, with the doubts of facts (see ``doubtful``), ``files``:
    without them. ``missing``: fact -> why the code generator is not
    offered; empty where it is. ``limits``: fact -> what the code generator that is offered cannot select. ``machine``: the facts."""

    printed: Mapping[str, str]
    missing: Mapping[str, str]
    limits: Mapping[str, str]
    machine: Facts

    @property
    def files(self) -> dict[str, str]:
        """Path -> the C++ text as a compiler reads it."""
        return {path: without_notes(text) for path, text in self.printed.items()}


def archetypes(d: Description, llvm: Interface, arch: str = "") -> Archetypes:
    """Every file that can be written. The machine code layer and the code generator are offered whole or not at all: without a stack
    pointer, say, there is no code generator."""
    m = find_facts(d)
    missing = {name: why for name, why in _NEEDED.items() if not getattr(m, name)}
    if not m.calls.node:
        missing["calls"] = "the .td defines no node for a call"
    if m.calls.pseudos and not (m.ra and m.jump_register and (m.load_symbol or (m.upper and m.low))):
        missing["calls"] = "no instruction calls, and none are known that put the return address into its register"
    if m.copies and m.gpr not in m.copies:
        missing["copies"] = _NEEDED["copies"]
    if ("", m.native) not in m.loads or m.native not in m.stores:
        missing["loads"] = "no instruction is known to load and store a register at a base and an offset"
    limits = {"branches": "no instruction is known to compare and branch: branches go through tables"} if m.by_table else {}
    whole = m.load_immediate.range.bits if m.load_immediate and m.load_immediate.range else 0
    if not m.load_symbol and not (m.upper and m.low) and whole < m.native:
        limits["upper"] = "no instructions are known that put an address into a register"
    doubtful = with_doubts(m)
    given = values(d, doubtful, llvm, arch or d.folder.lower())
    files: dict[str, str] = {}
    folder = resources.folder(_FOLDER)
    for template in sorted(p.relative_to(folder).as_posix() for p in folder.rglob(f"*.*{_SUFFIX}")):
        path = _path(template, d.name)
        folder = path.rpartition("/")[0]
        if not _wanted(template, d) or (not folder and missing):
            continue
        text: str = resources.environment(_FOLDER).get_template(template).render(given | {"b": Code(doubtful)})
        files[path] = text
    return Archetypes(files, missing, limits, m)


def _wanted(template: str, d: Description) -> bool:
    folder, _, file = template.rpartition("/")
    if folder == "AsmParser":  # TableGen's matcher knows operands that the .td files describe to it; others are read by their text
        return (d.data.get("AsmParser.present") == "1") == (file.partition(".")[0] != _BY_TEXT)
    return folder != "Disassembler" or d.data.get("Disassembler.present") == "1"


def _path(template: str, name: str) -> str:
    folder, _, file = template.removesuffix(_SUFFIX).rpartition("/")
    file = file.replace(_BY_TEXT, "AsmParser")
    file = f"{name}.h" if file == "Target.h" else f"{name}{file}"
    return f"{folder}/{file}" if folder else file
