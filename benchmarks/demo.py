"""``make demo``: show in five minutes what vega-gen does.

First it generates a backend for Tern, an instruction set that no LLVM knows, from its .td alone: it compiles a C function to assembly,
climbs the ladder, and writes the review page. Then it holds out XCore, generates its functions from other backends, and judges a sample
of them with LLVM's own tests.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llvm_integration.discover import find_installation, open_source

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """\
int dot(const int *a, const int *b, int n) {
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}
"""
SAMPLE, SEED = 30, 1


class Demo:
    """Runs the parts of the demo one after the other, and prints when each begins and how long it took."""

    def __init__(self, llvm: Path, out: Path) -> None:
        self.llvm, self.out = llvm, out
        self.start = self.began = time.monotonic()
        self.part = ""
        self.took: list[tuple[str, float]] = []
        out.mkdir(parents=True, exist_ok=True)

    def begin(self, part: str) -> None:
        """End the current part and begin the next one."""
        self.end()
        self.part, self.began = part, time.monotonic()
        print(f"\n== {part}", flush=True)

    def end(self) -> None:
        """End the current part and print its time."""
        if self.part:
            self.took.append((self.part, time.monotonic() - self.began))
            print(f"== {self.part}: {self.took[-1][1]:.0f} s", flush=True)
        self.part = ""

    def run(self, *words: str | Path) -> str:
        """Print a vega-gen command as a person would type it, run it, and return its standard output."""
        argv = [str(word) for word in words]
        print(f"$ vega-gen {shlex.join(argv)}", flush=True)
        return subprocess.run([sys.executable, "-m", "vega_gen", *argv], check=True, stdout=subprocess.PIPE, text=True).stdout


def intermediate(clang: Path, source: Path) -> str:
    """Compile a C file to LLVM IR for a common 32-bit data layout, and remove everything that names the machine."""
    argv = [str(clang), "--target=riscv32", "-O1", "-fno-vectorize", "-S", "-emit-llvm", str(source), "-o", "-"]
    text = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
    named = r"^target .*\n|^attributes .*\n|^source_filename.*\n|^!.*\n| #\d+|, !\S+ !\d+"
    return re.sub(named, "", text, flags=re.MULTILINE).strip() + "\n"


def shown(ladder: dict[str, Any]) -> str:
    """The rungs of a ladder in one line."""
    return ", ".join(f"{step['rung']} {step['passed']}/{step['total']}" for step in ladder["steps"] if step["total"])


def main(argv: Sequence[str] | None = None) -> None:
    """Run all parts. If a command fails, it has printed why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--llvm", type=Path, default=ROOT / ".llvm/19")
    parser.add_argument("--out", type=Path, default=ROOT / ".vega/demo")
    asked = parser.parse_args(argv)
    try:
        show(Demo(asked.llvm, asked.out))
    except subprocess.CalledProcessError as failure:
        sys.exit(f"the demo ends here: exit status {failure.returncode} of {shlex.join(map(str, failure.cmd))}")


def show(demo: Demo) -> None:
    """Run the parts in order. Raises CalledProcessError if a command fails."""
    demo.begin("Tern, an instruction set that no LLVM knows, from its .td to tools")
    td = ROOT / "targets/Tern/Tern.td"
    made = json.loads(demo.run("new-target", "--td", td, "--llvm", demo.llvm, "--out", demo.out / "Tern", "--json"))
    print(f"{len(made['written'])} files in {made['folder']}; llc in {made['tools']} lists {', '.join(made['listed'])}")

    demo.begin("A C function, compiled for Tern by the llc that was just made")
    (demo.out / "dot.c").write_text(PROGRAM)
    clang = find_installation(open_source(demo.llvm).version).tool("clang")
    (demo.out / "dot.ll").write_text(intermediate(clang, demo.out / "dot.c"))
    llc = [str(Path(made["tools"]) / "llc"), "-mtriple=tern", str(demo.out / "dot.ll"), "-o", "-"]
    print(PROGRAM + f"$ {shlex.join(llc)}", flush=True)
    print(subprocess.run(llc, check=True, stdout=subprocess.PIPE, text=True).stdout)

    demo.begin("How far the backend gets, and what to review")
    print(shown(made["ladder"]))
    page = demo.out / "review.html"
    print(demo.run("review", "--tree", made["folder"], "--html", page), end="")
    print(f"the review page is {page.absolute()}")

    demo.begin(f"XCore, held out, judged with LLVM's own tests on {SAMPLE} of its functions")
    report = demo.out / "XCore.json"
    words = ["regress", "--target", "XCore", "--llvm", demo.llvm, "--mode", "desc", "--sample", str(SAMPLE), "--seed", str(SEED)]
    print(demo.run(*words, "--work", demo.out / "XCore", "--json", report), end="")
    demo.end()

    print()
    for part, seconds in demo.took:
        print(f"{seconds:5.0f} s  {part}")
    print(f"{time.monotonic() - demo.start:5.0f} s  in all")


if __name__ == "__main__":
    main()
