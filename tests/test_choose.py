"""Choosing candidates: the compiler picks among them and names statements to remove. Here it is a list of words that it rejects."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from plans import function

from llvm_integration.check import CheckResult
from vega_gen import cxx
from vega_gen.archetypes.parts import ORIGIN
from vega_gen.plan.choose import REPAIRS, choose, definition, statement_at, statement_tree, with_declarations
from vega_gen.records import Candidate, FilledStatement, PlannedFunction, Signature, Statement, Step


class Refusing:
    """A compiler that refuses every text with one of ``words`` in it, at the first line that has one, and warns of "doubtful"."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.texts: list[str] = []

    def __call__(self, file: str, text: str) -> CheckResult:
        self.texts.append(text)
        for number, line in enumerate(text.split("\n"), 1):
            for word in self.words:
                if word in line:
                    return CheckResult(False, f"{file}: use of undeclared identifier '{word}'", number, False)
        return CheckResult(True, "", 0, "doubtful" not in text)


    def sift(self, file: str, groups: Sequence[Sequence[str]]) -> None:
        self.sifted = [*getattr(self, "sifted", []), [list(group) for group in groups]]


def choose_one(function: PlannedFunction, compiler: Refusing) -> PlannedFunction:
    (chosen,) = choose([function], compiler, 1)
    return chosen


def filled(code: str) -> tuple[FilledStatement, ...]:
    """Statements as a filler gives them."""
    flat: list[FilledStatement] = []

    def walk(statements: tuple[Statement, ...], depth: int) -> None:
        for s in statements:
            flat.append(FilledStatement(f"id{len(flat)}", depth, s.kind, s.head, s.braced, s.tail, 0.8, ()))
            walk(s.children, depth + 1)

    walk(cxx.parse_statements(code), 0)
    return tuple(flat)


def planned(*bodies: str) -> PlannedFunction:
    """A method with a candidate a body."""
    first, *others = (filled(body) for body in bodies)
    return function("run", first, compiles=None, others=tuple(others))


def body(function: PlannedFunction) -> str:
    return " ".join(cxx.tokens(statement_tree(function.candidate.statements)))


def test_the_first_candidate_that_compiles_is_taken() -> None:
    compiler = Refusing("bad", "worse")
    chosen = choose_one(planned("bad();", "worse();", "good();", "better();"), compiler)
    assert (chosen.chosen, chosen.compiles, chosen.message) == (2, True, "")
    assert body(chosen) == "good ( ) ;"
    assert len(compiler.texts) == 3, "what stands behind the one taken is not compiled"
    assert len(chosen.candidates) == 4


def test_one_that_the_compiler_has_no_doubts_about_is_taken_before() -> None:
    assert body(choose_one(planned("bad();", "doubtful();", "good();"), Refusing("bad"))) == "good ( ) ;"
    assert body(choose_one(planned("bad();", "doubtful();", "worse();"), Refusing("bad", "worse"))) == "doubtful ( ) ;"


def test_an_archetype_that_is_taken_is_said() -> None:
    function = planned("bad();", "made();")
    made = replace(function.candidates[1], resort=True, origin=ORIGIN)
    function = replace(function, candidates=(function.candidates[0], made))
    assert choose_one(function, Refusing("bad")).step is Step.ARCHETYPE
    assert choose_one(function, Refusing()).step is Step.FILLED


def test_a_last_resort_comes_after_all_others_however_clean() -> None:
    function = planned("resort();", "bad();", "doubtful();")
    function = replace(function, candidates=(replace(function.candidates[0], resort=True), *function.candidates[1:]))
    assert body(choose_one(function, Refusing("bad"))) == "doubtful ( ) ;"
    assert body(choose_one(function, Refusing("bad", "doubtful"))) == "resort ( ) ;"
    in_part = planned("resort();", "a(); bad();", "worse();")
    in_part = replace(in_part, candidates=(replace(in_part.candidates[0], resort=True), *in_part.candidates[1:]))
    assert body(choose_one(in_part, Refusing("bad", "worse"))) == "a ( ) ;"


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("a(); if (x) { bad(); } b();", "a ( ) ; b ( ) ;"),
        ("switch (x) { case 1: return bad(); default: return 2; }", "switch ( x ) { default : return 2 ; }"),
        ("a(); for (;;) { if (y) bad(); }", "a ( ) ;"),
        ("if (x) { bad(); b(); }", "if ( x ) { b ( ) ; }"),
    ],
)
def test_a_block_goes_with_the_last_statement_in_it(code: str, left: str) -> None:
    assert body(choose_one(planned(code), Refusing("bad"))) == left


