"""Function templates: members of a group aligned into slots, with variants, typed holes, and unified names of locals."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invented import DONORS, KINDS, MASKERS, copies, function, groups, template

from vega_gen.cxx import declared_names, tokenize
from vega_gen.errors import NotFoundError
from vega_gen.function_template import FunctionTemplate, Hole, Slot, build_template
from vega_gen.records import Function, HoleKind, Statement, StatementKind

K = StatementKind


def text(slot: Slot) -> list[str]:
    """The variants of a slot, most frequent first, each as words."""
    return [" ".join(map(str, (*head, *tail))) for (head, tail), _ in slot.variants()]


def targets(template: FunctionTemplate, slot: Slot) -> str:
    return " ".join(sorted(template.members[m].target for m in slot.lines))


# What a compiler engineer would write down for the three copyPhysReg: slot, targets, variants.
COPY = [
    ("Aaa Bbb Ccc", ["unsigned $l0 = ‹opcode› ;"]),
    ("Aaa Ccc", ["if ( $p3 )"]),
    ("Aaa Ccc", ["$l0 = ‹opcode› ;"]),
    ("Aaa Bbb Ccc", ["BuildMI ( $p0 , get ( $l0 ) , $p1 ) . addReg ( $p2 , ‹integer› ) ;"]),
    ("Ccc", ["emit<T>Note ( ‹string› ) ;"]),
]


def test_the_template_of_three_members() -> None:
    made = copies()
    assert [(targets(made, s), text(s)) for s in made.walk()] == COPY
    assert [s.kind for s in made.slots] == [K.SIMPLE, K.IF, K.SIMPLE, K.SIMPLE]
    assert len({s.id for s in made.walk()}) == len(COPY)


def test_each_line_keeps_what_its_member_has_and_where_it_stands() -> None:
    made = copies()
    fills = {made.members[m].target: line.fills for m, line in made.slots[0].lines.items()}
    assert fills == {t: (f"{t}::MOVrr",) for t in DONORS}
    assert {made.members[m].target: line.fills for m, line in made.slots[2].lines.items()} == {"Aaa": ("4",), "Bbb": ("4",), "Ccc": ("8",)}
    assert [str(line.donor) for line in made.slots[3].lines.values()] == ["Ccc/CccCopy.cpp:8"]
    assert made.slots[3].lines[2].fills == ('"<T> copy"',)
    assert made.local_names["$l0"] == {0: "Opc", 1: "Opcode", 2: "Opc"}


def test_a_group_without_a_donor_is_an_error() -> None:
    group = groups().find("copyPhysReg")
    with pytest.raises(NotFoundError) as caught:
        build_template(group, (), MASKERS, KINDS)
    assert "InstrInfo::copyPhysReg" in caught.value.what
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("token", "kind"),
    [("@::MOVrr", HoleKind.OPCODE), ("@::R0", HoleKind.REGISTER), ("@::fixup_@_hi", HoleKind.FIXUP), ("12", HoleKind.INTEGER),
     ("0x7fffU", HoleKind.INTEGER), ('"text"', HoleKind.STRING)],
)  # fmt: skip
def test_typed_holes(token: str, kind: HoleKind) -> None:
    made = template([function("Aaa", f"void f() {{ note({token}); }}")])
    ((head, _), _) = made.slots[0].variants()[0]
    assert [t for t in head if isinstance(t, Hole)] == [Hole(kind)]


def test_a_name_that_tablegen_does_not_know_is_no_hole() -> None:
    made = template([function("Aaa", "void f() { note(Aaa::Unheard, Other::MOVrr); }")])
    assert text(made.slots[0]) == ["note ( <T> :: Unheard , Other :: MOVrr ) ;"]


def test_initialisers_of_a_constructor_come_first() -> None:
    made = template([function(t, "@Info::@Info(int N) : Base(N, @::UP), Kept(N) { run(); }") for t in DONORS])
    assert [s.kind for s in made.slots] == [K.INITIALISER, K.INITIALISER, K.SIMPLE]
    assert text(made.slots[0]) == ["Base ( $p0 , ‹opcode› )"]


def test_locals_of_two_scopes_stay_apart_by_what_the_members_say() -> None:
    made = template(
        [
            function("Aaa", "void f() { int i = g(); h(i); }"),
            function("Bbb", "void f() { int n = g(); h(n); }"),
            function("Ccc", "void f() { int i = g(); int n = k(i, 2, 3); h(n); }"),
        ]
    )
    assert text(made.slots[0]) == ["int $l0 = g ( ) ;"]
    assert targets(made, made.slots[-1]) == "Aaa Bbb Ccc"
    assert sorted(text(made.slots[-1])) == ["h ( $l0 ) ;", "h ( $l1 ) ;"]


def test_more_members_than_are_aligned_leave_no_gaps() -> None:
    """A member that is not aligned is not counted as one without statements."""
    members = [function("Aaa", "void f() { run(); stop(); }", line=n) for n in range(60)]
    made = template(members)
    assert [len(s.lines) for s in made.slots] == [len(made.members)] * 2


def test_restricted_keeps_ids_and_the_members_lines() -> None:
    made = copies()
    kept = made.restricted(lambda f: f.target == "Ccc")
    assert [f.target for f in kept.members] == ["Ccc"]
    assert [s.id for s in kept.walk()] == [s.id for s in made.walk()]
    assert all(set(s.lines) == {0} and s.lines[0].member == 0 for s in kept.walk())
    bbb = made.restricted(lambda f: f.target == "Bbb")
    assert [s.id for s in bbb.walk()] == ["0", "2"]
    assert bbb.local_names == {"$l0": {0: "Opcode"}}


# ------------------------------------------------------------------- properties

LEAVES = [
    *("run();", "int x = take(1);", "x = take(2);", "return x;", "note(@::MOVrr);"),
    *("break;", "long name = 4;", "use(name, x);", "{ inner(); }"),
]
BODIES = st.recursive(
    st.lists(st.sampled_from(LEAVES), max_size=5),
    lambda inner: st.lists(
        st.one_of(
            st.sampled_from(LEAVES),
            inner.map(lambda body: "if (ok) {\n" + "\n".join(body) + "\n}"),
            inner.map(lambda body: "for (;;) {\n" + "\n".join(body) + "\n}"),
        ),
        max_size=5,
    ),
    max_leaves=12,
)


def flat(statements: Sequence[Statement], depth: int = 0) -> list[tuple[int, StatementKind, int]]:
    """(depth, kind, line) of statements, in document order."""
    return [row for s in statements for row in ((depth, s.kind, s.line), *flat(s.children, depth + 1))]


def read_off(slots: Sequence[Slot], member: int, depth: int = 0) -> list[tuple[int, StatementKind, int]]:
    """The same of one member's lines in a template."""
    rows: list[tuple[int, StatementKind, int]] = []
    for slot in slots:
        line = slot.lines.get(member)
        inner = read_off(slot.children, member, depth + 1)
        assert line is not None or not inner, "a line whose parent's slot the member does not have"
        rows += [(depth, line.kind, line.donor.line), *inner] if line is not None else []
    return rows


