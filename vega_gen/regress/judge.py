"""Judge generated functions against the official backend, and yield a ``Judgement`` for each of its functions.

A function that is identical to the reference, or missing, needs no build. As many of the others as possible share one build (``shared``);
the rest are built one by one. Verdicts go into a journal, so that an interrupted run resumes.
"""

from __future__ import annotations

import fcntl
import fnmatch
import glob
import random
import shlex
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import orjson

from llvm_integration.build import TargetBuild
from llvm_integration.discover import Installation, SourceTree
from llvm_integration.failure import ToolFailure
from llvm_integration.process import Progress
from vega_gen.errors import InputError, NotFoundError
from vega_gen.records import Function, Judgement, Module, PlannedFunction, Sample, Verdict
from vega_gen.regress.accuracy import Comparison, compare, missing, of_several_targets
from vega_gen.regress.baseline import Baseline, establish, prepare
from vega_gen.regress.builds import Build, LitSuite, LlvmBuild, Suite
from vega_gen.regress.pairing import pair
from vega_gen.regress.reference import Reference
from vega_gen.regress.schemata import Mutant
from vega_gen.regress.shared import SharedTools, build_shared
from vega_gen.regress.suites import named_suite
from vega_gen.regress.swap import body, definition, identical, signature_in_place, written_scope
from vega_gen.regress.trial import Compiled, Outcome, Trial, cut
from vega_gen.regress.workers import workers
from vega_gen.store import Journal, codec, digest, write_atomic

# Part of the journal's keys; raise it when the way of judging changes.
_WAY_OF_JUDGING = "6"
# A killed run's child holds the lock until its exec.
_LOCK_SECONDS = 2.0
_Result = TypeVar("_Result", Compiled | Outcome, Outcome)
_FAILED = (Verdict.FAILED_TEST, Verdict.FAILED_COMPILE, Verdict.CRASHED, Verdict.TIMED_OUT)


@dataclass(frozen=True, slots=True)
class _Made:
    """A ``SharedTools`` as stored in JSON. ``keys``: journal key of each case -> its mutant number."""

    keys: dict[str, int]
    ready: frozenset[int]
    decided: dict[str, Outcome]
    alone: dict[str, str]


class Roles(Protocol):
    """What the judge needs to know of function groups; ``Groups.with_target`` implements it for the reference's functions."""

    def name_of(self, function: Function) -> str:
        """The name of the function's group."""
        ...

    def partners(self, function: Function) -> bool:
        """Whether another target has a function in the same group. Such functions are the interface population."""
        ...


def population(reference: Reference, roles: Roles, functions_glob: str, draw: int, seed: int) -> tuple[tuple[int, ...], Sample | None]:
    """Choose the functions to judge.

    Returns ascending indices in ``Reference.functions`` of those whose qualified name matches ``functions_glob``. If ``draw`` is not 0,
    only a random sample of at most ``draw`` of those in the interface population, drawn with ``seed``; the Sample says of how many.
    Raises NotFoundError if there are none.
    """
    named = [i for i, f in enumerate(reference.functions) if fnmatch.fnmatchcase(f.qualified_name, functions_glob)]
    if not named:
        what = f"no function of {reference.target} is called {functions_glob}"
        raise NotFoundError(what, "", "use a name or a quoted glob: --functions '*InstrInfo::*'")
    if not draw:
        return tuple(named), None
    shared = [i for i in named if roles.partners(reference.functions[i])]
    if not shared:
        raise NotFoundError(f"no function matched by {functions_glob} has a counterpart in another target", "", "leave out --sample")
    drawn = tuple(sorted(random.Random(seed).sample(shared, min(draw, len(shared)))))
    return drawn, Sample(len(drawn), len(shared), seed)


@dataclass(frozen=True, slots=True)
class _Case:
    """A reference function and the function generated for it.

    ``index``: in ``Reference.functions``; ``mutant.number`` is ``index + 1``. ``generated``: the definition to swap in.
    ``several``: whether it was built from several targets. ``key``: its key in the journal.
    """

    index: int
    function: Function
    generated: str
    mutant: Mutant
    several: bool
    confidence: float
    comparison: Comparison
    key: str


