"""Programs that nobody here wrote: compiled and run by a generated backend, with a verdict for each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from conftest import ROOT

from llvm_integration.crash import data_layout
from llvm_integration.discover import Installation, find_installation
from llvm_integration.process import Completed
from vega_gen import resources, store
from vega_gen.conform.bisecting import bisected, first_failing
from vega_gen.conform.compilers import NotCompiled, Toolchain, refused
from vega_gen.conform.conforming import Conforming, ForeignProgram, Side, text_bytes
from vega_gen.conform.hosts import Expected, QemuHost, plugin
from vega_gen.conform.mixing import MixedSide
from vega_gen.conform.program_suites import coremark_programs, embench_programs, single_source_programs, suite_named, torture_programs
from vega_gen.conform.verdicts import Conformed, Cost, ProgramVerdict, read_conformed
from vega_gen.errors import InputError, NotFoundError
from vega_gen.ladder.subject import machines
from vega_gen.pipeline import ConformRequest, TryRequest, conform, silent
from vega_gen.pipeline.conformity import runtime_version
from vega_gen.report import conformance, speedups
from vega_gen.simulate.elf import SectionKind, read_object

PROGRAMS = ROOT / "tests/inputs/programs"
LAYOUT = "e-m:e-p:32:32-i64:64-n32-S128"


@pytest.fixture(scope="module")
def llvm() -> Installation:
    return find_installation("19.1.7")


@pytest.fixture(scope="module")
def official(llvm: Installation, tmp_path_factory: pytest.TempPathFactory) -> Side:
    """LLVM's riscv32 in the place of a generated backend, so that nothing has to be built."""
    work = tmp_path_factory.mktemp("official")
    (work / "builtins").mkdir()
    llc = Toolchain(llvm.bindir, "riscv32", LAYOUT, llvm, work / "llc", ("-mattr=+m",))
    assert llc.build_library(work / "builtins", {}, silent) == {}
    host = QemuHost(machines()["riscv32"], llc, None, 2.0, plugin(machines()["riscv32"]), llvm.lld)
    host.prepare()
    return Side(llc, host)


def test_llc_takes_the_layout_of_its_triple(llvm: Installation, tmp_path: Path) -> None:
    """So a reference can get the IR that clang made for the generated backend. In a big-endian layout the upper half of 64 bits lies first.
    """
    source = tmp_path / "put.c"
    source.write_text("void put(unsigned long long *p, unsigned long long a) { *p = a; }\n")

    def code(layout: str) -> list[bytes]:
        made = Toolchain(llvm.bindir, "riscv32", layout, llvm, tmp_path).compile_c(source, "-O2", tmp_path / f"put-{layout[0]}.o")
        return [s.data for s in read_object(made).sections if s.kind is SectionKind.TEXT]

    assert code(LAYOUT) == code(LAYOUT.replace("e-", "E-", 1))


def test_each_program_gets_its_verdict(official: Side, tmp_path: Path) -> None:
    bench = Conforming(official, None, tmp_path)
    found = {p.name: bench.verdict_on(p, "-O2") for p in torture_programs(PROGRAMS)}
    assert {name: one.verdict for name, one in found.items()} == {
        "endless": ProgramVerdict.TIME_OUT,
        "nested": ProgramVerdict.NOT_C,
        "right": ProgramVerdict.PASSES,
        "wrong": ProgramVerdict.WRONG,
    }
    assert found["wrong"].why == "exit status 3, without optional passes of llc too" and "qemu-riscv32" in found["wrong"].command
    assert found["right"].cost.steps > 40 and found["right"].cost.text > 40
    assert not list(tmp_path.glob("*right*")) and list(tmp_path.glob("*wrong*.ll"))


def test_what_the_reference_fails_too_does_not_count(official: Side, tmp_path: Path) -> None:
    bench = Conforming(official, lambda: official, tmp_path)
    (wrong,) = (p for p in torture_programs(PROGRAMS) if p.name == "wrong")
    one = bench.verdict_on(wrong, "-O0")
    assert one.verdict is ProgramVerdict.REFERENCE and not one.verdict.fails


