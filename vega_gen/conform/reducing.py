"""Makes IR that llc does not compile small: by llvm-reduce."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from llvm_integration.process import run
from vega_gen.conform.compilers import NotCompiled, Toolchain, refused
from vega_gen.ladder import failures
from vega_gen.ladder.ask import ask

SECONDS = 120.0
_PLAIN = re.compile(r"[A-Za-z ,:_-]+")
"""Words of a message between what differs from one program to another: numbers, nodes, registers."""


def reduced_ir(llc: Toolchain, source: Path, level: str) -> NotCompiled | None:
    """Write the smallest IR that llvm-reduce finds for which llc ends as for ``source``: its exit status, the words of its message, and
    the pass in which it crashes. It is beside ``source``, as ``<name>.reduced.ll``.

    Returns what llc says of it, with the command. None where llc compiles ``source`` or does not end, where there is no llvm-reduce, and
    where that has not ended within two minutes."""
    program = llc.installation.bindir / "llvm-reduce"
    first = ask(llc.llc(source, level, source.with_suffix(".o")))
    if not program.is_file() or first.ok or first.timed_out:
        return None
    known = refused(first)
    words = max(_PLAIN.findall(failures.message(first)), key=len, default="")
    signs = [words] if words and words in first.stderr else []
    if known.llvm_pass:
        signs.append(f"Running pass '{known.llvm_pass}'")
    out, script = source.with_suffix(".reduced.ll"), source.with_suffix(".reduce.sh")
    argv = " ".join('"$1"' if word == "$1" else shlex.quote(word) for word in llc.llc(Path("$1"), level, Path("/dev/null")))
    status = first.returncode if first.returncode >= 0 else 128 - first.returncode
    lines = [
        "#!/bin/sh",
        f"said=$(LLVM_DISABLE_SYMBOLIZATION=1 {argv} 2>&1)",
        f"[ $? -eq {status} ] || exit 1",
        *(f"""printf %s "$said" | grep -qF -- {shlex.quote(sign)} || exit 1""" for sign in signs),
    ]
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    script.chmod(0o755)
    done = run([str(program), f"--test={script}", str(source), "-o", str(out)], timeout=SECONDS)
    script.unlink()
    again = ask(llc.llc(out, level, out.with_suffix(".o"))) if done.ok and out.is_file() else None
    return refused(again) if again and not again.ok else None
