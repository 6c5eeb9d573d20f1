"""Writes a target's TargetInfo for clang (two files of clang/lib/Basic/Targets) from its description and its data layout.

The methods follow the interface that clang's headers declare. Registration in clang's lists is done elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llvm_integration.edits import Edit
from vega_gen.cxx import printer
from vega_gen.cxx.interface import TRIPLES, Interface
from vega_gen.emit import templates
from vega_gen.records import Description

_LIST = "clang/lib/Basic/Targets.cpp"  # clang creates its TargetInfos here
LABEL = "clang"
"""Label of the edits that make a target known to clang."""
_ALWAYS = (
    "getTargetDefines", "getTargetBuiltins", "getBuiltinVaListKind", "validateAsmConstraint", "getClobbers", "getGCCRegNames",
    "getGCCRegAliases", "hasFeature",
)  # fmt: skip
_OF_CPUS = ("isValidCPUName", "fillValidCPUList", "setCPU")
_COLUMNS = 80
_DEFAULT_ALIGNMENTS = {"i32": 32, "i64": 32, "f64": 64}
"""ABI alignments in bits for types that a layout does not name (LangRef, "Data Layout")."""


def has_clang(root: Path) -> bool:
    """Whether the checkout at ``root`` has clang."""
    return (root / _LIST).is_file()


def clang_edits(d: Description, root: Path, *, arch: str, layout: str, stamp: str) -> tuple[Edit, ...]:
    """Returns the edits that write the two files below ``root``, the folder that holds ``llvm/`` and ``clang/``.

    ``arch``: the first part of the triple. ``layout``: the backend's data layout string. ``stamp``: the line that marks generated files.
    Raises NotFoundError where clang's headers do not declare an expected method."""
    clang = Interface([root / "clang" / "include"], "clang", ("Basic",))
    cpus = [f'"{p.name}"' for p in d.processors]
    registers = sorted((r for r in d.registers if r.asm_name), key=lambda r: (r.encoding, r.name))
    names = dict.fromkeys(r.asm_name for r in registers)
    aliases = [f'{{{{"{alias}"}}, "{r.asm_name}"}}' for r in registers for alias in r.aliases if alias not in names]

    def define(method: str, names: str = "") -> str:
        return clang.define(f"{d.folder}TargetInfo", f"TargetInfo::{method}", names)

    given: dict[str, Any] = {
        "T": d.folder, "arch": arch, "layout": layout, "stamp": stamp, "clang": clang,
        "cpus": cpus, "methods": [*_ALWAYS, *(_OF_CPUS if cpus else ())],
        "registers": _rows([f'"{name}"' for name in names]), "aliases": _rows(list(dict.fromkeys(aliases))), "widths": widths(layout),
        "triple_header": next(h for h in TRIPLES if Interface([root / "llvm" / "include"]).exists(h)),
        "guard": f"LLVM_CLANG_LIB_BASIC_TARGETS_{d.folder.upper()}_H",
        "define": define,
    }  # fmt: skip
    edits: list[Edit] = []
    for suffix in (".h", ".cpp"):
        path = f"clang/lib/Basic/Targets/{d.folder}{suffix}"
        text = templates.render(f"clang/TargetInfo{suffix}.j2", **given, line=templates.banner(path, f"{d.folder} in clang"))
        edits.append(Edit(path, printer.format(text), LABEL))
    return tuple(edits)


def widths(layout: str) -> list[str]:
    """Returns the assignments to TargetInfo's widths and alignments that differ from its constructor's 32-bit defaults.

    ``int`` has 32 bits, or 16 with 16-bit pointers; ``long`` is as wide as a pointer, but at least 32 bits."""
    pointer = int(found[1]) if (found := re.search(r"-p:(\d+)", layout)) else 64
    said = {name: int(bits) for name, bits in re.findall(r"-([if]\d+):(\d+)", layout)}
    align = {name: said.get(name, bits) for name, bits in _DEFAULT_ALIGNMENTS.items()}
    lines: list[str] = []
    if pointer == 64:
        lines += ["PointerWidth = PointerAlign = LongWidth = LongAlign = 64;", "SizeType = UnsignedLong;"]
        lines += ["PtrDiffType = IntPtrType = IntMaxType = Int64Type = SignedLong;"]
    elif pointer == 16:
        lines += ["PointerWidth = PointerAlign = IntWidth = IntAlign = 16;", f"LongAlign = {align['i32']};"]
        lines += ["SizeType = UnsignedInt;", "PtrDiffType = IntPtrType = SignedInt;"]
    if align["i64"] != 64:
        lines.append(f"LongLongAlign = {align['i64']};")
    if align["f64"] != 64:
        lines.append(f"DoubleAlign = LongDoubleAlign = {align['f64']};")
    return lines


def _rows(words: Sequence[str]) -> list[list[str]]:
    """Returns the words in rows that fit a line."""
    rows: list[list[str]] = []
    width = _COLUMNS
    for word in words:
        if width + len(word) + 2 > _COLUMNS:
            rows.append([])
            width = 4
        rows[-1].append(word)
        width += len(word) + 2
    return rows
