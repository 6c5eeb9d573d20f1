"""The benchmark that compares the simulator with QEMU: which programs, what links with what, verdicts, and what is not done twice."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import simulator
from benchmarks.machine import Compared, Ended, Machine, Verdict, verdict
from benchmarks.simulator import Work
from llvm_integration.discover import find_installation
from vega_gen.conform import foreign
from vega_gen.conform.compilers import NotCompiled, first_line, runtime_folder
from vega_gen.ladder.subject import machines
from vega_gen.pipeline import silent

# LLVM's riscv32 neither multiplies nor divides by itself.
ARITHMETIC = """typedef unsigned long long u64;
unsigned __mulsi3(unsigned a, unsigned b) { unsigned c = 0; for (; b; b >>= 1, a <<= 1) c += b & 1 ? a : 0; return c; }
u64 __muldi3(u64 a, u64 b) { u64 c = 0; for (; b; b >>= 1, a <<= 1) c += b & 1 ? a : 0; return c; }
static u64 divided(u64 a, u64 b, u64 *rest) {
  u64 c = 0, r = 0;
  for (int i = 0; i < 64; i++, a <<= 1) { r = r << 1 | a >> 63; c <<= 1; if (r >= b) r -= b, c |= 1; }
  *rest = r;
  return c;
}
u64 __udivdi3(u64 a, u64 b) { return divided(a, b, &a); }
u64 __umoddi3(u64 a, u64 b) { divided(a, b, &a); return a; }
"""
WELL, OTHER, STOPPED = Ended(0, "x\n"), Ended(0, "y\n"), Ended(None, "", "no end")


@given(st.lists(st.text("abc", min_size=1, max_size=6), unique=True), st.integers(0, 9), st.integers())
def test_the_choice_depends_on_the_seed_alone(names: list[str], count: int, seed: int) -> None:
    chosen = foreign.chosen(names, count, seed)
    assert chosen == foreign.chosen(names[::-1], count, seed) == sorted(set(chosen)) and set(chosen) <= set(names)
    assert len(chosen) == min(count, len(names))


def test_another_seed_chooses_others() -> None:
    names = [str(n) for n in range(1000)]
    assert foreign.chosen(names, 20, 1) != foreign.chosen(names, 20, 2)


@pytest.mark.parametrize(
    ("qemu", "ours", "expected"),
    [
        (WELL, Ended(0, "x\n", steps=5, seconds=1.0), Verdict.AGREE),
        (WELL, OTHER, Verdict.DIFFER),
        (WELL, Ended(1, "x\n"), Verdict.DIFFER),
        (WELL, STOPPED, Verdict.STOPPED),
        (STOPPED, WELL, Verdict.ONLY_SIMULATOR),
        (STOPPED, Ended(None, "", "reads outside memory"), Verdict.BOTH_STOP),
    ],
)
def test_status_and_output_decide(qemu: Ended, ours: Ended, expected: Verdict) -> None:
    assert verdict(qemu, ours) is expected


def test_the_reason_is_one_line() -> None:
    assert first_line("\nwarning: no\na.ll:1:2: error: bad type\nmore\n") == "a.ll:1:2: error: bad type"
    assert first_line("said\nmore") == "said" and first_line("") == ""


def compared(name: str, verdict: Verdict, steps: int = 0) -> Compared:
    return Compared("torture", name, "-O0", verdict, "", WELL, Ended(0, "x\n", steps=steps, seconds=0.5))


def test_the_table_counts_each_suite_and_all() -> None:
    found = [compared("a", Verdict.AGREE), compared("b", Verdict.DIFFER), Compared("csmith", "1", "-O2", Verdict.NOT_COMPILED, "llc: no")]
    head, torture, csmith, both = simulator.rows(found)
    assert dict(zip(head, torture, strict=True))["differ"] == "1" and torture[:3] == ("torture", "-O0", "2")
    assert dict(zip(head, csmith, strict=True))["not compiled"] == "1"
    assert both[:3] == ("all", "", "3") and dict(zip(head, both, strict=True))["agree"] == "1"


def test_short_programs_say_nothing_about_speed() -> None:
    found = [compared("a", Verdict.AGREE, 10), compared("b", Verdict.AGREE, 3_000_000), compared("c", Verdict.AGREE, 1_000_000)]
    assert simulator.speed(found) == (4_000_000, 1.0, 2)


class Counting:
    """A Machine that compares nothing, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def compare(self, suite: str, name: str, level: str, _: object) -> Compared:
        self.asked.append(name)
        return Compared(suite, name, level, Verdict.AGREE, "", WELL, STOPPED)


def test_what_was_compared_is_not_compared_again(tmp_path: Path) -> None:
    programs = [Work("torture", name, "-O0", lambda out: out) for name in "abc"]
    journal, machine = tmp_path / "compared.jsonl", Counting()
    first = simulator.compare_all(machine, programs[:2], journal)  # pyright: ignore[reportArgumentType]
    with journal.open("ab") as stream:
        stream.write(b'{"suite": "cut off')
    assert simulator.read_journal(journal) == {one.key: one for one in first}
    simulator.compare_all(machine, programs, journal)  # pyright: ignore[reportArgumentType]
    assert machine.asked == ["a", "b", "c"]


