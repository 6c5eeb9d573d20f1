"""Splits a generated backend into a series of patches, as LLVM's community reviews a new target; the tree builds after each.

The order is that of the targets that LLVM took last (llvm/docs/DeveloperPolicy.rst, "Adding a New Target"): the triple and its ELF files,
the target's name, the machine code layer, the code generator, tests; then clang, in a checkout that has it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llvm_integration.edits import OWN_FOLDER, STAMP, target_folder
from vega_gen.emit import templates
from vega_gen.emit.cmake_files import cmake_files
from vega_gen.errors import InputError

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
_DEFINITIONS = re.compile(r"set\(LLVM_TARGET_DEFINITIONS\s+(\S+?)\s*\)")
_INFO = ("TargetInfo",)
_MC = (*_INFO, "MCTargetDesc", "Utils", "AsmParser", "Disassembler")
_ENTRIES = {"Target": "{T}TargetMachine.cpp", "TargetMC": "MCTargetDesc/{T}MCTargetDesc.cpp"}


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch. ``subject``, ``body``: of its commit message. ``stamp``: the line that names the generator and its inputs.
    ``files``: path from the tree's root -> content, None for a file that the patch removes."""

    subject: str
    body: str
    stamp: str
    files: dict[str, bytes | None]


def series(target: str, files: Mapping[str, bytes]) -> tuple[Patch, ...]:
    """Returns the patches of a backend, in order.

    ``files``: path from the tree's root -> content of every file that the backend adds to the tree or changes. Raises ``InputError`` where
    the target's folder has no CMakeLists.txt that vega-gen wrote."""
    own = f"{target_folder(target)}/"
    kept = {path: data for path, data in files.items() if OWN_FOLDER not in path.split("/")}
    backend = {path.removeprefix(own): data.decode() for path, data in kept.items() if path.startswith(own)}
    tests = {path: data for path, data in kept.items() if path.startswith("llvm/test/")}
    clang = {path: data for path, data in kept.items() if path.startswith("clang/")}
    outside = {path: data for path, data in kept.items() if path not in tests and path not in clang and not path.startswith(own)}
    lists = backend.get("CMakeLists.txt", "")
    named, stamp = _DEFINITIONS.search(lists), lists.partition("\n")[0].removeprefix("# ")
    if named is None or not stamp.startswith(STAMP):
        raise InputError("no CMakeLists.txt that vega-gen wrote", own, "write the backend with `vega-gen new-target` first")
    def placed(texts: Mapping[str, str]) -> dict[str, bytes]:
        return {own + path: text.encode() for path, text in texts.items()}

    states: list[tuple[str, str, dict[str, bytes]]] = [
        ("the triple, the ELF machine and its relocations", "LLVM knows the name; nothing is behind it yet.", outside),
        (
            "the target's name", "TargetInfo, and the entries that every target has, empty as yet.",
            outside | placed(_stage(target, backend, _INFO, named[1], stamp)),
        ),
        (
            "the machine code layer", "The .td files, encodings, fixups and relocations; printer, parser and decoder.",
            outside | placed(_stage(target, backend, _MC, named[1], stamp)),
        ),
        ("the code generator", "From LLVM IR to machine instructions.", outside | placed(backend)),
        ("tests", "Programs through llc with the machine verifier, and instructions there and back.", outside | placed(backend) | tests),
        ("clang's TargetInfo", "Data layout, registers and processors.", outside | placed(backend) | tests | clang),
    ]  # fmt: skip
    patches: list[Patch] = []
    before: dict[str, bytes] = {}
    for what, body, state in states:
        changed: dict[str, bytes | None] = {path: data for path, data in state.items() if before.get(path) != data}
        changed |= dict.fromkeys(before.keys() - state.keys())
        if changed:
            patches.append(Patch(f"[{target}] Add {what}", body, stamp, changed))
        before = state
    return tuple(patches)


def _stage(target: str, backend: Mapping[str, str], folders: Iterable[str], definitions: str, stamp: str) -> dict[str, str]:
    """Returns the files of ``folders`` and what they include of the other ones, with the CMake files for these.

    LLVM calls some entry points of every target (LLVMInitialize<target>TargetMC, ...). Those that these files lack get an empty body."""
    chosen = {path for path in backend if path.split("/")[0] in folders and path.endswith((".cpp", ".h"))}
    left = list(chosen)
    while left:
        for name in _INCLUDE.findall(backend[left.pop()]):
            for path in (posixpath.normpath(name), *(f"{folder}/{name}" for folder in folders)):
                if path in backend and path not in chosen:
                    chosen.add(path)
                    left.append(path)
    texts = {path: backend[path] for path in sorted(chosen)}
    defined = "\n".join(text for path, text in texts.items() if path.endswith(".cpp"))
    for entry, file in _ENTRIES.items():
        name, path = f"LLVMInitialize{target}{entry}", file.format(T=target)
        if f"{name}()" not in defined:
            texts[path] = templates.render("entry.cpp.j2", line=f"//===-- {path.rpartition('/')[2]}", stamp=stamp, name=name)
    made = cmake_files(target, definitions, texts, stamp)
    if "tablegen(" in made["CMakeLists.txt"]:
        texts |= {path: text for path, text in backend.items() if path.endswith(".td")}
    return texts | made
