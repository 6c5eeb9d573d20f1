"""Judging functions: verdicts, journal, swapping texts, pairing of functions, coverage, error kinds."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from llvm_integration.discover import find_installation, open_source
from llvm_integration.failure import Failure, ToolFailure
from llvm_integration.process import Completed, run
from vega_gen.cli.main import app
from vega_gen.cxx import parse_file, parse_function, tokenize
from vega_gen.errors import InputError, NotFoundError
from vega_gen.records import FillerName, Function, Judgement, PlannedFunction, Sample, Verdict
from vega_gen.regress import NamedSuite, Regression, read_reference
from vega_gen.regress.accuracy import compare, missing
from vega_gen.regress.builds import LitSuite
from vega_gen.regress.coverage import instrument
from vega_gen.regress.pairing import pair
from vega_gen.regress.swap import definition, identical, signature_in_place, splice, swap, written_scope
from vega_gen.regress.trial import OUTPUT_BYTES, cut
from vega_gen.report import passrate

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny

# ------------------------------------------------------------------------ verdicts


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Regression, dict[str, Judgement]]:
    """Every function of the tiny backend, judged once."""
    regression = tiny.regression(tmp_path_factory.mktemp("tiny"), tiny.everything())
    judgements = list(regression.judgements())
    assert len(judgements) == len(regression.reference.functions)
    return regression, {j.function: j for j in judgements if not (j.function == "TinyInfo::width" and j.verdict is Verdict.MISSING)}


@pytest.mark.parametrize("verdict", tiny.GENERATED)
def test_each_verdict(judged: tuple[Regression, dict[str, Judgement]], verdict: str) -> None:
    name = tiny.planned(tiny.GENERATED[verdict]).qualified_name
    assert judged[1][name].verdict == verdict, judged[1][name].output


def test_what_was_not_generated_is_missing(judged: tuple[Regression, dict[str, Judgement]]) -> None:
    found = {name for name, j in judged[1].items() if j.verdict is Verdict.MISSING}
    assert found == {"TinyInfo::~TinyInfo", "TinyInfo::size", "TinyInfo::never", "tinyScale"}
    assert judged[1]["TinyInfo::size"].statements == (2, 0, 2)


def test_a_judgement_says_what_failed_and_how_to_repeat_it(judged: tuple[Regression, dict[str, Judgement]]) -> None:
    shift = judged[1]["tinyShift"]
    assert (shift.file, shift.line, shift.test) == ("Tiny.cpp", 26, "shift")
    assert shift.output == "expected 12, got 24\n"
    assert shlex.split(shift.command) == ["vega-gen", "regress", "--target", "Tiny", "--functions", "tinyShift"]
    assert shift.errors == ("Err-V",)
    assert shift.statements == (2, 1, 1)
    assert "NoSuchName" in judged[1]["tinyMask"].output
    assert judged[1]["tinyMore"].output == "OSError: [Errno 28] No space left on device"
    assert judged[1]["tinyHidden"].output == "no test executes the function"
    assert judged[1]["TinyInfo::width"].interface
    assert not shift.interface


def test_a_test_that_is_red_before_is_left_out_and_listed(judged: tuple[Regression, dict[str, Judgement]]) -> None:
    baseline = judged[0].baseline
    assert baseline.left_out == ("red",)
    assert baseline.green == tuple(name for name in tiny.EXPECTED if name != "red")


def test_coverage_is_what_the_suite_enters(judged: tuple[Regression, dict[str, Judgement]]) -> None:
    regression = judged[0]
    names = {f.qualified_name for i, f in enumerate(regression.reference.functions) if regression.baseline.entering(i)}
    # The tool's own object has no calls in it: the destructor and size() are inlined there.
    never = {"TinyInfo::never", "tinyHidden", "TinyInfo::~TinyInfo", "TinyInfo::size"}
    assert names == {f.qualified_name for f in regression.reference.functions} - never


def test_keep_going_runs_the_whole_suite_and_gives_the_same_verdict(tmp_path: Path) -> None:
    shift = [tiny.planned(tiny.GENERATED["failed-test"])]
    (judgement,) = tiny.regression(tmp_path, shift, functions_glob="tinyShift", keep_going=True).judgements()
    assert (judgement.verdict, judgement.test) == (Verdict.FAILED_TEST, "shift")
    assert "2 tests fail: shift, shift-again" in judgement.output
    assert judgement.command.endswith("--keep-going")


def test_an_undefined_symbol_at_link_is_the_functions_fault(tmp_path: Path) -> None:
    mask = tiny.planned("int tinyMask(int Value) { int nowhere(int); return nowhere(Value); }")
    (judgement,) = tiny.regression(tmp_path, [mask], functions_glob="tinyMask").judgements()
    assert judgement.verdict is Verdict.FAILED_COMPILE
    assert "nowhere" in judgement.output


def test_equal_objects_prove_nothing_where_the_function_has_no_code(tmp_path: Path) -> None:
    never = tiny.planned("int never() const { return 9; }", "TinyInfo", "Tiny.h")
    (judgement,) = tiny.regression(tmp_path, [never], functions_glob="*::never").judgements()
    assert judgement.verdict is Verdict.UNVERIFIED


def test_a_function_of_a_header_reaches_every_object_that_includes_it(tmp_path: Path) -> None:
    scale = tiny.planned("constexpr int tinyScale(int N) { return N + N + N; }", file="Tiny.h")
    wrong = tiny.planned("constexpr int tinyScale(int N) { return N + N; }", file="Tiny.h")
    (right,) = tiny.regression(tmp_path, [scale], functions_glob="tinyScale").judgements()
    assert right.verdict is Verdict.EQUIVALENT
    (judgement,) = tiny.regression(tmp_path, [wrong], functions_glob="tinyScale").judgements()
    assert (judgement.verdict, judgement.test) == (Verdict.FAILED_TEST, "more")


def test_a_compiler_that_runs_too_long_is_timed_out_and_one_that_is_killed_unresolved(tmp_path: Path) -> None:
    mask = [tiny.planned("int tinyMask(int Value) { return 3; }")]

    class Compiler(tiny.TinyBuild):
        answer: Completed

        def compile(self, file: str, text: str | None, out: Path, **options: object) -> Completed:
            return self.answer if text and "return 3" in text else super().compile(file, text, out, **options)  # type: ignore[arg-type]

    def verdict_of(answer: Completed) -> Verdict:
        fresh = tiny.regression(tmp_path, mask, functions_glob="tinyMask")
        build = Compiler(tmp_path / "llvm", tmp_path / "work/build")
        build.answer = answer
        (judgement,) = replace(fresh, build=build).judgements()
        return judgement.verdict

    killed = Completed(("clang++",), 254, "", "clang: unable to execute command: Killed", 1.0)
    assert verdict_of(killed) is Verdict.UNRESOLVED
    slow = Completed(("clang++",), -9, "", "", 180.0, timed_out=True)
    assert verdict_of(slow) is Verdict.TIMED_OUT


def test_a_function_that_the_judge_cannot_even_write_is_unresolved(tmp_path: Path) -> None:
    mask = tiny.planned("int tinyMask(int Value) { return 1; }")
    candidate = mask.candidate
    unwritable = replace(candidate, statements=(replace(candidate.statements[0], head=("return", "\ud800", ";")),))
    (judgement,) = tiny.regression(tmp_path, [replace(mask, candidates=(unwritable,))], functions_glob="tinyMask").judgements()
    assert judgement.verdict is Verdict.UNRESOLVED
    assert judgement.output.startswith("UnicodeEncodeError")


def test_no_green_test_and_no_build_are_errors(tmp_path: Path) -> None:
    functions = [tiny.planned(tiny.GENERATED["failed-test"])]
    with pytest.raises(Failure, match="none of the 1 tests is green"):
        list(tiny.regression(tmp_path / "red", functions, tiny.TinySuite(tests=("red",))).judgements())
    broken = tiny.regression(tmp_path / "broken", functions)
    (tmp_path / "broken/llvm/lib/Target/Tiny/Tiny.cpp").write_text(tiny.SOURCE + "int broken(;\n")
    with pytest.raises(Failure, match="the unmodified Tiny does not build"):
        list(broken.judgements())


def test_nothing_to_judge_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no function of Tiny is called Nothing"):
        list(tiny.regression(tmp_path, [], functions_glob="Nothing").judgements())
    with pytest.raises(NotFoundError, match="there is no target Other"):
        read_reference(tmp_path / "llvm", "Other")


def test_the_same_plan_gives_the_same_verdicts_without_the_compiler(tmp_path: Path) -> None:
    first = {j.function: j for j in tiny.regression(tmp_path, tiny.slow_functions()).judgements()}
    again = tiny.regression(tmp_path, tiny.slow_functions())
    assert {j.function: j for j in again.judgements()} == first
    assert again.build.compiled == []


def run_command(monkeypatch: pytest.MonkeyPatch, regression: Regression, *options: str) -> Result:
    monkeypatch.setattr("vega_gen.pipeline.regressing.regression", lambda *_: regression)
    monkeypatch.setattr("vega_gen.pipeline.regressing.usual_filler", lambda *_: FillerName.EDIT)
    return CliRunner().invoke(app, ["regress", "--target", "Tiny", "--llvm", "somewhere", *options])


def test_the_command_writes_the_run_and_exits_2_only_where_a_function_is_unresolved(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report = tmp_path / "run.json"
    failing = [tiny.planned(tiny.GENERATED["failed-test"])]
    answered = run_command(monkeypatch, tiny.regression(tmp_path, failing), "--json", str(report))
    assert answered.exit_code == 0, answered.output
    run = json.loads(report.read_bytes())
    assert run["population"]["whole"]["size"] == len(run["functions"]) == 14
    assert run["population"]["whole"]["verdicts"]["failed-test"] == 1
    assert "1 tests are not green on the unmodified backend and were left out: red" in answered.output
    broken = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED["unresolved"])], functions_glob="tinyMore")
    answered = run_command(monkeypatch, broken, "--functions", "tinyMore")
    assert answered.exit_code == 2
    assert "tinyMore is unresolved: OSError: [Errno 28] No space left on device" in answered.output


# ------------------------------------------------------------------------- journal


def test_a_sample_is_drawn_from_the_interface_population(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def drawn(seed: int, number: int = 2) -> list[str]:
        found = tiny.regression(tmp_path, tiny.everything(), draw=number, seed=seed)
        return [found.reference.functions[i].qualified_name for i in found.population]

    assert drawn(1) == drawn(1) != drawn(2)
    everyone = drawn(3, 99)
    assert set(drawn(1)) < set(everyone) and all("::" in name for name in everyone)  # the tiny backend's interface: its methods
    report = tmp_path / "run.json"
    answered = run_command(
        monkeypatch, tiny.regression(tmp_path, tiny.everything(), draw=2, seed=7), "--sample", "2", "--seed", "7", "--json", str(report)
    )
    assert answered.exit_code == 0, answered.output
    assert f"interface population, 2 of {len(everyone)} functions, seed 7" in answered.output and "whole population" not in answered.output
    (run,) = passrate.read_runs(report)
    assert run.sample == Sample(2, len(everyone), 7) and len(run.judgements) == 2


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    expected = {(j.function, j.verdict) for j in tiny.regression(tmp_path / "whole", tiny.slow_functions()).judgements()}
    stopped = tmp_path / "stopped"
    tiny.regression(stopped, [])
    script = Path(tiny.__file__)
    child = subprocess.Popen(
        [sys.executable, str(script), str(stopped)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(script.parent.parent), os.environ.get("PYTHONPATH", "")])},
    )
    assert child.stdout is not None
    tested: list[str] = []
    for line in iter(child.stdout.readline, ""):
        tested += [line] if "missing" not in line else []
        if len(tested) == 2:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    resumed = tiny.regression(stopped, tiny.slow_functions(), jobs=1)
    assert {(j.function, j.verdict) for j in resumed.judgements()} == expected
    assert resumed.build.compiled == [str(stopped / "work/build/Tiny.o")]


def test_a_second_run_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    running = tiny.regression(tmp_path, tiny.everything()).judgements()
    next(running)
    with pytest.raises(InputError, match="another run is using this folder"):
        next(tiny.regression(tmp_path, tiny.everything()).judgements())
    running.close()


# ---------------------------------------------------------------------------- swap


@given(st.binary(), st.binary(), st.data())
def test_swap_and_swap_back_restores_the_bytes(text: bytes, new: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    swapped = splice(text, start, end, new)
    assert splice(swapped, start, start + len(new), text[start:end]) == text


def test_a_place_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="bytes 2 to 9 of a text of 3"):
        splice(b"abc", 2, 9, b"")


def reference_functions(text: str, file: str = "Tiny.cpp") -> tuple[Function, ...]:
    return parse_file(text.encode(), "Tiny", file).functions


@pytest.mark.parametrize("index", range(8))
def test_what_follows_a_swapped_function_keeps_its_line(index: int) -> None:
    functions = reference_functions(tiny.SOURCE)
    text = tiny.SOURCE.encode()
    swapped = swap(text, functions[index], "int f()\n{\n}\n")
    before, _, after = swapped.partition(b"#line ")
    number, _, rest = after.partition(b"\n")
    assert before.startswith(text[: functions[index].start])
    assert rest == text[functions[index].end :]
    assert int(number) == text[: functions[index].end].count(b"\n") + 1


def placed(reference_text: str, generated: PlannedFunction, index: int = 0) -> tuple[str, str]:
    f = reference_functions(reference_text)[index]
    text = reference_text.encode()[f.start : f.end].decode()
    signature = signature_in_place(f, written_scope(f, text), generated)
    return text, definition(signature, generated, in_class=f.in_class)


def test_a_function_of_a_namespace_keeps_its_qualifier() -> None:
    text, generated = placed("void llvm::startTiny(int A) { go(A); }", tiny.planned("void startTiny(int A) { go(A); }"))
    assert tokenize(generated)[:4] == ("void", "llvm", "::", "startTiny")
    assert identical(text, generated)


def test_a_result_written_inside_the_namespace_is_qualified_where_the_official_one_is() -> None:
    official = "llvm::Emitter *llvm::makeTiny(llvm::Context &C) { return nullptr; }"
    emitter, printer = (tiny.planned(f"{result} *makeTiny(llvm::Context &C) {{ return nullptr; }}") for result in ("Emitter", "Printer"))
    assert identical(*placed(official, replace(emitter, namespaces=("llvm",))))
    assert not identical(*placed(official, emitter)), "written outside, it means nothing there either"
    _, other = placed(official, replace(printer, namespaces=("llvm",)))
    assert tokenize(other)[:2] == ("Printer", "*"), "another type stays as it was generated"


def test_a_constructor_takes_the_official_class() -> None:
    text, generated = placed("TinyFoo::TinyFoo(int A) : Base(A) {}", tiny.planned("TinyOtherFoo::TinyOtherFoo(int A) : Base(A) {}"))
    assert identical(text, generated)


def test_declaration_specifiers_follow_the_form() -> None:
    inside = "class A : B { virtual int f(int X = 3) const override { return X; } };"
    outside = "int A::f(int X) const { return X; }"
    assert identical(*placed(inside, tiny.planned(outside)))
    inner = parse_file(inside.encode(), "Tiny", "Tiny.h").functions[0]
    assert identical(*placed(outside, tiny.planned_from(inner, "Tiny.h")))
    same_form = tiny.planned("int f(int X = 3) const { return X; }", "A")
    assert not identical(*placed(inside, same_form))


def test_comments_and_white_space_are_no_difference_but_tokens_are() -> None:
    assert identical("int f( ) { /* x */ return 1; }", "int f() {\n  return 1; // one\n}")
    assert not identical("int f() { return 1; }", "int f() { return 2; }")


# ------------------------------------------------------------------------- pairing


def paired(reference: Sequence[Function], generated: Sequence[PlannedFunction]) -> dict[int, int]:
    return pair(reference, generated, lambda f: "role" if f.signature.name in ("run", "TinyPass") else "")


def test_overloads_go_to_the_nearest_parameter_types() -> None:
    reference = reference_functions("int A::f(int X) { } int A::f(const char *X, int Y) { } int A::f(bool X) const { }")
    generated = [tiny.planned("int A::f(bool Z) const { }"), tiny.planned("int A::f(const char *Z, int W) { }")]
    assert paired(reference, generated) == {1: 1, 2: 0}


def test_functions_of_one_name_in_two_files_stay_in_their_file() -> None:
    reference = (*reference_functions("static int f(int X) { }", "A.cpp"), *reference_functions("static int f(int X) { }", "B.cpp"))
    generated = [tiny.planned("static int f(int X) { }", file="B.cpp"), tiny.planned("static int f(int X) { }", file="A.cpp")]
    assert paired(reference, generated) == {0: 1, 1: 0}


def test_another_class_name_pairs_only_in_one_group_and_if_it_is_alone() -> None:
    reference = reference_functions("bool TinyPass::run(int X) { } TinyPass::TinyPass() { }")
    run, constructor = "bool TinyLegacyPass::run(int X) { }", "TinyLegacyPass::TinyLegacyPass() { }"
    assert paired(reference, [tiny.planned(constructor, group="role"), tiny.planned(run, group="role")]) == {0: 1, 1: 0}
    assert paired(reference, [tiny.planned(run, group="other")]) == {}
    second = tiny.planned("bool TinySecondPass::run(int X) { }", group="role")
    assert paired(reference, [tiny.planned(run, group="role"), second]) == {}


def test_a_planned_function_without_a_choice_is_none() -> None:
    reference = reference_functions("int f() { }")
    assert paired(reference, [replace(tiny.planned("int f() { }"), chosen=-1)]) == {}


# ------------------------------------------------------------------ coverage, errors


def test_calls_for_coverage_keep_the_lines_and_leave_constants_constant(tmp_path: Path) -> None:
    text = "constexpr int f(int N) {\n  return N;\n}\nstruct A { A() : X(f(2)) {} int X; };\nstatic_assert(f(3) == 3);\n"
    functions = dict(enumerate(reference_functions(text)))
    watched = instrument(text.encode(), functions).decode()
    assert watched.count("\n") == text.count("\n")
    assert watched.count("vega_coverage_enter(0u);") == watched.count("vega_coverage_enter(1u);") == 1
    (tmp_path / "a.cpp").write_text(f'extern "C" void vega_coverage_enter(unsigned);\n{watched}')
    run(["clang++-19", "-std=c++17", "-fsyntax-only", "-Wall", "-Werror", "a.cpp"], cwd=tmp_path).check()


def test_each_statement_s_confidence_is_kept_with_whether_it_is_right() -> None:
    # A loop's head comes after its body in the text, and is no statement of its own; both it and what stands in it count where they stand.
    f = parse_function("int f(int N) { int A = 1; do { step(A); } while (A < N); stop(); return A; }")
    made = tiny.planned("int f(int N) { int A = 2; do { step(A); } while (A < N); return A; }")
    sure = tuple(replace(s, confidence=c) for s, c in zip(made.candidate.statements, (0.1, 0.2, 0.3, 0.4), strict=True))
    made = replace(made, candidates=(replace(made.candidate, statements=sure),))
    compared_so = compare(f, made, made.candidate.signature)
    assert compared_so.confidences == ((0.1, False), (0.3, True), (0.4, True))
    assert compared_so.aligned == (
        ("int f ( int N )", "int f ( int N )", 1.0), ("int A = 2 ;", "int A = 1 ;", 0.1), ("step ( A ) ;", "step ( A ) ;", 0.3),
        ("while ( A < N ) ;", "while ( A < N ) ;", 1.0), ("", "stop ( ) ;", 0.0), ("return A ;", "return A ;", 0.4),
    )  # fmt: skip


def compared(reference_text: str, generated: PlannedFunction) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    f = parse_function(reference_text)
    result = compare(f, generated, signature_in_place(f, written_scope(f, reference_text), generated))
    return (result.reference, result.reproduced, result.edits), tuple(map(str, result.errors))


REFERENCE = "int f(int Size) { int Align = 4; if (Size > 8) { emit(Size, Tiny::ADD); stop(); } return Size + Align; }"


@pytest.mark.parametrize(
    ("generated", "alternatives", "counts", "errors"),
    [
        (REFERENCE, (), (6, 6, 0), ()),
        ("int f(int N) { int A = 4; if (N > 8) { emit(N, Tiny::ADD); stop(); } return N + A; }", (), (6, 6, 0), ()),
        (REFERENCE.replace("ADD", "SUB"), (), (6, 5, 1), ("Err-V",)),
        (REFERENCE.replace("stop();", ""), (), (6, 5, 1), ("Err-Def",)),
        (REFERENCE.replace("stop();", ""), ("stop();",), (6, 5, 1), ("Err-CS",)),
        (REFERENCE.replace("stop();", "stop(); while (busy()) { }"), (), (6, 6, 1), ("Err-CS",)),
        ("int f(int Size) { return Size; }", (), (6, 1, 5), ("Err-Def",)),
    ],
)
def test_statements_and_error_kinds(
    generated: str, alternatives: tuple[str, ...], counts: tuple[int, int, int], errors: tuple[str, ...]
) -> None:
    assert compared(REFERENCE, tiny.planned(generated, alternatives=alternatives)) == (counts, errors)


def test_initialisers_count_as_statements() -> None:
    reference = parse_function("A::A(int X) : B(X), C(1) { go(); }")
    assert missing(reference).reference == 4
    assert compared("A::A(int X) : B(X), C(1) { go(); }", tiny.planned("A::A(int X) : B(X), C(2) { go(); }")) == ((4, 3, 1), ("Err-V",))


@given(st.text(max_size=60), st.integers(0, 100))
def test_cut_text_keeps_its_limit(text: str, size: int) -> None:
    gap = len("\n[... cut ...]\n")
    assert len(cut(text, size).encode()) <= max(size, gap)
    assert cut(text, max(size, len(text.encode()))) == text


def test_the_suites_identity_is_its_content_and_its_limit(tmp_path: Path, llvm_source: Path) -> None:
    source = open_source(llvm_source)
    folder = tmp_path / "llvm/test/CodeGen/Tiny/Inputs"
    folder.mkdir(parents=True)
    (folder / "a.ll").write_text("one")

    def identity(timeout: int) -> str:
        return LitSuite(replace(source, root=tmp_path), find_installation(source.version), NamedSuite("Tiny"), tmp_path, timeout).identity

    before = identity(60)
    assert identity(60) == before != identity(61)
    (folder / "a.ll").write_text("two")
    assert identity(60) != before


def test_output_limit_is_20_kb() -> None:
    assert len(cut("x" * 50_000).encode()) <= OUTPUT_BYTES == 20_000


def test_a_tool_failure_says_what_to_do(tmp_path: Path) -> None:
    regression = tiny.regression(tmp_path, [tiny.planned(tiny.GENERATED["failed-test"])])
    with pytest.raises(ToolFailure):
        regression.build.link(tmp_path / "bin", {"Tiny.cpp": tmp_path / "absent.o"})
