"""Try one generated function in the official backend: compile it, compare objects, link the tools, run the tests that enter it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from llvm_integration.failure import ToolFailure
from llvm_integration.lit import ResultCode, TestResult
from llvm_integration.process import Completed
from vega_gen.records import Function, Verdict
from vega_gen.regress.baseline import Baseline
from vega_gen.regress.builds import Build, Suite
from vega_gen.regress.reference import Reference
from vega_gen.regress.swap import splice, swap

OUTPUT_BYTES = 20_000

# A crash: LLVM asks for a bug report, or the process ended by a signal (lit shows a negative status, shells show 128 + signal).
_CRASH = re.compile(r"PLEASE submit a bug report|^Stack dump:|^UNREACHABLE executed|exit status: (?:-\d+|13[2-9])$", re.MULTILINE)
_COMPILER_ERROR = re.compile(r"\berror: |PLEASE submit a bug report")
LINK_ERROR = re.compile(r"undefined (?:hidden |protected |internal )?(?:symbol|reference)|duplicate symbol|multiple definition")
_NO_SPACE = "No space left on device"
# A statement that changes the object code of the function it is put into.
_PROBE = b" __builtin_debugtrap(); "


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one function.

    ``test``: the first failing test in the suite's order. ``output``: of the compiler or the test, at most 20 kB. ``alone``: why the
    function had a build of its own, "" if it shared one.
    """

    verdict: Verdict
    test: str = ""
    output: str = ""
    seconds: float = 0.0
    alone: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """Source file -> object, with the generated function in it. At least one differs from the official object."""

    objects: Mapping[str, Path]
    seconds: float


@dataclass(frozen=True)
class Trial:
    """Tries functions, each with one process at a time. Threads may share a Trial if each call has its own ``scratch`` folder.

    ``keep_going``: run all tests, even after one fails. ``recorded``: see ``Suite.run``.
    """

    reference: Reference
    build: Build
    suite: Suite
    baseline: Baseline
    keep_going: bool
    recorded: bool = True

    def compile(self, function: Function, generated: str, scratch: Path) -> Compiled | Outcome:
        """Swap ``generated`` in and compile every object that depends on the function's file.

        Returns an Outcome if that decides the verdict: the function does not compile, or all objects equal the official ones. An exception
        (``ToolFailure``, ``OSError``) means that the judge failed, not the function.
        """
        start = time.monotonic()
        text = swap(self.reference.files[function.file], function, generated)
        objects = self._compile(function.file, text, scratch / "objects")
        if isinstance(objects, Outcome):
            return _timed(objects, start)
        if not all(self._is_official(source, path) for source, path in objects.items()):
            return Compiled(objects, time.monotonic() - start)
        if self._has_code(function, scratch / "probe"):
            return _timed(Outcome(Verdict.EQUIVALENT), start)
        reason = "the objects are equal, but they contain no code of this function, so nothing was compared"
        return _timed(Outcome(Verdict.UNVERIFIED, output=reason), start)

    def test(self, index: int, compiled: Compiled, scratch: Path) -> Outcome:
        """Link the tools with the changed objects and run the tests that enter the function, to the first failure unless ``keep_going``.

        ``index``: of the function in ``Reference.functions``. Raises as ``compile`` does.
        """
        start = time.monotonic() - compiled.seconds
        return _timed(self._test(index, compiled, scratch), start)

    def test_shared(self, index: int, generated: str, mutant: int, tools: Path, scratch: Path) -> Outcome:
        """As ``test``, with the tools of the shared build, which hold the function as ``mutant``.

        A passed or untested function that no other file can call is compiled alone too: when it is inlined into its callers, the objects
        may equal the official ones although its own code differs.
        """
        start = time.monotonic()
        outcome = self._run(index, tools, scratch / "suite", mutant)
        function = self.reference.functions[index]
        unseen = "" in function.namespaces or {"static", "inline"} & set(function.signature.prefix)
        if unseen and outcome.verdict in (Verdict.PASSED, Verdict.UNVERIFIED) and function.file in self.build.objects:
            compiled = self.compile(function, generated, scratch)
            outcome = compiled if isinstance(compiled, Outcome) else outcome
        return _timed(outcome, start)

    def _test(self, index: int, compiled: Compiled, scratch: Path) -> Outcome:
        tools = scratch / "bin"
        try:
            self.build.link(tools, compiled.objects, () if self._meets_all(index) else self.baseline.programs[index])
        except ToolFailure as failure:
            if not LINK_ERROR.search(failure.output):
                raise
            return Outcome(Verdict.FAILED_COMPILE, output=cut(failure.output))
        return self._run(index, tools, scratch / "suite")

    def _meets_all(self, index: int) -> bool:
        """Whether a function needs all tests, because it may act at compile time or its coverage could not be measured."""
        early = {"constexpr", "consteval"} & set(self.reference.functions[index].signature.prefix)
        return bool(early) or index in self.baseline.unwatched

    def _run(self, index: int, tools: Path, scratch: Path, mutant: int = 0) -> Outcome:
        """Run the tests that enter the function, or all of them if ``_meets_all``. Other tests run only official code, and are green."""
        unwatched = index in self.baseline.unwatched
        entering = self.baseline.entering(index)
        tests = self.baseline.green if self._meets_all(index) else entering
        if not tests:
            return Outcome(Verdict.UNVERIFIED, output="no test executes the function")
        stop = None if self.keep_going else 1
        results = self.suite.run(tests, tools, scratch, jobs=1, max_failures=stop, mutant=mutant, recorded=self.recorded)
        # The first failure in the suite's order decides, not the first in time, so that --keep-going does not change the verdict.
        failed = [name for name in tests if name in results and results[name].code.is_failure]
        if failed:
            return _failure(failed, results)
        if len(results) < len(tests):
            raise ToolFailure(f"{len(tests) - len(results)} of {len(tests)} tests were not run, and none failed")
        if unwatched:
            return Outcome(Verdict.UNVERIFIED, output="the coverage of this function could not be measured")
        return Outcome(Verdict.PASSED) if entering else Outcome(Verdict.UNVERIFIED, output="no test executes the function")

    def _compile(self, file: str, text: bytes, scratch: Path) -> dict[str, Path] | Outcome:
        """The objects compiled with ``text`` as the content of ``file``, or the outcome of the first compilation that fails."""
        objects: dict[str, Path] = {}
        for source, out, done in self._compile_each(file, text, scratch):
            if not done.ok:
                return _compile_failure(done)
            objects[source] = out
        return objects

    def _compile_each(self, file: str, text: bytes, scratch: Path) -> Iterator[tuple[str, Path, Completed]]:
        """Compile ``file``, or if it is a header every source file that includes it. Yields (source, object, process)."""
        changed = text.decode()
        if file in self.build.objects:
            out = scratch / f"{file}.o"
            yield file, out, self.build.compile(file, changed, out)
            return
        for source in self.build.objects_including(file):
            out = scratch / f"{source}.o"
            yield source, out, self.build.compile(source, None, out, header_overrides={file: changed})

    def _is_official(self, source: str, path: Path) -> bool:
        return self.build.same_object(path, self.build.objects[source])

    def _has_code(self, function: Function, scratch: Path) -> bool:
        """Whether an object holds code or a value of the official function.

        If so, the probe statement changes the object, or does not compile (in a constant expression).
        """
        text = self.reference.files[function.file]
        place = text.index(b"{", function.body_start) + 1
        probed = self._compile_each(function.file, splice(text, place, place, _PROBE), scratch)
        return any(not done.ok or not self._is_official(source, out) for source, out, done in probed)


