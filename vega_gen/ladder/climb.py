"""All rungs, from the tools that were built to programs that run.

Enters: ``Tools``, a ``Subject``, a folder to work in. Leaves: ``Ladder``. It builds no tool and stops at no rung.
"""

from __future__ import annotations

import re
from pathlib import Path

from llvm_integration.process import Progress
from vega_gen.ladder import attributes, failures
from vega_gen.ladder.ask import ask
from vega_gen.ladder.mc import Mc
from vega_gen.ladder.programs import Programs, emulator
from vega_gen.ladder.round_trip import round_trip
from vega_gen.ladder.subject import Subject, Tools
from vega_gen.records import Climbed, Ladder, Obstacle, Rung

_LISTED = re.compile(r"^\s+(\S+)\s+- ", re.M)


def climb(tools: Tools, subject: Subject, work: Path, progress: Progress) -> Ladder:
    """Climb every rung that the tools allow; one that they do not has a ``total`` of 0 and a note.

    ``work``: a folder for the programs' files, made if absent, which the obstacles' commands name. Raises ``ToolFailure`` where a tool
    or QEMU cannot be started.
    """
    steps = [_built(tools), _registered(tools, subject)]
    if tools.llvm_mc:
        steps.append(round_trip(Mc(tools.llvm_mc, subject), subject, attributes.met(subject), progress))
    else:
        steps.append(_not_asked(Rung.ROUND_TRIP, "there is no llvm-mc"))
    if tools.llc is None:
        steps += [_not_asked(rung, "there is no llc") for rung in (Rung.SMOKE, Rung.VERIFIED, Rung.OBJECTS, Rung.RUNS)]
    else:
        programs = Programs(tools, tools.llc, subject, work)
        steps += [programs.compiles(progress), programs.verified(progress), programs.objects(progress)]
        found = emulator(subject, tools)
        steps.append(_not_asked(Rung.RUNS, found) if isinstance(found, str) else programs.runs(*found, progress))
    return Ladder(subject.name, subject.triple, tuple(steps))


def _not_asked(rung: Rung, why: str) -> Climbed:
    return Climbed(rung, 0, 0, (), (why,))


def _built(tools: Tools) -> Climbed:
    """The tools that are there and start."""
    named = {"llc": tools.llc, "llvm-mc": tools.llvm_mc, "llvm-objdump": tools.llvm_objdump, "llvm-readobj": tools.llvm_readobj}
    obstacles: list[Obstacle] = []
    for name, path in named.items():
        if path is None:
            obstacles.append(Obstacle(name, "", "there is none"))
            continue
        done = ask([str(path), "--version"])
        obstacles += [] if done.ok else [failures.obstacle(name, done, "")]
    return Climbed(Rung.BUILT, len(named) - len(obstacles), len(named), tuple(obstacles))


def _registered(tools: Tools, subject: Subject) -> Climbed:
    """Whether the tools list the target: under its name, or under what its triple begins with."""
    wanted = {subject.name.lower(), subject.triple.split("-")[0]}
    obstacles: list[Obstacle] = []
    listing = {"llc": tools.llc, "llvm-mc": tools.llvm_mc, "llvm-objdump": tools.llvm_objdump}
    present = {name: path for name, path in listing.items() if path}
    for name, path in present.items():
        done = ask([str(path), "--version"])
        if not wanted & {found.lower() for found in _LISTED.findall(done.stdout)}:
            obstacles.append(Obstacle(name, done.command, f"does not list {' or '.join(sorted(wanted))}"))
    return Climbed(Rung.REGISTERED, len(present) - len(obstacles), len(present), tuple(obstacles))
