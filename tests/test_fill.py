"""Filling templates for a target: signatures, holes, the consensus filler, the ForkFlow filler, and which functions a target needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import DONORS, KINDS, MASKERS, NEW, WORDS, copies, function, groups, new_target, template
from test_function_template import BODIES
from test_groups import decoder

from vega_gen.cxx import parse_file, tokenize
from vega_gen.fill.consensus import ConsensusFiller
from vega_gen.fill.context import FillRequest, NewTarget
from vega_gen.fill.forkflow import ForkFlowFiller
from vega_gen.fill.holes import fill_holes, unknown_names, write
from vega_gen.fill.weights import weights_of
from vega_gen.function_template import FunctionTemplate, Hole, build_template
from vega_gen.plan.choose import statement_tree
from vega_gen.plan.signatures import declared_signature, donor_signature
from vega_gen.records import (
    Candidate,
    Function,
    HoleKind,
    Param,
    RegisterClass,
    Signature,
    Statement,
    statement_id,
)

EQUAL = dict.fromkeys(range(3), 1 / 3)


def words(candidate: Candidate) -> list[str]:
    return [" ".join((*s.head, *s.tail)) for s in candidate.statements]


def shape(statements: Sequence[Statement]) -> list[object]:
    """Statements without their lines."""
    return [(s.kind, s.head, s.braced, s.tail, shape(s.children)) for s in statements]


def request(made: FunctionTemplate, new: NewTarget, signature: Signature | None = None, budget: int = 12) -> FillRequest:
    return FillRequest(made, signature or made.members[0].signature, new, MASKERS, budget)


# ------------------------------------------------------------------- signatures


def test_the_signature_of_most_donors_renamed() -> None:
    members = [
        function("Aaa", "@Reg *@Info::pick(const @Subtarget &STI, unsigned No) const { return 0; }"),
        function("Bbb", "@Reg *@Info::pick(const @Subtarget &STI, unsigned Index) const { return 0; }"),
        function("Ccc", "int @Info::pick(unsigned Index) { return 0; }"),
    ]
    s = donor_signature(members, EQUAL, MASKERS, new_target(), "DddInfo")
    assert (s.name, s.class_name, s.result, s.qualifiers) == ("pick", "DddInfo", ("DddReg", "*"), ("const",))
    assert [(p.type, p.name) for p in s.params] == [(("const", "DddSubtarget", "&"), "STI"), (("unsigned",), "Index")]


def test_a_nearer_donor_s_signature_wins() -> None:
    members = [function("Aaa", "int f(int A) { }"), function("Bbb", "int f(int A) { }"), function("Ccc", "long f() { }")]
    assert donor_signature(members, {0: 0.1, 1: 0.1, 2: 0.8}, MASKERS, new_target(), "").result == ("long",)


def test_no_two_parameters_have_one_name() -> None:
    names = {"Aaa": "int &A, int &C", "Bbb": "int &C, int &B", "Ccc": "int &C, int &C2"}
    members = [function(t, f"void f({params}) {{ }}") for t, params in names.items()]
    made = donor_signature(members, {0: 0.5, 1: 0.3, 2: 0.3}, MASKERS, new_target(), "")
    assert [p.name for p in made.params] == ["C", "B"], "of those left, what weighs most; of the same weight the first"


def test_a_parameter_is_called_as_those_of_its_type_are() -> None:
    """Bbb has them the other way round, and weighs most."""
    orders = {"Aaa": "const Info &MCII, Context &Ctx", "Bbb": "Context &ctx, Info const &Table", "Ccc": "Info const &II, Context &Ctx"}
    members = [function(t, f"void f({params}) {{ }}") for t, params in orders.items()]
    members.append(function("Aaa", "void f(const Info &MCII, Context &Ctx) { }"))
    made = donor_signature(members, {0: 0.3, 1: 0.4, 2: 0.1, 3: 0.2}, MASKERS, new_target(), "")
    assert [p.name for p in made.params] == ["MCII", "Ctx"]


def test_words_that_stand_in_the_class_alone_do_not_split_the_vote() -> None:
    inside = parse_file(b"class AaaInfo { int f(int A) override { return 1; } };", "Aaa", "a.h").functions[0]
    members = [inside, function("Bbb", "int @Info::f(int A) { }"), function("Ccc", "long @Info::f(int A) { }")]
    assert donor_signature(members, EQUAL, MASKERS, new_target(), "DddInfo").result == ("int",)


def test_a_declaration_stays_as_it_is_and_lends_names_to_unnamed_parameters() -> None:
    members = [function(t, "void @Info::f(int Kind, int Value) { }") for t in DONORS]
    declared = Signature("f", "DddInfo", ("virtual",), ("void",), (Param(("int",)), Param(("int",), "Kind")), ("override",))
    made = declared_signature(declared, members, EQUAL, "DddInfo")
    assert [p.name for p in made.params][1] == "Kind"
    assert made.params[0].name != "Kind"
    free = declared_signature(replace(declared, params=(Param(("int",)), Param(("int",)))), members, EQUAL, "DddInfo")
    assert [p.name for p in free.params] == ["Kind", "Value"]
    assert (free.prefix, free.result) == (("virtual",), ("void",))


# ------------------------------------------------------------------------ holes


def test_symbol_holes_take_the_new_target_s_records() -> None:
    made = copies()
    values, share = fill_holes(list(made.slots[0].lines.values()), EQUAL, made.members, new_target())
    assert values == ("Ddd::MOVrr",)
    assert share == pytest.approx(1.0)


def test_a_literal_hole_takes_what_weighs_most() -> None:
    made = copies()
    lines = list(made.slots[2].lines.values())
    assert fill_holes(lines, EQUAL, made.members, new_target()) == (("4",), pytest.approx(2 / 3))
    assert fill_holes(lines, {0: 0.1, 1: 0.1, 2: 0.8}, made.members, new_target()) == (("8",), pytest.approx(0.8))


def test_a_hole_that_nothing_matches_leaves_the_variant_without_a_value() -> None:
    made = copies()
    assert fill_holes(list(made.slots[0].lines.values()), EQUAL, made.members, new_target(opcodes=())) == ((), 0.0)


def test_a_shape_is_written_in_the_new_target_s_words() -> None:
    head = ("$l0", "=", Hole(HoleKind.OPCODE), "<T>Info", "::", "create", "(", "$p1", ")", ";")
    written = write(head, ("Ddd::ADD",), {"$l0": "Opc", "$p1": "Reg"}, {}, new_target())
    assert written == tuple(tokenize("Opc = Ddd::ADD DddInfo::create(Reg);"))


@pytest.mark.parametrize(
    ("theirs", "own", "written"),
    [
        ("Lowering::Kind @Info::f() { return A; }", "Kind", "DddInfo :: Kind"),
        ("const @Info::Kind *@Info::f() { return A; }", "const Kind *", "const DddInfo :: Kind *"),
        ("Kind @Info::f() { return A; }", "Kind", "Kind"),
        ("llvm::Kind @Info::f() { return A; }", "Kind", "Kind"),
        ("Lowering::Kind @Info::f() { return A; }", "Lowering :: Kind", "Lowering :: Kind"),
        ("Lowering::Sort @Info::f() { return A; }", "Kind", "Kind"),
    ],
)
def test_a_type_of_the_class_is_found_from_outside_as_donors_do(theirs: str, own: str, written: str) -> None:
    members = [function("Aaa", "int @Info::f() { return 1; }"), function("Bbb", theirs)]
    declared = Signature("f", "DddInfo", result=tuple(own.split()))
    assert declared_signature(declared, members, EQUAL, "DddInfo").result == tuple(written.split())


def test_a_base_that_several_donors_name_is_named() -> None:
    members = [function(t, "Lowering::Kind @Info::f() { return A; }") for t in DONORS]
    declared = Signature("f", "DddInfo", result=("Kind",))
    assert declared_signature(declared, members, EQUAL, "DddInfo").result == ("Lowering", "::", "Kind")


def test_names_that_nothing_defines_are_counted() -> None:
    assert unknown_names(tokenize("BuildMI(Nowhere, get(MOVrr), 4).gone()"), new_target()) == 2


# -------------------------------------------------------------------- consensus


def test_the_consensus_takes_what_most_weight_says() -> None:
    first = ConsensusFiller().fill(request(copies(), new_target()))[0]
    assert words(first) == [
        "unsigned Opc = Ddd :: MOVrr ;",
        "if ( Kill )",
        "Opc = Ddd :: MOVkill ;",
        "BuildMI ( MBB , get ( Opc ) , Dest ) . addReg ( Src , 4 ) ;",
    ]
    assert [s.depth for s in first.statements] == [0, 0, 1, 0]


def test_a_near_donor_outweighs_two_far_ones() -> None:
    near = new_target({"Aaa": 0.1, "Bbb": 0.1, "Ccc": 0.9})
    assert words(ConsensusFiller().fill(request(copies(), near))[0])[-1] == 'emitDddNote ( "Ddd copy" ) ;'


def test_whole_donors_follow_and_no_two_candidates_are_alike() -> None:
    found = ConsensusFiller().fill(request(copies(), new_target()))
    assert len({tuple(words(c)) for c in found}) == len(found) == 3
    bbb = next(words(c) for c in found if c.origin.startswith("Bbb/"))
    assert bbb == ["unsigned Opcode = Ddd :: MOVrr ;", "BuildMI ( MBB , get ( Opcode ) , Dest ) . addReg ( Src , 4 ) ;"]


def test_candidates_that_differ_in_their_initialisers_are_two() -> None:
    made = template([function("Aaa", "@A::@A(int N) : Base(N) {}"), function("Bbb", "@A::@A(int N) : Base(N, N, 4) {}")])
    new = new_target({"Aaa": 0.5, "Bbb": 0.4}, words=WORDS | {"Base"})
    found = ConsensusFiller().fill(request(made, new, Signature("DddA", "DddA", params=made.members[0].signature.params)))
    assert {c.signature.initialisers for c in found} >= {(tokenize("Base(N)"),), (tokenize("Base(N, N, 4)"),)}


def test_confidence_and_provenance_of_every_statement() -> None:
    made = copies()
    for candidate in ConsensusFiller().fill(request(made, new_target())):
        assert 0.0 <= candidate.confidence <= 1.0
        assert len({s.id for s in candidate.statements}) == len(candidate.statements)
        for s in candidate.statements:
            assert 0.0 <= s.confidence <= 1.0
            assert s.donors
            assert {d.target for d in s.donors} <= set(DONORS)
    first = ConsensusFiller().fill(request(made, new_target()))[0].statements
    assert {d.target for d in first[1].donors} == {"Aaa", "Ccc"}
    assert "" in first[1].alternatives, "one donor of three leaves it out"
    assert first[1].confidence < first[0].confidence


def test_the_id_of_a_statement_is_that_of_its_function_and_slot() -> None:
    ids = {statement_id(f, s) for f in ("A::f", "A::g") for s in ("0", "1", "0.1")}
    assert len(ids) == 6
    made = copies()
    first = ConsensusFiller().fill(request(made, new_target()))[0]
    assert [s.id for s in first.statements] == [statement_id(made.group.name, s.id) for s in made.walk()][:4]


def test_weights_are_shared_by_a_target_s_members() -> None:
    made = template([function("Aaa", "void f() { a(); }"), function("Aaa", "void f() { b(); }", 9), function("Bbb", "void f() { c(); }")])
    weights = weights_of(made, new_target())
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights[0] + weights[1] == pytest.approx(weights[2])


def test_the_budget_is_kept() -> None:
    assert len(ConsensusFiller().fill(request(copies(), new_target(), budget=2))) == 2


@settings(max_examples=40)
@given(st.tuples(BODIES, BODIES, BODIES))
def test_the_template_of_one_member_gives_that_member_back(bodies: tuple[list[str], list[str], list[str]]) -> None:
    """Restricted to one donor and filled for that donor's own target, a template says what the donor says."""
    members = [function(t, "void f() {\n" + "\n".join(b) + "\n}") for t, b in zip(DONORS, bodies, strict=True)]
    made = template(members)
    for member in members:
        own = made.restricted(lambda f, member=member: f is member)
        new = new_target({member.target: 1.0}, folder=member.target)
        found = ConsensusFiller().fill(request(own, new, member.signature))
        assert shape(member.body) in [shape(statement_tree(c.statements)) for c in found]