def members_of(bodies: Sequence[Sequence[str]]) -> list[Function]:
    return [function(t, "void f() {\n" + "\n".join(b) + "\n}") for t, b in zip(DONORS, bodies, strict=True)]


@settings(max_examples=60)
@given(st.tuples(BODIES, BODIES, BODIES))
def test_alignment_keeps_every_statement_of_every_member_in_order(bodies: tuple[list[str], list[str], list[str]]) -> None:
    members = members_of(bodies)
    made = template(members)
    for i, f in enumerate(made.members):
        assert read_off(made.slots, i) == flat(f.body)
    assert all(s.lines for s in made.walk())
    assert len({s.id for s in made.walk()}) == sum(1 for _ in made.walk())


LABELS = st.lists(st.sampled_from("ABCDEF"), unique=True, max_size=5)
CASES = LABELS.flatmap(lambda names: st.tuples(*(st.tuples(st.just(n), st.sampled_from(["", *"123"])) for n in names)))


def meanings(labels: Sequence[tuple[str, Sequence[str]]]) -> dict[str, tuple[str, ...]]:
    """What is run for each label: its statements, or those of the label that it falls into."""
    found: dict[str, tuple[str, ...]] = {}
    for k, (name, _) in enumerate(labels):
        found[name] = next((tuple(body) for _, body in labels[k:] if body), ())
    return found


