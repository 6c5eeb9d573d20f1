"""``python -m benchmarks.mutations [--work DIR] [NAME ...]``: which mistakes in a description does running programs find?

Each mistake of ``benchmarks.mutants`` goes into RV32IM's backend, which is built; then the ladder's programs run. They find the mistake
where one does not compile, does not end, or ends with another status than it must. Three machines run them: the simulator made from the
description without the mistake; the simulator made from the one with it, which is what a user has, who does not know of the mistake; and
QEMU, which knows the real ISA. A mistake that changes the code of no program cannot be found by running them, which the table says. What
was found is kept in ``--work``; ``--again`` starts anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson

from benchmarks.machine import Ended, Machine
from benchmarks.mutants import MUTATIONS, Mutation
from benchmarks.simulator import LEVELS, ROOT, Target, built, machine_of, print_table, report
from llvm_integration.failure import Failure
from vega_gen import ladder, store
from vega_gen.archetypes.files import Archetypes
from vega_gen.archetypes.files import archetypes as archetypes_before
from vega_gen.conform.compilers import NotCompiled
from vega_gen.errors import InputError
from vega_gen.facts import Facts, find_facts
from vega_gen.ladder import smoke
from vega_gen.records import Description
from vega_gen.simulate import Simulator, simulator

DESCRIPTION = ROOT / "targets/RV32IM"
STEPS, SECONDS = 20_000_000, 3.0
"""The limits of a program: the right backend's take less than a tenth."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the programs found out about a mistake.

    ``refused``: why there is no backend to run, "" where there is one. ``changed``: the number of programs with other code than without it.
    The others: the number of programs that go wrong, and the first: ``clean`` in the simulator of the description without the mistake,
    ``believing`` in that of the one with it (-1 where there is none), ``qemu`` under QEMU. ``seconds``: to build the backend."""

    name: str
    refused: str
    changed: int
    clean: int
    believing: int
    qemu: int
    first: str
    seconds: float


@contextmanager
def inside(mutation: Mutation) -> Generator[None]:
    """Make the backend's facts and code those with the mistake, during the block."""

    def facts(d: Description) -> Facts:
        return mutation.facts(find_facts(d)) if mutation.facts else find_facts(d)

    def archetypes(*words: Any, **named: Any) -> Archetypes:
        made = archetypes_before(*words, **named)
        return replace(made, printed=mutation.code(made.printed)) if mutation.code else made

    with ExitStack() as stack:
        stack.enter_context(patch("vega_gen.archetypes.files.find_facts", facts))
        if mutation.code:
            stack.enter_context(patch("vega_gen.pipeline.trying.archetypes", archetypes))
        yield


def description(mutation: Mutation | None, folder: Path) -> Path:
    """Write the description, with the mistake if it is one of the .td, into ``folder``, and return the main .td.

    The folder is the same for all mistakes: what they do not change is not compiled again."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(DESCRIPTION.iterdir())}
    if mutation and mutation.td:
        texts = dict(mutation.td(texts))
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            store.write_atomic(path, text.encode())
    return folder / f"{DESCRIPTION.name}.td"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the ladder's programs do. ``simulated``, ``qemu``: program -> what is wrong with it, in each simulator and under QEMU.

    ``codes``: program -> its objects, with those of the library that it needs; what does not compile is missing."""

    simulated: tuple[dict[str, str], ...]
    qemu: dict[str, str]
    codes: dict[str, tuple[bytes, ...]]

    def changed(self, right: Mapping[str, tuple[bytes, ...]]) -> int:
        """The number of programs with other code than in ``right``."""
        return sum(self.codes.get(name) != right.get(name) for name in self.codes.keys() | right.keys())


def ran(machine: Machine, target: Target, simulators: Sequence[tuple[Simulator, Path]]) -> Behaviour:
    """Run the ladder's programs. ``simulators``: each with the folder of the llvm-mc that decodes for it.

    A program that does not compile is wrong in all simulators and under QEMU."""
    one = ladder.subject(target.description, machine.triple)
    shutil.rmtree(machine.work / "library", ignore_errors=True)  # an earlier backend's
    machine.build_library(None, smoke.helpers(one.widths, one.pointer_bits), report)
    found = Behaviour(tuple(dict[str, str]() for _ in simulators), {}, {})
    sides = found.qemu, *found.simulated
    for program in smoke.programs(one.widths, one.pointer_bits):
        source = machine.work / f"{program.name}.ll"
        source.write_text(program.text, encoding="utf-8")
        for level in LEVELS:
            name = f"{program.name} {level}"
            place = machine.work / f"{program.name}{level}"
            try:
                objects = machine.linked(machine.compile_ir(source, level, place.with_name(f"{place.name}.o")))
            except NotCompiled as refused:
                for side in sides:
                    side[name] = refused.what
                continue
            found.codes[name] = tuple(path.read_bytes() for path in objects)
            try:
                ends = [machine.under_qemu(objects, place)]
            except NotCompiled as refused:
                ends = [Ended(None, "", refused.what)]
            for one_simulator, tools in simulators:
                ends.append(replace(machine, simulator=one_simulator, tools=tools).simulated(objects))
            for side, ended in zip(sides, ends, strict=True):
                if ended.status != program.expected:
                    side[name] = ended.problem or f"ended with {ended.status}, not {program.expected}"
    return found


