"""A backend of two files, built with the real compiler and tested by a tool of ten lines, for the tests of the judge.

Run as a program (``python tests/tiny_backend.py WORK``) it judges the plan below in WORK and prints one verdict per line; tests kill it.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from llvm_integration.lit import MUTANT_VARIABLE, TEST_VARIABLE, ResultCode, TestResult
from llvm_integration.process import Completed, run
from vega_gen.cxx import parse_function
from vega_gen.records import Candidate, FilledStatement, Function, Module, PlannedFunction, Statement
from vega_gen.regress import Regression, read_reference

HEADER = """\
#ifndef TINY_H
#define TINY_H
namespace llvm {
class TinyInfo {
  int Base = 4;

public:
  virtual ~TinyInfo() {}
  virtual int size() const { return Base; }
  int never() const { return 8; }
  int width(int Bits) const;
  int width(const char *Text) const;
};
constexpr int tinyScale(int N) { return N * 3; }
int tinyOffset(int Index);
int tinySum(int Count);
int tinyShift(int Value);
int tinyMask(int Value);
int tinyHidden(int Value);
int tinyLoop(int Count);
int tinyLast(int Value);
int tinyMore(int Value);
} // namespace llvm
#endif
"""

SOURCE = """\
#include "Tiny.h"

using namespace llvm;

int TinyInfo::width(int Bits) const { return Bits / 8; }

int TinyInfo::width(const char *Text) const {
  int Length = 0;
  while (Text[Length])
    ++Length;
  return Length;
}

// The offset of a slot.
int llvm::tinyOffset(int Index) {
  return Index * 4; // bytes
}

int llvm::tinySum(int Count) {
  int Total = 0;
  for (int I = 0; I < Count; ++I)
    Total += I;
  return Total;
}

int llvm::tinyShift(int Value) { return Value << 2; }

int llvm::tinyMask(int Value) { return Value & 255; }

int llvm::tinyHidden(int Value) { return Value + 77; }

int llvm::tinyLoop(int Count) {
  while (Count > 3)
    --Count;
  return Count;
}

int llvm::tinyLast(int Value) { return Value - 1; }