@settings(max_examples=300)
@given(st.tuples(CASES, CASES, CASES))
def test_cases_of_one_label_are_one_wherever_they_stand_and_mean_what_they_meant(cases: tuple[tuple[tuple[str, str], ...], ...]) -> None:
    def text(each: tuple[tuple[str, str], ...]) -> str:
        each = (*each[:-1], *((name, body or "0") for name, body in each[-1:]))  # C++ wants a statement after the last label
        return "switch (x) {" + " ".join(f"case {name}:" + (f" run({body}); break;" if body else "") for name, body in each) + "}"

    made = template(members_of([[text(each)] for each in cases]))
    (switch,) = made.slots
    bodies: dict[str, list[str]] = {}
    for m, f in enumerate(made.members):
        here = [s for s in switch.children if m in s.lines]
        read = [(s.lines[m].head[1], [c.lines[m].fills for c in s.children if m in c.lines][:1]) for s in here]
        own = [(case.head[1], [(c.head[2],) for c in case.children[:1]]) for case in f.body[0].children]
        assert meanings(read) == meanings(own)
        for name, body in own:
            bodies.setdefault(name, []).append(str(body))
    for name, found in bodies.items():
        if "[]" not in found:  # whoever has the label has statements for it
            assert sum(s.lines[min(s.lines)].head[1] == name for s in switch.children) == 1


def test_labels_that_targets_name_are_matched_by_name_and_else_by_what_they_do() -> None:
    members = [
        function("Aaa", "int f(int x) { switch (x) { case @::fixup_lo: return take(1); case @::fixup_aaa: return give(x, x); } }"),
        function("Bbb", "int f(int x) { switch (x) { case @::fixup_bbb: return give(x, x); case @::fixup_lo: return take(2); } }"),
    ]
    made = template(members)
    fills = [sorted(line.fills[0] for line in s.lines.values()) for s in made.slots[0].children]
    assert sorted(fills) == [["Aaa::fixup_aaa", "Bbb::fixup_bbb"], ["Aaa::fixup_lo", "Bbb::fixup_lo"]]


@settings(max_examples=30)
@given(BODIES)
def test_members_that_say_the_same_share_every_slot(body: list[str]) -> None:
    made = template(members_of([body] * 3))
    assert all(len(s.lines) == 3 and len(s.variants()) == 1 for s in made.walk())
    assert sum(1 for _ in made.walk()) == len(flat(made.members[0].body))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("unsigned x = 0;", "x"),
        ("const Foo &X = f(y);", "X"),
        ("SmallVector<SDValue, 16> Ops;", "Ops"),
        ("std::pair<A, B> P(a, b);", "P"),
        ("auto [a, b] = f();", "a b"),
        ("for (const T &X : Xs)", "X"),
        ("for (unsigned i = 0; i < n && k; ++i)", "i"),
        ("if (auto *P = dyn_cast<X>(Y))", "P"),
        ("auto F = [&](const A &x, B *y) { C &z = x.c(); const D *w; return z; };", "F x y z w"),
        ("if (A && isUInt(B))", ""),
        ("if (Flags & FLAG)", ""),
        ("if (Size > Limit)", ""),
        ("f(a * b, c);", ""),
        ("return a * b;", ""),
        ("x = a & b;", ""),
    ],
)
def test_what_a_statement_declares(code: str, names: str) -> None:
    assert declared_names(tokenize(code)) == tuple(names.split())
