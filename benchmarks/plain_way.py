"""``python -m benchmarks.plain_way RUN.json --llvm DIR --work DIR``: check the judge's shortcuts against judging the plain way.

The plain way compiles each function alone, links all tools and runs the whole suite. It judges a random sample of the run that
``regress --json`` wrote, with every verdict that needs a build in it, and prints the verdicts that differ and the time of both ways.
``--work``: the work folder of that run. ``--first-failure`` stops at a function's first failing test; then no time is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vega_gen import pipeline
from vega_gen.records import FillerName, Mode, Verdict
from vega_gen.regress.pairing import pair
from vega_gen.regress.swap import definition, signature_in_place, written_scope
from vega_gen.regress.trial import Compiled, Trial

_NO_BUILD = (Verdict.IDENTICAL, Verdict.MISSING, Verdict.UNRESOLVED)


class Plain(Trial):
    """A Trial that runs every test for every function, with every tool."""

    def _meets_all(self, index: int) -> bool:
        del index
        return True


def sample(rows: list[dict[str, Any]], count: int, seed: int) -> list[dict[str, Any]]:
    """A sample of ``count`` functions that need a build: one of each verdict, the rest at random."""
    rng = random.Random(seed)
    rows = [row for row in rows if row["verdict"] not in _NO_BUILD]
    chosen = [rng.choice([row for row in rows if row["verdict"] == verdict]) for verdict in sorted({row["verdict"] for row in rows})]
    rest = [row for row in rows if row not in chosen]
    return [*chosen, *rng.sample(rest, max(min(count - len(chosen), len(rest)), 0))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--first-failure", action="store_true")
    asked = parser.parse_args()
    run = json.loads(asked.run.read_bytes())
    run = run[0] if isinstance(run, list) else run
    rows = sample(run["functions"], asked.count, asked.seed)
    mode, filler = Mode(run["mode"]), FillerName(run["filler"])
    regression = pipeline.regression(asked.llvm, run["target"], mode=mode, filler=filler, work=asked.work, jobs=asked.jobs)
    reference = regression.reference
    trial = Plain(reference, regression.build, regression.suite, regression.baseline, keep_going=not asked.first_failure, recorded=False)
    regression.build.prepare(lambda done, total, text: None)
    pairs = pair(reference.functions, regression.functions, regression.roles.name_of)
    index_of = {(f.file, f.line): i for i, f in enumerate(reference.functions)}

    def judge(number: int) -> tuple[str, str, float]:
        row = rows[number]
        index = index_of[row["file"], row["line"]]
        function, planned = reference.functions[index], regression.functions[pairs[index]]
        signature = signature_in_place(function, written_scope(function, reference.text(function)), planned)
        scratch = asked.work / "plain" / str(number)
        start = time.monotonic()
        compiled = trial.compile(function, definition(signature, planned, in_class=function.in_class), scratch)
        outcome = trial.test(index, compiled, scratch) if isinstance(compiled, Compiled) else compiled
        seconds = time.monotonic() - start
        print(f"{row['function']:60} {row['verdict']:15} {outcome.verdict:15} {seconds:8.1f} s", flush=True)
        return str(outcome.verdict), outcome.test, seconds

    with ThreadPoolExecutor(asked.jobs) as pool:
        plain = list(pool.map(judge, range(len(rows))))
    different = [(row, found) for row, found in zip(rows, plain, strict=True) if (row["verdict"], row["test"]) != found[:2]]
    for row, found in different:
        print("different:", row["function"], f"{row['file']}:{row['line']}", row["verdict"], row["test"], "plainly", *found[:2])
    judged = sum(row["verdict"] not in _NO_BUILD for row in run["functions"])
    print(f"{len(rows)} functions, {len(different)} with another verdict or first failing test")
    print(f"the judge: {run['judging_seconds'] / judged:.2f} s for each of the {judged} functions that need a build, over its whole time")
    if not asked.first_failure:
        each = sum(seconds for _, _, seconds in plain) / len(plain) / asked.jobs
        print(f"the plain way: {each:.2f} s a function, {asked.jobs} at a time")


if __name__ == "__main__":
    main()
