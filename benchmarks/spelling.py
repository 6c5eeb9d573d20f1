"""``python -m benchmarks.spelling --checkpoint DIR --examples DIR --targets A B``: how often free tokens spell the reference's statement.

Enters: a checkpoint, the examples that ``vega-gen train`` left in its work folder. Leaves: on standard output, a line a validation target:
of the statements that are something else than any donor's, told that and what stands before, how many are the first and how many any of
the answers; and where the model says so itself, following its own first way, what the reference has there and how many of its answers
are likelier than what is there, and right. Any token may be spelled; nothing is compiled or tested.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from benchmarks.ablation import read_examples
from vega_gen.model import checkpoint
from vega_gen.model.data import Arrays, arrays
from vega_gen.model.decode import Search, Taken
from vega_gen.records import ABSENT, OTHER, SlotExample


def anything(token: str) -> bool:
    """Any token may stand anywhere."""
    return bool(token)


def told(search: Search, a: Arrays) -> Counter[str]:
    """Counts of the statements that are to be spelled."""
    answers: Taken = {i: (int(k) - search.first[i], ()) for i, k in enumerate(a.answer) if 0 <= k < len(a.slot_of)}
    counts: Counter[str] = Counter()
    for slot, ids in a.spelling.right:
        wanted = tuple(a.spelling.tokens[i] for i in ids)
        found = [s.text for s in search.spelled({i: what for i, what in answers.items() if i < slot}, slot, anything)]
        counts += Counter(statements=1, first=int(found[:1] == [wanted]), any=int(wanted in found))
    return counts


def left_to_itself(search: Search, slots: tuple[SlotExample, ...]) -> Counter[str]:
    """Counts of the slots that the model doubts on its own first way."""
    way = next(iter(search.ways(1)))
    taken: Taken = {slot: (variant, names) for slot, (variant, names, *_) in way.taken.items()}
    counts: Counter[str] = Counter()
    for number, there in search.doubted(taken).items():
        slot = slots[number]
        counts[{OTHER: "other", ABSENT: "nothing"}.get(slot.answer, "variant")] += 1
        found = search.spelled(taken, number, anything, there)
        counts["spelled"] += bool(found)
        counts["right"] += bool(found) and slot.answer == OTHER and found[0].text == slot.text
    return counts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--examples", type=Path, required=True)
    parser.add_argument("--targets", nargs="+", required=True, help="validation targets")
    asked = parser.parse_args()
    known = checkpoint.load(asked.checkpoint)
    for target in asked.targets:
        given: Counter[str] = Counter()
        itself: Counter[str] = Counter()
        for example in read_examples(asked.examples, [target]):
            a = arrays(example, known.vocabulary)
            search = Search(known.model, a)
            given += told(search, a)
            itself += left_to_itself(search, example[1])
        print(
            f"{target}: {given['statements']} to be spelled, {given['first']} right at once, {given['any']} among the answers; doubted by"
            f" itself: something else {itself['other']}, nothing {itself['nothing']}, a variant {itself['variant']};"
            f" {itself['spelled']} spelled, {itself['right']} right",
            flush=True,
        )


if __name__ == "__main__":
    main()
