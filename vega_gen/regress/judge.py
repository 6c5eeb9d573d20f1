"""Stage 10: generated functions against the official backend, one by one, to a judgement each.

Enters: functions, the reference, what names groups, build and suite. Leaves: ``Judgement``s as they are reached.
It does not generate, choose candidates, or make tables.
"""

from __future__ import annotations

import fcntl
import fnmatch
import glob
import os
import shlex
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

import orjson

from llvm_integration.build import TargetBuild
from llvm_integration.discover import Installation, Source
from llvm_integration.process import ToolFailure
from vega_gen.errors import InputError, NotFoundError
from vega_gen.records import Function, Judgement, Module, PlannedFunction, Verdict
from vega_gen.regress.baseline import Baseline, establish, prepare
from vega_gen.regress.builds import Build, LitSuite, LlvmBuild, Progress, Suite
from vega_gen.regress.pairing import pair
from vega_gen.regress.reference import Reference
from vega_gen.regress.statements import Comparison, compare, missing
from vega_gen.regress.suites import named_suite
from vega_gen.regress.swap import definition, identical, signature_in_place, written_scope
from vega_gen.regress.trial import Compiled, JudgeFailure, Outcome, Trial, cut
from vega_gen.store import Journal, codec, digest

# Goes into the journal's keys: another way of judging is another key.
_WAY_OF_JUDGING = "2"
# A process that a killed run was just starting holds the lock until it has become another program.
_LOCK_SECONDS = 2.0
_Result = TypeVar("_Result", Compiled | Outcome, Outcome)
_FAILED = (Verdict.FAILED_TEST, Verdict.FAILED_COMPILE, Verdict.CRASHED, Verdict.TIMED_OUT)


class Roles(Protocol):
    """What the judge asks of stage 4 (``Groups.with_target`` of the reference)."""

    def name_of(self, function: Function) -> str:
        """The function's group."""
        ...

    def partners(self, function: Function) -> bool:
        """Whether another target has a member in its group: it is of the interface population."""
        ...


@dataclass(frozen=True, slots=True)
class _Case:
    """A reference function with what was generated for it. ``index`` in ``Reference.functions``."""

    index: int
    function: Function
    generated: str
    comparison: Comparison
    key: str


def judge(
    functions: Sequence[PlannedFunction],
    reference: Reference,
    roles: Roles,
    module_of: Callable[[str], Module],
    source: Source,
    installation: Installation,
    work: Path,
    *,
    suite_name: str,
    asked: Sequence[str],
    functions_glob: str = "*",
    jobs: int = 2,
    timeout: int = 60,
    keep_going: bool = False,
    progress: Progress = lambda done, total, text: None,
) -> Regression:
    """The regression of ``functions`` against ``source``; iterate over ``judgements()``.

    ``module_of``: module of a file of the target. ``suite_name``: a target, or a suite of ``targets/suites.toml``. ``asked``: options of
    ``regress`` that say where the functions come from.
    ``work``: where builds, scratch and the journal lie; the same folder goes on where an earlier run was stopped. ``timeout``: seconds a
    test. ``jobs``: functions at a time.
    """
    build = LlvmBuild(TargetBuild(source, installation, reference.target, work / "build", jobs=jobs))
    suite = LitSuite(source, installation, named_suite(suite_name), work / "suite", timeout)
    command = ["vega-gen", "regress", "--target", suite_name, "--llvm", str(source.root), *asked]
    if installation.build_dir:
        command += ["--build-dir", str(installation.build_dir)]
    return Regression(
        functions, reference, roles, module_of, build, suite, work, command, source.version, functions_glob, jobs, keep_going, progress
    )


