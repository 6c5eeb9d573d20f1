"""Initialisers: which bases and members a constructor must initialise, decided by types."""

from __future__ import annotations

import pytest
from invented import MASKERS, NEW, function, new_target, template

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.context import FillRequest
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


def request(*params: Param) -> FillRequest:
    made = template([function("Aaa", "@Subtarget::@Subtarget(const Machine &M) {}")])
    new = new_target(classes=parse_file(HEADER, NEW, "DddSubtarget.h").classes)
    return FillRequest(made, Signature("DddSubtarget", "DddSubtarget", params=params), new, MASKERS)


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


def test_a_constructor_of_another_object_copies_or_moves_all_of_it() -> None:
    header = b"""class DddImpl : public llvm::Base<DddImpl> { static char ID; const DddInfo *Info; int Size; public:
      DddImpl(const DddImpl &Other); DddImpl(DddImpl &&Other); DddImpl(DddInfo &Info); };"""
    (own,) = parse_file(header, NEW, "DddImpl.h").classes
    made = template([function("Aaa", "@Impl::@Impl(const Info &I) : Info(I.get()), Odd(1) {}")])
    found = {
        m.signature.params[0].type[-2:]: complete_initialisers(
            FillRequest(made, Signature("DddImpl", "DddImpl", params=m.signature.params), new_target(classes=(own,)), MASKERS),
            (tokenize("Info(Other.get())"),),
        )
        for m in own.members if m.signature
    }  # fmt: skip
    assert found["DddImpl", "&"] == (tokenize("Base(Other)"), tokenize("Info(Other.Info)"), tokenize("Size(Other.Size)"))
    assert found["DddImpl", "&&"] == tuple(
        tokenize(text) for text in ("Base(std::move(Other))", "Info(std::move(Other.Info))", "Size(std::move(Other.Size))")
    )
    assert found["DddInfo", "&"][0] == tokenize("Info(Other.get())"), "no copy: as donors have it"


@pytest.mark.parametrize(("donor", "added"), [("Info(nullptr), Count(0)", ("Size()", "Set()")), ("Info(nullptr)", ())])
def test_numbers_begin_with_zero_where_donors_begin_with_numbers(donor: str, added: tuple[str, ...]) -> None:
    (own,) = parse_file(b"class DddInfo { int Size; bool Set; int Known = 4; static int All; Odd *Rest; DddInfo(); };", NEW, "i.h").classes
    made = template([function("Aaa", f"@Info::@Info() : {donor} {{}}")])
    asked = FillRequest(made, Signature("DddInfo", "DddInfo"), new_target(classes=(own,)), MASKERS)
    assert complete_initialisers(asked, ()) == tuple(map(tokenize, added))


def test_a_delegating_constructor_and_a_method_initialise_nothing() -> None:
    delegating = (tokenize("DddSubtarget(M, 1)"),)
    assert complete_initialisers(request(MACHINE), delegating) == delegating
    asked = request(MACHINE)
    method = FillRequest(asked.template, Signature("run", "DddSubtarget"), asked.new, MASKERS)
    assert complete_initialisers(method, ()) == ()