def judge(
    functions: Sequence[PlannedFunction],
    reference: Reference,
    roles: Roles,
    module_of: Callable[[str], Module],
    source: SourceTree,
    installation: Installation,
    work: Path,
    *,
    suite_name: str,
    asked: Sequence[str],
    functions_glob: str = "*",
    draw: int = 0,
    seed: int = 0,
    jobs: int = 2,
    timeout: int = 60,
    keep_going: bool = False,
    scheduler: str = "",
    generation_seconds: Mapping[str, float] | None = None,
    progress: Progress = lambda done, total, text: None,
) -> Regression:
    """Set up the regression of ``functions`` against the target in ``source``; iterate over ``judgements()`` to run it.

    ``module_of``: module of a file of the target. ``suite_name``: a target, or a suite of ``targets/settings/suites.toml``. ``asked``: the
    options of ``regress`` that say where the functions come from; they become part of each judgement's command.
    ``work``: folder for builds, scratch files and the journal; a run with the same folder resumes. ``timeout``: seconds for each test.
    ``jobs``: functions to judge at a time; ``scheduler``: address of a Dask scheduler whose workers judge instead, "" for none.
    ``draw``, ``seed``: see ``population``. ``generation_seconds``: module -> seconds that generation took, for the report.
    """
    suite = LitSuite(source, installation, named_suite(suite_name), work / "suite", timeout)
    build = LlvmBuild(TargetBuild(source, installation, reference.target, work / "build", tools=suite.tools(), jobs=jobs))
    command = ["vega-gen", "regress", "--target", suite_name, "--llvm", str(source.root), *asked]
    if installation.build_dir:
        command += ["--build-dir", str(installation.build_dir)]
    return Regression(
        functions, reference, roles, module_of, build, suite, work, command, source.version, functions_glob, jobs, keep_going, scheduler,
        generation_seconds or {}, progress, draw, seed,
    )


@dataclass(frozen=True)
class Regression:
    """A regression that is set up; see ``judge`` for the fields. ``command``: the start of the command that judges one function again."""

    functions: Sequence[PlannedFunction]
    reference: Reference
    roles: Roles
    module_of: Callable[[str], Module]
    build: Build
    suite: Suite
    work: Path
    command: Sequence[str]
    llvm_version: str
    functions_glob: str = "*"
    jobs: int = 2
    keep_going: bool = False
    scheduler: str = ""
    generation_seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    progress: Progress = lambda done, total, text: None
    draw: int = 0
    seed: int = 0

    @cached_property
    def _population(self) -> tuple[tuple[int, ...], Sample | None]:
        return population(self.reference, self.roles, self.functions_glob, self.draw, self.seed)

    @property
    def population(self) -> tuple[int, ...]:
        """Indices in ``Reference.functions`` of the functions to judge. Raises NotFoundError if there are none."""
        return self._population[0]

    @property
    def sample(self) -> Sample | None:
        """How the population was sampled, None if it was not."""
        return self._population[1]

    @cached_property
    def baseline(self) -> Baseline:
        """Green tests and coverage of the unmodified backend. Raises Failure where they cannot be established."""
        with Journal(self.work / "journal.sqlite") as journal:
            return establish(self.reference, self.build, self.suite, journal, self.work, self.jobs, self.progress)

    def judgements(self) -> Iterator[Judgement]:
        """Yield a judgement for each function of the population as soon as it is known; those that need no build come first.

        Raises Failure if the baseline cannot be established, ToolFailure if a tool is missing. Any error while judging one function makes
        that function ``unresolved``.
        """
        total = len(self.population)
        done = 0
        self.work.mkdir(parents=True, exist_ok=True)
        with _only_run(self.work), Journal(self.work / "journal.sqlite") as journal:
            for judgement in self._all(journal):
                done += 1
                self.progress(done, total, f"judging {judgement.function}: {judgement.verdict}")
                yield judgement

    def _all(self, journal: Journal) -> Iterator[Judgement]:
        baseline = self.baseline
        pairs = pair(self.reference.functions, self.functions, self.roles.name_of)
        cases: list[_Case] = []
        for index in self.population:
            function = self.reference.functions[index]
            if index not in pairs:
                yield self._judgement(function, missing(function), Outcome(Verdict.MISSING))
                continue
            try:
                case = self._case(index, function, self.functions[pairs[index]])
            except Exception as failure:  # whatever fails here, the function must not be lost
                yield self._judgement(function, missing(function), _unresolved(failure))
                continue
            if identical(self.reference.text(function), case.generated):
                yield self._judgement(function, case.comparison, Outcome(Verdict.IDENTICAL), confidence=case.confidence)
            else:
                cases.append(case)
        to_plain, from_plain = codec(Outcome)
        todo: list[_Case] = []
        for case in cases:
            known = journal.get(case.key)
            if known is None:
                todo.append(case)
            else:
                yield self._judgement(case.function, case.comparison, from_plain(orjson.loads(known)), case.several, case.confidence)
        if todo:
            for case, outcome in self._try(todo, baseline):
                if outcome.verdict is not Verdict.UNRESOLVED:
                    journal.record(case.key, orjson.dumps(to_plain(outcome)))
                yield self._judgement(case.function, case.comparison, outcome, case.several, case.confidence)

    def _case(self, index: int, function: Function, planned: PlannedFunction) -> _Case:
        text = self.reference.text(function)
        signature = signature_in_place(function, written_scope(function, text), planned)
        generated = definition(signature, planned, in_class=function.in_class)
        place = f"{function.file}:{function.start}"
        inputs = (generated, text, place, self.reference.digest, self.suite.identity, self.build.identity, str(self.keep_going))
        mutant = Mutant(index + 1, function, signature, body(planned))
        made = of_several_targets(planned.candidate), planned.candidate.confidence
        return _Case(index, function, generated, mutant, *made, compare(function, planned, signature), digest(_WAY_OF_JUDGING, *inputs))

    def _try(self, cases: Sequence[_Case], baseline: Baseline) -> Iterator[tuple[_Case, Outcome]]:
        """Build the functions that can share a build, then test these, and build and test the others, one by one."""
        prepare(self.reference, self.build, self.progress)
        trial = Trial(self.reference, self.build, self.suite, baseline, self.keep_going)
        shared = self._shared(cases)
        for case in cases:
            if case.mutant.number in shared.decided:
                yield case, shared.decided[case.mutant.number]
        shutil.rmtree(self.work / "functions", ignore_errors=True)  # left over from a killed run
        with workers(trial, self.work / "functions", self.jobs, self.scheduler) as submit:
            futures: dict[Future[Outcome], _Case] = {}
            # The longest tasks first, so that no worker idles at the end: own builds, then functions with many tests.
            for case in sorted(cases, key=lambda case: (case.mutant.number not in shared.alone, -len(baseline.entering(case.index)))):
                number = case.mutant.number
                if number in shared.alone:
                    futures[submit(_alone, case.index, case.function, case.generated, shared.alone[number])] = case
                elif number in shared.ready:
                    futures[submit(_test_shared, case.index, case.generated, number, shared.tools)] = case
            yield from _completed(futures)

    def _shared(self, cases: Sequence[_Case]) -> SharedTools:
        """Build the functions that can share a build, or reuse the build of an earlier run that holds all of them."""
        work = self.work / "shared"
        kept = work / "made.json"
        to_plain, from_plain = codec(_Made)
        if kept.exists():
            made: _Made = from_plain(orjson.loads(kept.read_bytes()))
            if all(made.keys.get(case.key) == case.mutant.number for case in cases):
                decided, alone = {int(n): o for n, o in made.decided.items()}, {int(n): why for n, why in made.alone.items()}
                return SharedTools(work / "bin", made.ready, decided, alone)
        kept.unlink(missing_ok=True)
        shared = build_shared(self.reference, self.build, [case.mutant for case in cases], work, self.jobs, self.progress)
        keys = {case.key: case.mutant.number for case in cases}
        plain = {str(n): o for n, o in shared.decided.items()}, {str(n): why for n, why in shared.alone.items()}
        write_atomic(kept, orjson.dumps(to_plain(_Made(keys, shared.ready, *plain))))
        return shared

    def _judgement(
        self, function: Function, comparison: Comparison, outcome: Outcome, several: bool = False, confidence: float | None = None
    ) -> Judgement:
        name = function.qualified_name
        going = ["--keep-going"] if self.keep_going else []
        return Judgement(
            function=name,
            group=self.roles.name_of(function),
            file=function.file,
            line=function.line,
            module=self.module_of(function.file),
            interface=self.roles.partners(function),
            verdict=outcome.verdict,
            errors=tuple(str(kind) for kind in comparison.errors) if outcome.verdict in _FAILED else (),
            test=outcome.test,
            output=outcome.output,
            command=shlex.join([*self.command, "--functions", glob.escape(name), *going]),
            statements=(comparison.reference, comparison.reproduced, comparison.edits),
            seconds=outcome.seconds,
            alone=outcome.alone,
            several=several,
            confidences=comparison.confidences,
            aligned=comparison.aligned,
            confidence=confidence,
        )


