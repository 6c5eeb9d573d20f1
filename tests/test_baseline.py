"""Judging: the baseline of the unmodified backend, which functions its green tests enter, and the tests chosen for a function."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from llvm_integration.lit import ResultCode, TestResult
from vega_gen.records import Verdict
from vega_gen.regress.builds import LlvmBuild

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny


def test_a_function_meets_the_tests_that_enter_it_and_no_others(tmp_path: Path) -> None:
    suite = tiny.TinySuite()
    regression = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED[v]) for v in ("failed-test", "passed", "unverified")], suite)
    baseline = regression.baseline
    entering = {f.qualified_name: baseline.entering(i) for i, f in enumerate(regression.reference.functions)}
    assert entering["tinyShift"] == ("shift", "shift-again")
    assert entering["TinyInfo::width"] == ("info",)
    assert entering["tinyHidden"] == ()
    programs = {f.qualified_name: baseline.programs[i] for i, f in enumerate(regression.reference.functions)}
    assert (programs["tinyShift"], programs["tinyHidden"]) == (("tool",), ())
    suite.runs.clear()
    judged = {j.function for j in regression.judgements() if j.verdict is not Verdict.MISSING}
    assert judged == {"tinyShift", "TinyInfo::width", "tinyHidden"}
    assert sorted(suite.runs) == [("info",), ("shift", "shift-again")], "tinyHidden meets none"


def test_a_function_that_the_compiler_may_call_meets_every_test(tmp_path: Path) -> None:
    suite = tiny.TinySuite()
    regression = tiny.regression(tmp_path, [tiny.planned("constexpr int tinyScale(int N) { return N * 2; }", file="Tiny.h")], suite)
    assert regression.baseline.green
    suite.runs.clear()
    (judgement,) = [j for j in regression.judgements() if j.function == "tinyScale"]
    assert (judgement.verdict, judgement.test) == (Verdict.FAILED_TEST, "more"), "no test enters it: it was called at compile time"
    assert suite.runs == [regression.baseline.green]


class Stumbling(tiny.TinySuite):
    """A suite whose run for tinyShift breaks the first ``times`` times, and in which "more" changes its mind."""

    times = 0
    flaky = False

    def run(self, tests: Sequence[str], *arguments: object, **options: object) -> Mapping[str, TestResult]:
        found = dict(super().run(tests, *arguments, **options))  # type: ignore[arg-type]
        if self.flaky and "more" in found and len(self.runs) == 2:
            found["more"] = replace(found["more"], code=ResultCode.FAIL)
        if "shift" in tests and "sum" not in tests and self.times:
            self.times -= 1
            raise OSError("the scratch disk went away")
        return found


@pytest.mark.parametrize(("times", "verdict"), [(1, Verdict.FAILED_TEST), (2, Verdict.UNRESOLVED)])
def test_where_the_judge_fails_it_tries_once_more(tmp_path: Path, times: int, verdict: Verdict) -> None:
    suite = Stumbling()
    suite.times = times
    shift = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED["failed-test"])], suite, functions_glob="tinyShift")
    (judgement,) = shift.judgements()
    assert judgement.verdict is verdict
    assert suite.times == 0


def test_a_test_with_another_result_in_one_of_three_runs_is_left_out_and_named(tmp_path: Path) -> None:
    suite = Stumbling()
    suite.flaky = True
    baseline = tiny.regression(tmp_path, [], suite).baseline
    assert baseline.flaky == ("more",)
    assert baseline.left_out == ("more", "red")
    assert suite.runs[:3] == [tuple(tiny.EXPECTED)] * 3


class Linker:
    """What ``LlvmBuild`` asks of a target's build: two tools, each a file that says which objects are in it."""

    tools = ("llc", "opt")

    def __init__(self, folder: Path) -> None:
        self.tools_dir = folder / "official"
        self.link(self.tools_dir, {}, self.tools)

    def link(self, folder: Path, replaced: Mapping[str, Path], tools: Sequence[str]) -> None:
        folder.mkdir(exist_ok=True)
        for tool in tools:
            (folder / tool).write_text(f"{tool} with {sorted(replaced)}")


@pytest.mark.parametrize(
    ("tools", "changed"), [((), {"llc", "opt"}), (("llc",), {"llc"}), (("llc", "opt"), {"llc", "opt"}), (("llvm-otool",), {"llc", "opt"})]
)
def test_tools_that_a_function_is_not_entered_in_stay_the_official_ones(tmp_path: Path, tools: tuple[str, ...], changed: set[str]) -> None:
    build = LlvmBuild(Linker(tmp_path))  # type: ignore[arg-type]
    build.link(tmp_path / "bin", {"A.cpp": Path("a.o")}, tools)
    texts = {tool.name: tool.read_text() for tool in (tmp_path / "bin").iterdir()}
    assert set(texts) == {"llc", "opt"}
    assert {tool for tool, text in texts.items() if "A.cpp" in text} == changed
