"""Judging many functions in one build: which may share one, which function an error or identical code belongs to, and the run."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from llvm_integration.lit import MUTANT_VARIABLE
from llvm_integration.process import Completed, run
from vega_gen.cxx import parse_file
from vega_gen.records import PlannedFunction, Verdict
from vega_gen.regress.same_code import references, same_code
from vega_gen.regress.schemata import Mutant, behind_numbers, blamed, in_place, source_text, why_alone
from vega_gen.regress.shared import SharedTools, build_shared
from vega_gen.regress.swap import body, signature_in_place, written_scope

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny


def mutant(text: str, generated: PlannedFunction, file: str = "Tiny.cpp", number: int = 0) -> Mutant:
    """``generated`` in the place of the function of its name in ``text``."""
    functions = parse_file(text.encode(), "Tiny", file, frozenset({"llvm"})).functions
    own = generated.candidate.signature
    place, f = next((i, f) for i, f in enumerate(functions) if f.signature.name.strip("~") == own.name.strip("~"))
    signature = signature_in_place(f, written_scope(f, text[f.start : f.end]), generated)
    return Mutant(number or place + 1, f, signature, body(generated))


# ------------------------------------------------------------------ who may share


@pytest.mark.parametrize(
    ("official", "generated", "reason"),
    [
        ("int f(int A) { return A; }", "int f(int A) { return 2 * A; }", ""),
        ("int f(int A) { return A; }", "int f(int B) { return 2 * B; }", ""),
        ("int f(int A) { return A; }", "int f(int B) { int A = 2; return A * B; }", "parameter names"),
        ("int f(int) { return 1; }", "int f(int B) { return B + 1; }", "parameter names"),
        ("int f(int) { return 1; }", "int f(int B) { return 2; }", ""),
        ("int f(int A) { return A; }", "int f(int B) { return 2; }", ""),
        ("int f(int A) { return A; }", "int f(int A) { return A; }", ""),
        ("int f(int A) { return A; }", "int f(int B) { return B; }", "returns a parameter"),
        ("int f(int A) { return A; }", "long f(int A) { return A + 1; }", "another signature"),
        ("int f(int A) { return A; }", "int f(long A) { return A + 1; }", "another signature"),
        ("static int f(int A) { return A; }", "int f(int A) { return A + 1; }", "another signature"),
        ("constexpr int f(int A) { return A; }", "constexpr int f(int A) { return A + 1; }", "constexpr"),
        ("auto f(int A) { return A; }", "auto f(int A) { return A + 1; }", "deduced return type"),
        ("int f(int A) { return A; }", "int f(int A) { again: if (A) goto again; return 1; }", "labels"),
        ("int f(int A) { return A; }", "int f(int A) {\n#ifdef X\n return 2;\n#endif\n return 1; }", "preprocessor lines"),
        ("A::A(int X) : B(X) {}", "A::A(int X) : C(X) {}", "other initialisers"),
        ("A::A(int X) : B(X) {}", "A::A(int Y) : B(Y) { go(); }", ""),
        ("A::~A() {}", "A::~A() { go(); }", ""),
        ("struct A { int f() override { return 1; } };", "struct A { int f() { return 2; } };", ""),
    ],
)
def test_who_may_share_a_build(official: str, generated: str, reason: str) -> None:
    f = parse_file(generated.encode(), "Tiny", "Tiny.cpp").functions[0]
    assert why_alone(mutant(official, tiny.planned_from(f, "Tiny.cpp"))) == reason


# ------------------------------------------------------------- texts and programs


def compiled(folder: Path, text: str, *flags: str) -> str:
    """The assembly of a text, as the judge's compiler makes it."""
    (folder / "Tiny.h").write_text(tiny.HEADER)
    (folder / "a.cpp").write_text(text)
    sections = ("-ffunction-sections", "-fdata-sections")
    argv = ["clang++-19", "-O1", "-w", "-std=c++17", *sections, "-S", "a.cpp", "-o", "a.s", *flags]
    run(argv, cwd=folder, timeout=60).check()
    return (folder / "a.s").read_text()


OFFICIAL = """\
#include "Tiny.h"
using namespace llvm;
int llvm::tinyShift(int Value) { return Value << 2; }
int llvm::tinyMask(int Mask) {
  return Mask & 255; }
int llvm::tinyLast(int Value) { return Value - 1; }
"""