def _alone(trial: Trial, scratch: Path, index: int, function: Function, generated: str, reason: str) -> Outcome:
    """Judge a function in a build of its own."""
    compiled = _twice(trial.compile, function, generated, scratch)
    outcome = _twice(trial.test, index, compiled, scratch) if isinstance(compiled, Compiled) else compiled
    return replace(outcome, alone=reason)


def _test_shared(trial: Trial, scratch: Path, index: int, generated: str, mutant: int, tools: Path) -> Outcome:
    return _twice(trial.test_shared, index, generated, mutant, tools, scratch)


def _twice(action: Callable[..., _Result], *arguments: object) -> _Result:
    """Run ``action``, and once more if it raises an error of the judge itself (see ``Trial.compile``)."""
    try:
        return action(*arguments)
    except (ToolFailure, OSError):
        return action(*arguments)


def _completed(futures: Mapping[Future[Outcome], _Case]) -> Iterator[tuple[_Case, Outcome]]:
    """Yield results as they come; an exception in a worker makes its function ``unresolved``."""
    for future in as_completed(futures):
        failure = future.exception()
        if failure is None:
            yield futures[future], future.result()
        else:
            yield futures[future], _unresolved(failure)


def _unresolved(failure: BaseException) -> Outcome:
    return Outcome(Verdict.UNRESOLVED, output=cut(f"{type(failure).__name__}: {failure}"))


@contextmanager
def _only_run(work: Path) -> Generator[None]:
    """Lock the work folder during the block. The lock ends with the process. Raises InputError if another run holds it."""
    with (work / "lock").open("w") as lock:
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise InputError(
                        "another run is using this folder", str(work), "wait until it ends, or use another folder with --work DIR"
                    ) from None
                time.sleep(0.05)
        yield
