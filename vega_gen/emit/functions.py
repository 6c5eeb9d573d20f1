"""Planned functions -> C++ text, flagged statements marked.

Enters: planned functions, a threshold. Leaves: text in LLVM's style. It does not order functions or lay out files.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field, replace

from vega_gen import cxx
from vega_gen.records import FilledStatement, PlannedFunction, Statement, StatementKind, Step, WrittenStatement

REVIEW = "VEGA-REVIEW"
_WIDTH = 80  # LLVM's column limit: what fits in it, clang-format leaves as it is
_DONORS = 3
_LABELS = frozenset({StatementKind.CASE, StatementKind.LABEL})
_PLACE = re.compile(r"^([ \t]*)//\s*@@(\d+)@@:?$", re.MULTILINE)


@dataclass
class Markers:
    """Review comments to come: each stands as a short comment until the text around it has been formatted."""

    threshold: float
    comments: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def place(self, *parts: str) -> str:
        """A line that ``finish`` replaces by a comment of ``parts``: the first, and as many of the others as the line holds."""
        self.comments.append(parts)
        return f"//@@{len(self.comments) - 1}@@"

    def finish(self, text: str) -> str:
        """``text`` formatted, and its comments put in."""
        return _PLACE.sub(lambda match: self._comment(match[1], self.comments[int(match[2])]), cxx.format(text))

    @staticmethod
    def _comment(indent: str, parts: tuple[str, ...]) -> str:
        first, *donors = parts
        if not donors:
            lines = textwrap.wrap(first, max(_WIDTH - len(indent) - 3, 40), break_long_words=False, break_on_hyphens=False)
            return "\n".join(f"{indent}// {line}" for line in lines)
        line = f"{indent}// {first} {donors[0]}"
        for donor in donors[1:_DONORS]:
            if len(line) + len(donor) + 2 > _WIDTH:
                break
            line += f", {donor}"
        return line


def function_text(function: PlannedFunction, markers: Markers, *, in_class: bool) -> str:
    """The definition of the candidate taken, its last newline left out; ``in_class``: as it stands in its class.

    One that does not compile is left out by the preprocessor, under a comment with the first line of the compiler's message; what stands
    in its place comes after it."""
    text = definition_text(function, markers, in_class=in_class)
    if function.candidate.comment:
        text = f"{function.candidate.comment}\n{text}"
    if function.compiles is not False:
        return text
    said = next((line.strip().rstrip("\\") for line in function.message.splitlines() if line.strip()), "no message")
    draft = f"{markers.place(f'{REVIEW}: left out, it does not compile: {said}')}\n#if 0\n{text}\n#endif"
    if function.instead is None:
        return draft
    # What stands in its place has no marks: the statements to be looked at are those left out.
    sure = tuple(replace(s, confidence=1.0) for s in function.instead.statements)
    stands = replace(function, candidates=(replace(function.instead, statements=sure),), chosen=0, compiles=None)
    return f"{draft}\n{function_text(stands, markers, in_class=in_class)}"


def definition_text(function: PlannedFunction, markers: Markers, *, in_class: bool) -> str:
    """The candidate taken, without the comment before it and without the newline at its end."""
    candidate = function.candidate
    statements = marked_statements(function, markers)
    return cxx.render_function(candidate.signature, statements, in_class=in_class, end=candidate.end).rstrip("\n")


def stands_for_missing(function: PlannedFunction) -> bool:
    """Whether what is written of a function calls ``report_fatal_error``, which its file may not include the header of."""
    return function.step is Step.STUB


def marked_statements(function: PlannedFunction, markers: Markers) -> tuple[Statement, ...]:
    """The statements of the candidate taken as a tree, with a comment line before each that is flagged (``PlannedFunction.flagged``)."""
    flat = function.candidate.statements
    flagged = {id(s) for s in function.flagged(markers.threshold)}

    def level(index: int, depth: int) -> tuple[list[Statement], int]:
        found: list[Statement] = []
        while index < len(flat) and flat[index].depth >= depth:
            filled = flat[index]
            children, index = level(index + 1, filled.depth + 1)
            comment = ""
            if id(filled) in flagged:
                comment = markers.place(*_mark(filled))
            if filled.text:
                found.append(_written(filled, tuple(children), comment))
                continue
            if comment:
                label = filled.kind in _LABELS  # so that it stands as far left as the label
                found.append(Statement(StatementKind.LABEL, (comment, ":")) if label else Statement(StatementKind.SIMPLE, (comment,)))
            found.append(Statement(filled.kind, filled.head, tuple(children), filled.braced, filled.tail))
        return found, index

    return tuple(level(0, 0)[0])


def _written(filled: FilledStatement, children: tuple[Statement, ...], mark: str) -> WrittenStatement:
    """A statement as its text has it; where that reads otherwise than its tokens do, these under the comments before it."""
    head, end = (*filled.head, *("{",) * filled.braced), (*("}",) * filled.braced, *filled.tail)
    apart, text = cxx.paragraphs(filled.text)
    places = cxx.scan(text)[0]
    start = places[0] if places else len(text)
    line = text.rfind("\n", 0, start) + 1
    if cxx.tokenize(text) != head:
        text = f"{text[:line]}{cxx.join(head)}"
    if mark:
        indent = filled.text[len(apart) + line : len(apart) + start]
        text = f"{indent if indent.isspace() else ''}{mark}\n{text}"
    last = filled.end if cxx.tokenize(filled.end) == end else cxx.join(end)
    return WrittenStatement(filled.kind, filled.head, children, filled.braced, filled.tail, text=apart + text, end=last)


def _mark(filled: FilledStatement) -> tuple[str, ...]:
    """The parts of a review comment: what a statement rests on, a doubtful fact or its donors."""
    start = f"{REVIEW} {filled.id} {filled.confidence:.2f}:"
    if filled.doubt:
        return (f"{start} {filled.doubt}",)
    return start, *(tuple(str(donor) for donor in filled.donors[:_DONORS]) or ("no donor",))


def function_tokens(function: PlannedFunction) -> frozenset[str]:
    """Every token of the candidate taken: body, initialisers and the types of its head."""
    candidate = function.candidate
    words: set[str] = {token for entry in candidate.signature.initialisers for token in entry}
    for param in candidate.signature.params:
        words.update(param.type, param.default)
    words.update(candidate.signature.result, candidate.signature.class_name.split("::"))
    for statement in candidate.statements:
        words.update(statement.head, statement.tail)
    return frozenset(words)