def test_a_program_does_what_the_number_says_and_without_one_what_it_did(tmp_path: Path) -> None:
    mutants = [
        mutant(OFFICIAL, tiny.planned("int tinyShift(int Value) { return Value << 3; }")),
        mutant(OFFICIAL, tiny.planned("int tinyMask(int Mask) { int Value = 7; if (Mask > 1) { return Value; } return 9; }")),
    ]
    main = '\n#include <cstdio>\nint main() { printf("%d %d %d", tinyShift(1), tinyMask(511), tinyLast(5)); }\n'
    text = source_text(behind_numbers(OFFICIAL.encode(), "a.cpp", mutants) + main, "a.cpp")
    (tmp_path / "Tiny.h").write_text(tiny.HEADER)
    (tmp_path / "a.cpp").write_text(text)
    run(["clang++-19", "-std=c++17", "a.cpp", "-o", "a.out"], cwd=tmp_path, timeout=60).check()
    said = {n: run([str(tmp_path / "a.out")], env={MUTANT_VARIABLE: str(n)}).stdout for n in range(3)}
    assert said == {0: "4 255 4", 1: "8 255 4", 2: "4 7 4"}
    assert run([str(tmp_path / "a.out")]).stdout == "4 255 4"


def test_a_function_without_its_return_does_not_run_on_into_the_official_one(tmp_path: Path) -> None:
    text = behind_numbers(OFFICIAL.encode(), "a.cpp", [mutant(OFFICIAL, tiny.planned("int tinyShift(int Value) { Value = 1; }"))])
    (tmp_path / "Tiny.h").write_text(tiny.HEADER)
    (tmp_path / "a.cpp").write_text(source_text(f"{text}\nint main() {{ return tinyShift(1); }}\n", "a.cpp"))
    run(["clang++-19", "-w", "-O1", "-std=c++17", "a.cpp", "-o", "a.out"], cwd=tmp_path, timeout=60).check()
    assert run([str(tmp_path / "a.out")]).returncode == 4
    assert run([str(tmp_path / "a.out")], env={MUTANT_VARIABLE: "1"}).returncode < 0


def errors_of(folder: Path, official: str, *generated: str) -> dict[int, str]:
    mutants = [mutant(official, tiny.planned(text)) for text in generated]
    (folder / "Tiny.h").write_text(tiny.HEADER)
    (folder / "a.cpp").write_text(source_text(behind_numbers(official.encode(), "a.cpp", mutants), "a.cpp"))
    done = run(["clang++-19", "-w", "-std=c++17", "-fsyntax-only", "-ferror-limit=0", "a.cpp"], cwd=folder, timeout=60)
    return dict(blamed(done.stderr))


def test_each_error_is_the_functions_that_it_is_in(tmp_path: Path) -> None:
    official = OFFICIAL + "template <typename T> int twice(T X) { return X.size(); }\n"
    official = official.replace("int llvm::tinyShift", "template <typename T> int size(T X) { return X.size(); }\nint llvm::tinyShift")
    found = errors_of(
        tmp_path,
        official,
        "int tinyShift(int Value) { return NoSuchName + Value; }",
        "int tinyMask(int Mask) { return size(Mask); }",
        "int tinyLast(int Value) { return Value - 1; }",
    )
    assert sorted(found) == [2, 3], "the first function is a template of the file"
    assert found[2].startswith("generated/a.cpp:1:10: error: use of undeclared identifier 'NoSuchName'")
    assert "member reference base type 'int'" in found[3], "the error is in the template, the note in the function"
    assert errors_of(tmp_path, OFFICIAL, "int tinyShift(int Value) { return 3; }") == {}


def test_what_follows_a_changed_function_keeps_its_line() -> None:
    mutants = [
        mutant(OFFICIAL, tiny.planned("int tinyShift(int Value) { return 1; }")),
        mutant(OFFICIAL, tiny.planned("int tinyMask(int Mask) { return 2; }")),
    ]
    texts = [behind_numbers(OFFICIAL.encode(), "d/a.cpp", mutants)]
    texts += [in_place(OFFICIAL.encode(), "d/a.cpp", mutants, generated=generated) for generated in (True, False)]
    for text in texts:
        before, _, last = text.rpartition("#line ")
        line, _, rest = last.partition("\n")
        number, _, name = line.partition(" ")
        assert name == '"a.cpp"'
        first = rest.split("\n")[0]
        assert OFFICIAL.split("\n")[int(number) - 1].endswith(first), (text, first)
        assert before.startswith("#include")


