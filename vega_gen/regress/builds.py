"""The judge's interface to LLVM: a target's build and its test suite, as protocols and as implementations over ``llvm_integration``.

Tests of the judge put small stand-ins in their place.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from llvm_integration import replay
from llvm_integration.build import DEFAULT_TOOLS, TargetBuild
from llvm_integration.discover import Installation, SourceTree
from llvm_integration.lit import MUTANT_VARIABLE, TEST_ENVIRONMENT, TEST_MEMORY_MB, ResultCode, TestResult, TestSuite
from llvm_integration.objects import same_object
from llvm_integration.process import Completed, Progress
from llvm_integration.toolchain import compile_flags, holds_targets
from vega_gen.errors import NotFoundError
from vega_gen.regress.suites import NamedSuite
from vega_gen.store import digest


class Build(Protocol):
    """The build of one target. Methods raise ``ToolFailure`` if a tool is missing or fails."""

    @property
    def objects(self) -> Mapping[str, Path]:
        """Source file relative to the target's folder -> object of the unmodified backend."""
        ...

    @property
    def identity(self) -> str:
        """A digest of what results depend on besides the source: versions of compiler and libraries, flags, tools."""
        ...

    def prepare(self, progress: Progress) -> Path:
        """Build the unmodified backend and return the folder of its tools."""
        ...

    def compile(
        self, file: str, text: str | None, out: Path, *, header_overrides: Mapping[str, str] | None = None, flags: Sequence[str] = ()
    ) -> Completed:
        """Compile ``file`` to ``out``, with ``text`` as its content (None: unchanged) and ``header_overrides`` as headers' content.

        ``flags`` follow the build's own on the command line.
        """
        ...

    def objects_including(self, header: str) -> Sequence[str]:
        """The source files that include ``header``, directly or not."""
        ...

    def link(self, tools_dir: Path, replaced: Mapping[str, Path], tools: Collection[str] = ()) -> None:
        """Put all tools into ``tools_dir``: those in ``tools`` (all if empty) linked with ``replaced`` objects, others unmodified."""
        ...

    def same_object(self, a: Path, b: Path) -> bool:
        """Whether two object files hold the same code and data."""
        ...


class Suite(Protocol):
    """The tests of one target."""

    @property
    def tests(self) -> Sequence[str]:
        """Names of the tests, in order; of several tests that fail on a function, the first decides its verdict. Raises ``ToolFailure`` if
        there are none."""
        ...

    @property
    def identity(self) -> str:
        """A digest of the tests' content."""
        ...

    def run(
        self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int, max_failures: int | None, mutant: int = 0,
        recorded: bool = False,
    ) -> Mapping[str, TestResult]:
        """Run ``tests`` with the tools of ``tools_dir`` in the scratch folder ``work``; stop after ``max_failures``.

        ``mutant``: number of the generated function that the tools switch on (``schemata``), 0 for none. ``recorded``: count a test as
        green, without its checks, if the tools write exactly what ``record`` saw.
        """
        ...

    def record(self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int) -> None:
        """Record what the unmodified tools write in ``tests``, which must be green."""
        ...


@dataclass(frozen=True)
class LlvmBuild:
    """A ``Build`` of a target in an LLVM checkout."""

    target: TargetBuild

    @property
    def objects(self) -> Mapping[str, Path]:
        """See ``Build``."""
        return self.target.objects

    @property
    def identity(self) -> str:
        """A digest of the LLVM installation, the compile flags, and the tools that are linked."""
        installation = self.target.installation
        return digest(installation.version, str(installation.prefix), *compile_flags(installation), *self.target.tools)

    def prepare(self, progress: Progress) -> Path:
        """See ``Build``."""
        return self.target.prepare(progress)

    def compile(
        self, file: str, text: str | None, out: Path, *, header_overrides: Mapping[str, str] | None = None, flags: Sequence[str] = ()
    ) -> Completed:
        """See ``Build``."""
        return self.target.compile(file, text, out, header_overrides=header_overrides, flags=flags)

    def objects_including(self, header: str) -> Sequence[str]:
        """See ``Build``."""
        return self.target.objects_including(header)

    def link(self, tools_dir: Path, replaced: Mapping[str, Path], tools: Collection[str] = ()) -> None:
        """See ``Build``."""
        known = bool(tools) and set(tools) <= set(
            self.target.tools
        )  # coverage reports a tool under another name if a test calls it through a link
        wanted = [tool for tool in self.target.tools if not known or tool in tools]
        self.target.link(tools_dir, replaced, wanted)
        for tool in set(self.target.tools) - set(wanted):
            (tools_dir / tool).unlink(missing_ok=True)
            (tools_dir / tool).symlink_to(self.target.tools_dir / tool)

    def same_object(self, a: Path, b: Path) -> bool:
        """See ``Build``."""
        return same_object(a, b, self.target.installation)


