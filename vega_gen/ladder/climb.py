"""Climb all rungs of the ladder, from tools that start to programs that run. A failed rung does not stop the climb."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from llvm_integration.process import Progress
from vega_gen.facts import find_facts
from vega_gen.ladder import failures
from vega_gen.ladder.ask import ask
from vega_gen.ladder.programs import Programs
from vega_gen.ladder.round_trip import round_trip
from vega_gen.ladder.runners import runners
from vega_gen.ladder.subject import Subject, Tools
from vega_gen.ladder.wanting import wanted
from vega_gen.records import Climbed, Ladder, Obstacle, Rung

_LISTED = re.compile(r"^\s+(\S+)\s+- ", re.M)


def climb(tools: Tools, subject: Subject, work: Path, progress: Progress, *, no_code: str = "") -> Ladder:
    """Climb every rung for which there are tools; a rung without them gets a ``total`` of 0 and a note that says why.

    ``work``: folder for the programs' files, created if absent; the commands of obstacles refer to it. ``no_code``: why llc compiles
    nothing, where the backend is known to have no code generator: then nothing is compiled. Raises ``ToolFailure`` if a tool or
    QEMU cannot be started.
    """
    steps = [_built(tools), _registered(tools, subject)]
    if tools.llvm_mc:
        steps.append(round_trip(tools.llvm_mc, subject, progress))
    else:
        steps.append(_not_asked(Rung.ROUND_TRIP, "there is no llvm-mc"))
    if tools.llc is None or no_code:
        steps += [_not_asked(rung, no_code or "there is no llc") for rung in (Rung.SMOKE, Rung.VERIFIED, Rung.OBJECTS, Rung.RUNS)]
    else:
        programs = Programs(tools, tools.llc, subject, work)
        steps += [programs.compiles(progress), programs.verified(progress), programs.objects(progress)]
        found, notes = runners(subject, tools, work, progress)
        steps.append(programs.runs(found, progress) if found else Climbed(Rung.RUNS, 0, 0, (), notes))
    smoke = next(step for step in steps if step.rung is Rung.SMOKE)
    lacking = wanted(smoke, find_facts(subject.description)) if smoke.obstacles else ()
    return Ladder(subject.name, subject.triple, tuple(steps), lacking)


def probe(tools: Tools, subject: Subject, work: Path, programs: Mapping[Rung, Sequence[str]], progress: Progress) -> Ladder:
    """Climb only the rungs of ``programs``, each with the programs named for it ("calls -O0"): whether a change does anything for them.

    ``work``: as for ``climb``. Raises what ``climb`` raises."""
    steps: list[Climbed] = []
    for rung, names in programs.items():
        if tools.llc is None:
            steps.append(_not_asked(rung, "there is no llc"))
            continue
        some = Programs(tools, tools.llc, subject, work, names)
        if rung is Rung.RUNS:
            found, notes = runners(subject, tools, work, progress)
            steps.append(some.runs(found[:1], progress) if found else Climbed(rung, 0, 0, (), notes))
        else:
            asked = {Rung.SMOKE: some.compiles, Rung.VERIFIED: some.verified, Rung.OBJECTS: some.objects}
            steps.append(asked[rung](progress))
    return Ladder(subject.name, subject.triple, tuple(steps))


def _not_asked(rung: Rung, why: str) -> Climbed:
    return Climbed(rung, 0, 0, (), (why,))


def _built(tools: Tools) -> Climbed:
    """Count the tools that exist and start."""
    named = {"llc": tools.llc, "llvm-mc": tools.llvm_mc, "llvm-objdump": tools.llvm_objdump, "llvm-readobj": tools.llvm_readobj}
    obstacles: list[Obstacle] = []
    for name, path in named.items():
        if path is None:
            obstacles.append(Obstacle(name, "", "not found"))
            continue
        done = ask([str(path), "--version"])
        obstacles += [] if done.ok else [failures.obstacle(name, done, "")]
    return Climbed(Rung.BUILT, len(named) - len(obstacles), len(named), tuple(obstacles))


def _registered(tools: Tools, subject: Subject) -> Climbed:
    """Count the tools that list the target, by its name or by the architecture of its triple."""
    wanted = {subject.name.lower(), subject.triple.split("-")[0]}
    obstacles: list[Obstacle] = []
    listing = {"llc": tools.llc, "llvm-mc": tools.llvm_mc, "llvm-objdump": tools.llvm_objdump}
    present = {name: path for name, path in listing.items() if path}
    for name, path in present.items():
        done = ask([str(path), "--version"])
        if not wanted & {found.lower() for found in _LISTED.findall(done.stdout)}:
            obstacles.append(Obstacle(name, done.command, f"does not list {' or '.join(sorted(wanted))}"))
    return Climbed(Rung.REGISTERED, len(present) - len(obstacles), len(present), tuple(obstacles))