@dataclass(frozen=True)
class Regression:
    """Functions to be judged; see ``judge``. ``command``: the start of the command that repeats one."""

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
    progress: Progress = lambda done, total, text: None

    @cached_property
    def population(self) -> tuple[int, ...]:
        """Indices in ``Reference.functions`` of the functions asked for. Raises NotFoundError if there are none."""
        pattern = self.functions_glob
        chosen = tuple(i for i, f in enumerate(self.reference.functions) if fnmatch.fnmatchcase(f.qualified_name, pattern))
        if not chosen:
            what = f"no function of {self.reference.target} is called {pattern}"
            raise NotFoundError(what, "", "give a name or a glob in quotes: --functions '*InstrInfo::*'")
        return chosen

    @cached_property
    def baseline(self) -> Baseline:
        """The unmodified backend's green tests and coverage. Raises BaselineError."""
        with Journal(self.work / "journal.sqlite") as journal:
            return establish(self.reference, self.build, self.suite, journal, self.work, self.jobs, self.progress)

    def judgements(self) -> Iterator[Judgement]:
        """A judgement for each function of the population, as they are reached, after the baseline; those that need no build come first.

        Raises BaselineError, and ToolFailure where a tool is missing; what breaks at one function is its ``unresolved``.
        """
        total = len(self.population)
        done = 0
        self.work.mkdir(parents=True, exist_ok=True)
        with _only_run(self.work), Journal(self.work / "journal.sqlite") as journal:
            for step in self._all(journal):
                if isinstance(step, str):
                    self.progress(done, total, step)
                else:
                    done += 1
                    self.progress(done, total, f"{step.function}: {step.verdict}")
                    yield step

    def _all(self, journal: Journal) -> Iterator[Judgement | str]:
        """The judgements and, between them, what has been done meanwhile."""
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
            except Exception as failure:  # whatever it is: the function must not be dropped
                yield self._judgement(function, missing(function), _unresolved(failure))
                continue
            if identical(self.reference.text(function), case.generated):
                yield self._judgement(function, case.comparison, Outcome(Verdict.IDENTICAL))
            else:
                cases.append(case)
        to_plain, from_plain = codec(Outcome)
        todo: list[_Case] = []
        for case in cases:
            known = journal.get(case.key)
            if known is None:
                todo.append(case)
            else:
                yield self._judgement(case.function, case.comparison, from_plain(orjson.loads(known)))
        if todo:
            for case, outcome in self._try(todo, baseline):
                if isinstance(outcome, Compiled):
                    yield f"{case.function.qualified_name} compiles"
                    continue
                if outcome.verdict is not Verdict.UNRESOLVED:
                    journal.record(case.key, orjson.dumps(to_plain(outcome)))
                yield self._judgement(case.function, case.comparison, outcome)

    def _case(self, index: int, function: Function, planned: PlannedFunction) -> _Case:
        text = self.reference.text(function)
        signature = signature_in_place(function, written_scope(function, text), planned)
        generated = definition(signature, planned, in_class=function.in_class)
        place = f"{function.file}:{function.start}"
        inputs = (generated, text, place, self.reference.digest, self.suite.identity, self.build.identity, str(self.keep_going))
        return _Case(index, function, generated, compare(function, planned, signature), digest(_WAY_OF_JUDGING, *inputs))

    def _try(self, cases: Sequence[_Case], baseline: Baseline) -> Iterator[tuple[_Case, Compiled | Outcome]]:
        """Compile all, then test what is left. Objects stay in the work folder until their verdict, so that a stopped run loses none."""
        prepare(self.reference, self.build, self.progress)
        trial = Trial(self.reference, self.build, self.suite, baseline, self.keep_going)
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                compiles = {pool.submit(self._compile, trial, case): case for case in cases}
                compiled: list[tuple[_Case, Compiled]] = []
                for case, result in _completed(compiles):
                    if isinstance(result, Compiled):
                        compiled.append((case, result))
                    yield case, result
                tests = {pool.submit(self._test, trial, case, objects): case for case, objects in compiled}
                yield from _completed(tests)
            finally:
                pool.shutdown(cancel_futures=True)

    def _scratch(self, case: _Case) -> Path:
        return self.work / "functions" / case.key

    def _compile(self, trial: Trial, case: _Case) -> Compiled | Outcome:
        """As ``Trial.compile``, or the objects that an earlier run left."""
        scratch = self._scratch(case)
        kept = scratch / "compiled.json"
        if kept.exists():
            found = orjson.loads(kept.read_bytes())
            return Compiled({source: scratch / path for source, path in found["objects"].items()}, found["seconds"])
        shutil.rmtree(scratch, ignore_errors=True)
        result = _twice(trial.compile, case.function, case.generated, scratch)
        if isinstance(result, Outcome):
            shutil.rmtree(scratch, ignore_errors=True)
        else:
            objects = {source: str(path.relative_to(scratch)) for source, path in result.objects.items()}
            partial = kept.with_suffix(".partial")
            partial.write_bytes(orjson.dumps({"objects": objects, "seconds": result.seconds}))
            partial.rename(kept)
        return result

    def _test(self, trial: Trial, case: _Case, compiled: Compiled) -> Outcome:
        """As ``Trial.test``, in a folder that no process left over from a killed run writes to."""
        scratch = self._scratch(case)
        try:
            return _twice(trial.test, case.index, compiled, scratch / f"run-{os.getpid()}")
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _judgement(self, function: Function, comparison: Comparison, outcome: Outcome) -> Judgement:
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
        )


def _twice(action: Callable[..., _Result], *arguments: object) -> _Result:
    """What ``action`` returns, or what it returns the second time where it raises what says that the judge failed (``Trial.compile``)."""
    try:
        return action(*arguments)
    except (JudgeFailure, ToolFailure, OSError):
        return action(*arguments)


def _completed(futures: Mapping[Future[_Result], _Case]) -> Iterator[tuple[_Case, _Result | Outcome]]:
    """Results as they come. Whatever a worker raises is the judge's failure at that function, and its ``unresolved``."""
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
    """Keep a second run out of the work folder; a killed run's lock is gone with it. Raises InputError."""
    with (work / "lock").open("w") as lock:
        until = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise InputError("another run works in this folder", str(work), "wait for its end, or give --work DIR") from None
                time.sleep(0.05)
        yield
