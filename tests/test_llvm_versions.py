"""Archetypes against every LLVM that is installed: the C++ compiles, and the .td is completed with what that llvm-tblgen wants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from llvm_integration.discover import SourceTree, find_installation
from llvm_integration.process import run
from vega_gen.archetypes.completion import completion
from vega_gen.archetypes.files import archetypes
from vega_gen.cxx.interface import Interface
from vega_gen.pipeline.backend import own_definitions
from vega_gen.pipeline.compiling import generate_tables
from vega_gen.pipeline.inputs import Inputs
from vega_gen.pipeline.mining import silent
from vega_gen.records import FillerName, Mode
from vega_gen.tablegen import describe

TARGETS = Path(__file__).parents[1] / "targets"
PREFIXES = {n: Path(f"/usr/lib/llvm-{n}") for n in (16, 19, 22)}
INSTALLED = [n for n, prefix in PREFIXES.items() if n == 19 or (prefix / "include/llvm/MC/MCInst.h").is_file()]
FLAGS = ("-fsyntax-only", "-std=c++17", "-fno-exceptions", "-fno-rtti", "-w", "-ferror-limit=0", "-DNDEBUG", "-D_GNU_SOURCE")
OUTER = re.compile(r'^#include ("llvm/[^"]+"|<[^>]+>)', re.MULTILINE)
STATIC = re.compile(r"^static [^;={(]*?(\w+)\(", re.MULTILINE)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setenv("VEGA_GEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield
    patch.undo()


def inputs(version: int, target: str, folder: Path) -> Inputs:
    """The inputs of a target of our own for the LLVM of a version, with its headers as a source tree."""
    (folder / "llvm/lib/Target").mkdir(parents=True)
    (folder / "llvm/include").symlink_to(PREFIXES[version] / "include")
    tblgen = PREFIXES[version] / "bin/llvm-tblgen"
    td = TARGETS / target / f"{target}.td"
    return Inputs(SourceTree(folder, str(version)), td, target, Mode.TD, FillerName.ARCHETYPE, tblgen, {}, relocs=td.with_suffix(".def"))


def in_one(texts: Mapping[str, str], target: str, sources: Path) -> str:
    """All .cpp files as one, because most of the compiler's time goes to LLVM's headers. Names that several files use for functions and
    tables of their own get a number."""
    lines = [f"#include {name}" for name in sorted({name for text in texts.values() for name in OUTER.findall(text)})]
    for number, path in enumerate(sorted(path for path in texts if path.endswith(".cpp"))):
        own = sorted({*STATIC.findall(texts[path]), f"{target}InstrTable", f"{target}Descs"})
        lines += [f"#define {name} {name}_{number}" for name in own]
        lines += [f'#include "{sources / path}"', "#undef DEBUG_TYPE", *(f"#undef {name}" for name in own)]
    return "\n".join(lines)


@pytest.mark.parametrize("version", INSTALLED)
def test_archetypes_compile_with_the_headers_of_every_llvm(version: int, tmp_path: Path) -> None:
    """RV32IM's; tests/test_try.py compiles Tern's, and loads them."""
    target = "RV32IM"
    given = inputs(version, target, tmp_path / "tree")
    include = PREFIXES[version] / "include"
    made = archetypes(given.description, Interface([include]))
    assert not made.missing
    sources, tables = tmp_path / "sources", tmp_path / "tables"
    for path, text in made.files.items():
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_text(f"#pragma once\n{text}" if path.endswith(".h") else text)
    generate_tables(made.files, given, tables, silent)
    assert not [table.name for table in tables.glob("*.inc") if not table.stat().st_size]
    whole = tmp_path / "whole.cpp"
    whole.write_text(in_one(made.files, target, sources))
    clang = find_installation("19.1").clangxx
    done = run([str(clang), *FLAGS, *(f"-I{folder}" for folder in (sources, tables, include)), str(whole)], timeout=300)
    assert done.ok, done.stderr


@pytest.mark.parametrize("version", INSTALLED)
def test_a_copied_td_says_the_register_class_of_pointers_where_this_llvm_asks_for_it(version: int, tmp_path: Path) -> None:
    given = inputs(version, "Tern", tmp_path)
    copied = own_definitions(given)["Tern.td"]
    asked = b"RemapAllTargetPseudoPointerOperands" in (PREFIXES[version] / "include/llvm/Target/Target.td").read_bytes()
    assert copied == given.td.read_bytes() + (b'\ninclude "TernCompletion.td"\n' if asked else b"")
    for path, data in own_definitions(given).items():
        (tmp_path / path).write_bytes(data)
    argv = [
        str(given.tblgen),
        "-gen-instr-info",
        f"-I{PREFIXES[version] / 'include'}",
        f"-I{tmp_path}",
        str(tmp_path / "Tern.td"),
        "-o",
        "/dev/null",
    ]
    run(argv, timeout=60).check()
    again = replace(given, td=tmp_path / "Tern.td")
    assert not again.completion.text, "a completed .td lacks nothing"


def test_a_td_is_completed_only_where_it_and_llvm_both_call_for_it(tmp_path: Path) -> None:
    tern = inputs(19, "Tern", tmp_path).description
    asks = "multiclass RemapAllTargetPseudoPointerOperands<RegisterClassLike default_ptr_rc> {"
    assert "defm : RemapAllTargetPseudoPointerOperands<GPR>;" in completion(tern, "def GPR;", asks).text
    assert completion(tern, "def GPR;", "class PointerLikeRegClass<int Kind>;").text == ""
    assert completion(tern, "defm : RemapAllTargetPseudoPointerOperands<GPR>;", asks).text == ""
    assert completion(tern, "def : RemapPointerOperands<LOAD_STACK_GUARD, GPR>;", asks).text == ""
    none = replace(tern, register_classes=tuple(replace(c, allocatable=False) for c in tern.register_classes))
    assert completion(none, "def GPR;", asks).text == "", "no class is known to hold pointers"


@pytest.mark.parametrize("version", INSTALLED)
def test_a_rounded_distance_needs_a_flag_or_the_place_of_the_fixup(version: int, llvm_source: Path) -> None:
    """ARC's BL counts from an address that is a multiple of 4: MC rounds it where it has a flag for that, else the backend does."""
    td = llvm_source / "llvm/lib/Target/ARC/ARC.td"
    d = describe(td, folder="ARC", llvm_include=llvm_source / "llvm/include", tblgen=PREFIXES[19] / "bin/llvm-tblgen")
    include = PREFIXES[version] / "include"
    text = archetypes(d, Interface([include])).files["MCTargetDesc/ARCAsmBackend.cpp"]
    flagged = any("FKF_IsAlignedDownTo32Bits" in path.read_text() for path in (include / "llvm/MC").glob("MCFixup*.h"))
    assert ("MCFixupKindInfo::FKF_IsAlignedDownTo32Bits" in text) == flagged
    assert ("Value += (Asm->getFragmentOffset(Fragment) + Fixup.getOffset()) % 4;" in text) != flagged
