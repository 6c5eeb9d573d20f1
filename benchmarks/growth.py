"""``python -m benchmarks.growth --target T --llvm DIR --work DIR --functions 50 200 --jobs 1 2``: how the judge's time scales.

For each number of functions (a random sample of the generated ones) and of workers it prints the seconds from generated functions to
verdicts, and the verdicts. ``--work``: the work folder of an earlier run, whose build and baseline are used; verdicts are not reused.
"""

from __future__ import annotations

import argparse
import itertools
import random
import shutil
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from vega_gen import pipeline
from vega_gen.records import FillerName, Mode
from vega_gen.regress.pairing import pair


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", required=True)
    parser.add_argument("--llvm", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--functions", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    regression = pipeline.regression(asked.llvm, asked.target, mode=Mode.DESC, filler=FillerName.CONSENSUS, work=asked.work)
    baseline = regression.baseline
    planned = sorted(pair(regression.reference.functions, regression.functions, regression.roles.name_of))
    for count, jobs in itertools.product(asked.functions, asked.jobs):
        work = asked.work / "growth"
        shutil.rmtree(work, ignore_errors=True)
        some = replace(regression, work=work, jobs=jobs)
        some.__dict__["baseline"] = baseline
        some.__dict__["population"] = tuple(random.Random(asked.seed).sample(planned, min(count, len(planned))))
        start = time.monotonic()
        judged = list(some.judgements())
        seconds = time.monotonic() - start
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in Counter(j.verdict for j in judged if j.interface).most_common())
        print(f"{len(judged)} functions, {jobs} workers: {seconds:.0f} s; of the interface population {verdicts}", flush=True)
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
