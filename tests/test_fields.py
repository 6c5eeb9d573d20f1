"""Fields of a generated class: their names, access to their members, and the values that they are bound to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from invented import DONORS, KINDS, MASKERS, NEW, WORDS, function, new_target, template
from test_fill import request, words

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.function_template import build_template, field_types
from vega_gen.records import Function, Param, Signature

INFO = "class {0}Info : public {0}Base {{ const {0}Subtarget &{1}; int Count; public: {0}Info(const {0}Subtarget &STI); int f(); }};"


def fields_of(member: Function) -> Mapping[str, str]:
    (own,) = parse_file(INFO.format(member.target, f"The{member.target}").encode(), member.target, "a.h").classes
    return field_types(own, MASKERS[member.target])


def test_a_field_is_called_what_the_new_class_calls_it() -> None:
    members = [function(t, f"int @Info::f() {{ return The{t}.size(); }}") for t in DONORS]
    group = template(members).group
    made = build_template(group, members, MASKERS, KINDS, fields_of)
    assert [len(s.variants()) for s in made.slots] == [1], "three names, one role"
    own = parse_file(INFO.format(NEW, "Sub").encode(), NEW, "DddInfo.h").classes
    new = new_target(classes=own, words=WORDS | {"size"})
    signature = Signature("f", "DddInfo", result=("int",))
    assert words(ConsensusFiller().fill(request(made, new, signature))[0]) == ["return Sub . size ( ) ;"]


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("const DddSubtarget *Sub", "return Sub -> size ( ) ;"),
        ("const DddSubtarget &Sub", "return Sub . size ( ) ;"),
        ("DddSubtarget Sub", "return Sub . size ( ) ;"),
    ],
)
@pytest.mark.parametrize("theirs", [".", "->"])
def test_members_of_a_field_are_reached_as_its_declaration_has_it(field: str, written: str, theirs: str) -> None:
    members = [function(t, f"int @Info::f() {{ return The{t}{theirs}size(); }}") for t in DONORS]
    made = build_template(template(members).group, members, MASKERS, KINDS, fields_of)
    own = parse_file(f"class DddInfo {{ {field}; }};".encode(), NEW, "DddInfo.h").classes
    new = new_target(classes=own, words=WORDS | {"size"})
    assert words(ConsensusFiller().fill(request(made, new, Signature("f", "DddInfo", result=("int",))))[0]) == [written]


def test_a_field_of_a_class_that_is_not_its_own_keeps_the_donors_operator() -> None:
    members = [function(t, "int @Info::f() { return Loc->line(); }") for t in DONORS]
    (own,) = parse_file(b"class DddInfo { Place Loc; };", NEW, "DddInfo.h").classes
    fields = {t: field_types(own, MASKERS[t]) for t in DONORS}
    made = build_template(template(members).group, members, MASKERS, KINDS, lambda f: fields[f.target])
    new = new_target(classes=(own,), words=WORDS | {"line"})
    assert words(ConsensusFiller().fill(request(made, new, Signature("f", "DddInfo", result=("int",))))[0]) == ["return Loc -> line ( ) ;"]


def test_a_reference_that_no_donor_initialises_is_bound_to_the_parameter_of_its_type() -> None:
    made = template([function(t, "@Info::@Info(const @Subtarget &STI) { note(); }") for t in DONORS])
    own = parse_file(INFO.format(NEW, "Sub").encode(), NEW, "DddInfo.h").classes
    signature = Signature("DddInfo", "DddInfo", params=(Param(("const", "DddSubtarget", "&"), "S"),))
    for candidate in ConsensusFiller().fill(request(made, new_target(classes=own), signature)):
        assert candidate.signature.initialisers == (tokenize("Sub(S)"),)
