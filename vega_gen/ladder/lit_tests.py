"""Write the smoke suite and the round-trip encodings as lit tests for LLVM's own test suite."""

from __future__ import annotations

from pathlib import Path

from vega_gen.ladder import attributes, smoke
from vega_gen.ladder.mc import Mc
from vega_gen.ladder.round_trip import exact
from vega_gen.ladder.subject import Subject
from vega_gen.records import Climbed, Rung

_CONFIG = 'if "{target}" not in config.root.targets:\n    config.unsupported = True\n'


def lit_tests(subject: Subject, llvm_mc: Path | None = None, smoke_step: Climbed | None = None) -> dict[str, str]:
    """The tests as path below ``llvm/test`` -> text, a lit.local.cfg for each folder included.

    ``CodeGen/<Target>/*.ll`` compiles each program at -O0 and -O2 with the machine verifier, and to an object. With ``llvm_mc`` there is
    also ``MC/Disassembler/<Target>/round-trip.txt``, with one encoding of each instruction that survives disassembly and assembly.
    ``smoke_step``: a climbed rung of programs; those that failed it are left out. Raises ``ToolFailure`` if llvm-mc cannot be started,
    ``ValueError`` if ``smoke_step`` is of another rung.
    """
    if smoke_step is not None and smoke_step.rung not in (Rung.SMOKE, Rung.VERIFIED, Rung.OBJECTS):
        raise ValueError(f"{smoke_step.rung} is not a rung of programs")
    options = " ".join(subject.options())
    config = _CONFIG.format(target=subject.name)
    failed = {obstacle.name.split()[0] for obstacle in smoke_step.obstacles} if smoke_step else set[str]()
    made = {f"CodeGen/{subject.name}/lit.local.cfg": config}
    for program in smoke.programs(subject.widths, subject.pointer_bits):
        if program.name not in failed:
            lines = [f"; RUN: llc {options} {level} -verify-machineinstrs < %s | FileCheck %s" for level in ("-O0", "-O2")]
            lines += [f"; RUN: llc {options} -filetype=obj -o /dev/null %s", "", "; CHECK: main:", ""]
            made[f"CodeGen/{subject.name}/{program.name}.ll"] = "\n".join(lines) + program.text
    if llvm_mc is not None:
        folder = f"MC/Disassembler/{subject.name}"
        mc_options = " ".join(subject.options("--triple"))
        back = f"llvm-mc {mc_options} --show-encoding"
        lines = [f"# RUN: llvm-mc {mc_options} --disassemble %s | {back} | FileCheck %s", ""]
        for data in exact(Mc(llvm_mc, subject), subject, attributes.met(subject)):
            shown = [f"{byte:#04x}" for byte in data]
            lines += [f"# CHECK: encoding: [{','.join(shown)}]", " ".join(shown)]
        made |= {f"{folder}/lit.local.cfg": config, f"{folder}/round-trip.txt": "\n".join(lines) + "\n"}
    return made