def _compile_failure(done: Completed) -> Outcome:
    output = done.stderr + done.stdout
    if done.timed_out:
        return Outcome(Verdict.TIMED_OUT, output=cut(f"the compiler did not finish within {done.seconds:.0f} s\n{output}"))
    if _NO_SPACE in output or not _COMPILER_ERROR.search(output):
        raise ToolFailure(
            f"the compiler failed without reporting an error in the code (exit status {done.returncode}): {output or 'no output'}"
        )
    return Outcome(Verdict.FAILED_COMPILE, output=cut(output))


def _failure(failed: Sequence[str], results: Mapping[str, TestResult]) -> Outcome:
    first = results[failed[0]]
    more = cut(f"\n{len(failed)} tests fail: {', '.join(failed)}\n", OUTPUT_BYTES // 4) if len(failed) > 1 else ""
    if _NO_SPACE in first.output:
        raise ToolFailure(f"{failed[0]}: {_NO_SPACE}")
    if first.code is ResultCode.TIMEOUT:
        verdict = Verdict.TIMED_OUT
    elif first.code is ResultCode.UNRESOLVED:
        raise ToolFailure(f"lit could not run {failed[0]}: {first.output}")
    else:
        verdict = Verdict.CRASHED if _CRASH.search(first.output) else Verdict.FAILED_TEST
    return Outcome(verdict, failed[0], cut(first.output, OUTPUT_BYTES - len(more.encode())) + more)


def _timed(outcome: Outcome, start: float) -> Outcome:
    return replace(outcome, seconds=round(time.monotonic() - start, 3))


def cut(text: str, size: int = OUTPUT_BYTES) -> str:
    """The text, with its middle left out if it is longer than ``size`` bytes."""
    data = text.encode()
    if len(data) <= size:
        return text
    gap = "\n[... cut ...]\n"
    half = max((size - len(gap)) // 2, 0)
    return data[:half].decode(errors="ignore") + gap + data[len(data) - half :].decode(errors="ignore")
