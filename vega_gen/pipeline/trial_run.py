"""``try --run``: compile a program with a plug-in, to assembly and to an object, and run it in the simulator of its target."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from llvm_integration.crash import data_layout
from llvm_integration.process import Progress, run
from vega_gen.c_front import ir_of
from vega_gen.pipeline.try_request import PhaseClock, TryRequest, TryResult
from vega_gen.simulate import Simulator, check_declarations

TOOL_SECONDS = 120.0
TOOL_MEMORY_MB = 4096
STEPS = 1_000_000_000
MEMORY = 64 << 20
SECONDS = 30.0
"""Limits of a program in the simulator: instructions, bytes of memory, seconds."""
_MAIN = re.compile(r"^define [^\n]*@main\(", re.MULTILINE)


def run_program(
    made: TryResult, request: TryRequest, simulated: Callable[[], Simulator], clock: PhaseClock, progress: Progress
) -> TryResult:
    """Compile the request's program to assembly and to an object, beside the plug-in, and run it if it has a main, in what ``simulated``
    returns.

    Raises InputError for wrong C, ToolFailure where llc rejects the program, and what ``c_front.ir_of``,
    ``check_declarations`` and ``Simulator.run`` raise."""
    program = request.program
    assert program is not None
    stem = made.folder / program.stem
    ir, assembly, object_file = (stem.with_name(f"{stem.name}{end}") for end in (".ll", ".s", ".o"))
    notes: tuple[str, ...] = ()
    with clock.phase("C to IR" if program.suffix == ".c" else "read the IR"):
        if program.suffix == ".c":
            layout = data_layout(made.folder / "bin" / "llc", made.arch)
            notes = ir_of(program, made.plugin.installation, layout, ir, level=f"-O{request.level}").notes
        elif program.resolve() != ir.resolve():
            shutil.copyfile(program, ir)
    with clock.phase("compile the program"):
        progress(0, 0, f"compiling {program.name}")
        _llc(made, ir, assembly, "asm", request.level)
        _llc(made, ir, object_file, "obj", request.level)
    made = replace(made, ir=ir, assembly=assembly, object_file=object_file, notes=notes)
    if not _MAIN.search(ir.read_text(encoding="utf-8")):
        return replace(made, notes=(*notes, "the program has no main, so it is not run"))
    machine = simulated()
    check_declarations(ir, machine.functions, machine.address_bits)
    with clock.phase("run the program") as said:
        progress(0, 0, f"running {program.name}")
        options = (f"--triple={made.arch}",)
        ran = machine.run([object_file], made.folder / "bin" / "llvm-mc", options, steps=STEPS, memory=MEMORY, seconds=SECONDS)
        said.append(f"{ran.steps} instructions")
    return replace(made, ran=ran)


def _llc(made: TryResult, ir: Path, out: Path, kind: str, level: int) -> None:
    argv = made.plugin.command("llc", f"-march={made.arch}", f"-O{level}", f"-filetype={kind}", str(ir), "-o", str(out))
    done = run(argv, timeout=TOOL_SECONDS, memory_mb=TOOL_MEMORY_MB)
    done.check("the plug-in itself is there: see which instruction the message names, and what the .td says of it")
