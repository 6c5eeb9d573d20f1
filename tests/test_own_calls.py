"""Calls of the target's own functions: its headers decide which donors' statements it keeps, and how they are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invented import DONORS, KINDS, MASKERS, NEW, WORDS, function, groups, new_target, template

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import FillRequest, NewTarget
from vega_gen.fill.holes import write
from vega_gen.fill.own_calls import OwnCalls
from vega_gen.fill.weights import LENT, weights_of
from vega_gen.function_template import build_template
from vega_gen.plan.planner import Planner
from vega_gen.records import Candidate, Enum, Mode, Param, Signature

SIGNATURE = Signature("add", "DddConfig", result=("void",), params=(Param(("DddSubtarget", "&"), "ST"),))


def words(candidate: Candidate) -> list[str]:
    return [" ".join((*s.head, *s.tail)) for s in candidate.statements]


def declaring(text: str) -> NewTarget:
    """The new target with free functions in its header."""
    prototypes = parse_file(f"namespace llvm {{ {text} }}".encode(), NEW, "Ddd.h").prototypes
    identifiers = frozenset(s.name for s in prototypes)
    return replace(new_target(words=WORDS | {"addPass"}), prototypes=prototypes, identifiers=identifiers)


def test_a_free_function_that_only_the_new_target_declares_is_called_where_a_donor_calls_it() -> None:
    bodies = {"Aaa": "addPass(BranchID);", "Bbb": "addPass(BranchID);", "Ccc": "addPass(createCccSlotPass());"}
    made = template([function(t, f"void @Config::add(@Subtarget &ST) {{ {body} }}") for t, body in bodies.items()])
    taken: list[list[str]] = []
    for text in ("", "Pass *createDddSlotPass();"):
        new = replace(declaring(text), llvm_identifiers=WORDS | {"addPass", "BranchID"})
        taken.append(words(ConsensusFiller().fill(FillRequest(made, SIGNATURE, new, MASKERS))[0]))
    assert taken == [["addPass ( BranchID ) ;"], ["addPass ( createDddSlotPass ( ) ) ;"]]


@pytest.mark.parametrize(
    "bodies", [("", "", "add(createCccSlot);"), ("add(createAaaSlot(), 1);", "begin(2, createBbbSlot());", "if (createCccSlot()) return;")]
)
def test_a_free_function_that_is_passed_on_or_that_most_donors_call_decides_nothing(bodies: tuple[str, ...]) -> None:
    given = zip(DONORS, bodies, strict=True)
    made = template([function(t, f"void @Config::add(@Subtarget &ST) {{ note(); {body} }}") for t, body in given])
    (first, *_) = ConsensusFiller().fill(FillRequest(made, SIGNATURE, declaring("Pass *createDddSlot();"), MASKERS))
    assert words(first) == ["note ( ) ;"]


@pytest.mark.parametrize(
    ("declared", "written", "misfits"),
    [
        ("int f();", "add(f(1, 2), 3);", 1),
        ("int f(int A, int B = 4);", "add(f(1), f(1, 2), 3);", 0),
        ("int f(DddSubtarget &S);", "add(f());", 0),
        ("int f(const DddSubtarget &S, DddMachine &TM);", "add(f({1, 2}));", 0),
        ("int f(long A);", "add(f());", 1),
        ("int f(int A);", "add(X.f(), Y->f(1, 2));", 0),
    ],
)
def test_arguments_that_no_prototype_takes_are_those_that_types_give_or_count_against_a_statement(
    declared: str, written: str, misfits: int
) -> None:
    made = template([function("Aaa", "void @Config::add(@Subtarget &ST) { }")])
    getters = {("DddMachine", "&"): ("getDddMachine", "(", ")")}
    calls = OwnCalls(FillRequest(made, SIGNATURE, declaring(declared), MASKERS, getters=getters), {0: 1.0})
    completed = calls.completed(tokenize(written))
    given = {"int f();": written.replace("1, 2", ""), "int f(DddSubtarget &S);": "add(f(ST));"}
    given |= {"int f(const DddSubtarget &S, DddMachine &TM);": "add(f(ST, getDddMachine()));"}
    assert completed == tuple(tokenize(given.get(declared, written)))
    assert calls.misfits(completed) == (0 if declared == "int f();" else misfits)


def test_what_a_class_of_the_role_returns_is_passed_where_its_type_is_wanted() -> None:
    extra = {
        t: f"class {t}Config : public Odd {{ {t}Machine &get{t}Machine() const {{ return all(); }} int size() {{ return 1; }}"
        f" void add() {{ addPass(create{t}SlotPass()); }} }};"
        for t in DONORS
    }
    new = declaring("Pass *createDddSlotPass(const DddMachine &TM);")
    planner = Planner(groups(extra), lambda g: build_template(g, g.members, MASKERS, KINDS), new, ConsensusFiller(), MASKERS)
    planned = {f.qualified_name: f for f in planner.plan()}
    assert words(planned["DddConfig::add"].candidate) == ["addPass ( createDddSlotPass ( getDddMachine ( ) ) ) ;"]


def test_a_name_is_spelled_and_scoped_as_the_new_target_has_it() -> None:
    new = replace(
        new_target(), function_names={"DddCondToString": 1.0}, identifiers=frozenset({"dddCondToString", "DDDOdd", "dddodd"}),
        enums=(Enum(NEW, "a.h", 1, ("llvm", "LPCC"), "CondCode", ("EQ",)), Enum(NEW, "b.h", 1, ("Ddd",), "A", ("X",)),
               Enum(NEW, "b.h", 9, ("Eee",), "B", ("X",))),
    )  # fmt: skip
    written = write(("<T>CondToString", "(", "<T>CC", "::", "CondCode", ",", "SPCC", "::", "EQ", ")"), (), {}, {}, new)
    assert written == tuple(tokenize("dddCondToString(LPCC::CondCode, LPCC::EQ)"))
    assert write(("<T>odd", "<T>CC", "::", "X"), (), {}, {}, new) == ("Dddodd", "DddCC", "::", "X"), "two are called so"
    assert write(("LPCC", "::", "CondCodes"), (), {}, {}, new) == ("LPCC", "::", "CondCode"), "its scope has nothing nearer"
    assert write(("LPCC", "::", "NE"), (), {}, {}, new) == ("LPCC", "::", "NE"), "no spelling of what the scope has"


def test_a_group_called_the_same_but_for_case_lends_its_members_to_a_declared_function() -> None:
    extra = {t: f"class {t}Low : public Odd {{ int {n}(int A) {{ return {v}(A); }} }};" for t, n, v in
             (("Aaa", "lowerODD", "getIt"), ("Bbb", "LowerODD", "makeIt"), ("Ccc", "LowerODD", "makeIt"))}  # fmt: skip
    found = groups(extra)
    low, high = (found.find(f"Low::{n}") for n in ("lowerODD", "LowerODD"))
    assert [f.target for f in found.widened(low).members] == ["Aaa", "Bbb", "Ccc"]
    named = groups({"Aaa": "int lowerAaaOdd() { return 1; }", "Bbb": "int LowerBbbOdd() { return 1; }"}).find("Lower<T>Odd")
    assert found.widened(named) == named
    assert found.widened(found.find("InstrInfo::copyPhysReg")) == found.find("InstrInfo::copyPhysReg")
    widened = found.widened(high)
    made = build_template(widened, widened.members, MASKERS, KINDS)
    weights = weights_of(made, new_target())
    lent = next(i for i, f in enumerate(made.members) if f.target == "Aaa")
    assert [weights[i] / weights[lent] for i in weights if i != lent] == [pytest.approx(1 / LENT)] * 2
    taken: dict[str, list[str]] = {}
    for own in ("", "int makeIt(int A);"):
        header = f"class DddLow : public Odd {{ int lowerODD(int A); {own} }};".encode()
        new = new_target(mode=Mode.DESC, classes=parse_file(header, NEW, "DddLow.h").classes, words=WORDS | {"getIt"})
        new = replace(new, identifiers=frozenset({"makeIt"} if own else ()))
        planner = Planner(found, lambda g: build_template(g, g.members, MASKERS, KINDS), new, ConsensusFiller(), MASKERS)
        taken[own] = words({f.qualified_name: f for f in planner.plan()}["DddLow::lowerODD"].candidate)
    assert taken == {"": ["return getIt ( A ) ;"], "int makeIt(int A);": ["return makeIt ( A ) ;"]}