int llvm::tinyMore(int Value) { return Value + tinyScale(5); }
"""

TOOL = """\
#include "Tiny.h"
#include <cstdio>
#include <cstring>
using namespace llvm;
int main(int argc, char **argv) {
  TinyInfo Info;
  auto is = [&](const char *Name) { return argc > 1 && !strcmp(argv[1], Name); };
  int Result = -1;
  if (is("offset")) Result = tinyOffset(5);
  if (is("sum")) Result = tinySum(5);
  if (is("shift")) Result = tinyShift(3);
  if (is("shift-again")) Result = tinyShift(1) + tinyShift(2);
  if (is("mask")) Result = tinyMask(0x1234);
  if (is("loop")) Result = tinyLoop(9);
  if (is("last")) Result = tinyLast(9);
  if (is("more")) Result = tinyMore(1);
  if (is("info")) Result = Info.size() + Info.width(64) + Info.width("abc");
  if (is("red")) Result = 1;
  printf("%d\\n", Result);
}
"""

EXPECTED = {"info": 15, "last": 8, "loop": 3, "mask": 0x34, "more": 16, "offset": 20, "red": 99, "shift": 12, "shift-again": 12, "sum": 10}

GENERATED = {
    "identical": "int tinyOffset(int Index) { return Index * 4; }",
    "equivalent": "int tinySum(int N) { int Result = 0; for (int J = 0; J < N; ++J) Result += J; return Result; }",
    "passed": "int TinyInfo::width(const char *Text) const { int N = 0; while (Text[N] != 0 && N < 90) ++N; return N; }",
    "unverified": "int tinyHidden(int Value) { return Value + 78; }",
    "failed-test": "int tinyShift(int Value) { return Value << 3; }",
    "failed-compile": "int tinyMask(int Value) { return Value & NoSuchName; }",
    "crashed": "int tinyLast(int Value) { __builtin_trap(); return Value - 1; }",
    "timed-out": 'int tinyLoop(int Count) { while (Count > 3) asm volatile(""); return Count; }',
    "unresolved": "long tinyMore(int Value) { return Value + judge_breaks; }",
}
"""Verdict -> what is generated to earn it; ``missing`` is every other function."""


def planned(text: str, class_name: str = "", file: str = "Tiny.cpp", alternatives: Sequence[str] = (), group: str = "") -> PlannedFunction:
    """``text`` as a planned function of one candidate; each statement with the same ``alternatives``."""
    f = parse_function(text, class_name)
    return planned_from(f, file, tuple(alternatives), group)


def planned_from(f: Function, file: str, alternatives: tuple[str, ...] = (), group: str = "") -> PlannedFunction:
    def flat(body: Sequence[Statement], depth: int) -> list[FilledStatement]:
        found: list[FilledStatement] = []
        for s in body:
            found.append(FilledStatement("id", depth, s.kind, s.head, s.braced, s.tail, 0.9, (), alternatives))
            found += flat(s.children, depth + 1)
        return found

    candidate = Candidate(f.signature, tuple(flat(f.body, 0)), 0.9, "template")
    return PlannedFunction(group, Module.SEL, file, f.namespaces, f.in_class, (candidate,))


@dataclass
class TinyBuild:
    """A ``Build`` of the folder ``llvm/lib/Target/Tiny`` with clang++; it counts the functions it compiles."""

    llvm: Path
    work: Path
    identity: str = "tiny"
    compiled: list[str] = field(default_factory=list)

    @property
    def objects(self) -> Mapping[str, Path]:
        return {"Tiny.cpp": self.work / "Tiny.o"}

    def prepare(self, progress: object) -> Path:
        self.work.mkdir(parents=True, exist_ok=True)
        (self.work / "tool.cpp").write_text(TOOL)
        self._clang(self.llvm / "lib/Target/Tiny", "-c", str(self.work / "tool.cpp"), "-o", str(self.work / "tool.o")).check()
        self.compile("Tiny.cpp", None, self.work / "Tiny.o").check()
        self.link(self.work / "bin", {})
        return self.work / "bin"

    def compile(
        self, file: str, text: str | None, out: Path, *, header_overrides: Mapping[str, str] | None = None, flags: Sequence[str] = ()
    ) -> Completed:
        official = self.llvm / "lib/Target/Tiny"
        text = text if text is not None else (official / file).read_text()
        if "judge_breaks" in text:
            raise OSError(28, "No space left on device")
        folder = out.with_suffix(".d")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(official, folder)
        (folder / file).write_text(text)
        for header, other in (header_overrides or {}).items():
            (folder / header).write_text(other)
        self.compiled.append(str(out))
        return self._clang(folder, "-c", file, "-o", str(out.resolve()), *flags)

    def objects_including(self, header: str) -> Sequence[str]:
        return ("Tiny.cpp",)

    def link(self, tools_dir: Path, replaced: Mapping[str, Path], tools: Collection[str] = ()) -> None:
        assert set(tools) <= {"tool"}
        tools_dir.mkdir(parents=True, exist_ok=True)
        objects = {**self.objects, **replaced}
        self._clang(self.work, *map(str, objects.values()), "tool.o", "-o", str(tools_dir.resolve() / "tool")).check()

    def same_object(self, a: Path, b: Path) -> bool:
        return a.read_bytes() == b.read_bytes()

    def _clang(self, folder: Path, *argv: str) -> Completed:
        return run(["clang++-19", "-O1", "-w", "-std=c++17", f"-I{folder}", *argv], cwd=folder, timeout=60)


@dataclass
class TinySuite:
    """A ``Suite`` that calls the tool once a test. ``delay``: seconds before each run of the suite; ``runs``: the tests of each."""

    tests: Sequence[str] = tuple(EXPECTED)
    identity: str = "tiny"
    delay: float = 0.0
    runs: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int, max_failures: int | None, mutant: int = 0,
        recorded: bool = False,
    ) -> Mapping[str, TestResult]:
        time.sleep(self.delay)
        self.runs.append(tuple(tests))
        results: dict[str, TestResult] = {}
        failures = 0
        for name in tests:
            results[name] = self._one(name, tools_dir, mutant)
            failures += results[name].code.is_failure
            if max_failures is not None and failures >= max_failures:
                break
        return results

    def record(self, tests: Sequence[str], tools_dir: Path, work: Path, *, jobs: int) -> None:
        """Nothing is gained by it here."""

    def _one(self, name: str, tools_dir: Path, mutant: int) -> TestResult:
        done = run([str(tools_dir / "tool"), name], timeout=1, env={TEST_VARIABLE: name, MUTANT_VARIABLE: str(mutant)})
        if done.timed_out:
            return TestResult(ResultCode.TIMEOUT, "Timeout: Reached timeout of 1 seconds", 1.0)
        if done.returncode:
            return TestResult(ResultCode.FAIL, f"# error: command failed with exit status: {done.returncode}", done.seconds)
        good = done.stdout == f"{EXPECTED[name]}\n"
        return TestResult(ResultCode.PASS if good else ResultCode.FAIL, f"expected {EXPECTED[name]}, got {done.stdout}", done.seconds)


class Roles:
    """The group of a function is its name; methods are of the interface population."""

    def name_of(self, function: Function) -> str:
        return function.signature.name

    def partners(self, function: Function) -> bool:
        return bool(function.signature.class_name)


def regression(folder: Path, functions: Sequence[PlannedFunction], suite: TinySuite | None = None, **options: object) -> Regression:
    """A regression of ``functions`` in ``folder``, which gets the official backend if it has none."""
    target = folder / "llvm/lib/Target/Tiny"
    if not target.exists():
        target.mkdir(parents=True)
        (target / "Tiny.h").write_text(HEADER)
        (target / "Tiny.cpp").write_text(SOURCE)
    reference = read_reference(folder / "llvm", "Tiny")
    work = folder / "work"
    build = TinyBuild(folder / "llvm", work / "build")
    command = ("vega-gen", "regress", "--target", "Tiny")
    return Regression(functions, reference, Roles(), lambda file: Module.SEL, build, suite or TinySuite(), work, command, "1", **options)  # type: ignore[arg-type]


def everything() -> list[PlannedFunction]:
    return [planned(text) for text in GENERATED.values()]


def slow_functions() -> list[PlannedFunction]:
    """Functions of which each needs a compile and a run of the suite."""
    texts = [GENERATED[verdict] for verdict in ("passed", "unverified", "failed-test", "crashed")]
    more = "int tinyMore(int Value) { return Value + 14; }"
    mask = "int tinyMask(int Value) { return Value & 254; }"
    return [planned(text) for text in (*texts, more, mask)]


if __name__ == "__main__":
    for judgement in regression(Path(sys.argv[1]), slow_functions(), TinySuite(delay=0.2), jobs=1).judgements():
        print(judgement.function, judgement.verdict, flush=True)


__all__ = ["EXPECTED", "GENERATED", "everything", "planned", "planned_from", "regression", "slow_functions"]
