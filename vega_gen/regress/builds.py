"""What the judge needs of the outside: a target's build and its suite.

Enters: an LLVM source tree, an installation, a target. Leaves: ``Build`` and ``Suite``, and those made of ``llvm_integration``.
It does not swap functions or know verdicts.
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
    """One target's build. Methods raise ``ToolFailure`` where a tool is missing or fails."""

    @property
    def objects(self) -> Mapping[str, Path]:
        """Source file relative to the target's folder -> object of the unmodified backend."""
        ...

    @property
    def identity(self) -> str:
        """What the results depend on beside the texts: versions of compiler and libraries, flags."""
        ...

    def prepare(self, progress: Progress) -> Path:
        """Make the unmodified backend; the folder of its tools."""
        ...

    def compile(
        self, file: str, text: str | None, out: Path, *, header_overrides: Mapping[str, str] | None = None, flags: Sequence[str] = ()
    ) -> Completed:
        """Compile ``file`` with other texts of it and of headers to ``out``; ``flags`` come last."""
        ...

    def objects_including(self, header: str) -> Sequence[str]:
        """The source files whose objects depend on ``header``."""
        ...

    def link(self, tools_dir: Path, replaced: Mapping[str, Path], tools: Collection[str] = ()) -> None:
        """Fill ``tools_dir`` with the tools: ``tools`` (all if there are none) linked with some objects replaced, the others unmodified."""
        ...

    def same_object(self, a: Path, b: Path) -> bool:
        """Whether two objects hold the same program."""
        ...


class Suite(Protocol):
    """The target's tests."""

    @property
    def tests(self) -> Sequence[str]:
        """Names of the tests in the suite's order: the first that fails decides what is said of a function. Raises ``ToolFailure``
        if there are none."""
        ...

    @property
    def identity(self) -> str:
        """Digest of the tests' content."""
        ...

    def run(
        self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int, max_failures: int | None, mutant: int = 0,
        recorded: bool = False,
    ) -> Mapping[str, TestResult]:
        """Run ``tests`` in the scratch folder ``work``; after ``max_failures`` the rest is left out. The tools
        read ``mutant``. ``recorded``: where they write what ``record`` has seen, a test is green without being run."""
        ...

    def record(self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int) -> None:
        """Remember what the unmodified tools write in ``tests``, which are green."""
        ...


@dataclass(frozen=True)
class LlvmBuild:
    """A ``Build`` of a target of a checkout."""

    target: TargetBuild

    @property
    def objects(self) -> Mapping[str, Path]:
        """See ``Build``."""
        return self.target.objects

    @property
    def identity(self) -> str:
        """The installation, how it is compiled against, and the tools that are linked."""
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
        known = bool(tools) and set(tools) <= set(self.target.tools)  # a tool that goes by another name is not
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
    """A ``Suite`` of the lit tests of a target that ``suite`` has; ``timeout`` in seconds, a test."""

    source: SourceTree
    installation: Installation
    suite: NamedSuite
    work: Path
    timeout: int

    @property
    def tests(self) -> Sequence[str]:
        """See ``Suite``: the smallest first, by the size of their files; they end soonest."""
        return self._discovered

    @property
    def identity(self) -> str:
        """Names and content of every file in the suite's folders, the tests' inputs included, the time limit and the environment."""
        return self._digest

    @cached_property
    def _discovered(self) -> Sequence[str]:
        everything = self._in(self.work / "discovery")
        texts = {name: (everything.root / name).read_text(encoding="utf-8", errors="replace") for name in everything.discover()}
        chosen = [name for name, text in texts.items() if self.suite.has(name, text)]
        if not chosen:
            raise NotFoundError(f"no test of {self.suite.target} belongs to the suite", "targets/settings/suites.toml", "mend its patterns")
        return tuple(sorted(chosen, key=lambda name: (len(texts[name]), name)))

    def tools(self) -> tuple[str, ...]:
        """The tools that the RUN lines name and that hold the target's code; the usual ones where they name none."""
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
        """See ``Suite``. Where every byte that a test checks is as it was recorded the test is green; any other is lit's to judge."""
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
        """See ``Suite``; kept in ``work`` of this suite."""
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
