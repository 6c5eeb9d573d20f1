"""The simulator with generated backends: its relocations against the encoder's bytes, decoding against the encodings of the .td."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT

from llvm_integration.process import run
from vega_gen.facts import Facts, find_facts
from vega_gen.facts.fixups import fixups
from vega_gen.ladder import smoke
from vega_gen.ladder.subject import subject
from vega_gen.pipeline.climbing import climb_given
from vega_gen.pipeline.trying import TryRequest, tablegen_include, try_out
from vega_gen.records import Description, Rung
from vega_gen.simulate import simulator
from vega_gen.simulate.decoding import Decoder
from vega_gen.simulate.elf import SectionKind, read_object
from vega_gen.simulate.encoded import Encoded
from vega_gen.simulate.relocating import Relocating, RelocationSite
from vega_gen.tablegen import describe

# Instructions that take an address, X: those whose assembly takes any, those that read the number with a sign, and branches.
LINES = {
    "Tern": (
        ("lui r3, %hi(X)", "ori r3, r4, %lo(X)"),
        ("addi r3, r4, %lo(X)", "lw r3, %lo(X)(r4)", "sw r3, %lo(X)(r4)", "lb r3, %lo(X)(sp)"),
        ("beq r3, r4, X", "bltu r3, r4, X", "call X", "j X"),
    ),
    "RV32IM": (
        ("lui a0, %hi(X)", "addi a0, a1, %lo(X)", "lw a0, %lo(X)(a1)", "sw a0, %lo(X)(a1)", "jalr ra, %lo(X)(a0)"),
        (),
        ("beq a0, a1, X", "bgeu a0, a1, X", "jal a0, X", "j X"),
    ),
}


@dataclass(frozen=True)
class Backend:
    d: Description
    m: Facts
    tools: Path
    work: Path
    triple: str

    def assemble(self, text: str) -> Path:
        out = self.work / f"{len(list(self.work.iterdir()))}.o"
        argv = [str(self.tools / "llvm-mc"), f"-triple={self.triple}", "-filetype=obj", "-o", str(out)]
        run(argv, stdin=text).check()
        return out


@pytest.fixture(scope="module", params=sorted(LINES))
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, kept_cache: Path) -> Backend:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VEGA_GEN_CACHE", str(kept_cache))
        td = ROOT / f"targets/{request.param}/{request.param}.td"
        made = try_out(TryRequest(td, "19"), lambda done, total, text: None)
        include, tblgen = tablegen_include(made.plugin.installation), made.plugin.installation.tool("llvm-tblgen")
        d = describe(td, folder=request.param, llvm_include=include, tblgen=tblgen, relocs=td.with_suffix(".def"))
    tools = made.plugin.write_tools(tmp_path_factory.mktemp("tools"))
    return Backend(d, find_facts(d), tools, tmp_path_factory.mktemp("work"), made.arch)


def text_of(path: Path) -> bytes:
    return b"".join(s.data for s in read_object(path).sections if s.kind is SectionKind.TEXT)


def relocated(b: Backend, lines: Sequence[str], value: int, place: int) -> bytes:
    """What relocations make of instructions at ``place`` and behind that name a symbol at ``value``, each as if it were the first."""
    o = read_object(b.assemble("\n".join(lines).replace("X", "symbol") + "\n"))
    (section,) = (s for s in o.sections if s.kind is SectionKind.TEXT)
    data = bytearray(section.data)
    assert len(o.relocations) == len(lines)
    for r in o.relocations:
        site = RelocationSite("", "", True)
        Relocating(b.d, b.m, little=o.little).apply(data, r.offset, r.number, value, r.addend, place, site)
    return bytes(data)


def test_each_fixup_of_the_encoder_is_tried(backend: Backend) -> None:
    whole, signed, near = LINES[backend.d.name]
    tried = {(line in near, (re.findall(r"%(\w+)", line) or [""])[0]) for line in (*whole, *signed, *near)}
    assert {(k.pc_relative, k.part) for k in fixups(backend.d, backend.m)[0]} == tried


@pytest.mark.parametrize("value", [0, 4, 0x7FC, 0x800, 0x7FFC, 0x8000, 0x12345678, 0x7FFFFFFF, 0xFFFFF800, 0xFFFFFFFC])
def test_an_address_gives_the_bytes_of_the_same_number(backend: Backend, value: int) -> None:
    whole, signed, _ = LINES[backend.d.name]
    lines = whole if value & 0x8000 else whole + signed
    assert relocated(backend, lines, value, 0x1000) == text_of(backend.assemble("\n".join(lines).replace("X", f"{value:#x}") + "\n"))


@pytest.mark.parametrize("distance", [0, 4, 64, 2044, -4, -4092])
def test_a_distance_gives_the_bytes_of_a_local_label(backend: Backend, distance: int) -> None:
    lines = LINES[backend.d.name][2]
    code = b""
    for line in lines:
        gap, here = f".zero {max(abs(distance) - 4, 0)}\n", line.replace("X", ".Lx") + "\n"
        text = f"{here}{gap}.Lx:\n" if distance > 0 else f".Lx:\n{'.zero 4' if distance else ''}\n{gap if distance else ''}{here}"
        local = text_of(backend.assemble(text))
        code += local[-distance:][:4] if distance <= 0 else local[:4]
    assert relocated(backend, lines, 0x10000 + distance, 0x10000) == code


def programs(b: Backend) -> list[tuple[smoke.Program, Path]]:
    found: list[tuple[smoke.Program, Path]] = []
    s = subject(b.d, b.triple)
    for p in smoke.programs(s.widths, s.pointer_bits):
        source, out = b.work / f"{p.name}.ll", b.work / f"{p.name}.o"
        source.write_text(p.text)
        argv = [
            str(b.tools / "llc"),
            f"-mtriple={b.triple}",
            "-O2",
            "-filetype=obj",
            "-relocation-model=static",
            str(source),
            "-o",
            str(out),
        ]
        run(argv).check()
        found.append((p, out))
    return found


def test_the_disassembler_and_the_encodings_agree(backend: Backend) -> None:
    encoded, codes = Encoded(backend.d), [text_of(path) for _, path in programs(backend)]
    decoded = Decoder(backend.d, backend.tools / "llvm-mc", [f"--triple={backend.triple}"], seconds=60).decode(codes)
    assert len({one.opcode for found in decoded for one in found}) > 25
    for code, found in zip(codes, decoded, strict=True):
        assert sum(one.size for one in found) == len(code)
        at = 0
        for one in found:
            assert encoded.decode(code[at : at + 16], True) == (one.opcode, one.size, one.operands)
            at += one.size


def test_programs_end_as_they_should(backend: Backend, kept_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(kept_cache))
    made = simulator(backend.d, backend.m, Path("/usr/lib/llvm-19/bin/clang"), lambda done, total, text: None)
    for program, path in programs(backend):
        ran = made.run([path], backend.tools / "llvm-mc", [f"--triple={backend.triple}"], steps=10**7, memory=1 << 22, seconds=20)
        assert (program.name, ran.status, ran.problem) == (program.name, program.expected, "")


def test_given_tools_have_the_relocations_of_the_list_beside_the_td(
    backend: Backend, kept_cache: Path, llvm_source: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Programs that call: where the numbers of relocations are not known, the simulator links them wrongly."""
    every = smoke.programs

    def some(widths: Sequence[int], bits: int) -> tuple[smoke.Program, ...]:
        return tuple(p for p in every(widths, bits) if p.name in ("calls", "shifts"))

    monkeypatch.setattr(smoke, "programs", some)
    monkeypatch.setenv("VEGA_GEN_CACHE", str(kept_cache))
    td = ROOT / f"targets/{backend.d.name}/{backend.d.name}.td"
    found = climb_given(td, llvm_source, backend.tools, backend.triple, tmp_path, lambda done, total, text: None)
    last = found.steps[-1]
    assert (last.rung, last.passed, last.total, last.obstacles) == (Rung.RUNS, 4, 4, ())
