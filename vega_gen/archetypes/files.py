"""Writes a backend's C++ from archetypes: Jinja templates that depend only on the target's facts and LLVM's declared interface.

The result has every file of ``lib/Target/<New>`` except CMake's and the .td files. Where facts are missing, it says why the code generator
is not offered or what it cannot select.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from vega_gen import resources
from vega_gen.archetypes.code import Code
from vega_gen.archetypes.doubtful import with_doubts, without_notes
from vega_gen.archetypes.values import values
from vega_gen.cxx.interface import Interface
from vega_gen.facts import find_facts
from vega_gen.facts.find import Facts
from vega_gen.facts.keys import COPY, lack
from vega_gen.facts.left_out import LEFT_OUT, left_out_by
from vega_gen.records import Description

_NO_REGISTER = "NoRegister"
"""The register of every target that is none (llvm/utils/TableGen/RegisterInfoEmitter.cpp)."""
_FOLDER = "templates/archetypes"
_SUFFIX = ".j2"
_BY_TEXT = "TextParser"
_SLOW = frozenset({'"llvm/CodeGen/BasicTTIImpl.h"'})
"""Headers of which each takes a second, and which one file includes: it is compiled beside the others, which wait for what is
precompiled."""
_OUTER = re.compile(r'^#include ("llvm/[^"{]+\.h"|<[^>]+>)', re.MULTILINE)
_INC = re.compile(r'^#include "\{\{ N \}\}(\w+\.inc)"', re.MULTILINE)
_NEEDED = {
    "gpr": "no allocatable register class holds addresses",
    "cc": "the .td defines no calling convention",
    "ret_cc": "the .td defines no convention for return values",
}
"""Fact without which there is no code generator -> the reason, as shown to the user. Completion provides all but the first."""
_MISSED = {
    "sp": "register.stack_pointer",
    "add": "instruction.add",
    "add_immediate": "instruction.add_immediate",
    "jump": "instruction.jump",
    "return_node": "instruction.return",
}
"""Field of the facts without which functions that need it cannot be compiled -> its key."""


@dataclass(frozen=True, slots=True)
class Archetypes:
    """A backend from archetypes.

    ``printed``: path relative to the target's folder -> C++ text without banner, with the doubts in comments (see ``doubtful``).
    ``missing``: fact -> why the code generator is not offered; empty where it is.
    ``limits``: fact -> what an offered code generator cannot select, or selects in a roundabout way. ``machine``: the facts."""

    printed: Mapping[str, str]
    missing: Mapping[str, str]
    limits: Mapping[str, str]
    machine: Facts

    @property
    def files(self) -> dict[str, str]:
        """Path relative to the target's folder -> C++ text without the doubts."""
        return {path: without_notes(text) for path, text in self.printed.items()}


