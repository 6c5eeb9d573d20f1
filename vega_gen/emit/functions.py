"""Writes planned functions as C++ text in LLVM's style, with a review comment before each flagged statement."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field, replace

from vega_gen import cxx
from vega_gen.records import FilledStatement, PlannedFunction, Statement, StatementKind, Step, WrittenStatement

REVIEW = "VEGA-REVIEW"
_WIDTH = 80  # LLVM's column limit
_DONORS = 3
_LABELS = frozenset({StatementKind.CASE, StatementKind.LABEL})
_PLACE = re.compile(r"^([ \t]*)//\s*@@(\d+)@@:?$", re.MULTILINE)


@dataclass
class Markers:
    """Review comments, each held by a short placeholder until the text around it is formatted, so that clang-format does not reflow it.

    ``threshold``: from 0 to 1, at which statements are flagged. ``comments``: the parts of each comment (see ``place``)."""

    threshold: float
    comments: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])

    def place(self, *parts: str) -> str:
        """Returns the placeholder for a comment of ``parts``: the first one, and as many donors (the others) as fit in the line."""
        self.comments.append(parts)
        return f"//@@{len(self.comments) - 1}@@"

    def finish(self, text: str) -> str:
        """Returns ``text`` formatted, with its placeholders replaced by the comments."""
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
    """Returns the definition of the chosen candidate, without a newline at its end; ``in_class``: written inside its class.

    A definition that does not compile is wrapped in ``#if 0``, under a comment with the first line of the compiler's message. The function
    that replaces it, if any, follows."""
    text = definition_text(function, markers, in_class=in_class)
    if function.candidate.comment:
        text = f"{function.candidate.comment}\n{text}"
    if function.compiles is not False:
        return text
    said = next((line.strip().rstrip("\\") for line in function.message.splitlines() if line.strip()), "no message")
    draft = f"{markers.place(f'{REVIEW}: left out, it does not compile: {said}')}\n#if 0\n{text}\n#endif"
    if function.instead is None:
        return draft
    # The replacement has no marks: the statements to review are those under #if 0.
    sure = tuple(replace(s, confidence=1.0) for s in function.instead.statements)
    stands = replace(function, candidates=(replace(function.instead, statements=sure),), chosen=0, compiles=None)
    return f"{draft}\n{function_text(stands, markers, in_class=in_class)}"


def definition_text(function: PlannedFunction, markers: Markers, *, in_class: bool) -> str:
    """Returns the definition of the chosen candidate, without the comment before it and without a newline at its end."""
    candidate = function.candidate
    statements = marked_statements(function, markers)
    return cxx.render_function(candidate.signature, statements, in_class=in_class, end=candidate.end).rstrip("\n")


def stands_for_missing(function: PlannedFunction) -> bool:
    """Whether the function is a stub that calls ``report_fatal_error``, whose header its file may lack."""
    return function.step is Step.STUB


def marked_statements(function: PlannedFunction, markers: Markers) -> tuple[Statement, ...]:
    """Returns the chosen candidate's statements as a tree, with a comment before each that is flagged (``PlannedFunction.flagged``)."""
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
                label = filled.kind in _LABELS  # a comment in label form is indented like the label
                found.append(Statement(StatementKind.LABEL, (comment, ":")) if label else Statement(StatementKind.SIMPLE, (comment,)))
            found.append(Statement(filled.kind, filled.head, tuple(children), filled.braced, filled.tail))
        return found, index

    return tuple(level(0, 0)[0])


def _written(filled: FilledStatement, children: tuple[Statement, ...], mark: str) -> WrittenStatement:
    """Returns a statement with its own text, or, where that differs from its tokens, its tokens under the text's comments.

    ``mark``: placeholder of the review comment, put between the text's comments and the statement; "" for none."""
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
    """Returns the parts of a review comment (see ``Markers.place``): the doubt about the statement, or else its donors."""
    start = f"{REVIEW} {filled.id} {filled.confidence:.2f}:"
    if filled.doubt:
        return (f"{start} {filled.doubt}",)
    return start, *(tuple(str(donor) for donor in filled.donors[:_DONORS]) or ("no donor",))


def function_tokens(function: PlannedFunction) -> frozenset[str]:
    """Returns every token of the chosen candidate's body, initialisers, parameter types and defaults, result type and class name."""
    candidate = function.candidate
    words: set[str] = {token for entry in candidate.signature.initialisers for token in entry}
    for param in candidate.signature.params:
        words.update(param.type, param.default)
    words.update(candidate.signature.result, candidate.signature.class_name.split("::"))
    for statement in candidate.statements:
        words.update(statement.head, statement.tail)
    return frozenset(words)
