"""``python -m benchmarks.simulator [--td FILE] [--tools DIR] [--work DIR]``: the simulator against QEMU, and its speed.

The ladder's programs, GCC torture tests and csmith's programs are compiled once each to objects by the generated backend. QEMU runs them
linked by ld.lld; the simulator runs the same objects by what the .td says. Exit status and output must be the same. What was compared is
kept in ``--work``, so that a run that was interrupted goes on where it stopped; ``--again`` starts anew. The exit status is 1 if a program
differs.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.machine import RUNTIME, Compared, Ended, Machine, Verdict, emulator_found
from llvm_integration import discover
from vega_gen import ladder, store, tablegen
from vega_gen.archetypes.values import data_layout
from vega_gen.conform import foreign
from vega_gen.conform.program_suites import TORTURE_OPTIONS
from vega_gen.errors import InputError
from vega_gen.facts import Facts, find_facts
from vega_gen.ladder import smoke
from vega_gen.pipeline.trying import TryRequest, try_out
from vega_gen.records import Description
from vega_gen.simulate import simulator

ROOT = Path(__file__).resolve().parent.parent
LEVELS = ("-O0", "-O2")
SPEED_STEPS = 1_000_000
"""Programs with fewer instructions say nothing about speed: starting the simulator takes longer."""


@dataclass(frozen=True, slots=True)
class Work:
    """A program to compare: ``compiled(out)`` writes its object."""

    suite: str
    name: str
    level: str
    compiled: Callable[[Path], Path]

    @property
    def key(self) -> str:
        """As ``Compared.key``."""
        return f"{self.suite} {self.name} {self.level}"


@dataclass(frozen=True, slots=True)
class Target:
    """A target with a backend that is built. ``tools``: the folder of its llc and llvm-mc. ``triple``: as they have it."""

    description: Description
    facts: Facts
    tools: Path
    triple: str
    installation: discover.Installation


def report(done: int, total: int, text: str) -> None:
    """Progress on standard error: a line that is written over, or nothing where it is no terminal."""
    if sys.stderr.isatty():
        print(f"\r{text} {f'{done}/{total}' if total else ''}\x1b[K", end="", file=sys.stderr, flush=True)


def built(td: Path, version: str, tools: Path | None) -> Target:
    """Make a plug-in of a .td for the LLVM of ``version`` ("19"), as ``vega-gen try`` does, or take the ``tools`` that there are.

    Raises InputError where the .td does not say enough for a code generator, or that does not compile."""
    if tools is None:
        made = try_out(TryRequest(td, version), report)
        if made.missing:
            raise InputError("; ".join(made.missing.values()), str(td), "complete the description")
        installation, folder, triple = made.plugin.installation, made.folder / "bin", made.arch
    else:
        installation, folder, triple = discover.find_installation(f"{version}.1"), tools, td.stem.lower()
    include = next(folder for folder in installation.include_dirs if (folder / "llvm/Target/Target.td").is_file())
    relocs = td.with_suffix(".def") if td.with_suffix(".def").is_file() else None
    d = tablegen.describe(td, folder=td.stem, llvm_include=include, tblgen=installation.llvm_tblgen, relocs=relocs)
    return Target(d, find_facts(d), folder, triple, installation)


def machine_of(target: Target, work: Path, *, simulated: bool) -> Machine:
    """The machine that runs a target's programs, with QEMU's entry assembled."""
    known = ladder.subject(target.description, target.triple).emulators
    emulator = next((m for m in known if m.official and emulator_found(m)), None)
    if emulator is None:
        raise InputError("no QEMU runs this ISA", "targets/settings/qemu.toml", "apt-get install qemu-user, or name another --td")
    clang = target.installation.tool("clang")
    sim = simulator(target.description, target.facts, clang, report) if simulated else None
    layout = "e" + data_layout(target.facts)  # the one entry for QEMU, riscv32.s, is of a little-endian ISA
    machine = Machine(target.tools, target.triple, layout, target.installation, work, emulator=emulator, simulator=sim)
    machine.assemble_entry()
    return machine


def smoke_programs(machine: Machine, widths: Sequence[int], bits: int) -> Iterator[Work]:
    """The ladder's programs at both levels."""
    for program in smoke.programs(widths, bits):
        source = machine.work / f"{program.name}.smoke.ll"
        source.write_text(program.text, encoding="utf-8")
        for level in LEVELS:
            yield Work("ladder", program.name, level, lambda out, s=source, level=level: machine.compile_ir(s, level, out))


def foreign_programs(machine: Machine, fetched: foreign.FetchedPrograms, torture: int, csmith: int, seed: int) -> Iterator[Work]:
    """``torture`` of GCC's tests, drawn by ``seed``, and the first ``csmith`` of csmith's programs that end here, at both levels."""
    for name in foreign.chosen([p.stem for p in fetched.torture.glob("*.c")], torture, seed):
        source = fetched.torture / f"{name}.c"
        options = (*TORTURE_OPTIONS, *foreign.wanted_options(source.read_text(encoding="utf-8", errors="replace")))
        for level in LEVELS:
            yield Work("torture", name, level, lambda out, s=source, lv=level, o=options: machine.compile_c(s, lv, out, o))
    options = ("-isystem", str(fetched.csmith))
    ending = foreign.ending_programs(machine.work, fetched.csmith, machine.installation.tool("clang"))
    for source in itertools.islice(ending, csmith):
        for level in LEVELS:
            name = source.stem.rpartition("-")[2]
            yield Work("csmith", name, level, lambda out, s=source, lv=level: machine.compile_c(s, lv, out, options))


