"""Overloads of one name are told apart by the types of their parameters, wherever two functions are paired."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import invented
import pytest
from emitted import description, emitted, function, member

from vega_gen import cxx
from vega_gen.archetypes.parts import by_name, the_overload
from vega_gen.groups import Interfaces
from vega_gen.plan.mend import Unit, member_tokens, without
from vega_gen.plan.merge import offered
from vega_gen.plan.steps import Steps, declaration
from vega_gen.plan.stubs import Bases
from vega_gen.records import FillerName, Mode, Module, Plan, PlannedClass, PlannedFile, PlannedFunction, Signature, Step, Verdict
from vega_gen.regress import as_planned, functions_of
from vega_gen.regress.pairing import pair

sys.path.insert(0, str(Path(__file__).parent))
import tiny_backend as tiny

NUMBER = "int ToyInstrInfo::size(int A) const { return 1; }"
TEXT = "int ToyInstrInfo::size(const char *A) const { return 2; }"


def head(text: str) -> Signature:
    return cxx.parse_function(f"{text} {{}}").signature


def method(text: str, **more: object) -> PlannedFunction:
    return function(text, "ToyInstrInfo.cpp", **more)  # type: ignore[arg-type]


def plan(*functions: PlannedFunction, members: tuple[str, ...] = ("int size(const char *A) const {}", "int size(int A) const {}")) -> Plan:
    toy = PlannedClass("ToyInstrInfo", ("public Base",), "ToyInstrInfo.h", ("llvm",), tuple(map(member, members)), (), ())
    files = (PlannedFile("ToyInstrInfo.h", (), ()), PlannedFile("ToyInstrInfo.cpp", ('"ToyInstrInfo.h"',), ()))
    return Plan("Toy", Mode.TD, FillerName.CONSENSUS, "19.1.7", (), files, (toy,), functions)


def steps(base: str = "class Base { virtual int size(int A) const { return 0; } };") -> Steps:
    interfaces = Interfaces(cxx.parse_file(base.encode(), "", "llvm/Base.h").classes)
    return Steps(description(), Bases(interfaces, lambda file: base.encode(), Path("no-tables"), "Toy", "e-p:32:32"))


@pytest.mark.parametrize(
    ("wanted", "among", "pairs"),
    [
        (["f(int)", "f(char)"], ["f(char)", "f(int)"], {0: 1, 1: 0}),
        (["f(unsigned R)"], ["f(llvm::MCRegister R)"], {0: 0}),  # spelled in two ways: the only one
        (["f(unsigned R)"], ["f(MCRegister R)", "f(int N)"], {}),  # no telling
        (["f(unsigned R)", "f(int N)"], ["f(MCRegister R)", "f(int N)"], {0: 0, 1: 1}),  # what is left belongs together
        (["f(int N)", "f(unsigned R)"], ["f(unsigned R)"], {1: 0}),
        (["f(int)", "f() const", "f()"], ["f()", "f() const"], {1: 1, 2: 0}),
        (["f()"], ["f() const"], {0: 0}),
        (["f(const unsigned A, int B = 3)"], ["f(unsigned A, int)"], {0: 0}),
        (["f(const MCInst &A)"], ["f(MCInst &A)", "f(const llvm::MCInst &A)"], {0: 1}),
        (["f(int)"], ["f(int, int)"], {}),
    ],
)
def test_the_overloads_of_a_name(wanted: list[str], among: list[str], pairs: dict[int, int]) -> None:
    assert cxx.overloads([head(f"int {text}") for text in wanted], [head(f"int {text}") for text in among]) == pairs


def test_a_declaration_in_a_class_gets_the_body_of_its_own_overload() -> None:
    text = method("int size(const char *A) const { return 2; }", in_class="ToyInstrInfo")
    header = emitted(plan(replace(text, file="ToyInstrInfo.h"), members=("int size(int A) const {}", "int size(const char *A) const {}")))
    assert "int size(int A) const;\n  int size(const char *A) const { return 2; }" in header["ToyInstrInfo.h"]


def test_a_given_header_gets_a_body_where_its_types_are_before_where_they_may_be() -> None:
    given = b"namespace llvm {\nclass ToyInstrInfo {\npublic:\n  int size(int A);\n  int size(MCRegister A);\n};\n}\n"
    bodies = ("int size(unsigned A) { return 1; }", "int size(int A) { return 2; }")
    inside = [function(body, "ToyInstrInfo.h", in_class="ToyInstrInfo") for body in bodies]
    made = emitted(replace(plan(*inside), classes=()), {"ToyInstrInfo.h": given})
    assert "int size(int A) { return 2; }\n  int size(MCRegister A) { return 1; }" in made["ToyInstrInfo.h"]


def test_archetypes_are_offered_to_the_overload_that_they_are() -> None:
    mined = [replace(method(text), group="") for text in (NUMBER, TEXT)]
    archetypes = [replace(method(text), group="") for text in (TEXT, NUMBER)]
    found = offered(mined, archetypes, (), 4, invented.groups())
    assert [{cxx.render(s.head) for c in f.candidates for s in c.statements} for f in found] == [{"return 1;"}, {"return 2;"}]
    named = by_name(archetypes)
    assert [the_overload(named, f.candidate.signature) for f in mined] == [archetypes[1].candidate, archetypes[0].candidate]
    assert the_overload(named, head("int ToyInstrInfo::size(char A) const")) is None


def test_a_method_that_goes_takes_no_other_overload_s_declaration() -> None:
    start = plan(method(NUMBER), method(TEXT), members=("int size(const char *A) const {}", "int size(int A) const {}"))
    assert declaration(start.classes, start.functions[0].candidate.signature) == start.classes[0].members[1].signature
    left = steps().left_out(start, 0, "no")
    assert [m.signature for m in left.classes[0].members] == [start.classes[0].members[0].signature]
    assert [f.step for f in left.functions] == [Step.LEFT_OUT, Step.FILLED]


def test_a_declaration_that_goes_takes_no_other_overload() -> None:
    start = plan(method(NUMBER), method(TEXT))
    gone = Unit("ToyInstrInfo.h", "ToyInstrInfo", member_tokens(start.classes[0].members[1]))
    assert [f.declared for f in without(start, frozenset({gone})).functions] == [False, True]


def test_the_base_s_default_is_that_of_the_same_overload() -> None:
    base = "class Base { virtual int size(const char *A) const = 0; virtual int size(int A) const { return 0; } };"
    start = plan(method(NUMBER), method(TEXT))
    bases = steps(base).bases
    assert [bases.default(start, f.candidate.signature) for f in start.functions] == [True, False]


def test_a_stub_for_a_pure_overload_leaves_the_other_where_it_is() -> None:
    base = "class Base { virtual int size(const char *A) const = 0; virtual int size(int A) const = 0; };"
    start = plan(method(NUMBER), members=("int size(int A) const {}",))
    made = steps(base).overridden(start, "ToyInstrInfo", head("int size(const char *A) const"))
    assert [f.step for f in made.functions] == [Step.FILLED, Step.STUB]
    wrong = plan(method("int ToyInstrInfo::size(char *A) { return 1; }"), members=("int size(char *A) {}",))
    made = steps(base).overridden(wrong, "ToyInstrInfo", head("int size(const char *A) const"))
    assert [f.step for f in made.functions] == [Step.LEFT_OUT, Step.STUB]


def test_a_reference_function_is_answered_by_the_overload_of_its_types() -> None:
    texts = ("int f(unsigned A, unsigned B, int C) const {}", "int f(unsigned A, unsigned B, unsigned C) {}")
    reference = cxx.parse_function("int f(unsigned A, unsigned B, unsigned C) const {}")
    planned = [tiny.planned(t) for t in texts]
    assert pair([reference], planned, lambda f: "") == {0: 1}, "const comes after the types"
    assert pair([reference, cxx.parse_function(texts[0])], planned, lambda f: "") == {0: 1, 1: 0}


DECLARED = "  int width(int Bits) const;\n  int width(const char *Text) const;\n"
BITS = "int TinyInfo::width(int Bits) const { return Bits / 8; }"
OVERLOADS = {
    "declared": ("  int wide(int A, int B) const;\n  int wide(char A, int B) const;\n", "int width(int Bits) const;"),
    "defined": (
        "int TinyInfo::wide(int A, int B = 8) const { return A / B; }\nint TinyInfo::wide(char A, int B = 4) const { return A / B; }\n",
        "int TinyInfo::width(int Bits) const { return wide(Bits) + wide('b', 1) - 'b' + wide('c') - 24; }",
    ),
}


def test_unchanged_overloads_with_default_arguments_in_their_definitions_are_identical(tmp_path: Path) -> None:
    """The declarations have none, so that what follows in the file compiles with those of the definitions alone."""
    header = tiny.HEADER.replace(DECLARED, OVERLOADS["declared"][0] + DECLARED)
    source = tiny.SOURCE.replace(BITS, OVERLOADS["defined"][0] + OVERLOADS["defined"][1])
    assert header != tiny.HEADER and source != tiny.SOURCE
    official, tree = tmp_path / "llvm/lib/Target/Tiny", tmp_path / "tree"
    for folder, text in ((official, source), (tree, source.replace("return A / B; }\nint", "return A % B; }\nint", 1))):
        folder.mkdir(parents=True)
        (folder / "Tiny.h").write_text(header)
        (folder / "Tiny.cpp").write_text(text)
    functions = [as_planned(f, f.signature.name, Module.SEL) for f in functions_of(tree, "Tiny")]
    judged = [(j.function, j.line, j.verdict) for j in tiny.regression(tmp_path, functions, functions_glob="*::wide").judgements()]
    first = source[: source.index("int TinyInfo::wide(int")].count("\n") + 1
    assert sorted(judged) == [("TinyInfo::wide", first, Verdict.FAILED_TEST), ("TinyInfo::wide", first + 1, Verdict.IDENTICAL)]
