"""The command ``vega-gen try``: make a plug-in of a .td for an installed LLVM, and compile a program with it."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vega_gen.cli import render
from vega_gen.cli.options import (
    AttrsOption,
    BigEndianOption,
    CpuOption,
    FactsOption,
    MachineNameOption,
    NameOption,
    SearchOption,
    TdOption,
)

if TYPE_CHECKING:
    from vega_gen.pipeline import Retried, TryRequest, TryResult

_LINES = 24
"""So many lines of the program's assembly are shown."""


class OptimisationLevel(StrEnum):
    """The argument of -O."""

    NONE = "0"
    LITTLE = "1"
    USUAL = "2"
    MUCH = "3"


def try_(
    td: TdOption,
    version: Annotated[
        str,
        typer.Option("--llvm-version", metavar="N", help="The installed LLVM to use.  [default: the newest with headers and libLLVM.so]"),
    ] = "",
    prefix: Annotated[
        Path | None, typer.Option("--prefix", metavar="DIR", help="Use the LLVM that is installed there, such as /usr/lib/llvm-19.")
    ] = None,
    name: NameOption = "",
    big_endian: BigEndianOption = False,
    cpu: CpuOption = "",
    attrs: AttrsOption = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the C++, the plug-in and the tools there.  [default: in the cache]")
    ] = None,
    program: Annotated[Path | None, typer.Option("--run", metavar="FILE", help="A program to compile, .c or .ll.")] = None,
    level: Annotated[OptimisationLevel, typer.Option("-O", metavar="N", help="Optimisation level of the program, 0 to 3.")] = (
        OptimisationLevel.USUAL
    ),
    ladder: Annotated[
        bool, typer.Option("--ladder", help="Climb the ladder with the plug-in: round trips, and small programs up to where they run.")
    ] = False,
    machine: MachineNameOption = "",
    facts: FactsOption = None,
    search: SearchOption = 0.0,
    watch: Annotated[bool, typer.Option("--watch", help="Try again on each save of a file that is read, until Ctrl-C.")] = False,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write what was made, and the times, as JSON.")] = None,
) -> None:
    """Make an LLVM plug-in of a .td in seconds, without LLVM's source, and try a program on it.

    llc, llvm-mc and llvm-objdump of an installed LLVM load the plug-in and know the target then. What ``vega-gen check`` finds is shown
    too. Exit status 0: all was done, whatever was found. 1: the program was not compiled, or was stopped. 2: an error."""
    from vega_gen import pipeline

    request = pipeline.TryRequest(
        td, version, prefix, name, big_endian, out, program, int(level.value), ladder, machine, facts, search=search, cpu=cpu, attrs=attrs
    )
    render.remind_of_facts(td, facts)
    if watch:
        _watch(request, json)
        return
    with render.progress("try") as advance:
        result = (pipeline.searched if search else pipeline.try_out)(request, advance)
    _show(result, json)
    if program is not None and result.assembly is None:
        render.notice(f"{program} was not compiled: there is no code generator")
        raise typer.Exit(1)
    if result.ran is not None and result.ran.problem:
        raise typer.Exit(1)


def _watch(request: TryRequest, json: Path | None) -> None:
    from vega_gen import pipeline

    shown: list[render.Advance] = []
    runs = pipeline.watch(request, lambda done, total, text: shown[-1](done, total, text))
    first = True
    try:
        while True:
            with render.progress("try") as advance:
                shown.append(advance)
                run = next(runs)
            _show_run(run, json, whole=first and run.result is not None)
            first = first and run.result is None
            render.notice("waiting for a change; Ctrl-C ends")
    except KeyboardInterrupt:
        render.notice("ended")


def _show_run(run: Retried, json: Path | None, *, whole: bool) -> None:
    for path in run.changed:
        render.OUT.out(f"changed: {path}")
    if run.failure is not None:
        render.failure(run.failure)
    elif run.result is not None and whole:
        _show(run.result, json)
    elif run.result is not None:
        _show_phases(run.result)
        for line in run.difference or (("the assembly is the same",) if run.result.assembly else ()):
            render.OUT.out(line)
        _show_run_of_program(run.result)
        for line in run.rungs or (("the rungs are the same",) if run.result.ladder else ()):
            render.OUT.out(line)
        _show_findings(run.result)
        _write_json(run.result, json)


