"""``python -m benchmarks.stress [--td FILE ...] [--count N] [--suite stress|csmith] [--work DIR]``: crashes of llc, by kind.

Each generated backend compiles ``--count`` modules of llvm-stress and as many programs of csmith, of the seeds from ``--first`` on, at -O0
and -O2, to objects. Nothing is run. What llc does not compile is compiled by LLVM's own backend of ``--reference`` too: where that fails
as well, the input is beyond what backends do. The rest is printed by kind: message, pass and C++ function, with a command that repeats the
first. The exit status is 1 if there is any.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.simulator import ROOT, built, print_table, report
from llvm_integration.discover import Installation
from llvm_integration.process import Completed, run, threads
from vega_gen import store
from vega_gen.archetypes.values import data_layout
from vega_gen.conform import foreign
from vega_gen.conform.compilers import NotCompiled, Toolchain, refused
from vega_gen.ladder import failures
from vega_gen.ladder.ask import ask

LEVELS = ("-O0", "-O2")
SECONDS = 30.0
_NAMED = re.compile(r"(?<=[%@$])[\w.]+|\bt\d+\b|0x[0-9a-f]+|\d+(?!\w)|'[^']*'|/\S+")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that llc does not compile. ``kind``: message, pass, C++ function. ``official``: whether LLVM's own backend fails too."""

    suite: str
    level: str
    kind: tuple[str, str, str]
    command: str
    official: bool


def kind_of(done: Completed, target: str) -> tuple[str, str, str]:
    """The message, without what differs from one program to another, the pass that ran and the C++ function that the stack names.

    ``target``: part of the names of its C++ functions; where none of them is on the stack, "" is the function."""
    refusal = refused(done)
    return _NAMED.sub("_", failures.message(done))[:160], refusal.llvm_pass, failures.function(done, target)


def stress_module(program: Path, folder: Path, size: int, seed: int) -> Path:
    """The module of a seed of ``program``, llvm-stress, written into ``folder``. ``size``: about how many instructions it has."""
    path = folder / f"stress-{size}-{seed}.ll"
    if not path.is_file():
        run([str(program), f"-seed={seed}", f"-size={size}", "-o", str(path)], timeout=SECONDS).check()
    return path


def compile_one(
    chain: Toolchain, reference: Sequence[str], suite: str, target: str, source: Path, level: str, headers: Path
) -> Fault | None:
    """Compile one input at a level, and again by the reference if llc fails. None where it compiles, or clang refuses it."""
    place = chain.work / f"{source.stem}{level}"
    if source.suffix == ".c":
        try:
            source = chain.ir_of(source, level, place.with_suffix(".ll"), ("-isystem", str(headers)))
        except NotCompiled:
            return None
    out = place.with_suffix(".o")
    done = ask(chain.llc(source, level, out), seconds=SECONDS)
    out.unlink(missing_ok=True)
    if done.ok:
        place.with_suffix(".ll").unlink(missing_ok=True)
        return None
    official = run([*reference, level, "-filetype=null", str(source)], timeout=2 * SECONDS)
    return Fault(suite, level, kind_of(done, target), done.command, not official.ok)


def faults(
    chain: Toolchain, reference: Sequence[str], target: str, sources: dict[str, list[Path]], headers: Path, jobs: int
) -> Iterator[Fault]:
    """The inputs that llc does not compile, in order of the inputs."""
    todo = [(suite, source, level) for suite, of_suite in sources.items() for source in of_suite for level in LEVELS]

    def one(job: tuple[str, Path, str]) -> Fault | None:
        suite, source, level = job
        return compile_one(chain, reference, suite, target, source, level, headers)

    with threads(jobs) as pool:
        for done, fault in enumerate(pool.map(one, todo)):
            report(done, len(todo), f"{target}: {todo[done][1].name} {todo[done][2]}")
            if fault is not None:
                yield fault


def printed(target: str, found: Sequence[Fault], counts: dict[str, int]) -> int:
    """Print the table and the kinds; returns the number of faults that are the generated backend's own."""
    own = [fault for fault in found if not fault.official]
    lines: list[tuple[str, ...]] = [(target, "level", "inputs", "not compiled", "the reference neither", "own")]
    for suite, count in counts.items():
        for level in LEVELS:
            here = [f for f in found if (f.suite, f.level) == (suite, level)]
            ours = sum(1 for f in here if not f.official)
            lines.append((suite, level, str(count), str(len(here)), str(len(here) - ours), str(ours)))
    print_table(lines)
    kinds: dict[tuple[str, ...], list[Fault]] = {}
    for fault in own:
        kinds.setdefault((fault.suite, *fault.kind), []).append(fault)
    for (suite, message, llvm_pass, function), of_kind in sorted(kinds.items(), key=lambda entry: -len(entry[1])):
        print(f"{len(of_kind)} of {suite}: {message} [{llvm_pass or 'no pass named'}; {function or 'no function named'}]")
        print(f"    {of_kind[0].command}", flush=True)
    return len(own)


def official(installation: Installation, triple: str) -> list[str]:
    """The command of LLVM's own backend. ``triple``: with attributes after a comma ("riscv32,+m")."""
    name, _, attrs = triple.partition(",")
    return [str(installation.tool("llc")), f"-mtriple={name}", *([f"-mattr={attrs}"] if attrs else [])]


def main(argv: Sequence[str] | None = None) -> int:
    """Compile, print, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--td", type=Path, action="append", help="by default Tern's and RV32IM's")
    parser.add_argument("--llvm-version", default="19")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--size", type=int, default=60, help="of the modules of llvm-stress, in instructions")
    parser.add_argument("--suite", choices=("stress", "csmith"), action="append")
    parser.add_argument("--reference", default="riscv32,+m", help="triple, and attributes after a comma")
    parser.add_argument("--work", type=Path, default=ROOT / ".vega/stress")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(sys.argv[1:] if argv is None else argv)
    work: Path = asked.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    suites: list[str] = asked.suite or ["stress", "csmith"]
    seeds = range(asked.first, asked.first + asked.count)
    headers = foreign.csmith_headers(store.cache_folder("foreign", "programs"), report) if "csmith" in suites else work
    tds = asked.td or [ROOT / f"targets/{name}/{name}.td" for name in ("Tern", "RV32IM")]
    targets = [built(td.absolute(), asked.llvm_version, None) for td in tds]
    generator = targets[0].installation.tool("llvm-stress")
    made = {"stress": partial(stress_module, generator, work, asked.size), "csmith": partial(foreign.csmith_program, work)}
    sources = {suite: [made[suite](seed) for seed in seeds] for suite in suites}
    own = 0
    for target in targets:
        folder = target.description.folder
        layout = ("E" if target.facts.big_endian else "e") + data_layout(target.facts)
        chain = Toolchain(target.tools, target.triple, layout, target.installation, work / folder)
        found = list(faults(chain, official(target.installation, asked.reference), folder, sources, headers, asked.jobs))
        own += printed(folder, found, {suite: int(asked.count) for suite in suites})
    return int(own > 0)


if __name__ == "__main__":
    sys.exit(main())
