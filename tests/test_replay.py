"""llvm_integration.replay: which test scripts are simple, and recording and comparing the output of their tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_lit import installation, suite

from llvm_integration.discover import Installation
from llvm_integration.lit import TestSuite
from llvm_integration.replay import Command, Recording, commands_of, read, record
from vega_gen.regress.builds import LitSuite
from vega_gen.regress.suites import NamedSuite

__all__ = ["installation", "suite"]  # fixtures

SCRATCH = Path("/work/suite")
BIN = f"{SCRATCH}/bin"


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (f"{BIN}/llc -mtriple=a < /t/a.ll | {BIN}/FileCheck /t/a.ll", Command("llc", ("-mtriple=a",), "/t/a.ll", False)),
        (f"%dbg(RUN: at line 3) {BIN}/llc 'a b' 2>&1 | grep x", Command("llc", ("a b",), "", True)),
    ],
)
def test_a_tool_whose_output_one_program_reads(line: str, command: Command) -> None:
    assert commands_of([line], {"llc", "opt"}, SCRATCH) == (command,)


@pytest.mark.parametrize(
    "line",
    [
        f"not {BIN}/llc a | {BIN}/FileCheck a",  # a failure is not recorded
        f"! {BIN}/llc a | {BIN}/FileCheck a",
        f"{BIN}/llc a -o {SCRATCH}/tmp/a.s",  # nothing is read of it
        f"{BIN}/llc a | {BIN}/opt | {BIN}/FileCheck a",
        f"{BIN}/llc a | {BIN}/opt",  # a rebuilt tool that reads
        f"{BIN}/llc {SCRATCH}/a.tmp | {BIN}/FileCheck a",  # what another command makes
        f"{BIN}/llc < {SCRATCH}/a.tmp | {BIN}/FileCheck a",
        f"{BIN}/llc a | {BIN}/FileCheck --input-file={SCRATCH}/b a",
        f"{BIN}/llc a > /t/b | {BIN}/FileCheck a",
        f"{BIN}/llc a | {BIN}/FileCheck a > /t/b",
        f"{BIN}/llc a 2> /t/b | {BIN}/FileCheck a",
        f"{BIN}/llc *.ll | {BIN}/FileCheck a",
        f"env A=1 {BIN}/llc a | {BIN}/FileCheck a",
        f"/usr/bin/llc a | {BIN}/FileCheck a",  # not the rebuilt one
        f"{BIN}/llvm-as a | {BIN}/FileCheck a",
        f"{BIN}/llc a | {BIN}/FileCheck a && true",
        f"{BIN}/llc 'a | {BIN}/FileCheck a",
    ],
)
def test_what_is_not_simple_is_lit_s(line: str) -> None:
    good = f"{BIN}/llc a | {BIN}/FileCheck a"
    assert commands_of([good, line], {"llc", "opt"}, SCRATCH) == ()


@pytest.fixture
def judged(suite: TestSuite, installation: Installation) -> LitSuite:
    """A suite whose tests show what the tool says; ``two`` has two commands, ``own`` writes a file."""
    folder = suite.root / "CodeGen/Tiny"
    for old in folder.rglob("*.ll"):
        old.unlink()
    (folder / "one.ll").write_text("; RUN: tinytool one | FileCheck %s\n; CHECK: yes\n")
    (folder / "two.ll").write_text("; RUN: tinytool one | FileCheck %s\n; RUN: tinytool two 2>&1 | FileCheck %s\n; CHECK: {{yes|maybe}}\n")
    (folder / "own.ll").write_text("; RUN: tinytool one > %t\n; RUN: FileCheck %s < %t\n; CHECK: yes\n")
    config = suite.root / "lit.cfg.py"
    config.write_text(config.read_text() + "\nconfig.substitutions.append(('tinytool', os.path.join(config.llvm_tools_dir, 'tinytool')))\n")
    return LitSuite(suite.source, installation, NamedSuite("Tiny", ("CodeGen/*",)), suite.work / "judge", 20)


def tool(folder: Path, *, one: str = "yes", two: str = "yes", status: int = 0) -> Path:
    """A folder with a tool that says ``one`` or ``two``, as it is asked."""
    folder.mkdir(exist_ok=True)
    (folder / "tinytool").write_text(f"#!/bin/sh\nif [ $1 = one ]; then echo {one}; else echo {two} >&2; fi\nexit {status}\n")
    (folder / "tinytool").chmod(0o755)
    return folder


def unchecked(folder: Path) -> Path:
    """The same folder, with a FileCheck that passes nothing: who asks lit is told that the test fails."""
    (folder / "FileCheck").write_text("#!/bin/sh\nexit 1\n")
    (folder / "FileCheck").chmod(0o755)
    return folder


NAMES = ["CodeGen/Tiny/one.ll", "CodeGen/Tiny/two.ll", "CodeGen/Tiny/own.ll"]


def codes(judged: LitSuite, tools_dir: Path, tests: list[str], recorded: bool = True, stop: int | None = 1) -> dict[str, str]:
    results = judged.run(tests, tools_dir, judged.work / "run", jobs=1, max_failures=stop, recorded=recorded)
    return {name.rsplit("/")[-1]: str(result.code) for name, result in results.items()}


@pytest.fixture
def recorded(judged: LitSuite, tmp_path: Path) -> LitSuite:
    judged.record(NAMES, tool(tmp_path / "official"), judged.work / "baseline", jobs=2)
    return judged


def test_the_same_bytes_need_no_check(recorded: LitSuite, tmp_path: Path) -> None:
    same = unchecked(tool(tmp_path / "same"))
    assert codes(recorded, same, NAMES[:2]) == {"one.ll": "PASS", "two.ll": "PASS"}
    assert codes(recorded, same, NAMES[:2], recorded=False) == {"one.ll": "FAIL"}


def test_other_bytes_are_lit_s_to_judge(recorded: LitSuite, tmp_path: Path) -> None:
    assert codes(recorded, tool(tmp_path / "longer", one="yes, yes"), NAMES) == {"one.ll": "PASS", "two.ll": "PASS", "own.ll": "PASS"}
    assert codes(recorded, tool(tmp_path / "other", two="maybe"), NAMES) == {"one.ll": "PASS", "two.ll": "PASS", "own.ll": "PASS"}
    assert codes(recorded, tool(tmp_path / "wrong", two="no"), NAMES) == {"one.ll": "PASS", "two.ll": "FAIL"}
    assert codes(recorded, tool(tmp_path / "ended", status=1), NAMES) == {"one.ll": "FAIL"}


def test_a_test_that_was_not_recorded_and_comes_first_decides(recorded: LitSuite, tmp_path: Path) -> None:
    """own.ll writes a file: it is run by lit, though after one.ll has failed."""
    order = ["CodeGen/Tiny/own.ll", "CodeGen/Tiny/one.ll", "CodeGen/Tiny/two.ll"]
    found = codes(recorded, tool(tmp_path / "wrong", one="no"), order)
    assert found == {"own.ll": "FAIL", "one.ll": "FAIL"}
    everything = codes(recorded, tool(tmp_path / "wrong", one="no"), order, stop=None)
    assert everything == {"own.ll": "FAIL", "one.ll": "FAIL", "two.ll": "FAIL"}


def test_a_recording_is_of_the_tests_as_they_are(recorded: LitSuite, tmp_path: Path, installation: Installation) -> None:
    text = "; RUN: tinytool one | FileCheck %s\n; CHECK: other\n"
    (recorded.source.llvm / "test/CodeGen/Tiny/one.ll").write_text(text)
    again = LitSuite(recorded.source, installation, recorded.suite, recorded.work, recorded.timeout)
    assert codes(again, tool(tmp_path / "same"), NAMES) == {"one.ll": "FAIL"}


def test_what_differs_from_run_to_run_is_never_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "tinytool").write_text("#!/bin/sh\ndate +%N\n")
    (folder / "tinytool").chmod(0o755)
    script = {"a": [f"{tmp_path}/bin/tinytool | FileCheck a"]}
    made = record(script, {"PATH": "/usr/bin:/bin"}, folder, tmp_path, timeout=5, memory_mb=500, jobs=1)
    assert list(made.tests) == ["a"]
    assert not made.same("a", folder, {}, 5, 500)


def test_a_recording_comes_back(recorded: LitSuite, tmp_path: Path) -> None:
    found = read(next(recorded.work.glob("recorded-*.json")))
    assert {name: len(commands) for name, commands in found.tests.items()} == {NAMES[0]: 1, NAMES[1]: 2}
    found.write(tmp_path / "copy.json")
    assert read(tmp_path / "copy.json") == found
    assert read(tmp_path / "none.json") == Recording({}, {})


def test_scripts_are_made_and_not_run(judged: LitSuite, tmp_path: Path) -> None:
    scripts, environment = TestSuite(judged.source, judged.installation, "Tiny", tmp_path / "s").scripts(NAMES, tool(tmp_path / "t"))
    assert scripts[NAMES[0]][0].endswith(f"{tmp_path / 's/bin/tinytool'} one | FileCheck {judged.source.llvm / 'test' / NAMES[0]}")
    assert "PATH" in environment
    assert not list((tmp_path / "s").rglob("*.tmp"))


def test_the_smallest_test_comes_first(judged: LitSuite) -> None:
    assert list(judged.tests) == ["CodeGen/Tiny/one.ll", "CodeGen/Tiny/own.ll", "CodeGen/Tiny/two.ll"]