@pytest.mark.parametrize(
    "body",
    [
        "int x = take(1); if (ok) { int x = take(2); use(x); } use(x);",
        "for (int i = 0; i < 4; ++i) use(i); for (int i = 9; i; --i) use(i);",
        "if (int n = take(1)) use(n); else { int n = 2; use(n); } { int n = 3; use(n); }",
    ],
)
def test_a_name_that_hides_another_stays_and_the_hidden_one_comes_back(body: str) -> None:
    member = function("Aaa", f"void f() {{ {body} }}")
    new = new_target({"Aaa": 1.0}, folder="Aaa")
    found = ConsensusFiller().fill(request(template([member]), new, member.signature))
    assert shape(member.body) in [shape(statement_tree(c.statements)) for c in found]


def test_the_consensus_gives_the_outer_name_back_after_an_inner_scope() -> None:
    members = [function(t, "int f() { int x = take(1); if (ok) { int x = take(2); use(x); } return x; }") for t in DONORS]
    first = ConsensusFiller().fill(request(template(members), new_target(words=WORDS | {"take", "ok", "use"})))[0]
    outer, inner = words(first)[0].split()[1], words(first)[2].split()[1]
    assert words(first)[3:] == [f"use ( {inner} ) ;", f"return {outer} ;"]


@settings(max_examples=15)
@given(st.tuples(BODIES, BODIES, BODIES))
def test_candidates_are_the_same_every_time(bodies: tuple[list[str], list[str], list[str]]) -> None:
    def once() -> tuple[Candidate, ...]:
        members = [function(t, "int f() {\n" + "\n".join(b) + "\n}") for t, b in zip(DONORS, bodies, strict=True)]
        return ConsensusFiller().fill(request(template(members), new_target()))

    assert once() == once()


