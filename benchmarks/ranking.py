"""``python -m benchmarks.ranking [--llvm DIR] [--write]``: how well ranking finds records, each target held out.

Each target is ranked with weights that are learnt from the others (``vega_gen.facts.ranking``). The test targets
(targets/settings/training.toml) are never learnt from, nor read. Prints, by role, how often the record that is ranked first, or one of the
first three, is one that the target's C++ uses (``C++``), or one to which a selection pattern that ranking did not see gives the role
(``pattern``); then how often facts are right by the rules alone, and with ranking where the rules find none.

``--write``: learns from all those targets and writes targets/ranking.json.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import orjson

from llvm_integration import discover
from vega_gen import resources, store
from vega_gen.facts.find import find_facts
from vega_gen.facts.ranking import RANKED, RoleExample, Weights, learn, parts, probabilities
from vega_gen.facts.role_examples import role_examples
from vega_gen.facts.scoring import scores
from vega_gen.facts.used import Used
from vega_gen.facts.view import TargetView
from vega_gen.pipeline.inputs import find_tblgen
from vega_gen.pipeline.mining import silent
from vega_gen.pipeline.references import references
from vega_gen.records import Description

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "targets/ranking.json"
LEAST = 0.05
"""A weight nearer to zero is left out of the file."""


def main(words: Sequence[str] | None = None) -> None:
    """Learn, rank, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking")
    parser.add_argument("--llvm", type=Path, default=ROOT / ".llvm/19")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(words)
    tblgen = find_tblgen(discover.open_source(asked.llvm), silent)
    held_out = resources.settings("training")["held-out"]
    read = {d.name: (d, used) for d, used in references(asked.llvm, tblgen, held_out)}
    examples = [e for d, used in read.values() for e in role_examples(TargetView(d), used)]
    found, facts = Counter[tuple[str, str, str]](), Counter[str]()
    for name in read:
        weights = learn([e for e in examples if e.target != name])
        for e in examples:
            if e.target == name:
                found.update(ranks(e, weights))
        facts.update(verdicts(*read[name], weights))
    print(table(found), end="\n\n")
    print("\n".join(f"{what}: {count}" for what, count in sorted(facts.items())))
    if asked.write:
        write(learn(examples), sorted(read), held_out)


def ranks(e: RoleExample, weights: Weights) -> list[tuple[str, str, str]]:
    """What an example counts for: (role, kind of reference, "n", "first" or "three")."""
    likely = probabilities(weights, e.key, e.words)
    best = sorted(range(len(likely)), key=lambda n: -likely[n])
    kind = "C++" if e.weight > 1 else "pattern"
    place = next((place for place, n in enumerate(best) if e.right[n]), len(best) + 3)
    passed = (("n", True), ("first", place == 0), ("three", place < 3))
    return [(role, kind, what) for role in (parts(e.key)[0], "~all") for what, is_so in passed if is_so]


def verdicts(d: Description, used: Used, weights: Weights) -> list[str]:
    """What the facts of a target count for, by the rules alone (no weights) and with ranking."""
    nothing: Weights = {}
    alone, both = (list(scores(d, find_facts(d, weights=w).records, used)) for w in (nothing, weights))
    changed = [(a, b) for a, b in zip(alone, both, strict=True) if RANKED.fullmatch(a.key)]
    told = ["roles that ranking may supply" for _ in changed]
    told += ["right by rules alone" for a, _ in changed if a.right]
    told += ["right with ranking" for _, b in changed if b.right]
    told += ["supplied by ranking" for a, b in changed if a.fact is None and b.fact]
    told += [f"{d.name} {b.key} {b.fact.value} not {b.reference}" for a, b in changed if a.fact is None and b.fact and not b.right]
    return told + ["supplied and right" for a, b in changed if a.fact is None and b.fact and b.right]


def table(found: Counter[tuple[str, str, str]]) -> str:
    """A Markdown table of ``ranks``, a row a role."""
    lines = ["| role | C++: roles | first | among 3 | pattern: roles | first | among 3 |", f"| --- |{' ---: |' * 6}"]
    for role in sorted({role for role, _, _ in found}):
        cells: list[str] = []
        for kind in ("C++", "pattern"):
            n = found[role, kind, "n"]
            cells += [str(n), *(f"{found[role, kind, what] / n:.0%}" if n else "" for what in ("first", "three"))]
        lines.append(f"| {role.removeprefix('~')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(weights: Weights, targets: Sequence[str], held_out: Sequence[str]) -> None:
    """Write the weights that count for the facts that ranking supplies, with what they are learnt from."""
    wanted = {part for key in ("register.stack_pointer", "instruction.add_immediate", "instruction.jump") for part in parts(key)}
    kept = {f: round(w, 2) for f, w in sorted(weights.items()) if f.split(" ")[0] in wanted and abs(w) >= LEAST}
    told = {"learnt": targets, "held_out": sorted(held_out), "code": store.code_version("vega_gen.facts.ranking")}
    WEIGHTS.write_bytes(orjson.dumps({**told, "weights": kept}, option=orjson.OPT_APPEND_NEWLINE))
    print(f"{len(kept)} weights, {WEIGHTS.stat().st_size >> 10} KiB, in {WEIGHTS}")


if __name__ == "__main__":
    main()
