"""Stage 8: what a constructor must initialise, decided by types."""

from __future__ import annotations

import pytest
from invented import MASKERS, NEW, function, new_target, template

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.context import Request
from vega_gen.fill.initialisers import complete_initialisers, initialisable
from vega_gen.records import Param, Signature

HEADER = b"""
class DddInfo { public: DddInfo(const DddSubtarget &STI, int Size = 4); };
class DddPlain { public: DddPlain(); };
class DddPair { public: DddPair(const Machine &M, DddSubtarget *STI); };
class DddSubtarget : public llvm::GenInfo {
  using BaseT = Odd<DddSubtarget>;
  typedef int Number;
  const Machine &TM;
  DddInfo Info;
  DddPlain Plain;
  DddPair Pair;
  DddInfo *Pointer;
public:
  DddSubtarget(const Machine &M, int No);
};
"""
MACHINE = Param(("const", "Machine", "&"), "M")


def request(*params: Param) -> Request:
    made = template([function("Aaa", "@Subtarget::@Subtarget(const Machine &M) {}")])
    new = new_target(classes=parse_file(HEADER, NEW, "DddSubtarget.h").classes)
    return Request(made, Signature("DddSubtarget", "DddSubtarget", params=params), new, MASKERS)


def test_what_may_be_initialised() -> None:
    fields = {"TM", "Info", "Plain", "Pair", "Pointer"}
    assert initialisable(request(MACHINE)) == fields | {"GenInfo", "BaseT", "Number", "DddSubtarget"}


def test_references_and_fields_without_a_plain_constructor_are_added() -> None:
    assert complete_initialisers(request(MACHINE), ()) == (
        tokenize("TM(M)"), tokenize("Info(*this)"), tokenize("Pair(M, this)"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("Info(*this, 8)", "Info(*this, 8)"),  # one of its constructors takes it: as the donor has it
        ("Info(makeIt(M, 1))", "Info(makeIt(M, 1))"),
        ("Info()", "Info(*this)"),
        ("Info(1, 2, 3)", "Info(*this)"),
    ],
)
def test_an_initialiser_that_no_constructor_takes_gives_way(given: str, left: str) -> None:
    assert complete_initialisers(request(MACHINE), (tokenize(given),))[0] == tokenize(left)


def test_what_types_do_not_decide_is_left_alone() -> None:
    assert complete_initialisers(request(), ()) == (tokenize("Info(*this)"),)


def test_a_delegating_constructor_and_a_method_initialise_nothing() -> None:
    delegating = (tokenize("DddSubtarget(M, 1)"),)
    assert complete_initialisers(request(MACHINE), delegating) == delegating
    asked = request(MACHINE)
    method = Request(asked.template, Signature("run", "DddSubtarget"), asked.new, MASKERS)
    assert complete_initialisers(method, ()) == ()
