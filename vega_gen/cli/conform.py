"""The command ``vega-gen conform``: compile and run programs that nobody here wrote with the backend of a .td.

The exit status is 1 if a program fails that the reference, if there is one, makes pass.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vega_gen.cli import render
from vega_gen.cli.options import (
    AttrsOption,
    BigEndianOption,
    CpuOption,
    FactsOption,
    InstalledOption,
    MachineNameOption,
    NameOption,
    PrefixOption,
    TdOption,
)

if TYPE_CHECKING:
    from vega_gen.pipeline import Conformity

_SUITES = "torture, csmith, embench, coremark or singlesource."


def conform(
    td: TdOption,
    llvm: Annotated[
        Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: its version, and compiler-rt if it is there, are used.")
    ] = None,
    version: InstalledOption = "",
    prefix: PrefixOption = None,
    suite: Annotated[str, typer.Option("--suite", metavar="NAME", help=_SUITES)] = "torture",
    suite_dir: Annotated[
        Path | None,
        typer.Option("--suite-dir", metavar="DIR", help="The suite's checkout or folder.  [default: torture, csmith: got by apt]"),
    ] = None,
    levels: Annotated[str, typer.Option("--levels", metavar="-O0,-O2", help="Levels, of -O0, -O1, -O2, -O3, -Os.")] = "-O0,-O2",
    every: Annotated[int, typer.Option("--every", metavar="N", min=1, help="Take every Nth program.")] = 1,
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, help="How many programs csmith makes.")] = 100,
    reference: Annotated[
        str,
        typer.Option(
            "--reference",
            metavar="TRIPLE",
            help="LLVM's own backend to compare with, or the path of an llc that has it; `none` for none.  [default: the one of the ISA]",
        ),
    ] = "",
    reference_attrs: Annotated[str, typer.Option("--reference-attrs", metavar="+A,-B", help="Its -mattr.")] = "",
    builtins: Annotated[
        Path | None,
        typer.Option("--builtins", metavar="DIR", help="compiler-rt's lib/builtins.  [default: that of --llvm, else got by apt]"),
    ] = None,
    name: NameOption = "",
    big_endian: BigEndianOption = False,
    cpu: CpuOption = "",
    attrs: AttrsOption = "",
    machine: MachineNameOption = "",
    facts: FactsOption = None,
    simulated: Annotated[bool, typer.Option("--simulator", help="Run in the simulator even where QEMU runs the ISA.")] = False,
    counted: Annotated[
        bool, typer.Option("--instructions", help="Count executed instructions (a plug-in of QEMU), bytes of frames and spills.")
    ] = False,
    mix: Annotated[
        bool, typer.Option("--mix", help="LLVM's own backend compiles half of each program's functions: do both agree on calls?")
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", min=1, help="Time limit of a program.")] = 30.0,
    jobs: Annotated[int, typer.Option("--jobs", metavar="N", min=1, help="Programs at a time.")] = 2,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work", metavar="DIR", help="Folder for what fails and the journal; a run with it resumes.  [default: in the cache]"
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Forget what an earlier run found out.")] = False,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write what became of each program as JSON.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write a page: what fails and why, with commands.")] = None,
) -> None:
    """Compile programs that nobody here wrote with the backend of a .td, and run them: GCC's torture tests, csmith's random programs, and
    benchmarks.

    Where one fails, LLVM's own backend is given the same IR, so that only what it makes pass counts."""
    from vega_gen import pipeline

    backend = pipeline.TryRequest(
        td, version, prefix, name, big_endian, machine=machine, facts=facts, cpu=cpu, attrs=attrs
    )
    request = pipeline.ConformRequest(
        backend, pipeline.suite_named(suite), llvm, suite_dir, tuple(levels.split(",")), count, every, reference, reference_attrs, builtins,
        work, jobs, simulated, counted, seconds, again, mix,
    )  # fmt: skip
    render.remind_of_facts(td, facts)
    with render.progress("conform") as advance:
        result = pipeline.conform(request, advance)
    _show(result)
    _write(result, json, html)
    if any(one.verdict.fails for one in result.programs):
        raise typer.Exit(1)


def _show(result: Conformity) -> None:
    from vega_gen.report import conformance

    render.OUT.print(conformance.verdict_table(f"{result.target}, LLVM {result.llvm}: {result.suite}", result.programs))
    compared = f"compared with LLVM's {result.reference}" if result.reference else "compared with no other backend"
    render.OUT.out(f"run by {result.host}, {compared}, {result.seconds:.0f} s")
    for line in conformance.cause_lines(result.programs):
        render.OUT.out(line)
    for function, why in result.lost.items():
        if not why.startswith("clang"):  # clang refuses what another machine's C is
            render.notice(f"the library lacks {function}: {why}")


def _write(result: Conformity, json: Path | None, html: Path | None) -> None:
    import orjson

    from vega_gen import store
    from vega_gen.report import conformance

    names = ("target", "llvm", "suite", "host", "reference", "lost", "seconds")
    head: dict[str, Any] = {name: getattr(result, name) for name in names}
    if json:
        store.write_atomic(json, orjson.dumps(conformance.conformity_json(head, result.programs), option=orjson.OPT_INDENT_2))
    if html:
        store.write_atomic(html, conformance.conformity_page(head, result.programs).encode())
