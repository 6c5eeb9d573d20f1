"""Measure the unmodified backend: which tests are green on it, and which functions each test executes.

The result is kept in the journal, under a digest of the backend, the suite and the build.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import orjson

from llvm_integration.failure import Failure, ToolFailure
from llvm_integration.lit import ResultCode
from llvm_integration.process import Progress
from vega_gen.regress.builds import Build, Suite
from vega_gen.regress.coverage import measure
from vega_gen.regress.reference import Reference
from vega_gen.store import Journal, codec, digest

# UNSUPPORTED tests check nothing, and FLAKYPASS passed only when repeated.
_GREEN = (ResultCode.PASS, ResultCode.XFAIL)


RUNS = 3
"""How often the suite runs on the unmodified backend. A test whose result differs between runs cannot judge a function."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the unmodified backend does in its suite.

    ``green``: tests to judge by, in the suite's order. ``left_out``: all other tests. ``flaky``: tests whose result differed between the
    ``RUNS`` runs; they are left out.
    ``entered``: for each function of ``Reference.functions`` the green tests that enter it, as a hexadecimal number whose bit i stands for
    ``green[i]``. ``programs``: for each function the tools in which tests enter it.
    ``unwatched``: indices of the functions whose coverage cannot be measured.
    """

    green: tuple[str, ...]
    left_out: tuple[str, ...]
    flaky: tuple[str, ...]
    entered: tuple[str, ...]
    programs: tuple[tuple[str, ...], ...]
    unwatched: frozenset[int]

    def entering(self, index: int) -> tuple[str, ...]:
        """The green tests that enter a function, in the suite's order; the results of all others do not depend on it."""
        bits = int(self.entered[index], 16)
        return tuple(name for i, name in enumerate(self.green) if bits >> i & 1)


def prepare(reference: Reference, build: Build, progress: Progress) -> Path:
    """Build the unmodified backend, incrementally, and return the folder of its tools. Raises Failure if it does not build."""
    try:
        return build.prepare(progress)
    except ToolFailure as failure:
        raise Failure(f"the unmodified {reference.target} does not build: {failure}", failure.where, failure.next_step) from failure


def establish(reference: Reference, build: Build, suite: Suite, journal: Journal, work: Path, jobs: int, progress: Progress) -> Baseline:
    """Build the unmodified backend, run its suite, and run it again instrumented for coverage; or take the result from the journal.

    Raises Failure if it does not build, if no test is green, or if the suite executes none of its functions.
    """
    key = digest("baseline", "6", reference.digest, suite.identity, build.identity)
    to_plain, from_plain = codec(Baseline)
    known = journal.get(key)
    if known is not None:
        return from_plain(orjson.loads(known))
    baseline = _run(reference, build, suite, prepare(reference, build, progress), work, jobs, progress)
    journal.record(key, orjson.dumps(to_plain(baseline)))
    return baseline


def _run(reference: Reference, build: Build, suite: Suite, tools: Path, work: Path, jobs: int, progress: Progress) -> Baseline:
    tests = suite.tests
    progress(0, RUNS, f"running {len(tests)} tests on the unmodified backend")
    results = suite.run(tests, tools, work / "baseline", jobs=jobs, max_failures=None)
    green = [name for name in tests if results[name].code in _GREEN]
    if not green:
        first = tests[0]
        raise Failure(
            f"none of the {len(tests)} tests is green on the unmodified {reference.target}; {first} says:\n{results[first].output[-2000:]}",
            str(work / "baseline"),
            "find out why that test fails, then run the same command again",
        )
    flaky: set[str] = set()
    for number in range(1, RUNS):
        progress(number, RUNS, f"running {len(tests)} tests again")
        again = suite.run(tests, tools, work / "baseline", jobs=jobs, max_failures=None)
        flaky |= {name for name in tests if again[name].code is not results[name].code}
    green = [name for name in green if name not in flaky]
    left_out = [name for name in tests if name not in green]
    progress(0, 0, "building the backend with coverage calls")
    scratch = work / "coverage"

    def run_suite(folder: Path) -> None:
        progress(0, 0, f"running {len(green)} tests for coverage")
        # A test that fails on the instrumented backend still reports what it executed.
        suite.run(green, folder, scratch / "suite", jobs=jobs, max_failures=None)

    coverage = measure(reference, build, list(build.objects), scratch, jobs, run_suite)
    shutil.rmtree(scratch)
    progress(0, 0, f"recording what {len(green)} tests check")
    suite.record(green, tools, work / "baseline", jobs=jobs)
    if not any(coverage.entered.values()):
        raise Failure(
            f"the suite executes no function of {reference.target}",
            str(work),
            "check that its tests run the rebuilt tools and not installed ones",
        )
    place = {name: i for i, name in enumerate(green)}
    bits = [0] * len(reference.functions)
    programs: list[set[str]] = [set() for _ in reference.functions]
    for (test, program), entered in coverage.entered.items():
        for index in entered if test in place else ():
            bits[index] |= 1 << place[test]
            programs[index].add(program)
    return Baseline(
        tuple(green), tuple(left_out), tuple(sorted(flaky)), tuple(f"{b:x}" for b in bits), tuple(tuple(sorted(p)) for p in programs),
        coverage.unwatched,
    )
