"""Floating-point types: which registers hold them, when they are legal, and what becomes of operations that no instruction does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from commands import Command
from commands import command as command
from commands import kept_cache as kept_cache
from conftest import ROOT

from vega_gen.facts import find_facts
from vega_gen.records import GivenFact
from vega_gen.tablegen import describe
from vega_gen.tablegen.subtargets import on_subtarget

MORE = ROOT / "tests/inputs/RV32IMFloats.td"
ALWAYS = ('HasSingle : Predicate<"Subtarget->hasSingle()">', 'HasSingle : Predicate<"true">')
PROGRAM = """\
define double @less(float %a, double %b, i32 %n) {
  %sum = fadd float %a, 1.5
  %wide = fpext float %sum to double
  %product = fmul double %wide, %b
  %less = fcmp olt double %product, %b
  %one = select i1 %less, double %product, double %wide
  %apart = fcmp une double %one, %b
  br i1 %apart, label %yes, label %no
yes:
  %number = uitofp i32 %n to double
  ret double %number
no:
  ret double %one
}
"""


def machine(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    """The main .td of RV32IM with floating point, in which ``change`` replaces a text by another."""
    shutil.copytree(ROOT / "targets/RV32IM", folder)
    text = MORE.read_text()
    assert change[0] in text
    (folder / MORE.name).write_text(text.replace(*change) if change[0] else text)
    td = folder / "RV32IM.td"
    convention = 'include "RV32IMCallingConv.td"\n'
    td.write_text(td.read_text().replace(convention, f'{convention}include "{MORE.name}"\n'))
    return td


@pytest.mark.parametrize(
    ("attrs", "change", "classes"),
    [
        ("", ("", ""), []),
        ("+single", ("", ""), ["Single"]),
        ("+double", ("", ""), ["Single", "Double"]),
        ("+double", ("fcopysign", "null_frag"), []),  # no way to copy a register
        ("+double", ('"fmul"#dot, fmul', '"fmul"#dot, null_frag'), []),
        ("+double", ("(T (load addr:$addr))", "(T (null_frag addr:$addr))"), []),
        ("+double", ('(sequence "F%u", 0, 31)', '(sequence "X%u", 0, 31)'), ["Double"]),
        ("+double", ALWAYS, ["Double"]),  # integers stand for what every processor has
    ],
)
def test_a_type_needs_registers_of_its_own_and_ways_to_them(
    attrs: str, change: tuple[str, str], classes: list[str], tmp_path: Path, llvm_source: Path
) -> None:
    td = machine(tmp_path / "td", change)
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found
    d = describe(td, folder="RV32IM", llvm_include=llvm_source / "llvm/include", tblgen=Path(found), include_dirs=(td.parent,))
    assert [f.register_class for f in find_facts(on_subtarget(d, "", attrs)).floats] == classes


def test_a_person_asks_for_what_every_processor_has(tmp_path: Path, llvm_source: Path) -> None:
    td = machine(tmp_path / "td", ALWAYS)
    found = shutil.which("llvm-tblgen-19") or shutil.which("llvm-tblgen")
    assert found
    d = describe(td, folder="RV32IM", llvm_include=llvm_source / "llvm/include", tblgen=Path(found), include_dirs=(td.parent,))
    given = {"class.float.32": GivenFact("class.float.32", "Single", "here:1")}
    assert [f.type for f in find_facts(on_subtarget(d, "", "+double"), given).floats] == ["f32", "f64"]


def compiled(command: Command, folder: Path, td: Path, *options: str) -> list[str]:
    """The mnemonics, and the functions that are called, in PROGRAM's assembly."""
    source = folder / "program.ll"
    source.write_text(PROGRAM)
    said = command("try", "--td", td, "--llvm-version", "19", "--mattr", "+double", "--out", folder / "out")
    assert said.status == 0, said.err
    llc = [folder / "out/bin/llc", "-march=rv32im", "-verify-machineinstrs", *options, source, "-o", "-"]
    done = subprocess.run(list(map(str, llc)), capture_output=True, text=True, timeout=60, check=True)
    lines = [line.split() for line in done.stdout.splitlines() if line.startswith("\t") and not line.startswith("\t.")]
    return [words[1] if words[0] == "jal" else words[0] for words in lines]


def test_instructions_compute_where_the_subtarget_has_them(command: Command, tmp_path: Path) -> None:
    td = machine(tmp_path / "td")
    words = compiled(command, tmp_path, td)
    assert {"fadd.s", "fcvt.d.s", "fmul.d", "flt.d", "feq.d", "__floatunsidf"} <= set(words)
    assert [word for word in words if word.startswith("__")] == ["__floatunsidf"]
    soft = compiled(command, tmp_path, td, "-mattr=-single")
    assert not [word for word in soft if word.startswith("f")]
    assert {"__addsf3", "__extendsfdf2", "__muldf3", "__ltdf2", "__eqdf2", "__floatunsidf"} <= set(soft)


def test_the_library_compares_where_no_instruction_does_into_a_register(command: Command, tmp_path: Path) -> None:
    words = compiled(command, tmp_path, machine(tmp_path / "td", ('"flt"#dot, setolt', '"flt"#dot, null_frag')))
    assert {"fadd.s", "fmul.d", "__ltdf2"} <= set(words)
    assert not {"flt.d", "feq.d"} & set(words)
