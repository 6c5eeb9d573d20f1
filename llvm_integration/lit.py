"""Find the lit tests of a target in an LLVM checkout, and run them on rebuilt tools without a CMake build directory.

The site configuration is made from the checkout's lit.site.cfg.py.in, and a small driver starts lit with it.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path

from llvm_integration.discover import Installation, SourceTree
from llvm_integration.failure import ToolFailure
from llvm_integration.process import Completed, run

DISCOVERY_SECONDS = 300.0
TEST_MEMORY_MB = 8000
"""Address space of each process of a test, so that one that allocates without bound fails alone."""
# lit's own processor time for a whole suite. Each of its child processes inherits the limit plus one test's time-out (RLIMIT_CPU counts per
# process), so a test's program that outlives a killed judge ends too.
LIT_CPU_SECONDS = 1800
TEST_VARIABLE = "VEGA_LIT_TEST"
"""Environment variable that tells the programs of a test its name, relative to `TestSuite.root`."""
MUTANT_VARIABLE = "VEGA_MUTANT"
"""Environment variable that tells the programs of a test the number given to the run: which mutant to execute."""
_SCRIPTS_VARIABLE = "VEGA_LIT_SCRIPTS"

_DRIVER = """\
# Written by llvm_integration.lit: runs lit with LLVM's own test configuration and the site configuration beside this file,
# tests in the order of their list.
import os
from pathlib import Path

import lit.main


def as_listed(tests, order):
    names = Path({names!r}).read_text(encoding="utf-8").splitlines()
    place = {{name: i for i, name in enumerate(names)}}
    tests.sort(key=lambda test: place[os.path.join({root!r}, *test.path_in_suite)])


if __name__ == "__main__":
    lit.main.determine_order = as_listed
    lit.main.main({{"config_map": {{os.path.normcase(os.path.realpath({config!r})): {site!r}}}}})
"""
_FORMAT_MODULE = "vega_lit_format"
_FORMAT = """\
# Written by llvm_integration.lit: tells each test's programs which test they run for, and the number that the run was given; or
# only reports the commands that it would run.
import json
import os

import lit.formats
import lit.Test
from lit import TestRunner


class NamedShTest(lit.formats.ShTest):
    def execute(self, test, lit_config):
        if {scripts!r} in os.environ:
            return self.script(test)
        test.config.environment[{test!r}] = "/".join(test.path_in_suite)
        test.config.environment[{mutant!r}] = os.environ[{mutant!r}]
        return super().execute(test, lit_config)

    def script(self, test):
        lines = TestRunner.parseIntegratedTestScript(test)
        if isinstance(lines, lit.Test.Result):
            return lines
        substitutions = [*self.extra_substitutions, *TestRunner.getDefaultSubstitutions(test, *TestRunner.getTempPaths(test))]
        conditions = dict.fromkeys(test.config.available_features, True)
        lines = TestRunner.applySubstitutions(lines, substitutions, conditions, recursion_limit=test.config.recursiveExpansionLimit)
        return lit.Test.Result(lit.Test.PASS, json.dumps([lines, dict(test.config.environment)]))
"""
TEST_ENVIRONMENT = {"MALLOC_PERTURB_": "165"}
"""Set for every program of a test: glibc fills allocated memory with a pattern (mallopt(3), M_PERTURB), so a function that leaves a field
uninitialized fails deterministically."""
_SITE_FOOTER = """
import lit.formats
from {module} import NamedShTest

config.environment.update({environment})
if type(config.test_format) is lit.formats.ShTest:
    config.test_format.__class__ = NamedShTest
"""
_SITE_HEADER = """\
# Written by llvm_integration.lit from the checkout's test/lit.site.cfg.py.in.
import os


def path(name):
    return name
