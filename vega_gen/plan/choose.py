"""Compile the candidates of each planned function in rank order and take the first that compiles.

A candidate is compiled alone, after a preamble of its file. Where none compiles, the best ones are repaired: statements that the compiler
names are left out or replaced. The result is in ``chosen``, ``compiles`` and ``message``.
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
"""How many statements that the compiler names may be changed before a candidate is given up."""


class Compiler(Protocol):
    """Compiles a text after the preamble of a file."""

    def __call__(self, file: str, text: str) -> CheckResult:
        """Compile one text."""
        ...

    def sift(self, file: str, groups: Sequence[Sequence[str]]) -> None:
        """Compile many texts at once and remember the results for later calls. Each group holds the candidates of one function."""
        ...


Repair = Callable[[Sequence[FilledStatement], int], tuple[FilledStatement, ...]]
"""Changes the statement at an index: ``left_out`` or ``replaced``."""

Choosing = Generator[str, CheckResult, PlannedFunction]
"""Yields texts to compile, receives the results, and returns the function with its choice. Lets ``_together`` share compiler runs."""


def statement_tree(flat: Sequence[FilledStatement]) -> tuple[Statement, ...]:
    """Nest filled statements, given in document order with depths, into a tree."""

    def level(index: int, depth: int) -> tuple[list[Statement], int]:
        found: list[Statement] = []
        while index < len(flat) and flat[index].depth >= depth:
            s = flat[index]
            children, index = level(index + 1, s.depth + 1)
            found.append(Statement(s.kind, s.head, tuple(children), s.braced, s.tail))
        return found, index

    return tuple(level(0, 0)[0])


def definition(function: PlannedFunction, candidate: Candidate) -> str:
    """Render a candidate as a definition outside its class, within the namespaces that a free function needs."""
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
    asked: Callable[[PlannedFunction], bool] = lambda function: True,
) -> tuple[PlannedFunction, ...]:
    """Choose a candidate for each function, in the order of the given functions.

    Takes the first candidate that compiles; else the best one without the statements that do not compile; else the best one with
    alternatives in their place; else candidates marked as a last resort. Where nothing compiles, the best candidate stays, with the
    compiler's message.

    ``spent`` is told the seconds that each file took. Functions for which ``asked`` is false are returned unchanged; for the others the
    result is the same as if all were asked for.
    """
    done = count(1)
    wanted = [i for i, f in enumerate(functions) if asked(f)]
    files = {functions[i].file for i in wanted}
    # A helper's declaration that does not compile would make every candidate of its file fail: keep only those that do.
    helping = [f for f in functions if f.helper and f.file in files]
    declared = [(f.file, text) for f in helping for texts in with_declarations([f]).values() for text in texts]
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
            progress(next(done), len(wanted), f"choosing {chosen.qualified_name}")
            found.append((i, chosen))
        spent(functions[members[0]].module, time.monotonic() - start)
        return found

    by_file: dict[tuple[str, int], list[int]] = {}
    for i in wanted:
        f = functions[i]
        by_file.setdefault((f.file, i if f.helper else -1), []).append(i)  # apart from its callers, which must not see it
    with threads(jobs) as pool:
        largest_first = sorted(by_file.values(), key=len, reverse=True)
        chosen = dict(pair for found in pool.map(of_file, largest_first) for pair in found)
    return tuple(chosen.get(i, f) for i, f in enumerate(functions))


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
    """Choose for one function; see ``choose``. ``helpers``: declarations of the helpers in its file.

    Prefers a candidate that compiles without the helpers' declarations, and then one that compiles without warnings: its assertions hold
    and it uses all its locals, so fewer of its statements were dropped or meant for another target.
    """
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
    """The candidate to take among these numbers (None if none compiles), and the compiler's message about the first."""
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
    """The candidate changed where the compiler names a statement, at half its confidence; None if it still does not compile."""
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
    """The statements with the next alternative in place of one, at half its confidence; without it if there is no alternative."""
    old = statements[index]
    text, *others = old.alternatives or ("",)
    if not text:
        return left_out(statements, index)
    new = replace(old, head=cxx.tokenize(text), alternatives=tuple(others), confidence=old.confidence / 2)
    return (*statements[:index], new, *statements[index + 1 :])


def left_out(statements: Sequence[FilledStatement], index: int) -> tuple[FilledStatement, ...]:
    """The statements without one and those nested in it, and without the block around it if nothing else is in that block."""
    depth = statements[index].depth
    end = index + 1
    while end < len(statements) and statements[end].depth > depth:
        end += 1
    alone = index > 0 and statements[index - 1].depth == depth - 1 and (end == len(statements) or statements[end].depth < depth)
    if alone:
        return left_out(statements, index - 1)
    return (*statements[:index], *statements[end:])


def statement_at(function: PlannedFunction, candidate: Candidate, line: int) -> int | None:
    """Index of the statement that ``definition`` renders on a line (1-based), None if there is none."""
    if line <= 0:
        return None
    text = definition(function, candidate).split("\n")
    if line > len(text):
        return None
    wanted = _line_tokens(text[line - 1])
    # "else" is a prefix of "else if (x)" too, so the longest match counts.
    fits = [max((len(part) for part in (s.head, s.tail) if part and part == wanted[: len(part)]), default=0) for s in candidate.statements]
    matches = [i for i, fit in enumerate(fits) if fit and fit == max(fits)]
    before = sum(1 for other in text[: line - 1] if _line_tokens(other)[: len(wanted)] == wanted)
    return matches[min(before, len(matches) - 1)] if matches else None


def _line_tokens(line: str) -> tuple[str, ...]:
    """The tokens of a line, without a leading brace that closes the statement before: "} else {"."""
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
