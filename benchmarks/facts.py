"""``python -m benchmarks.facts [--llvm DIR] [--calibrate] [TARGET ...]``: how well facts are found on LLVM's own targets.

What a target's own C++ uses in each role is the reference (``vega_gen.facts.used``); a role where it uses several records, by register
class or feature, is right with any of them. A target's C++ is read for its score alone, after its facts were found from its .td. Nothing is
compiled. Prints a Markdown table by target, one by kind of evidence, one by role, and what was wrong; of the test targets
(targets/settings/training.toml) the counts alone, so that nothing is tuned on them. The calibration error of a target's facts is that of
the confidence measured on the others; ranking has not learnt from the target.

Roles that the C++ shows and no finder asks for are counted apart.

``--calibrate``: writes the confidence of each kind of evidence, measured without the test targets, to
targets/settings/fact_confidence.toml.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from llvm_integration import discover
from vega_gen import resources
from vega_gen.facts.find import find_facts
from vega_gen.facts.measured import of, shares_right
from vega_gen.facts.ranking import learn
from vega_gen.facts.role_examples import role_examples
from vega_gen.facts.scoring import Scored, scores
from vega_gen.facts.view import TargetView
from vega_gen.pipeline.inputs import find_tblgen
from vega_gen.pipeline.mining import silent
from vega_gen.pipeline.references import references
from vega_gen.report.reliability import expected_calibration_error

ROOT = Path(__file__).resolve().parent.parent
MEASURED = ROOT / "targets/settings/fact_confidence.toml"
HEAD = """# The confidence of a fact (vega_gen/facts/measured.py): the share of facts that are right on LLVM's own targets, by kind of
# evidence and role ("all": any other). `python -m benchmarks.facts --calibrate` writes it; the test targets play no part.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.facts")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--llvm", type=Path, default=ROOT / ".llvm/19")
    asked = parser.parse_args(words)
    source = discover.open_source(asked.llvm)
    every: list[Scored] = []
    known: set[str] = set()
    tested = set(cast(list[str], resources.settings("training")["held-out"]))
    read = list(references(asked.llvm, find_tblgen(source, silent), only=asked.targets))
    examples = [e for description, used in read if description.name not in tested for e in role_examples(TargetView(description), used)]
    for description, used in read:
        others = [e for e in examples if e.target != description.name]
        records = find_facts(description, weights=learn(others)).records
        known |= {role(key) for key in records}
        every += scores(description, records, used)
    found = [s for s in every if role(s.key) in known]
    unasked = Counter(role(s.key) for s in every if role(s.key) not in known)
    if asked.calibrate:
        made = shares(s for s in found if s.target not in tested)
        MEASURED.write_text(HEAD + "".join(section(evidence, own) for evidence, own in made.items()))
    found = measured(found, tested)
    print(table("target", found, lambda s: s.target), end="\n\n")
    print(table("evidence", found, lambda s: str(s.fact.evidence) if s.fact else "none found"), end="\n\n")
    print(table("role", found, lambda s: role(s.key)), end="\n\n")
    print("No finder asks for: " + ", ".join(f"{name} ({count} roles)" for name, count in sorted(unasked.items())), end="\n\n")
    for s in found:
        if not s.right and s.target not in tested:
            print(f"{s.target} {s.key}: {s.fact.value if s.fact else 'none'}, {s.fact.evidence if s.fact else ''}, not {s.reference}")


def shares(found: Iterable[Scored]) -> dict[str, dict[str, float]]:
    """The share of facts that are right, by evidence and role."""
    return shares_right((s.key, s.fact.evidence, s.right) for s in found if s.fact)


def measured(found: Sequence[Scored], tested: Collection[str]) -> list[Scored]:
    """The same verdicts with facts whose confidence was measured on other targets than their own, without those that are ``tested``."""
    by_target = {name: shares(s for s in found if s.target not in {name, *tested}) for name in {s.target for s in found}}
    known = [(s, of(by_target[s.target], s.key, s.fact.evidence) if s.fact else 0.0) for s in found]
    return [replace(s, fact=replace(s.fact, confidence=value)) if s.fact else s for s, value in known]


def section(evidence: str, own: Mapping[str, float]) -> str:
    """The lines of the settings file for one kind of evidence."""
    return f"\n[{evidence}]\n" + "".join(f"{json.dumps(name)} = {share}\n" for name, share in own.items())


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