def test_a_statement_with_names_of_another_target_is_not_voted_for() -> None:
    members = [function(t, "int f() { int x = take(1); if (hasOdd()) { x = odd(x); } return x; }") for t in DONORS]
    first = ConsensusFiller().fill(request(template(members), new_target(words=WORDS | {"take", "hasOdd"})))[0]
    assert words(first) == ["int x = take ( 1 ) ;", "return x ;"], "nor is the block that it alone was in"


def test_a_name_that_several_targets_make_from_their_own_is_known() -> None:
    others = {"Aaa": "x", "Bbb": "x, 2", "Ccc": "x, 2, 3"}  # each in its own way
    members = [function(t, f"int f() {{ int x = take(1); Init@Info({given}); return x; }}") for t, given in others.items()]
    new = new_target(words=WORDS | {"take"})
    assert any(word.startswith("InitDddInfo (") for word in words(ConsensusFiller().fill(request(template(members), new))[0]))


def test_a_statement_counts_wherever_donors_have_it() -> None:
    plain, wrapped = "analyze(Info, Values, 4);", "if (ok) { analyze(Info, Values, 4); }"
    members = [function(t, f"void f() {{ int x = take(1); {body} use(x); }}") for t, body in zip(DONORS, (plain, wrapped, ""), strict=True)]
    new = new_target(words=WORDS | {"take", "analyze", "Info", "Values", "use", "ok"})
    assert words(ConsensusFiller().fill(request(template(members), new))[0]) == [
        "int x = take ( 1 ) ;", "analyze ( Info , Values , 4 ) ;", "use ( x ) ;",
    ]  # fmt: skip