def read_journal(path: Path) -> dict[str, Compared]:
    """What an earlier run compared, by key; lines that were cut off are skipped."""
    found: dict[str, Compared] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            data: dict[str, Any] = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        runs = {side: Ended(**data[side]) if data[side] else None for side in ("qemu", "simulator")}
        one = Compared(data["suite"], data["name"], data["level"], Verdict(data["verdict"]), data["why"], **runs)
        found[one.key] = one
    return found


def compare_all(machine: Machine, programs: Sequence[Work], journal: Path) -> list[Compared]:
    """Compare the programs; each is written to the journal as soon as it is done."""
    known = read_journal(journal)
    found: list[Compared] = []
    with journal.open("ab") as stream:
        for done, program in enumerate(programs):
            report(done, len(programs), program.key)
            one = known.get(program.key)
            if one is None:
                one = machine.compare(program.suite, program.name, program.level, program.compiled)
                stream.write(orjson.dumps(one.to_json()) + b"\n")
                stream.flush()
            found.append(one)
    report(len(programs), len(programs), "compared")
    return found


def rows(found: Sequence[Compared]) -> list[tuple[str, ...]]:
    """The table: a row a suite and level, with the number of programs of each verdict."""
    suites = dict.fromkeys((one.suite, one.level) for one in found)
    made: list[tuple[str, ...]] = [("suite", "level", "programs", *Verdict)]
    for suite, level in suites:
        counted = Counter(one.verdict for one in found if (one.suite, one.level) == (suite, level))
        made.append((suite, level, str(counted.total()), *(str(counted[v]) for v in Verdict)))
    counted = Counter(one.verdict for one in found)
    return [*made, ("all", "", str(counted.total()), *(str(counted[v]) for v in Verdict))]


def speed(found: Sequence[Compared]) -> tuple[int, float, int]:
    """Instructions, seconds and number of the simulated programs that are long enough to time."""
    long = [one.simulator for one in found if one.simulator and one.simulator.steps >= SPEED_STEPS]
    return sum(e.steps for e in long), sum(e.seconds for e in long), len(long)


def print_table(lines: Sequence[Sequence[str]]) -> None:
    """Print rows of cells, the first row being the head, as a Markdown table."""
    widths = [max(len(line[n]) for line in lines) for n in range(len(lines[0]))]
    for n, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |", flush=True)
        if n == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|", flush=True)


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--td", type=Path, default=ROOT / "targets/RV32IM/RV32IM.td")
    parser.add_argument("--llvm-version", default="19")
    parser.add_argument("--tools", type=Path, help="folder of the backend's llc and llvm-mc; by default a plug-in is made")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/simulator")
    parser.add_argument("--torture", type=int, default=200, help="how many of GCC's torture tests")
    parser.add_argument("--csmith", type=int, default=100, help="how many of csmith's programs")
    parser.add_argument("--seed", type=int, default=19, help="which torture tests")
    parser.add_argument("--again", action="store_true", help="forget what an earlier run compared")
    parser.add_argument("--qemu-only", action="store_true", help="without the simulator: which programs compile and run at all")
    parser.add_argument("--json", type=Path)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print, and return the exit status."""
    asked = arguments(sys.argv[1:] if argv is None else argv)
    start = time.monotonic()
    target = built(asked.td.absolute(), asked.llvm_version, asked.tools)
    work: Path = asked.work.absolute()
    journal = work / ("qemu.jsonl" if asked.qemu_only else "compared.jsonl")
    if asked.again:
        journal.unlink(missing_ok=True)
    machine = machine_of(target, work, simulated=not asked.qemu_only)
    fetched = foreign.fetch(store.cache_folder("foreign", "programs"), target.installation.version, report)
    one = ladder.subject(target.description, machine.triple)
    lost = machine.build_library(fetched.builtins, {}, report)
    programs = [*smoke_programs(machine, one.widths, one.pointer_bits)]
    programs += foreign_programs(machine, fetched, asked.torture, asked.csmith, asked.seed)
    long = RUNTIME / "long.c"
    programs.append(Work("speed", long.name, "-O2", lambda out: machine.compile_c(long, "-O2", out)))
    found = compare_all(machine, programs, journal)
    print(f"{target.description.folder}, LLVM {target.installation.version}, tools in {target.tools}, {time.monotonic() - start:.0f} s")
    print_table(rows(found))
    for other in found:
        if other.verdict not in (Verdict.AGREE, Verdict.NOT_COMPARED):
            statuses = [f"{e.status if e.status is not None else e.problem}" if e else "-" for e in (other.qemu, other.simulator)]
            print(f"{other.key}: {other.verdict}: {other.why or ' and '.join(statuses)}")
    wrong = [f"{one.name} {one.level}" for one in found if one.suite in ("torture", "csmith") and one.qemu and one.qemu.status]
    print(f"{len(wrong)} foreign programs end with another status than 0 under QEMU: {', '.join(wrong) or 'none'}")
    if lost:
        print(f"{len(lost)} functions of the library do not compile: {', '.join(sorted(lost))}")
    steps, seconds, count = speed(found)
    if seconds:
        timed = f"{count} programs, {steps} instructions, {seconds:.1f} s"
        print(f"{steps / seconds / 1e6:.1f} million instructions a second on one core ({timed})")
    if asked.json:
        said = {"target": target.description.folder, "llvm": target.installation.version, "seed": asked.seed, "lost": lost}
        speeds = {"steps": steps, "seconds": seconds, "programs": count}
        data = {**said, "speed": speeds, "compared": [other.to_json() for other in found]}
        store.write_atomic(asked.json, orjson.dumps(data, option=orjson.OPT_INDENT_2))
    return int(any(other.verdict is Verdict.DIFFER for other in found))


if __name__ == "__main__":
    sys.exit(main())
