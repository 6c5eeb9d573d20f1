"""Mending a laid-out file: the members and texts that errors name are removed, and no others."""

from __future__ import annotations

from dataclasses import replace

from emitted import emitted, field, function, member

from llvm_integration.check import Mistake
from vega_gen.plan.mend import blamed, macros_named, without
from vega_gen.records import FillerName, Mode, Plan, PlannedClass, PlannedFile

PLAN = Plan(
    "Toy", Mode.TD, FillerName.CONSENSUS, "19.1.7", ("Toy",),
    (
        PlannedFile("ToyInstrInfo.h", (), ("namespace llvm {\nclass Known;\n}", "namespace llvm {\nMissing make(int A);\n}")),
        PlannedFile("A.cpp", ('"ToyInstrInfo.h"',), ('#define DEBUG_TYPE "toy"', "static Absent Limit(4);"), ("static int Count = 0;",)),
    ),
    (
        PlannedClass(
            "ToyInstrInfo", (), "ToyInstrInfo.h", ("llvm",),
            (member("int size() const {}"), member("Missing pick(Absent A) {}"), field("Absent Size;", "Size")), (), (),
        ),
    ),
    (function("int first() { return 1; }", "A.cpp"), function("int second(int A) { if (A) return gone; return 2; }", "A.cpp")),
)  # fmt: skip


def wrong(*words: str) -> list[Mistake]:
    """A mistake on each line that has one of ``words``."""
    return [
        Mistake(path, n, f"no {word}")
        for path, text in emitted(PLAN).items() for n, line in enumerate(text.split("\n"), 1) for word in words if word in line
    ]  # fmt: skip


def test_members_and_texts_that_are_named_go_and_the_others_stay() -> None:
    before = emitted(PLAN)
    after = emitted(without(PLAN, blamed(PLAN, before, wrong("Missing", "Absent"))))
    for gone in ("Missing", "Absent"):
        assert gone in "".join(before.values())
        assert gone not in "".join(after.values())
    for path, kept in (("ToyInstrInfo.h", "class Known;"), ("ToyInstrInfo.h", "int size() const"), ("A.cpp", "DEBUG_TYPE")):
        assert kept in after[path]
    assert "static int Count = 0;" in after["A.cpp"]


def test_of_nested_units_the_smallest_is_blamed() -> None:
    (unit,) = blamed(PLAN, emitted(PLAN), wrong("Absent Size"))
    assert (unit.class_name, unit.tokens) == ("ToyInstrInfo", ("Absent", "Size", ";"))


def test_what_is_in_no_unit_blames_none() -> None:
    before = emitted(PLAN)
    assert not blamed(PLAN, before, wrong("return gone", "#include", "#ifndef"))
    assert not blamed(PLAN, before, [Mistake("elsewhere.inc", 3, "no"), Mistake("", 0, "clang crashed")])
    assert without(PLAN, frozenset()) is PLAN


def test_a_macro_that_a_table_s_error_names_is_blamed() -> None:
    table = Mistake("/work/tables/ToyGen.inc", 7, "definition or redeclaration of 'DEBUG_TYPE' not allowed inside a function")
    (unit,) = macros_named(PLAN, "A.cpp", [table])
    assert unit.tokens == ('#define DEBUG_TYPE "toy"',)
    assert "DEBUG_TYPE" not in emitted(without(PLAN, frozenset({unit})))["A.cpp"]
    assert not macros_named(PLAN, "A.cpp", [replace(table, file="A.cpp"), replace(table, message="no 'Other'")])


def test_a_method_whose_declaration_is_left_out_is_not_declared_and_another_is() -> None:
    pick = function("Missing ToyInstrInfo::pick(Absent A) { return A; }", "A.cpp", compiles=False)
    size = function("int ToyInstrInfo::size() const { return gone; }", "A.cpp", compiles=False)
    plan = replace(PLAN, functions=(pick, size))
    header = emitted(without(plan, blamed(PLAN, emitted(PLAN), wrong("Missing pick"))))["ToyInstrInfo.h"]
    assert "pick" not in header
    assert "int size() const;" in header


def test_what_was_left_out_stays_out_of_a_plan_made_again() -> None:
    units = blamed(PLAN, emitted(PLAN), wrong("Missing", "Absent"))
    again = replace(PLAN, classes=tuple(replace(c, members=c.members[:1]) for c in PLAN.classes))
    assert without(without(again, units), units) == without(again, units)