"""
_KEY = re.compile(r"@(\w+)@")
_QUOTE = re.compile(r"[\"']")
_DEFINE = re.compile(r"^#define (\w+) (\d+)$", re.MULTILINE)
_RUN_LINE = re.compile(r"RUN: *(.*)$", re.MULTILINE)
_WORD = re.compile(r"(?<![\w-])[a-z][\w-]*")
_SHOWN_TEST = re.compile(r"^  \S.*? :: (.+)$", re.MULTILINE)


class ResultCode(StrEnum):
    """lit's result codes of tests that were run (lit/Test.py)."""

    PASS = "PASS"
    FLAKYPASS = "FLAKYPASS"
    XFAIL = "XFAIL"
    UNSUPPORTED = "UNSUPPORTED"
    FAIL = "FAIL"
    XPASS = "XPASS"
    TIMEOUT = "TIMEOUT"
    UNRESOLVED = "UNRESOLVED"

    @property
    def is_failure(self) -> bool:
        """Whether lit counts the result as a failure: not passed, not failed as expected, and not unsupported."""
        return self in (ResultCode.FAIL, ResultCode.XPASS, ResultCode.TIMEOUT, ResultCode.UNRESOLVED)


@dataclass(frozen=True, slots=True)
class TestResult:
    """The result of one test. `output`: lit's text (commands and their output). `seconds`: wall-clock time."""

    __test__ = False  # not a test class of pytest

    code: ResultCode
    output: str
    seconds: float