def tried(mutation: Mutation, version: str, work: Path, clean: Target | None, right: Behaviour) -> Found:
    """Build the backend with a mistake and run the programs. ``clean``: the target without it, None for QEMU alone. ``right``: the
    programs of its backend."""
    start = time.monotonic()
    td = description(mutation, work / DESCRIPTION.name)
    try:
        with inside(mutation):
            target = built(td, version, None)
        machine = replace(machine_of(target, work / "programs", simulated=False), steps=STEPS, seconds=SECONDS)
    except Failure as failure:
        return Found(mutation.name, failure.what, 0, 0, 0, 0, "", time.monotonic() - start)
    seconds = time.monotonic() - start
    clang = target.installation.tool("clang")
    simulators: list[tuple[Simulator, Path]] = []
    if clean is not None:
        simulators.append((simulator(clean.description, clean.facts, clang, report), clean.tools))
        if mutation.where != "code":
            own = mutation.facts(target.facts) if mutation.facts else target.facts
            with suppress(Failure):  # else no simulator believes the mistake
                simulators.append((simulator(target.description, own, clang, report), target.tools))
    programs = ran(machine, target, simulators)
    clean_count, believing = [*(len(side) for side in programs.simulated), -1, -1][:2]
    shown = programs.simulated[0] if programs.simulated and programs.simulated[0] else programs.qemu
    first = next((f"{name}: {why}" for name, why in shown.items()), "")
    return Found(mutation.name, "", programs.changed(right.codes), clean_count, believing, len(programs.qemu), first, seconds)


def rows(found: Sequence[Found]) -> list[tuple[str, ...]]:
    """The table: a row a mistake."""
    by_name = {m.name: m for m in MUTATIONS}
    made: list[tuple[str, ...]] = [("mistake", "in", "code of", "simulator", "simulator with it", "QEMU", "first program")]
    for one in found:
        m = by_name[one.name]
        if one.refused:
            made.append((m.what, m.where, "-", "no backend", "no backend", "no backend", one.refused))
        else:
            made.append((m.what, m.where, str(one.changed), said(one.clean), said(one.believing), said(one.qemu), one.first))
    return made


def said(count: int) -> str:
    """A cell: how many programs find the mistake."""
    return "-" if count < 0 else str(count) if count else "not found"


def read_journal(path: Path) -> dict[str, Found]:
    """What an earlier run found, by the mistake's name; lines that were cut off are skipped."""
    found: dict[str, Found] = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            one = Found(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            continue
        found[one.name] = one
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Try the mistakes and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--llvm-version", default="19")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/mutations")
    parser.add_argument("--again", action="store_true", help="forget what an earlier run found")
    parser.add_argument("--qemu-only", action="store_true", help="without the simulator")
    parser.add_argument("--json", type=Path)
    parser.add_argument("name", nargs="*", choices=[*(m.name for m in MUTATIONS), []], help="which mistakes; all if none is named")
    asked = parser.parse_args(sys.argv[1:] if argv is None else argv)
    work: Path = asked.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    journal = work / ("qemu.jsonl" if asked.qemu_only else "found.jsonl")
    if asked.again:
        journal.unlink(missing_ok=True)
    target = built(DESCRIPTION / f"{DESCRIPTION.name}.td", asked.llvm_version, None)
    machine = machine_of(target, work / "right", simulated=False)
    right = ran(machine, target, ())
    if failing := right.qemu:
        raise InputError(f"without a mistake {len(failing)} programs go wrong, {min(failing)} for one", next_step="mend the backend first")
    clean = None if asked.qemu_only else target
    known = read_journal(journal)
    found: list[Found] = []
    wanted = [m for m in MUTATIONS if not asked.name or m.name in asked.name]
    with journal.open("ab") as stream:
        for done, mutation in enumerate(wanted):
            one = known.get(mutation.name)
            if one is None:
                one = tried(mutation, asked.llvm_version, work, clean, right)
                stream.write(orjson.dumps(asdict(one)) + b"\n")
                stream.flush()
                print(f"{done + 1}/{len(wanted)} {one.name}: {one.refused or one.first or 'not found'}", file=sys.stderr, flush=True)
            found.append(one)
    print_table(rows(found))
    here = [one for one in found if not one.refused]
    counts = [sum(getattr(one, side) > 0 for one in here) for side in ("clean", "believing", "qemu")]
    by = "{} by the simulator, {} where it believes the mistake too, {} by QEMU".format(*counts)
    same = sum(one.changed == 0 for one in here)
    print(f"{len(found)} mistakes, {len(found) - len(here)} without a backend, {same} that change no program's code; found: {by}")
    if asked.json:
        store.write_atomic(asked.json, orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