# -------------------------------------------------------------------- same code

CODE = """\
extern int g(const char *);
static int h(int X) { /*1*/ return g("abc") + X; }
int f(int X) { /*2*/
  switch (X) { case 1: return g("a"); case 2: return g("b"); case 3: return h(2); case 4: return g("d") + h(4); case 5: return g("k"); }
  auto L = [&](int K) { return g("l") + K; };
  return L(X) + L(3);
}
template <class T> struct S { T m(T X) { /*3*/ return g("t") + X; } };
int z() { return S<int>().m(3); }
double d(double X) { /*4*/ return X * 3.25; }
"""


def marked(folder: Path, text: str) -> str:
    for number in range(1, 5):
        text = text.replace(f"/*{number}*/", f'asm volatile("# vega {number} ");')
    text = text.replace("static int h", "__attribute__((noinline)) static int h").replace("T m(T", "__attribute__((noinline)) T m(T")
    return compiled(folder, text)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("int z()", "int z() ", set()),
        ('"d")', '"e")', {2}),
        ('"abc")', '"abd")', {1}),
        ('"l") + K', '"l") + K + K', {2}),
        ("return X * 3.25", "double Y = X * 3.25; return Y", set()),
        ("3.25", "3.26", {4}),
        ("return h(2)", "return h(3)", {2}),
        ('g("t") + X', 'g("t") - X', {3}),
        # Other constants, tables and lambdas before it count the compiler's own names up, and change nothing.
        (
            "extern int g(const char *);",
            'extern int g(const char *);\nint n() { auto L = [](int A) { return g("n"); }; return L(1); }\n'
            'const char *m(int I) { static const char *T[] = {"0", "1"}; return T[I]; }',
            set(),
        ),
    ],
)
def test_whose_code_is_the_same(tmp_path: Path, old: str, new: str, changed: set[int]) -> None:
    assert old in CODE
    found = same_code(marked(tmp_path, CODE), marked(tmp_path, CODE.replace(old, new)))
    assert found == {number: number not in changed for number in range(1, 5)}


def test_a_function_that_one_text_lacks_is_not_the_same(tmp_path: Path) -> None:
    assert same_code(marked(tmp_path, CODE), marked(tmp_path, "int k;")) == dict.fromkeys(range(1, 5), False)


def test_what_a_function_refers_to(tmp_path: Path) -> None:
    assert "_Z1gPKc" in references(marked(tmp_path, CODE))[1]


# --------------------------------------------------------------------- the build


def built(folder: Path, source: str, changes: list[tuple[str, str]], declared: str = "") -> SharedTools:
    """The tiny backend with ``source`` and one more declaration, in which the functions of some names have other bodies."""
    tiny.regression(folder, [])
    (folder / "llvm/lib/Target/Tiny/Tiny.cpp").write_text(source)
    (folder / "llvm/lib/Target/Tiny/Tiny.h").write_text(tiny.HEADER.replace("int tinyOffset", f"{declared}int tinyOffset"))
    regression = tiny.regression(folder, [])
    regression.build.prepare(None)
    mutants: list[Mutant] = []
    for name, text in changes:
        number, f = next((i + 1, f) for i, f in enumerate(regression.reference.functions) if f.signature.name == name)
        signature = replace(f.signature, class_name=written_scope(f, regression.reference.text(f)))
        mutants.append(Mutant(number, f, signature, text))
    return build_shared(regression.reference, regression.build, mutants, folder / "shared", 2, lambda *_: None)


def test_many_functions_are_decided_with_a_few_runs_of_the_compiler(tmp_path: Path) -> None:
    regression = tiny.regression(tmp_path, tiny.everything())
    judged = {j.function: j for j in regression.judgements() if j.verdict is not Verdict.MISSING}
    together = [out for out in regression.build.compiled if "/shared/" in out]
    assert len(together) == 4, "numbers, numbers without what does not compile, and the two texts that are compared"
    assert {j.function: j.alone for j in judged.values() if j.alone} == {"tinyLoop": "labels"}
    assert judged["tinyMask"].output.startswith("generated/Tiny.cpp:1:18: error:")