def test_a_named_statement_is_taken_out_with_what_is_nested_in_it() -> None:
    chosen = choose_one(planned("one(); if (bad) { two(); three(); } four();"), Refusing("bad"))
    assert (chosen.compiles, chosen.message) == (True, "")
    assert body(chosen) == "one ( ) ; four ( ) ;"
    assert body(replace(chosen, chosen=1)) == "one ( ) ; if ( bad ) { two ( ) ; three ( ) ; } four ( ) ;", "the whole one stays to be seen"
    assert chosen.candidate.confidence < planned("x();").candidate.confidence


def test_what_is_next_likely_comes_where_leaving_out_does_not_help() -> None:
    """A compiler that wants the statement: without it, it names the one after it."""

    class Wanting(Refusing):
        def __call__(self, file: str, text: str) -> CheckResult:
            found = super().__call__(file, text)
            wanted = any(word in text for word in ("good", "better", "bad", "worse"))
            return found if wanted or not found.ok else CheckResult(False, "no return", 0, False)

    function = planned("one(); bad(a); two();")
    first, bad, last = function.candidate.statements

    def of(*alternatives: str) -> PlannedFunction:
        statements = (first, replace(bad, alternatives=alternatives), last)
        return replace(function, candidates=(replace(function.candidate, statements=statements),))

    chosen = choose_one(of("worse ( ) ;", "good ( b ) ;", "better ( ) ;"), Wanting("bad", "worse"))
    assert body(chosen) == "one ( ) ; good ( b ) ; two ( ) ;"
    assert chosen.candidate.statements[1].alternatives == ("better ( ) ;",)
    assert chosen.candidate.statements[1].confidence < bad.confidence
    assert body(choose_one(of("good ( b ) ;"), Refusing("bad"))) == "one ( ) ; two ( ) ;", "leaving out is tried first"
    assert not choose_one(of(""), Wanting("bad")).compiles


def test_as_many_statements_are_taken_out_as_may_be() -> None:
    bad = [f"bad({n});" for n in range(REPAIRS + 1)]
    chosen = choose_one(planned(f"one(); {' '.join(bad[1:])} two();"), Refusing("bad"))
    assert body(chosen) == "one ( ) ; two ( ) ;"
    assert not choose_one(planned(f"one(); {' '.join(bad)} two();"), Refusing("bad")).compiles


def test_nothing_is_taken_out_where_a_later_candidate_compiles() -> None:
    chosen = choose_one(planned("one(); bad();", "other();"), Refusing("bad"))
    assert body(chosen) == "other ( ) ;"


def test_the_second_candidate_is_taken_out_of_too() -> None:
    chosen = choose_one(planned("bad(a);", "one(); bad(b);"), Refusing("bad"))
    assert body(chosen) == "one ( ) ;"


def test_else_a_candidate_stays_whole_with_the_message() -> None:
    function = planned("bad();", "worse();")
    chosen = choose_one(function, Refusing("bad", "worse"))
    assert (chosen.chosen, chosen.compiles) == (0, False)
    assert chosen.message == "ToyInstrInfo.cpp: use of undeclared identifier 'bad'"
    assert chosen.candidates == function.candidates


def test_a_refused_signature_takes_nothing_out() -> None:
    function = planned("one(); two();")
    chosen = choose_one(function, Refusing("ToyInstrInfo::run"))
    assert (chosen.compiles, chosen.candidates) == (False, function.candidates)


@pytest.mark.parametrize(
    ("code", "word", "gone"),
    [
        ("if (a) { b(); } else if (bad) { c(); } else { d(); }", "bad", "else if ( bad )"),
        ("if (a) { b(); } else { bad(); }", "bad", "bad ( ) ;"),
        ("do { b(); } while (bad);", "bad", "do"),
        ("switch (a) { case bad: c(); break; default: d(); }", "case bad", "case bad :"),
        ("a(); if (x) { bad(); } bad(); b();", "bad", "bad ( ) ;"),
        ("bad(); return 1;", "bad", "bad ( ) ;"),
    ],
)
def test_the_statement_on_the_compiler_s_line(code: str, word: str, gone: str) -> None:
    function = planned(code)
    refused = Refusing(word)("a.cpp", definition(function, function.candidate))
    index = statement_at(function, function.candidate, refused.line)
    assert index is not None
    assert " ".join(function.candidate.statements[index].head) == gone


def test_of_two_alike_the_one_on_the_line() -> None:
    function = planned("same(); if (x) { same(); } same();")
    text = definition(function, function.candidate).split("\n")
    lines = [n for n, line in enumerate(text, 1) if "same" in line]
    assert [statement_at(function, function.candidate, n) for n in lines] == [0, 2, 3]
    assert statement_at(function, function.candidate, 0) is None
    assert statement_at(function, function.candidate, len(text) + 5) is None
    assert statement_at(function, function.candidate, 1) is None, "the signature is no statement"


