"""``python -m benchmarks.facts [--llvm DIR] [TARGET ...]``: how well facts are found on LLVM's own targets.

What a target's own C++ uses in each role is the reference (``vega_gen.facts.used``); a role where it uses several records, by register
class or feature, is right with any of them. A target's C++ is read for its score alone, after its facts were found from its .td. Nothing is
compiled. Prints a Markdown table by target, one by kind of evidence, one by role, and what was wrong; of the test targets
(targets/settings/training.toml) the counts alone, so that nothing is tuned on them.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

from llvm_integration import discover
from vega_gen import resources
from vega_gen.facts.find import find_facts
from vega_gen.facts.scoring import Scored, scores
from vega_gen.pipeline.inputs import find_tblgen
from vega_gen.pipeline.mining import silent
from vega_gen.pipeline.references import references
from vega_gen.report.reliability import expected_calibration_error

ROOT = Path(__file__).resolve().parent.parent


def main(words: Sequence[str] | None = None) -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.facts")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--llvm", type=Path, default=ROOT / ".llvm/19")
    asked = parser.parse_args(words)
    source = discover.open_source(asked.llvm)
    found: list[Scored] = []
    for description, used in references(asked.llvm, find_tblgen(source, silent), only=asked.targets):
        found += scores(description, find_facts(description).records, used)
    tested = set(cast(list[str], resources.settings("training")["held-out"]))
    print(table("target", found, lambda s: s.target), end="\n\n")
    print(table("evidence", found, lambda s: str(s.fact.evidence) if s.fact else "none found"), end="\n\n")
    print(table("role", found, lambda s: role(s.key)), end="\n\n")
    for s in found:
        if not s.right and s.target not in tested:
            print(f"{s.target} {s.key}: {s.fact.value if s.fact else 'none'}, {s.fact.evidence if s.fact else ''}, not {s.reference}")


def role(key: str) -> str:
    """The role of a key: those that differ in a class, a width or a condition are one."""
    return re.sub(r"^(condition|instruction\.(branch|copy|load|store))\..*", r"\1", key)


def table(what: str, found: Iterable[Scored], part: Callable[[Scored], str]) -> str:
    """A Markdown table of verdicts, a row for each part and one for all.

    The calibration error is that of the facts that were found. ``to touch``: roles without a right fact."""
    rows: defaultdict[str, list[Scored]] = defaultdict(list)
    for s in found:
        rows[part(s)].append(s)
    columns = ("roles", "right", "among first 3", "among all", "none found", "to touch", "calibration error")
    lines = [f"| {what} | {' | '.join(columns)} |", f"| --- |{' ---: |' * len(columns)}"]
    for name, own in [*sorted(rows.items()), ("all", [s for every in rows.values() for s in every])]:
        n = len(own)
        said = [(s.fact.confidence, s.right) for s in own if s.fact]
        first, three, any_ = (sum(0 <= s.place < most for s in own) for most in (1, 3, 1000))
        error = f"{expected_calibration_error(said):.3f}" if said else ""
        lines.append(f"| {name} | {n} | {first / n:.0%} | {three / n:.0%} | {any_ / n:.0%} | {n - len(said)} | {n - first} | {error} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
