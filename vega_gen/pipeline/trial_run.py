"""``try --run``: compile a program with a plug-in, to assembly and to an object."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from llvm_integration.discover import Installation
from llvm_integration.process import Progress, run
from vega_gen.pipeline.try_request import PhaseClock, TryRequest, TryResult

TOOL_SECONDS = 120.0
TOOL_MEMORY_MB = 4096


def run_program(made: TryResult, request: TryRequest, program: Path, clock: PhaseClock, progress: Progress) -> TryResult:
    """Compile ``program`` to assembly and to an object, beside the plug-in. Raises ToolFailure where clang or llc rejects it."""
    stem = made.folder / program.stem
    ir, assembly, object_file = (stem.with_name(f"{stem.name}{end}") for end in (".ll", ".s", ".o"))
    with clock.phase("C to IR" if program.suffix == ".c" else "read the IR"):
        if program.suffix == ".c":
            _ir(program, made.plugin.installation, request.level, ir)
        elif program.resolve() != ir.resolve():
            shutil.copyfile(program, ir)
    with clock.phase("compile the program"):
        progress(0, 0, f"compiling {program.name}")
        _llc(made, ir, assembly, "asm", request.level)
        _llc(made, ir, object_file, "obj", request.level)
    return replace(made, ir=ir, assembly=assembly, object_file=object_file)


def _ir(program: Path, installation: Installation, level: int, out: Path) -> None:
    """Compile C for a generic target; llc replaces its triple and data layout with the target's."""
    argv = [str(installation.tool("clang")), "--target=riscv32", "-ffreestanding", f"-O{level}", "-S", "-emit-llvm"]
    done = run([*argv, str(program), "-o", str(out)], timeout=TOOL_SECONDS, memory_mb=TOOL_MEMORY_MB)
    done.check("correct the program")


def _llc(made: TryResult, ir: Path, out: Path, kind: str, level: int) -> None:
    argv = made.plugin.command("llc", f"-march={made.arch}", f"-O{level}", f"-filetype={kind}", str(ir), "-o", str(out))
    done = run(argv, timeout=TOOL_SECONDS, memory_mb=TOOL_MEMORY_MB)
    done.check("the plug-in itself is there: see which instruction the message names, and what the .td says of it")