def test_filled_statements_become_the_tree_they_came_from() -> None:
    code = "for (;;) { if (a) b(); else { c(); } } switch (x) { case 1: f(); } g();"
    assert cxx.tokens(statement_tree(filled(code))) == cxx.tokens(cxx.parse_statements(code))


def test_a_free_function_is_compiled_and_declared_in_its_namespaces() -> None:
    free = replace(planned("return 1;"), namespaces=("llvm", ""))
    candidate = Candidate(Signature("pick", result=("int",), prefix=("static",)), filled("return 1;"), 0.5, "template")
    free = replace(free, candidates=(candidate,))
    text = definition(free, candidate)
    assert cxx.tokenize(text) == cxx.tokenize("namespace llvm { namespace { static int pick() { return 1; } } }")
    method = planned("one();")
    declared = with_declarations((free, method, replace(free, file="Other.h")))
    assert set(declared) == {"ToyInstrInfo.cpp"}
    assert cxx.tokenize("".join(declared["ToyInstrInfo.cpp"])) == cxx.tokenize("namespace llvm { namespace { static int pick(); } }")


def free_function(name: str, code: str, *, helper: bool = False) -> PlannedFunction:
    signature = Signature(name, result=("int",), prefix=("static",))
    return replace(planned(code), candidates=(Candidate(signature, filled(code), 0.5, "template"),), helper=helper)


class Declared(Refusing):
    """Refuses a call of ``helper`` that no declaration stands before, and every text with one of ``words`` in it."""

    def __call__(self, file: str, text: str) -> CheckResult:
        call = re.search(r"(?<!int )helper\(", text)
        if call and "static int helper()" not in text:
            return CheckResult(False, "use of undeclared identifier 'helper'", text.count("\n", 0, call.start()) + 1, False)
        return super().__call__(file, text)


def test_a_candidate_that_calls_a_planned_helper_is_taken_after_those_that_do_without() -> None:
    helper = free_function("helper", "return 1;", helper=True)
    caller = free_function("caller", "return helper();")
    assert [f.compiles for f in choose([helper, caller], Declared(), 2)] == [True, True]
    both = replace(caller, candidates=(*caller.candidates, free_function("caller", "return 2;").candidate))
    _, chosen = choose([helper, both], Declared(), 1)
    assert body(chosen) == "return 2 ;"


def test_lines_are_counted_without_the_helpers_before_them() -> None:
    helper = free_function("helper", "return 1;", helper=True)
    caller = free_function("caller", "one(); bad(); helper();")
    _, chosen = choose([helper, caller], Declared("bad"), 1)
    assert body(chosen) == "one ( ) ; helper ( ) ;"


def test_a_helper_s_declaration_that_does_not_compile_is_left_out() -> None:
    helper = free_function("helper", "return 1;", helper=True)
    odd = replace(helper, candidates=(Candidate(Signature("odd", result=("Missing",), prefix=("static",)), filled("return 1;"), 0.5, "t"),))
    caller = free_function("caller", "return helper();")
    assert [f.compiles for f in choose([odd, helper, caller], Declared("Missing"), 1)] == [False, True, True]


def test_all_functions_are_chosen_in_order_and_told() -> None:
    functions = [planned(f"f{n}();", "good();") for n in range(8)]
    told: list[tuple[int, int]] = []
    lock = threading.Lock()

    def progress(done: int, total: int, text: str) -> None:
        with lock:
            told.append((done, total))
        assert text == "choosing ToyInstrInfo::run"

    chosen = choose(functions, Refusing("f3", "f5"), 3, progress)
    assert [body(f) for f in chosen] == ["good ( ) ;" if n in (3, 5) else f"f{n} ( ) ;" for n in range(8)]
    assert len(told) == 8
    assert max(told) == (8, 8)


def test_those_asked_for_get_what_they_get_among_all() -> None:
    """And the compiler sees no text of the others, but for declarations of helpers in the same file."""
    functions = [
        planned("bad();", "good();"),
        replace(planned("bad();", "other();"), file="Other.cpp"),
        replace(planned("helping();"), helper=True),
    ]
    all_of_them = choose(functions, Refusing("bad"), 1)
    compiler = Refusing("bad")
    some = choose(functions, compiler, 1, asked=lambda f: f.file != "Other.cpp" and not f.helper)
    assert some == (all_of_them[0], functions[1], functions[2])
    assert not any("other" in text for text in compiler.texts)
