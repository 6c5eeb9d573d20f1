"""``python -m benchmarks.ablation --checkpoint DIR --examples DIR --targets A B --donors C``: which inputs the edit model relies on.

``--examples``: the work folder of ``vega-gen train``. One input after the other is hidden from the trained model, and the results on the
validation targets are printed: functions with every slot and hole right, statements generated, and how many of these are right. The model
is not trained again, and nothing is compiled or tested.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from vega_gen.model import checkpoint
from vega_gen.model.data import Arrays, Example, arrays, read_shards
from vega_gen.model.decode import Search, TemplateFilling
from vega_gen.records import ABSENT, OTHER, SlotExample, VariantExample


def each_variant(change: Callable[[VariantExample], VariantExample]) -> Callable[[Example], Example]:
    """A change of examples that applies ``change`` to every variant."""
    return lambda e: (e[0], tuple(replace(s, variants=tuple(map(change, s.variants))) for s in e[1]))


def without(target: str) -> Callable[[Example], Example]:
    """A change of examples that removes the donor ``target``, and the slots and variants that only it has."""

    def change(example: Example) -> Example:
        function, slots = example
        kept = [i for i, (name, _) in enumerate(function.members) if name != target]
        if not kept:
            return example
        place = {old: new for new, old in enumerate(kept)}

        def of(slot: SlotExample) -> SlotExample:
            left = [k for k, v in enumerate(slot.variants) if any(m in place for m in v.members)]
            variants = tuple(replace(v, members=tuple(place[m] for m in v.members if m in place)) for v in (slot.variants[k] for k in left))
            answer = slot.answer if slot.answer < 0 else left.index(slot.answer) if slot.answer in left else OTHER
            return replace(slot, members=tuple(place[m] for m in slot.members if m in place), variants=variants, answer=answer)

        gone = {s.id for s in slots if not any(m in place for m in s.members) and s.answer == ABSENT}
        some = tuple(of(s) for s in slots if not any(s.id == g or s.id.startswith(f"{g}.") for g in gone))
        return replace(function, members=tuple(function.members[i] for i in kept)), some

    return change


def read_examples(folder: Path, targets: Sequence[str]) -> list[Example]:
    """The examples of ``targets`` that have slots."""
    shards = [path for t in targets for path in sorted(folder.glob(f"{t}-*-functions.jsonl"))]
    return [e for p in shards for e in read_shards(p, p.with_name(p.name.replace("functions", "slots"))) if e[1]]


HIDDEN: dict[str, Callable[[Example], Example]] = {
    "nothing": lambda e: e,
    "what TableGen says of names in holes": each_variant(
        lambda v: replace(v, holes=tuple(replace(h, words=((),) * len(h.words)) for h in v.holes))
    ),
    "which names the target has": each_variant(lambda v: replace(v, unknown=0)),
    "which methods its headers declare": lambda e: (
        e[0], tuple(replace(s, own=False, variants=tuple(replace(v, own=False) for v in s.variants)) for s in e[1])
    ),
    "how near donors are": lambda e: (replace(e[0], members=tuple((t, 0.5) for t, _ in e[0].members)), e[1]),
    "what statements say": each_variant(lambda v: replace(v, text=("x",))),
}  # fmt: skip


def right(way: TemplateFilling, a: Arrays) -> tuple[bool, int, int]:
    """Compare a filled template with the reference: (every slot decided and filled right?, statements generated, statements right)."""
    said = [r for _, r in way.statements(a)]
    there = {i for i in range(len(a.parent)) if a.asked[i] and int(a.answer[i]) != -1}
    return all(said) and there == set(way.taken), len(said), sum(said)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--targets", nargs="+", required=True, help="validation targets")
    parser.add_argument("--donors", nargs="*", default=[], help="donors to leave out, one at a time")
    asked = parser.parse_args()
    known = checkpoint.load(asked.checkpoint)
    examples = read_examples(asked.examples, asked.targets)
    print(f"{len(examples)} functions of {', '.join(asked.targets)}")
    for name, change in (HIDDEN | {f"the donor {donor}": without(donor) for donor in asked.donors}).items():
        made = [arrays(example, known.vocabulary) for example in (change(e) for e in examples) if example[1]]
        found = [right(next(iter(Search(known.model, a).ways(1))), a) for a in made]
        print(f"without {name}: {sum(f[0] for f in found)} right, {sum(f[1] for f in found)} statements, {sum(f[2] for f in found)} right")


if __name__ == "__main__":
    main()
