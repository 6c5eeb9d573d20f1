"""The smoke suite and the encodings as lit tests of LLVM.

Enters: a Subject; llvm-mc, where the encodings are wanted. Leaves: path below ``llvm/test`` -> text. It writes no file.
"""

from __future__ import annotations

from vega_gen.emit import smoke
from vega_gen.ladder.subject import Subject

_CONFIG = 'if not "{target}" in config.root.targets:\n    config.unsupported = True\n'


def lit_tests(subject: Subject) -> dict[str, str]:
    """``CodeGen/<Target>/*.ll``: each program compiled with the machine verifier on, and to an object; with their lit.local.cfg."""
    options = " ".join(subject.options())
    folder = f"CodeGen/{subject.name}"
    made = {f"{folder}/lit.local.cfg": _CONFIG.format(target=subject.name)}
    for program in smoke.programs(subject.widths, subject.pointer_bits):
        runs = [
            f"; RUN: llc {options} -O0 -verify-machineinstrs < %s | FileCheck %s",
            f"; RUN: llc {options} -O2 -verify-machineinstrs < %s | FileCheck %s",
            f"; RUN: llc {options} -filetype=obj -o /dev/null %s",
            "",
            "; CHECK: main:",
            "",
        ]
        made[f"{folder}/{program.name}.ll"] = "\n".join(runs) + program.text
    return made