def test_a_method_that_only_the_new_target_declares_is_called_where_a_donor_calls_it() -> None:
    case = "case ISD::ODD: return LowerODD(Op);"
    members = [function(t, f"int @Info::f(int Op) {{ switch (Op) {{ {case if t == 'Bbb' else ''} default: return 0; }} }}") for t in DONORS]
    header = "class DddInfo {{ int f(int Op); {} }};"
    new = replace(new_target(words=WORDS | {"ISD", "ODD"}), identifiers=frozenset({"LowerODD"}))
    taken: dict[str, list[str]] = {}
    for own in ("", "int LowerODD(int Op);"):
        classes = parse_file(header.format(own).encode(), NEW, "DddInfo.h").classes
        signature = Signature("f", "DddInfo", result=("int",), params=(Param(("int",), "Op"),))
        taken[own] = words(ConsensusFiller().fill(request(template(members), replace(new, classes=classes), signature))[0])
    assert taken[""] == ["switch ( Op )", "default :", "return 0 ;"]
    assert taken["int LowerODD(int Op);"] == ["switch ( Op )", "case ISD :: ODD :", "return LowerODD ( Op ) ;", "default :", "return 0 ;"]


def test_such_a_method_is_called_where_most_donors_do_and_nowhere_else() -> None:
    bodies = {"Aaa": "case ISD::UP: return LowerODD(Op);", "Bbb": "case ISD::UP: return LowerODD(Op);",
              "Ccc": "case ISD::UP: return lowerUp(Op); case ISD::DOWN: return LowerODD(Op);"}  # fmt: skip
    members = [function(t, f"int @Info::f(int Op) {{ switch (Op) {{ {case} default: return 0; }} }}") for t, case in bodies.items()]
    classes = parse_file(b"class DddInfo { int f(int Op); int LowerODD(int Op); };", NEW, "DddInfo.h").classes
    new = replace(new_target({"Aaa": 0.1, "Bbb": 0.1, "Ccc": 0.5}, words=WORDS | {"ISD", "UP", "DOWN"}), classes=classes)
    new = replace(new, identifiers=frozenset({"LowerODD"}))
    signature = Signature("f", "DddInfo", result=("int",), params=(Param(("int",), "Op"),))
    found = {w for c in ConsensusFiller().fill(request(template(members), new, signature))[:1] for w in words(c)}
    assert "case ISD :: DOWN :" in found, "Ccc alone weighs more than the others"
    near = replace(new, nearness={"Aaa": 0.5, "Bbb": 0.5, "Ccc": 0.1})
    first = words(ConsensusFiller().fill(request(template(members), near, signature))[0])
    assert first == ["switch ( Op )", "case ISD :: UP :", "return LowerODD ( Op ) ;", "default :", "return 0 ;"]