def test_what_compiles_behind_its_number_alone_does_not_share(tmp_path: Path) -> None:
    shared = built(tmp_path, tiny.SOURCE, [("tinyLast", "int Value = 3; return 1 + Value;"), ("tinyShift", "return Value << 3;")])
    assert list(shared.alone.values()) == ["does not compile in its place"], "a parameter is declared again"
    assert len(shared.ready) == 1


def test_what_does_not_link_is_tried_alone_and_the_others_go_on(tmp_path: Path) -> None:
    mask, shift, last = "int nowhere(int); return nowhere(Value);", "return Value << 3;", "return -1 + Value;"
    changes = [("tinyMask", mask), ("tinyShift", shift), ("tinyLast", last)]
    shared = built(tmp_path, tiny.SOURCE, changes)
    assert list(shared.alone.values()) == ["does not link with others"]
    assert [outcome.verdict for outcome in shared.decided.values()] == [Verdict.EQUIVALENT]
    (number,) = shared.ready
    tool = shared.tools / "tool"
    assert run([str(tool), "shift"], env={MUTANT_VARIABLE: str(number)}).stdout == "24\n"
    assert run([str(tool), "mask"], env={MUTANT_VARIABLE: str(number)}).stdout == f"{0x34}\n"


def test_a_function_of_a_class_stands_behind_its_number_in_the_header(tmp_path: Path) -> None:
    source = tiny.SOURCE + "int llvm::tinyUse(const TinyInfo &Info) { return Info.TinyInfo::size() + Info.never(); }\n"
    shared = built(tmp_path, source, [("size", "return Base + 1;"), ("never", "return 4 + 4;")], "int tinyUse(const TinyInfo &Info);\n")
    verdicts = [outcome.verdict for outcome in shared.decided.values()]
    assert (len(shared.ready), verdicts, dict(shared.alone)) == (1, [Verdict.EQUIVALENT], {})


class TwoSources(tiny.TinyBuild):
    """A build of two sources that both include the header; it refuses a text with the word ``bad`` in it, as clang would."""

    @property
    def objects(self) -> Mapping[str, Path]:
        return {name: self.work / f"{name}.o" for name in ("Tiny.cpp", "Other.cpp")}

    def objects_including(self, header: str) -> Sequence[str]:
        return tuple(self.objects)

    def compile(self, file: str, text: str | None, out: Path, **options: object) -> Completed:
        self.compiled.append(file)
        texts = [text or "", *(options.get("header_overrides") or {}).values()]  # type: ignore[attr-defined]
        said = "".join(f"{m[1]}:1:1: error: bad\n" for t in texts for m in re.finditer(r'#line 1 "(generated[^"]*)"\n[^#]*bad', t))
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("")
        return Completed(("clang++",), int(bool(said)), "", said, 0.1)

    def link(self, tools_dir: Path, replaced: Mapping[str, Path], tools: Collection[str] = ()) -> None:
        self.linked = sorted(replaced)


def test_what_is_wrong_in_a_header_is_taken_out_of_every_source_that_met_it(tmp_path: Path) -> None:
    regression = tiny.regression(tmp_path, [])
    reference = replace(regression.reference, files={**regression.reference.files, "Other.cpp": b'#include "Tiny.h"\n'})
    build = TwoSources(tmp_path / "llvm", tmp_path / "build")
    bodies = {"size": "return bad;", "never": "return 7;", "tinyMask": "return 8;"}
    named = [(i, f, bodies.get(f.signature.name)) for i, f in enumerate(reference.functions)]
    mutants = [Mutant(i + 1, f, f.signature, text) for i, f, text in named if text]
    shared = build_shared(reference, build, mutants, tmp_path / "shared", 2, lambda *_: None)
    assert [outcome.verdict for outcome in shared.decided.values()] == [Verdict.FAILED_COMPILE]
    assert (len(shared.ready), dict(shared.alone)) == (2, {})
    assert build.linked == ["Other.cpp", "Tiny.cpp"]
    assert len(build.compiled) == 2 + 2 + 4, "each source twice, and once for each of the two texts that are compared"
