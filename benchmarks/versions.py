"""``python -m benchmarks.versions [--td FILE ...]``: the ladder of Tern and RV32IM on each LLVM that is installed among 16, 19 and 22.

Each backend becomes a plug-in, as by ``vega-gen try --ladder``. One table shows how many pass on each rung with each LLVM. The exit status
is 1 if the rungs of a backend differ between two LLVMs, or if none of the LLVMs is installed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from llvm_integration.failure import Failure
from llvm_integration.plugin import host
from vega_gen.pipeline import TryRequest, silent, try_out
from vega_gen.records import Ladder

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("16", "19", "22")
TARGETS = (ROOT / "targets/Tern/Tern.td", ROOT / "targets/RV32IM/RV32IM.td")


def rungs(ladder: Ladder) -> dict[str, str]:
    """Name of a rung -> "passed/total"; for the last one also what ran the programs."""
    said = {step.rung: (note for note in step.notes if note.startswith("run by")) for step in ladder.steps}
    return {step.rung.value: " ".join((f"{step.passed}/{step.total}", *said[step.rung])) for step in ladder.steps}


def table(name: str, found: Mapping[str, Mapping[str, str]]) -> tuple[list[str], bool]:
    """The rows of a backend, and whether all LLVMs agree. ``found``: version of LLVM -> rung -> what was reached there, or why not."""
    lines = [f"{name:18}" + "".join(f"{f'LLVM {version}':>12}" for version in found)]
    same = True
    for rung in dict.fromkeys(rung for by_rung in found.values() for rung in by_rung):
        values = [by_rung.get(rung, "-") for by_rung in found.values()]
        equal = len(set(values)) == 1
        same = same and equal
        shown = "".join(f"{value.split()[0]:>12}" for value in values)
        more = values[0].partition(" ")[2] if equal else f"they differ: {'; '.join(values)}"
        lines.append(f"  {rung:16}{shown}  {more}".rstrip())
    return lines, same


def climbed(td: Path, version: str) -> dict[str, str]:
    """The rungs of a .td's plug-in for an LLVM; the rung "built" alone, with the reason, where there is none."""
    try:
        made = try_out(TryRequest(td, version, ladder=True), silent)
    except Failure as failure:
        return {"built": f"- {failure.what}"}
    assert made.ladder is not None
    return rungs(made.ladder)


def check(tds: Sequence[Path] = TARGETS) -> bool:
    """Climb, print the tables, and return whether every backend gets as far with each LLVM."""
    there: list[str] = []
    for version in VERSIONS:
        try:
            host(version)
            there.append(version)
        except Failure as failure:
            print(f"LLVM {version} is left out: {failure.what}")
    all_same = bool(there)
    for td in tds:
        start = time.monotonic()
        lines, same = table(td.stem, {version: climbed(td, version) for version in there})
        all_same = all_same and same
        print("\n".join([*lines, f"  {time.monotonic() - start:.0f} s"]), flush=True)
    return all_same


def main(argv: Sequence[str]) -> bool:
    """Return whether something differs, as an exit status."""
    parser = argparse.ArgumentParser(description="The ladder with each LLVM that is installed.")
    parser.add_argument("--td", type=Path, nargs="+", default=TARGETS)
    return not check(parser.parse_args(argv).td)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