def test_nothing_follows_a_return_but_a_label() -> None:
    bodies = dict(zip(DONORS, ("LowerODD(Op)", "LowerODD(Op)", "LowerEVEN(Op, take(Op, 1), take(Op, 2))"), strict=True))
    members = [function(t, f"int @Info::f(int Op) {{ return {value}; }}") for t, value in bodies.items()]
    header = b"class DddInfo { int f(int Op); int LowerODD(int Op); int LowerEVEN(int Op, int A, int B); };"
    new = replace(new_target(words=WORDS | {"take"}), classes=parse_file(header, NEW, "DddInfo.h").classes)
    new = replace(new, identifiers=frozenset({"LowerODD", "LowerEVEN"}))
    signature = Signature("f", "DddInfo", result=("int",), params=(Param(("int",), "Op"),))
    assert len(template(members).slots) == 2
    assert words(ConsensusFiller().fill(request(template(members), new, signature))[0]) == ["return LowerODD ( Op ) ;"]


def test_a_local_that_is_declared_is_used_as_most_donors_use_it() -> None:
    uses = {"Aaa": "analyze(Info, 4);", "Bbb": "if (ok) { analyze(Info, 4); }", "Ccc": "take(Info, take(1), take(2), 3, 4, 5);"}
    members = [function(t, f"void f() {{ State Info = take(1); {body} }}") for t, body in uses.items()]
    new = new_target({"Aaa": 0.4, "Bbb": 0.3, "Ccc": 0.4}, words=WORDS | {"State", "take", "analyze", "ok"})
    assert words(ConsensusFiller().fill(request(template(members), new))[0])[0] == "State Info = take ( 1 ) ;"
    (made,) = (c for c in ConsensusFiller().fill(request(template(members), new)) if c.origin == "template")
    assert len(words(made)) == 2 and "Info" in words(made)[1], "what fills it is in no slot of most donors"