@dataclass(frozen=True)
class TestSuite:
    """The lit tests of one target. `work`: a folder for lit's configuration and the tests' output; parallel runs need one each."""

    __test__ = False  # not a test class of pytest

    source: SourceTree
    installation: Installation
    target: str
    work: Path

    @property
    def root(self) -> Path:
        """The folder to which test names are relative: the checkout's `llvm/test`."""
        return self.source.llvm / "test"

    @property
    def _names(self) -> Path:
        """The file that lists the tests to run."""
        return self.work / "tests.txt"

    def folders(self) -> tuple[Path, ...]:
        """Return the outermost folders of `llvm/test` with the target's name: `CodeGen/<T>`, `MC/Disassembler/<T>`, ..."""
        found: list[Path] = []
        for name, subfolders, _ in os.walk(self.root):
            found += [Path(name, sub) for sub in subfolders if sub == self.target]
            subfolders[:] = [sub for sub in subfolders if sub not in (self.target, "Inputs")]
        return tuple(sorted(found))

    def discover(self) -> tuple[str, ...]:
        """Return the names of the tests that lit finds in `folders()`, relative to `root`. Raises ToolFailure if there are none."""
        folders = self.folders()
        if not folders:
            raise ToolFailure(
                f"no lit test exercises {self.target}: no folder has that name", where=str(self.root), next_step="check the target's name"
            )
        completed = self._lit(["--show-tests", *map(str, folders)], self.installation.bindir, timeout=DISCOVERY_SECONDS)
        names = tuple(sorted(_SHOWN_TEST.findall(completed.stdout)))
        if not names:
            raise ToolFailure("lit found no tests", where=str(self.root), command=completed.command, output=completed.stdout)
        return names

    def programs(self, tests: Collection[str]) -> frozenset[str]:
        """Return the names of the installation's programs in the RUN lines of `tests`; a link counts as the program that it points to."""
        texts = ((self.root / test).read_text(encoding="utf-8", errors="replace") for test in tests)
        words = {word for text in texts for line in run_lines(text) for word in _WORD.findall(line)}
        programs = (self.installation.bindir / word for word in words)
        return frozenset(path.readlink().name if path.is_symlink() else path.name for path in programs if path.exists())

    def run(
        self,
        tests: Collection[str],
        tools_dir: Path,
        *,
        timeout: int,
        jobs: int,
        max_failures: int | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> dict[str, TestResult]:
        """Run `tests` (names from `discover()`) in this order with the tools in `tools_dir`; other tools come from the installation.

        `timeout`: whole seconds per test; a test that takes longer is killed and gets TIMEOUT. `max_failures`: lit stops after so many,
        and the tests that it did not run are missing from the result. `variables`: added to lit's environment; of these the tests'
        programs see `MUTANT_VARIABLE` only (default 0). Raises ToolFailure if lit itself fails, or skips tests without having reached
        `max_failures`.
        """
        if not tests:
            raise ToolFailure("no tests to run", next_step="TestSuite.discover() names them")
        self.work.mkdir(parents=True, exist_ok=True)
        names = self._names
        names.write_text("".join(f"{self.root / test}\n" for test in tests), encoding="utf-8")
        report = self.work / "results.json"
        report.unlink(missing_ok=True)
        arguments = [f"--timeout={timeout}", f"-j{jobs}", "--quiet", "--output", str(report.resolve())]
        if max_failures is not None:
            arguments.append(f"--max-failures={max_failures}")
        completed = self._lit([*arguments, f"@{names.resolve()}"], tools_dir, variables=variables, test_seconds=timeout)
        results = _read_report(report, completed)
        missing = set(tests) - set(results)
        failures = sum(result.code.is_failure for result in results.values())
        if missing and (max_failures is None or failures < max_failures):
            raise ToolFailure(
                f"lit was given {len(tests)} tests and left out {len(missing)}: {', '.join(sorted(missing)[:3])}",
                where=str(self.root),
                command=completed.command,
                output=completed.stderr[-2000:],
            )
        return results

    def scripts(self, tests: Collection[str], tools_dir: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
        """Return test -> its commands after lit's substitutions, and the environment that lit gives them, without running anything.

        Tests that are expected to fail or are not shell tests are left out."""
        results = self.run(tests, tools_dir, timeout=0, jobs=1, variables={_SCRIPTS_VARIABLE: "1"})
        told: dict[str, tuple[list[str], dict[str, str]]] = {
            name: json.loads(result.output) for name, result in results.items() if result.code is ResultCode.PASS
        }
        first = next(iter(told.values()), None)
        return {name: tuple(lines) for name, (lines, _) in told.items()}, first[1] if first else {}

    def _lit(
        self, arguments: Sequence[str], tools_dir: Path, *, timeout: float | None = None, test_seconds: int = 0,
        variables: Mapping[str, str] | None = None,
    ) -> Completed:
        work = self.work.resolve()
        (work / "tmp").mkdir(parents=True, exist_ok=True)
        _link_tools(work / "bin", self.installation.bindir, tools_dir)
        site = work / "lit.site.cfg.py"
        footer = _SITE_FOOTER.format(module=_FORMAT_MODULE, environment=TEST_ENVIRONMENT)
        site.write_text(self._site_config(work / "bin") + footer, encoding="utf-8")
        text = _FORMAT.format(test=TEST_VARIABLE, mutant=MUTANT_VARIABLE, scripts=_SCRIPTS_VARIABLE)
        (work / f"{_FORMAT_MODULE}.py").write_text(text, encoding="utf-8")
        driver = work / "run_lit.py"
        config = str(self.root / "lit.cfg.py")
        text = _DRIVER.format(names=str(self._names.resolve()), root=str(self.root), config=config, site=str(site))
        driver.write_text(text, encoding="utf-8")
        # LLVM 19's lit.cfg.py and newer versions of lit choose different shells unless the internal one is requested.
        environment = {"LIT_USE_INTERNAL_SHELL": "1", "TMPDIR": str(work / "tmp"), MUTANT_VARIABLE: "0", **(variables or {})}
        completed = run(
            [sys.executable, str(driver), *arguments], env=environment, timeout=timeout, memory_mb=TEST_MEMORY_MB,
            cpu_seconds=LIT_CPU_SECONDS + test_seconds,
        )
        if completed.timed_out or completed.returncode not in (0, 1):
            completed.check(next_step="read lit's message; LLVM's test configuration may need a tool that is not installed")
        return completed

    def _site_config(self, tools_dir: Path) -> str:
        """The checkout's site configuration template with its keys filled in; an unknown key becomes empty, or 0 outside of quotes."""
        template = self.root / "lit.site.cfg.py.in"
        if not template.exists():
            raise ToolFailure("no test configuration", where=str(template), next_step="use a complete LLVM source tree")
        values = {**self._settings, "LLVM_TOOLS_DIR": str(tools_dir), "LIT_SITE_CFG_IN_HEADER": _SITE_HEADER}

        lines = template.read_text(encoding="utf-8").splitlines(keepends=True)
        return "".join(_KEY.sub(partial(_value, values, "" if _QUOTE.search(line) else "0"), line) for line in lines)

    @cached_property
    def _settings(self) -> dict[str, str]:
        """Values of the template's keys: the feature macros of llvm-config.h, and settings of this machine and this suite."""
        installation = self.installation
        header = next(d for d in installation.include_dirs if (d / "llvm" / "Config" / "llvm-config.h").exists())
        features = dict(_DEFINE.findall((header / "llvm" / "Config" / "llvm-config.h").read_text(encoding="utf-8")))
        triple = run([str(installation.llvm_config), "--host-target"], timeout=60).check().stdout.strip()
        lib_dir = str(installation.lib_dir)
        return {
            **features,
            "LLVM_ENABLE_CURL": "0",
            "LLVM_HOST_TRIPLE": triple,
            "LLVM_TARGET_TRIPLE": triple,
            "LLVM_SOURCE_DIR": str(self.source.llvm),
            "LLVM_BINARY_DIR": str(self.work.resolve()),
            "LLVM_LIBS_DIR": lib_dir,
            "SHLIBDIR": lib_dir,
            "SHLIBEXT": ".so",
            "LLVM_PLUGIN_EXT": ".so",
            "Python3_EXECUTABLE": sys.executable,
            "GOLD_EXECUTABLE": str(installation.lld),
            "ENABLE_ASSERTIONS": str(int(installation.assertions)),
            "TARGETS_TO_BUILD": self.target,
            "HOST_OS": platform.system(),
            "HOST_ARCH": platform.machine(),
            "HOST_CC": str(installation.tool("clang")),
            "HOST_CXX": str(installation.clangxx),
        }


def run_lines(text: str) -> tuple[str, ...]:
    """Return the text after each `RUN:` in a test; a command that ends in a backslash continues in the next one."""
    return tuple(_RUN_LINE.findall(text))


def _value(values: Mapping[str, str], otherwise: str, key: re.Match[str]) -> str:
    return values.get(key[1], otherwise)


def _link_tools(folder: Path, bindir: Path, tools_dir: Path) -> None:
    """Fill `folder` with links to the programs of `bindir`, replaced by those of `tools_dir` where rebuilt.

    A program that is itself a link (llvm-otool to llvm-objdump) is replaced if the program that it points to was rebuilt."""
    folder.mkdir(parents=True, exist_ok=True)
    rebuilt = {tool.name: tool.resolve() for tool in tools_dir.iterdir()}
    wanted: dict[str, Path] = {}
    for tool in bindir.iterdir():
        real = tool.readlink().name if tool.is_symlink() else tool.name
        wanted[tool.name] = rebuilt.get(real, tool)
    wanted |= rebuilt
    for link in folder.iterdir():
        if link.name not in wanted:
            link.unlink()
    for name, tool in wanted.items():
        link = folder / name
        if not (link.is_symlink() and link.readlink() == tool):
            link.unlink(missing_ok=True)
            link.symlink_to(tool)


def _read_report(report: Path, completed: Completed) -> dict[str, TestResult]:
    if not report.exists():
        raise ToolFailure("lit wrote no report", where=str(report), command=completed.command, output=completed.stderr[-2000:])
    tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
    return {
        test["name"].partition(" :: ")[2]: TestResult(ResultCode(test["code"]), test["output"], test["elapsed"] or 0.0) for test in tests
    }
