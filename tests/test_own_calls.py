"""Calls of the target's own functions: its headers decide which donors' statements it keeps, and how they are written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from invented import KINDS, MASKERS, NEW, WORDS, groups, new_target

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.holes import write
from vega_gen.fill.weights import LENT, weights_of
from vega_gen.function_template import build_template
from vega_gen.plan.planner import Planner
from vega_gen.records import Candidate, Enum, Mode, Param, Signature

SIGNATURE = Signature("add", "DddConfig", result=("void",), params=(Param(("DddSubtarget", "&"), "ST"),))


def words(candidate: Candidate) -> list[str]:
    return [" ".join((*s.head, *s.tail)) for s in candidate.statements]


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
