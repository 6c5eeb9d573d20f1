"""Stage 8, choice: candidates in rank order go to the compiler; the first that compiles is taken.

Enters: planned functions, a preamble a file. Leaves: planned functions with ``chosen``, ``compiles`` and ``message``. It runs
no test and reads no file of the target beyond what the mode allows (the preambles are made from that).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Protocol

from llvm_integration.check import CheckResult
from llvm_integration.process import threads
from vega_gen import cxx
from vega_gen.archetypes.parts import ORIGIN
from vega_gen.records import Candidate, FilledStatement, Module, PlannedFunction, Statement, Step

REPAIRS = 8
"""How many statements named by the compiler may be changed in a candidate before it is given up."""


class Compiler(Protocol):
    """Says whether a text compiles after a file's preamble."""

    def __call__(self, file: str, text: str) -> CheckResult:
        """See the class."""
        ...

    def sift(self, file: str, groups: Sequence[Sequence[str]]) -> None:
        """Look at many texts at once, each group one function's: what is found out is known when a text is asked for."""
        ...


Repair = Callable[[Sequence[FilledStatement], int], tuple[FilledStatement, ...]]
"""What is done about the statement of an index."""

Choosing = Generator[str, CheckResult, PlannedFunction]
"""Yields a text for the compiler, is sent what it says, and returns the function with its choice."""


def statement_tree(flat: Sequence[FilledStatement]) -> tuple[Statement, ...]:
    """Filled statements, in document order with depths, as a tree."""

    def level(index: int, depth: int) -> tuple[list[Statement], int]:
        found: list[Statement] = []
        while index < len(flat) and flat[index].depth >= depth:
            s = flat[index]
            children, index = level(index + 1, s.depth + 1)
            found.append(Statement(s.kind, s.head, tuple(children), s.braced, s.tail))
        return found, index

    return tuple(level(0, 0)[0])


def definition(function: PlannedFunction, candidate: Candidate) -> str:
    """A candidate as a definition outside its class, in the namespaces that a free function needs."""
    text = cxx.render_function(candidate.signature, statement_tree(candidate.statements), in_class=False)
    if candidate.signature.class_name:
        return text
    for namespace in reversed(function.namespaces):
        text = f"namespace {namespace} {{\n{text}}}\n"
    return text


def choose(
    functions: Sequence[PlannedFunction],
    compiler: Compiler,
    jobs: int,
    progress: Callable[[int, int, str], None] = lambda done, total, text: None,
    spent: Callable[[Module, float], None] = lambda module, seconds: None,
) -> tuple[PlannedFunction, ...]:
    """Each function with its first candidate that compiles, after that the best with the statements that do not compile left out,
    after that with others in their places; else the best as it is, with the compiler's message. ``spent`` is told the seconds that
    each file took."""
    done = count(1)
    # A declaration that does not compile by itself would take every candidate of its file with it.
    declared = [(f.file, text) for f in functions if f.helper for texts in with_declarations([f]).values() for text in texts]
    with threads(jobs) as pool:
        sound = [r.ok for r in pool.map(compiler, (file for file, _ in declared), (text for _, text in declared))]
    helpers: dict[str, str] = {}
    for (file, text), ok in zip(declared, sound, strict=True):
        helpers[file] = helpers.get(file, "") + (text if ok else "")

    def of_file(members: Sequence[int]) -> list[tuple[int, PlannedFunction]]:
        start = time.monotonic()
        file = functions[members[0]].file
        found: list[tuple[int, PlannedFunction]] = []
        for i, chosen in _together(file, {i: functions[i] for i in members}, compiler, helpers.get(file, "")):
            progress(next(done), len(functions), chosen.qualified_name)
            found.append((i, chosen))
        spent(functions[members[0]].module, time.monotonic() - start)
        return found

    by_file: dict[tuple[str, int], list[int]] = {}
    for i, f in enumerate(functions):
        by_file.setdefault((f.file, i if f.helper else -1), []).append(i)  # a helper beside its caller would be as good as declared
    with threads(jobs) as pool:
        largest_first = sorted(by_file.values(), key=len, reverse=True)
        chosen = dict(pair for found in pool.map(of_file, largest_first) for pair in found)
    return tuple(chosen[i] for i in range(len(functions)))


def _together(
    file: str, functions: Mapping[int, PlannedFunction], compiler: Compiler, helpers: str
) -> Iterator[tuple[int, PlannedFunction]]:
    """Choose for the functions of one file at the same time, so that each run of the compiler serves all."""
    compiler.sift(file, [[definition(f, candidate) for candidate in f.candidates] for f in functions.values()])
    choosing = {i: choose_one(f, helpers) for i, f in functions.items()}
    asked = {i: next(each) for i, each in choosing.items()}
    while asked:
        compiler.sift(file, [[text] for text in asked.values()])
        following: dict[int, str] = {}
        for i, text in asked.items():
            try:
                following[i] = choosing[i].send(compiler(file, text))
            except StopIteration as stop:
                yield i, stop.value
        asked = following