def test_what_llc_does_not_compile_is_reduced(official: Side, tmp_path: Path) -> None:
    """One of three functions calls what the ISA does not have: llvm-reduce leaves that one, and of its loop nothing."""
    source = tmp_path / "clock.c"
    source.write_text(
        """unsigned long long clock(void) __asm__("llvm.x86.rdtsc");
int once(int a) { return a + 1; }
int twice(int a) { return once(a) * 2; }
int main(void) { for (int i = 0; i < 10; ++i) if (twice(i) > 6) return (int)clock(); return 0; }
"""
    )
    one = Conforming(official, None, tmp_path).verdict_on(ForeignProgram("own", "clock", (source,)), "-O1")
    left = (tmp_path / "own-clock-O1-0.reduced.ll").read_text()
    assert one.verdict is ProgramVerdict.LLC and "own-clock-O1-0.reduced.ll" in one.command
    assert left.count("define ") == 1 and "@llvm.x86.rdtsc()" in left and "br " not in left
    assert not list(tmp_path.glob("*.sh"))


@pytest.mark.parametrize("name", sorted(name for name, machine in machines().items() if machine.official))
def test_each_official_backend_can_be_compared_with(llvm: Installation, tmp_path: Path, name: str) -> None:
    known = machines()[name].official
    assert known is not None
    attrs = (f"-mattr={known.attrs}",) if known.attrs else ()
    llc = Toolchain(llvm.bindir, known.triple, data_layout(llvm.tool("llc"), known.triple), llvm, tmp_path / "llc", attrs)
    (tmp_path / "builtins").mkdir()
    llc.build_library(tmp_path / "builtins", {}, silent)
    host = QemuHost(machines()[name], llc, None, 10.0, None, llvm.lld)
    host.prepare()
    bench = Conforming(Side(llc, host), None, tmp_path)
    found = {p.name: bench.verdict_on(p, "-O2") for p in torture_programs(PROGRAMS) if p.name != "endless"}
    assert (found["right"].verdict, found["wrong"].why) == (ProgramVerdict.PASSES, "exit status 3, without optional passes of llc too")


def test_frames_and_spills_are_counted_where_asked(official: Side, tmp_path: Path) -> None:
    """A hundred values are alive at once in the first program, none in the second."""
    source = tmp_path / "many.c"
    values = "".join(f"int v{n} = k; " for n in range(100))
    forwards, backwards = ("".join(f"s = s * 3 + v{n}; " for n in order) for order in (range(100), range(99, -1, -1)))
    source.write_text(f"volatile int k; int main(void) {{ int s = 0; {values}{forwards}{backwards}k = s; return 0; }}\n")
    measured = replace(official, measured=True)
    one = Conforming(measured, lambda: measured, tmp_path, measured=True).verdict_on(ForeignProgram("own", "many", (source,)), "-O1")
    assert one.cost == one.reference and one.cost.stack >= 4 * 70 and one.cost.spills >= 70
    source.write_text("int main(void) { return 0; }\n")
    few = Conforming(measured, None, tmp_path).verdict_on(ForeignProgram("own", "few", (source,)), "-O1")
    assert (few.cost.stack, few.cost.spills) == (0, 0) and not list(tmp_path.glob("*.yaml"))


def test_the_reference_may_be_an_llc_of_ones_own(tmp_path: Path) -> None:
    td = ROOT / "targets/RV32IM/RV32IM.td"
    request = ConformRequest(TryRequest(td, "19"), suite_dir=PROGRAMS, reference=str(tmp_path / "llc"), work=tmp_path / "work")
    with pytest.raises(InputError, match="this is no llc"):
        conform(request, silent)