@dataclass(frozen=True)
class LitSuite:
    """A ``Suite`` of those lit tests of a target that belong to ``suite``. ``timeout``: seconds for each test."""

    source: SourceTree
    installation: Installation
    suite: NamedSuite
    work: Path
    timeout: int

    @property
    def tests(self) -> Sequence[str]:
        """See ``Suite``. Tests with the smallest files come first, because they are the fastest."""
        return self._discovered

    @property
    def identity(self) -> str:
        """A digest of all files in the suite's folders (the tests' inputs included), the time limit and the environment."""
        return self._digest

    @cached_property
    def _discovered(self) -> Sequence[str]:
        everything = self._in(self.work / "discovery")
        texts = {name: (everything.root / name).read_text(encoding="utf-8", errors="replace") for name in everything.discover()}
        chosen = [name for name, text in texts.items() if self.suite.has(name, text)]
        if not chosen:
            raise NotFoundError(
                f"no test of {self.suite.target} belongs to the suite", "targets/settings/suites.toml", "correct its patterns"
            )
        return tuple(sorted(chosen, key=lambda name: (len(texts[name]), name)))

    def tools(self) -> tuple[str, ...]:
        """The tools that RUN lines call and that hold the target's code; ``DEFAULT_TOOLS`` if there are none."""
        programs = self._in(self.work).programs(self.tests)
        return tuple(sorted(p for p in programs if holds_targets(self.source.llvm, p))) or DEFAULT_TOOLS

    @cached_property
    def _digest(self) -> str:
        suite = self._in(self.work)
        files = (p for folder in suite.folders() for p in sorted(folder.rglob("*")) if p.is_file())
        parts = (part for p in files for part in (p.relative_to(suite.root).as_posix(), p.read_bytes()))
        return digest(str(self.timeout), repr(TEST_ENVIRONMENT), repr(self.suite), *parts)

    def run(
        self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int, max_failures: int | None, mutant: int = 0,
        recorded: bool = False,
    ) -> Mapping[str, TestResult]:
        """See ``Suite``. A test whose tools write the recorded bytes is green; all others run under lit."""
        variables = {MUTANT_VARIABLE: str(mutant)}

        def by_lit(names: Sequence[str]) -> dict[str, TestResult]:
            return self._in(work).run(names, tools_dir, timeout=self.timeout, jobs=jobs, max_failures=max_failures, variables=variables)

        if not (recorded and self._recording.tests):
            return by_lit(tests)
        results: dict[str, TestResult] = {}
        left: list[str] = []
        for name in tests:
            start = time.monotonic()
            if self._recording.same(name, tools_dir, variables, self.timeout, TEST_MEMORY_MB):
                results[name] = TestResult(ResultCode.PASS, "", time.monotonic() - start)
            elif max_failures is None or name not in self._recording.tests:
                left.append(name)
            else:
                results |= by_lit([name])
                if sum(result.code.is_failure for result in results.values()) >= max_failures:
                    break
        return results | (by_lit(left) if left else {})

    def record(self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int) -> None:
        """See ``Suite``. The recording is kept in this suite's own ``work`` folder."""
        scripts, environment = self._in(work).scripts(tests, tools_dir)
        made = replay.record(
            scripts, environment, tools_dir, work.resolve(), timeout=self.timeout, memory_mb=TEST_MEMORY_MB, jobs=jobs
        )
        self.work.mkdir(parents=True, exist_ok=True)
        made.write(self._recorded)
        self.__dict__.pop("_recording", None)

    @property
    def _recorded(self) -> Path:
        return self.work / f"recorded-{self.identity[:16]}.json"

    @cached_property
    def _recording(self) -> replay.Recording:
        return replay.read(self._recorded)

    def _in(self, work: Path) -> TestSuite:
        return TestSuite(self.source, self.installation, self.suite.target, work)