def choose_one(function: PlannedFunction, helpers: str = "") -> Choosing:
    """See ``choose``. ``helpers``: declarations of the helpers in the file; a candidate that does without them is preferred, and
    before that one whose assertions hold here and whose locals are all used: less of it was dropped, or meant for another target. Those
    that are a last resort come after all others and what is left of them."""
    usual = [i for i, c in enumerate(function.candidates) if not c.resort]
    accepted, message = yield from _accepted(function, usual, helpers)
    if accepted is not None:
        return _taken(function, accepted)
    for i, change in itertools.product(usual[:2], (left_out, replaced)):
        repaired = yield from repair(function, function.candidates[i], change, helpers)
        if repaired is not None:
            candidates = (*function.candidates[:i], repaired, *function.candidates[i:])
            return replace(function, candidates=candidates, chosen=i, compiles=True, message="")
    accepted, _ = yield from _accepted(function, [i for i, c in enumerate(function.candidates) if c.resort], helpers)
    if accepted is not None:
        return _taken(function, accepted)
    return replace(function, chosen=0, compiles=False, message=message)


def _taken(function: PlannedFunction, number: int) -> PlannedFunction:
    step = Step.ARCHETYPE if function.candidates[number].origin == ORIGIN else function.step
    return replace(function, chosen=number, compiles=True, message="", step=step)


def _accepted(
    function: PlannedFunction, numbers: Sequence[int], helpers: str
) -> Generator[str, CheckResult, tuple[int | None, str]]:
    """Of the candidates with these numbers the one to take, None if none compiles; and the compiler's message on the first."""
    message = ""
    for before in dict.fromkeys(("", helpers)):
        accepted: int | None = None
        for i in numbers:
            result = yield before + definition(function, function.candidates[i])
            if result.ok and accepted is None:
                accepted = i
            if result.clean:
                accepted = i
                break
            if i == numbers[0]:
                message = result.message
        if accepted is not None:
            return accepted, ""
    return None, message


def repair(
    function: PlannedFunction, candidate: Candidate, change: Repair, helpers: str = ""
) -> Generator[str, CheckResult, Candidate | None]:
    """The candidate changed where the compiler names a statement, None if that does not help. Its confidence is halved."""
    current = candidate
    for _ in range(REPAIRS + 1):
        result = yield helpers + definition(function, current)
        if result.ok:
            return replace(current, confidence=current.confidence / 2)
        index = statement_at(function, current, result.line - helpers.count("\n"))
        if index is None:
            return None
        current = replace(current, statements=change(current.statements, index))
        if not current.statements:
            return None
    return None


def replaced(statements: Sequence[FilledStatement], index: int) -> tuple[FilledStatement, ...]:
    """The statements with what the filler says is next likely in the place of one, at half its confidence; without it where it says no
    more."""
    old = statements[index]
    text, *others = old.alternatives or ("",)
    if not text:
        return left_out(statements, index)
    new = replace(old, head=cxx.tokenize(text), alternatives=tuple(others), confidence=old.confidence / 2)
    return (*statements[:index], new, *statements[index + 1 :])


def left_out(statements: Sequence[FilledStatement], index: int) -> tuple[FilledStatement, ...]:
    """The statements without one, those nested in it, and the block around it where it was the only one in it."""
    depth = statements[index].depth
    end = index + 1
    while end < len(statements) and statements[end].depth > depth:
        end += 1
    alone = index > 0 and statements[index - 1].depth == depth - 1 and (end == len(statements) or statements[end].depth < depth)
    if alone:
        return left_out(statements, index - 1)
    return (*statements[:index], *statements[end:])


def statement_at(function: PlannedFunction, candidate: Candidate, line: int) -> int | None:
    """Index of the statement that ``definition`` has on a line (1-based), None if there is none."""
    if line <= 0:
        return None
    text = definition(function, candidate).split("\n")
    if line > len(text):
        return None
    wanted = _line_tokens(text[line - 1])
    # "else" begins "else if (x)" too: the longest that fits is the statement.
    fits = [max((len(part) for part in (s.head, s.tail) if part and part == wanted[: len(part)]), default=0) for s in candidate.statements]
    matches = [i for i, fit in enumerate(fits) if fit and fit == max(fits)]
    before = sum(1 for other in text[: line - 1] if _line_tokens(other)[: len(wanted)] == wanted)
    return matches[min(before, len(matches) - 1)] if matches else None


def _line_tokens(line: str) -> tuple[str, ...]:
    """The tokens of a line, without the brace that closes the statement before: "} else {"."""
    tokens = tuple(cxx.tokenize(line))
    return tokens[1:] if tokens[:1] == ("}",) else tokens


def with_declarations(functions: Sequence[PlannedFunction]) -> Mapping[str, Sequence[str]]:
    """By file, declarations of the free functions planned there, so that one may call another."""
    texts: dict[str, list[str]] = {}
    for f in functions:
        s = f.candidate.signature
        if s.class_name or not f.file.endswith(".cpp"):
            continue
        text = cxx.render_signature(s, in_class=False) + ";\n"
        for namespace in reversed(f.namespaces):
            text = f"namespace {namespace} {{\n{text}}}\n"
        texts.setdefault(f.file, []).append(text)
    return texts