def test_output_is_compared_through_the_exit_status(official: Side, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text('#include <stdio.h>\nint main(void) {\n  puts("42 of 60");\n  return 0;\n}\n')
    obj = official.toolchain.compile_c(source, "-O2", tmp_path / "a.o")
    for text, problem in (("42 of 60\n", ""), ("42 of 61\n", "another output than expected"), (None, "")):
        assert official.host.run([obj], official.toolchain.library, tmp_path / "a", Expected(text)).problem == problem


def test_both_backends_may_print_something_else_than_the_host(official: Side, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text('#include <stdio.h>\nint main(void) {\n  puts(sizeof(long) == 8 ? "wide" : "narrow");\n  return 0;\n}\n')
    program = ForeignProgram("csmith", "a", (source,), expected=Expected("wide\n"))
    assert Conforming(official, None, tmp_path).verdict_on(program, "-O2").verdict is ProgramVerdict.WRONG
    assert Conforming(official, lambda: official, tmp_path).verdict_on(program, "-O2").verdict is ProgramVerdict.PASSES
    assert isinstance(official.host, QemuHost)
    objects = [official.toolchain.compile_c(source, "-O2", tmp_path / "a.o")]
    assert official.host.output_hash(objects, official.toolchain.library, tmp_path / "a") == Expected("narrow\n").hash


def checkout(folder: Path, *names: str) -> Path:
    """A folder with empty files of those names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder


def test_suites_are_read_from_checkouts(tmp_path: Path) -> None:
    embench = list(embench_programs(checkout(tmp_path / "e", "src/b/x.c", "src/a/y.c", "src/a/z.c", "support/main.c", "support/beebsc.c")))
    assert [program.name for program in embench] == ["a", "b"]
    assert [source.name for source in embench[0].sources] == ["y.c", "z.c", "main.c", "beebsc.c", "board.c"]
    (coremark,) = coremark_programs(checkout(tmp_path / "c", "core_main.c", "core_list_join.c"))
    assert [source.name for source in coremark.sources] == ["core_list_join.c", "core_main.c", "core_portme.c"]
    single = checkout(tmp_path / "s", "SingleSource/U/a.c", "SingleSource/U/b.c", "SingleSource/U/c.cpp")
    for name, text in (("a", "x\nexit 0\n"), ("b", "exit 1\n"), ("c", "exit 0\n")):
        (single / f"SingleSource/U/{name}.reference_output").write_text(text)
    assert [(program.name, program.expected.stdout) for program in single_source_programs(single)] == [("U-a", "x\n")]


def test_a_program_that_lacks_a_symbol_is_not_linked(official: Side, tmp_path: Path) -> None:
    source = tmp_path / "a.c"
    source.write_text("int elsewhere(void);\nint main(void) { return elsewhere(); }\n")
    with pytest.raises(NotCompiled, match="undefined symbol: elsewhere"):
        official.host.run([official.toolchain.compile_c(source, "-O2", tmp_path / "a.o")], (), tmp_path / "a", Expected())


def test_a_crash_of_llc_names_the_pass_and_the_function() -> None:
    said = (
        "LLVM ERROR: Cannot select: t3: i32 = bitreverse t2\nStack dump:\n0.\tProgram arguments: llc a.ll\n"
        "1.\tRunning pass 'Function Pass Manager' on module 'a.ll'.\n"
        "2.\tRunning pass 'Toy DAG->DAG Pattern Instruction Selection' on function '@turned'\n"
    )
    found = refused(Completed(("llc", "a.ll"), -6, "", said, 0.1))
    assert (found.llvm_pass, found.function) == ("Toy DAG->DAG Pattern Instruction Selection", "turned")
    assert found.what == "llc: LLVM ERROR: Cannot select: t3: i32 = bitreverse t2"


def test_a_verdict_goes_through_json_and_back() -> None:
    one = Conformed("torture", "a", "-O2", ProgramVerdict.LLC, "llc: x", "ISel", "f", "llc a.ll", Cost(3, 4, 5, 6), Cost(7, 8, 9, 10))
    data = conformance.conformity_json({"target": "Toy"}, [one])
    assert [read_conformed(program) for program in data["programs"]] == [one] and data["target"] == "Toy"


def test_the_page_escapes_what_it_shows() -> None:
    fails = Conformed("torture", "a<b>", "-O2", ProgramVerdict.WRONG, "exit status 1", "ISel", "f", "llc -x 'a<b>.ll'")
    head = {"target": "Toy", "llvm": "19.1.7", "suite": "torture", "host": "qemu-toy", "reference": ""}
    page = conformance.conformity_page(head, [fails, Conformed("torture", "c", "-O2", ProgramVerdict.PASSES)])
    assert "1 × wrong result: exit status 1 (ISel)" in page
    assert ProgramVerdict.ALONE not in page
    assert "a&lt;b&gt; -O2 in f" in page and "a<b>" not in page and "1 of 2, 50.00%" in page


def test_causes_are_the_same_but_for_numbers() -> None:
    why = ["llc: Cannot select: t31: i64 = vselect", "llc: Cannot select: t7: i64 = vselect", "exit status 1"]
    verdicts = [ProgramVerdict.LLC, ProgramVerdict.LLC, ProgramVerdict.REFERENCE]
    programs = [Conformed("torture", f"p{n}", "-O2", v, w) for n, (v, w) in enumerate(zip(verdicts, why, strict=True))]
    ((cause, members),) = conformance.causes(programs)
    assert cause == "llc fails: llc: Cannot select: _: i64 = vselect" and [one.program for one in members] == ["p0", "p1"]


@pytest.mark.parametrize("total", [1, 2, 3, 7, 64])
def test_the_first_failing_number_is_found(total: int) -> None:
    for first in range(1, total + 1):
        assert first_failing(total, lambda number, first=first: number >= first) == first


TWICE = """define void @kept(ptr %p) {
  store i32 1, ptr %p
  ret void
}
define i32 @shrunk(ptr %p, i32 %n) {
entry:
  br label %loop
loop:
  %i = phi i32 [ 0, %entry ], [ %j, %loop ]
  %s = phi i32 [ 0, %entry ], [ %t, %loop ]
  %q = getelementptr i32, ptr %p, i32 %i
  %v = load i32, ptr %q
  %t = add i32 %s, %v
  %j = add i32 %i, 1
  %c = icmp eq i32 %j, %n
  br i1 %c, label %done, label %loop
done:
  ret i32 %t
}
"""


def test_a_bisection_names_the_pass_and_the_function(official: Side, tmp_path: Path) -> None:
    llc, ir = official.toolchain, tmp_path / "a.ll"
    ir.write_text(TWICE)

    def size(limit: int) -> int:
        return text_bytes([llc.compile_ir(ir, "-O2", tmp_path / "b.o", (f"-opt-bisect-limit={limit}",))])

    assert size(0) > size(10_000)
    found = bisected(llc, [ir], "-O2", tmp_path / "a", lambda objects: text_bytes(objects) < size(0))
    assert found is not None and found.llvm_pass and found.function in ("shrunk", "loop")
    assert size(found.number) < size(0) == size(found.number - 1) and f"-opt-bisect-limit={found.number}" in found.command
    assert bisected(llc, [ir], "-O2", tmp_path / "a", lambda objects: True) is None


MANY = """volatile int numbers[2] = {5, 3};
__attribute__((noinline)) int minus(int a, int b) { return a - b; }
int main(void) { return minus(numbers[0], numbers[1]) != 2; }
"""


class Backwards(Toolchain):
    """Takes the arguments of a subtraction in the other order."""

    def compile_ir(self, source: Path, level: str, out: Path, options: Sequence[str] = ()) -> Path:
        source.write_text(re.sub(r"(sub .*i32) (%\w+), (%\w+)", r"\1 \3, \2", source.read_text()))
        return super().compile_ir(source, level, out, options)


def test_mixed_halves_must_agree_on_calls(official: Side, llvm: Installation, tmp_path: Path) -> None:
    (tmp_path / "many.c").write_text(MANY)
    (tmp_path / "alone.c").write_text("int main(void) { return 0; }\n")
    extract = llvm.tool("llvm-extract")

    def verdict(toolchain: Toolchain, name: str) -> ProgramVerdict:
        mixed = MixedSide(toolchain, official.host, official=lambda: official, extract=extract)
        bench = Conforming(mixed, lambda: official, tmp_path)
        return bench.verdict_on(ForeignProgram("own", name, (tmp_path / f"{name}.c",)), "-O1").verdict

    assert verdict(official.toolchain, "many") is ProgramVerdict.PASSES
    assert verdict(official.toolchain, "alone") is ProgramVerdict.ALONE
    llc = official.toolchain
    backwards = Backwards(llc.tools, llc.triple, llc.layout, llc.installation, tmp_path / "backwards", llc.options)
    assert verdict(backwards, "many") is ProgramVerdict.WRONG


def counted(program: str, level: str, steps: int, official: int) -> Conformed:
    own, reference = Cost(steps, steps, 16, 3), Cost(official, 100, 32, 4)
    return Conformed("embench", program, level, ProgramVerdict.PASSES, cost=own, reference=reference)


def test_speed_ups_are_over_the_reference_without_optimisation(tmp_path: Path) -> None:
    run = [counted("a", "-O0", 200, 400), counted("a", "-O3", 100, 50), counted("b", "-O0", 800, 400), counted("b", "-O3", 100, 200)]
    (tmp_path / "run.json").write_bytes(orjson.dumps(conformance.conformity_json({"target": "Toy"}, [*run, counted("c", "-O0", 1, 1)])))
    made = speedups.speedups(speedups.read_conformities([tmp_path / "run.json"]))
    assert [row[1] for row in made.rows] == ["a", "b", "geometric mean"] and made.bars == ("a", "b", "geometric mean")
    assert made.rows[0][2:] == (400, 50, 200, 100, 8.0, 2.0, 2.0, 1.0, 32, 16, 4, 3)
    assert made.rows[2][6:10] == (4.0, 4.0, 1.0, 1.0)
    assert made.series == {"official -O3": (8.0, 2.0, 4.0), "generated -O3": (4.0, 4.0, 4.0), "generated -O0": (2.0, 0.5, 1.0)}
    assert any("Toy c" in note for note in made.notes)
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(InputError, match="not a run of conform"):
        speedups.read_conformities([tmp_path / "other.json"])


def test_an_empty_folder_and_an_unknown_suite_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no \*\.c is there"):
        list(torture_programs(tmp_path))
    with pytest.raises(InputError, match="there is no suite spec"):
        suite_named("spec")


def test_the_wheel_carries_the_library_of_programs() -> None:
    assert (ROOT / "templates/foreign/library.c").is_file() and (ROOT / "templates/foreign/ending.c").is_file()


def test_a_suite_is_run_by_the_backend_of_a_td_and_resumed(tmp_path: Path) -> None:
    (tmp_path / "builtins").mkdir()
    td = ROOT / "targets/RV32IM/RV32IM.td"
    request = ConformRequest(
        TryRequest(td, "19"), suite_dir=PROGRAMS, levels=("-O0",), builtins=tmp_path / "builtins", work=tmp_path / "work", seconds=2.0
    )
    said: list[str] = []
    made = conform(request, lambda done, total, text: said.append(text))
    assert made.host == "qemu-riscv32" and made.reference == "riscv32" and made.lost == {}
    verdicts = {one.program: one.verdict for one in made.programs}
    assert verdicts == {
        "endless": ProgramVerdict.REFERENCE,
        "nested": ProgramVerdict.NOT_C,
        "right": ProgramVerdict.PASSES,
        "wrong": ProgramVerdict.REFERENCE,
    }
    assert any(text.startswith("running right") for text in said)
    said.clear()
    assert conform(request, lambda done, total, text: said.append(text)).programs == made.programs
    assert not any(text.startswith("running right") for text in said)
    with pytest.raises(InputError, match="-O9 is no level"):
        conform(replace(request, levels=("-O9",)), silent)


def test_what_programs_are_linked_with_is_part_of_what_a_verdict_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal and a compiled library of before a change of the C library are not taken."""
    before, files = runtime_version(), resources.files_of

    def without(path: str) -> Sequence[Path]:
        return [] if path == "templates/foreign" else files(path)

    monkeypatch.setattr(resources, "files_of", without)
    store.code_version.cache_clear()
    assert runtime_version() != before
    store.code_version.cache_clear()