def test_a_function_that_few_donors_have_is_seldom_called() -> None:
    members = [function(t, "int f(int Op) { if (Op) { return emitDddNote(Op); } return 0; }") for t in DONORS]
    plain = new_target(words=WORDS | {"take"})
    taken = {
        share: words(ConsensusFiller().fill(request(template(members), replace(plain, function_names={"emitDddNote": share})))[0])
        for share in (1.0, 0.2)
    }
    assert taken[1.0] == ["if ( Op )", "return emitDddNote ( Op ) ;", "return 0 ;"]
    assert taken[0.2] == ["return 0 ;"]


TABLE = """static DecodeStatus Decode{0}RegisterClass(MCInst &Inst, unsigned No, uint64_t A, const MCDisassembler *D) {{
  if (No > {1}) return Fail;
  unsigned Reg = {0}DecoderTable[No];
  add(Inst, Reg);
  return Ok;
}}"""


def test_the_record_of_a_contract_and_its_size_are_holes() -> None:
    names = {"Aaa": ("AaaRegs", 7), "Bbb": ("GPR", 15)}
    extra = {t: TABLE.format(*pair) for t, pair in names.items()}
    asked = {t: [decoder(f"Decode{record}RegisterClass", record)] for t, (record, _) in names.items()}
    (group,) = [g for g in groups(extra, asked).by_name.values() if "<RC>" in g.name]

    def numbers(member: Function, record: str) -> dict[str, str]:
        return {str(last): "size(<RC>)-1" for name, last in names.values() if name == record}

    made = build_template(group, group.members, MASKERS, KINDS, numbers_of=numbers)
    wide = RegisterClass("Wide", "Ddd", ("i32",), 32, 32, tuple(f"W{n}" for n in range(12)), True)
    new = new_target(words=WORDS | {"Fail", "Ok", "add", "Inst", "WideDecoderTable"})
    new = replace(new, description=replace(new.description, register_classes=(wide,)))
    signature = replace(group.members[0].signature, name="DecodeWideRegisterClass")
    assert words(ConsensusFiller().fill(request(made, new, signature))[0])[::2] == [
        "if ( No > 11 )", "unsigned Reg = WideDecoderTable [ No ] ;", "return Ok ;",
    ]  # fmt: skip


# --------------------------------------------------------------------- forkflow


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> str:
    """ForkFlow's donor is one of the invented backends."""
    monkeypatch.setattr("vega_gen.fill.forkflow.donor_target", lambda: "Ccc")
    return "Ccc"


def test_forkflow_copies_one_backend_and_renames_it(copied: str) -> None:
    made = copies()
    (candidate,) = ForkFlowFiller().fill(request(made, new_target(), made.members[0].signature))
    assert words(candidate)[0] == "unsigned Opc = Ddd :: MOVrr ;"
    assert words(candidate)[-1] == 'emitDddNote ( "Ddd copy" ) ;'
    assert candidate.signature.params[0].name == "Where", "the copy's own words"
    assert {d.target for s in candidate.statements for d in s.donors} == {copied}


def test_forkflow_has_nothing_where_its_backend_has_nothing(copied: str) -> None:
    made = copies().restricted(lambda f: f.target != copied)
    assert ForkFlowFiller().fill(request(made, new_target())) == ()