@pytest.fixture
def riscv32(tmp_path: Path) -> Machine:
    """LLVM's own backend for the ISA, in place of a generated one."""
    llvm = find_installation("19.1")
    layout = "e-m:e-p:32:32-i64:64-n32-S128"
    made = Machine(llvm.bindir, "riscv32", layout, llvm, tmp_path / "work", emulator=machines()["riscv32"], simulator=None)
    made.assemble_entry()
    return made


def test_a_program_is_linked_with_what_it_needs(riscv32: Machine, tmp_path: Path) -> None:
    texts = {"main": "int f(void);\nint main(void) { return f() - 3; }", "f": "int g(void);\nint f(void) { return g(); }",
             "g": "int g(void) { return 7; }", "other": "int h(void) { return 1; }"}  # fmt: skip
    objects: dict[str, Path] = {}
    for name, text in texts.items():
        (tmp_path / f"{name}.c").write_text(text)
        objects[name] = riscv32.compile_c(tmp_path / f"{name}.c", "-O0", tmp_path / f"{name}.o")
    riscv32.add_to_library(objects[name] for name in ("f", "g", "other"))
    assert riscv32.linked(objects["main"]) == [objects["main"], objects["f"], objects["g"]]
    assert riscv32.under_qemu(riscv32.linked(objects["main"]), tmp_path / "main").status == 4
    with pytest.raises(NotCompiled, match="undefined symbol: f"):
        riscv32.under_qemu([objects["main"]], tmp_path / "main")


def test_the_library_of_programs_compiles_and_prints(riscv32: Machine, tmp_path: Path) -> None:
    names = set(re.findall(r"^#ifdef ONLY_(\w+)$", (runtime_folder() / "library.c").read_text(), re.M))
    (tmp_path / "builtins").mkdir()
    (tmp_path / "builtins/arithmetic.c").write_text(ARITHMETIC)
    assert riscv32.build_library(tmp_path / "builtins", {}, silent) == {}
    source = tmp_path / "a.c"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "int main(void) {\n  char text[40];\n"
        '  sprintf(text, "%05d|%-4s|%x|%lld|%c|%+.3i|%u%%", -42, "ab", 255, -5000000000ll, 64, 7, 9u);\n'
        "  puts(text);\n  char *copy = malloc(40);\n  strcpy(copy, text);\n  copy = realloc(copy, 80);\n"
        '  strcat(copy, "end");\n  printf("%s %zu %d\\n", copy, strlen(copy), memcmp(copy, text, 20));\n  abort();\n}\n'
    )
    objects = riscv32.linked(riscv32.compile_c(source, "-O2", tmp_path / "a.o"))
    assert {path.stem for path in objects} <= names | {"a", "rt-arithmetic"} and len(objects) > 8
    line = "-0042|ab  |ff|-5000000000|@|+007|9%"
    ended = riscv32.under_qemu(objects, tmp_path / "a")
    assert (ended.status, ended.stdout) == (134, f"{line}\n{line}end {len(line) + 3} 0\n")


def test_a_program_that_is_refused_says_by_whom(riscv32: Machine, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return x; }\n")
    found = riscv32.compare("own", "a", "-O0", lambda out: riscv32.compile_c(tmp_path / "a.c", "-O0", out))
    assert found.verdict is Verdict.NOT_COMPILED and found.why == "clang: use of undeclared identifier 'x'"
    (tmp_path / "b.ll").write_text("define i32 @main() {\n  ret i64 0\n}\n")
    found = riscv32.compare("own", "b", "-O0", lambda out: riscv32.compile_ir(tmp_path / "b.ll", "-O0", out))
    assert found.verdict is Verdict.NOT_COMPILED and found.why.startswith("llc: ") and "error" in found.why


def test_torture_tests_come_without_those_in_subfolders(tmp_path: Path) -> None:
    place = tmp_path / "gcc-1/gcc/testsuite/gcc.c-torture/execute"
    (place / "ieee").mkdir(parents=True)
    for name in ("a.c", "a.x", "ieee/b.c"):
        (place / name).write_text(name)
    (tmp_path / "gcc-1/gcc/main.c").write_text("")
    with tarfile.open(tmp_path / "gcc.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "gcc-1", "gcc-1")
    foreign.torture_tests(tmp_path / "gcc.tar.xz", tmp_path / "tests")
    assert sorted(p.name for p in (tmp_path / "tests").iterdir()) == ["a.c", "a.x"]


@pytest.mark.parametrize(("text", "options"), [
    ("/* { dg-options \"-fgnu89-inline\" } */\nint main() {}", ("-fgnu89-inline",)),
    ('/* { dg-additional-options "-std=gnu89 -Wno-psabi -fwrapv" } */', ("-std=gnu89", "-fwrapv")),
    ("// as with -fwrapv", ()),
])  # fmt: skip
def test_a_test_is_compiled_as_it_asks(text: str, options: tuple[str, ...]) -> None:
    assert foreign.wanted_options(text) == options