def archetypes(d: Description, llvm: Interface, arch: str = "", machine: int = 0, *, big_endian: bool | None = None) -> Archetypes:
    """Renders every template that the facts allow. ``arch``: first part of the triple, by default the folder's name in lower case.

    Where LLVM's headers do not know ``arch``, the target is registered for an unknown architecture and by its name alone: then ``machine``
    is the number in its ELF objects where ELF.h has no name for it, 0 for none. ``big_endian``: its byte order; by default that which LLVM
    knows for its triple, else little.

    Where a fact is missing, the code generator is offered without what needs it: functions with a frame, for example, where no stack
    pointer is known. ``limits`` says so; llc ends with an error that names the fact."""
    m = find_facts(d)
    missing = {name: why for name, why in _NEEDED.items() if not getattr(m, name)}
    lacking = [key for field, key in _MISSED.items() if not getattr(m, field)]
    lacking += [] if m.calls.node or m.calls.through else ["instruction.call"]
    lacking += [] if m.gpr in m.copies or not m.gpr else [f"{COPY}{m.gpr}"]
    lacking += [] if ("", m.native) in m.loads else [f"instruction.load.{m.native}"]
    lacking += [] if m.native in m.stores else [f"instruction.store.{m.native}"]
    lacking += [f"instruction.{root}" for root in ("and", "or", "xor") if root not in m.legal]  # nothing expands these
    lacking += ["instruction.read_link"] if m.lost_link else []
    limits = {key: lack(key) for key in lacking}
    if m.calls.pseudos and not (m.ra and m.jump_register and (m.load_symbol or (m.upper and m.low))):
        limits["calls"] = "no instruction calls, and none is known that puts the return address into its register before a jump"
    if unused := left_out_by(d):
        limits[LEFT_OUT] = f"{' '.join(sorted(unused))}: this LLVM cannot use their C++, so that they select nothing"
    limits |= {"branches": "no conditional branch is known: branches jump through tables"} if m.by_table else {}
    whole = m.load_immediate.range.bits if m.load_immediate and m.load_immediate.range else 0
    if not m.load_symbol and not (m.upper and m.low) and whole < m.native:
        limits["upper"] = "no instructions are known that put an address into a register"
    doubtful = with_doubts(m if m.sp else replace(m, sp=_NO_REGISTER))
    given = values(d, doubtful, llvm, arch or d.folder.lower(), machine, big_endian=big_endian)
    files: dict[str, str] = {}
    for template in _templates():
        path = _path(template, d.name)
        folder = path.rpartition("/")[0]
        if not _wanted(template, d) or (not folder and missing):
            continue
        text: str = resources.environment(_FOLDER).get_template(template).render(given | {"b": Code(doubtful)})
        files[path] = text
    return Archetypes(files, missing, limits, m)


def headers() -> tuple[str, ...]:
    """Returns the headers of LLVM and of the C++ library that are worth precompiling: those that templates include, of any version, as
    written ('"llvm/x.h"', "<x>")."""
    return tuple(sorted({name for template in _templates() for name in _OUTER.findall(_source(template))} - _SLOW))


def tables(d: Description) -> tuple[str, ...]:
    """Returns the files of llvm-tblgen's that the archetypes of a target may include."""
    return _included(d.name, (template for template in _templates() if _wanted(template, d)))


def common_tables(name: str) -> tuple[str, ...]:
    """Returns those that the archetypes of every target include. ``name``: of the Target record."""
    return _included(name, (template for template in _templates() if template.startswith("MCTargetDesc/")))


def code_generator_tables(d: Description) -> frozenset[str]:
    """Returns those that the code generator alone includes: the largest are among them, and not every .td has facts enough for one."""
    others = _included(d.name, (template for template in _templates() if "/" in template and _wanted(template, d)))
    return frozenset(tables(d)) - frozenset(others)


def _included(name: str, templates: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({f"{name}{end}" for template in templates for end in _INC.findall(_source(template))}))


def _templates() -> list[str]:
    folder = resources.folder(_FOLDER)
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob(f"*.*{_SUFFIX}"))


def _source(template: str) -> str:
    return (resources.folder(_FOLDER) / template).read_text(encoding="utf-8")


def _wanted(template: str, d: Description) -> bool:
    folder, _, file = template.rpartition("/")
    if folder == "AsmParser":  # without an AsmParser record there is no TableGen matcher: the text parser takes its place
        return (d.data.get("AsmParser.present") == "1") == (file.partition(".")[0] != _BY_TEXT)
    # Where no instruction has an encoding, there is nothing to encode or decode.
    return (folder != "Disassembler" and file.partition(".")[0] != "MCCodeEmitter") or d.data.get("Disassembler.present") == "1"


def _path(template: str, name: str) -> str:
    folder, _, file = template.removesuffix(_SUFFIX).rpartition("/")
    file = file.replace(_BY_TEXT, "AsmParser")
    file = f"{name}.h" if file == "Target.h" else f"{name}{file}"
    return f"{folder}/{file}" if folder else file