def _show(result: TryResult, json: Path | None) -> None:
    installation = result.plugin.installation
    render.OUT.out(f"LLVM {installation.version} in {installation.prefix}")
    render.OUT.out(f"{result.target}: {result.plugin.library}, of {result.files} files of C++ in {result.folder / 'src'}")
    render.OUT.out(f"it {', '.join(result.abilities) or 'has a name and no more'}; tools that load it are in {result.folder / 'bin'}")
    for fact, why in result.missing.items():
        render.OUT.out(f"no code generator: {fact}: {why}")
    for part, why in result.broken.items():
        render.OUT.out(f"no {part}: its C++ does not compile: {why}")
    for name in result.stubs:
        written = f"names of the namespace {name.removesuffix('::')}" if name.endswith("::") else name
        render.OUT.out(f"not written: {written}: the .td says no more than {'these' if name.endswith('::') else 'its name'}")
    for fact, why in result.limits.items():
        render.OUT.out(f"limit: {fact}: {why}")
    _show_phases(result)
    for command in result.commands:
        render.OUT.out(f"by hand: {command}")
    if result.assembly is not None:
        lines = result.assembly.read_text(encoding="utf-8").splitlines()
        render.OUT.out(f"{result.assembly}:")
        render.OUT.out("\n".join(lines[:_LINES]))
        if len(lines) > _LINES:
            render.OUT.out(f"... {len(lines) - _LINES} more lines")
    _show_run_of_program(result)
    if result.ladder is not None:
        from vega_gen.report import rungs

        render.OUT.print(rungs.table(result.ladder))
        for line in rungs.lines(result.ladder):
            render.OUT.out(line)
    render.trials(result.trials)
    _show_findings(result)
    _write_json(result, json)


def _show_findings(result: TryResult) -> None:
    listed, more = render.worst(result.findings)
    for f in listed:
        also = f" (and {len(f.records) - 1} more records there)" if f.shared else ""
        render.OUT.out(f"{f.where or result.target}: {f.severity}: {f.what}{also} [{f.kind}]")
    if more:
        render.OUT.out(f"... {more} more")
    if result.findings:
        render.OUT.out(f"check: {render.counted(result.findings)}; vega-gen check says what each costs and what to do")


def _show_run_of_program(result: TryResult) -> None:
    for note in result.notes:
        render.notice(note)
    if result.ran is None:
        return
    ran = result.ran
    render.OUT.out(ran.stdout, end="" if ran.stdout.endswith("\n") or not ran.stdout else "\n")
    rate = f"{ran.steps} instructions in {ran.seconds:.2f} s"
    render.OUT.out(f"it was stopped: {ran.problem}; {rate}" if ran.problem else f"exit status {ran.status}; {rate}")


def _show_phases(result: TryResult) -> None:
    for phase in result.phases:
        render.OUT.out(f"{phase.seconds:6.1f} s  {phase.name}{f': {phase.said}' if phase.said else ''}")
    render.OUT.out(f"{result.seconds:6.1f} s  in all; phases overlap")


def _write_json(result: TryResult, path: Path | None) -> None:
    import orjson

    from vega_gen.report import rungs

    if path is None:
        return
    installation = result.plugin.installation
    made: dict[str, Any] = {
        "target": result.target,
        "arch": result.arch,
        "llvm": installation.version,
        "prefix": installation.prefix,
        "library": result.plugin.library,
        "folder": result.folder,
        "abilities": result.abilities,
        "missing": result.missing,
        "broken": result.broken,
        "stubs": result.stubs,
        "trials": [asdict(trial) for trial in result.trials],
        "limits": result.limits,
        "commands": result.commands,
        "seconds": round(result.seconds, 3),
        "phases": [{"name": p.name, "seconds": round(p.seconds, 3), "said": p.said} for p in result.phases],
        "ir": result.ir,
        "assembly": result.assembly,
        "object": result.object_file,
        "notes": result.notes,
        "ran": result.ran and asdict(result.ran),
        "findings": [asdict(f) for f in result.findings if f.severity != "note"],
        "finding_notes": sum(f.severity == "note" for f in result.findings),
        "ladder": rungs.as_json([result.ladder])[0] if result.ladder else None,
    }
    path.write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2, default=str))
