"""Compare a generated function with the reference, statement by statement: how many are right, how many need an edit, and which kinds
of error there are (docs/protocol.md, "Further figures"). The verdict does not depend on it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rapidfuzz.distance import Indel, LCSseq

from vega_gen.cxx import declared_names, render_function, tokenize
from vega_gen.plan.choose import statement_tree
from vega_gen.records import Candidate, FilledStatement, Function, PlannedFunction, Signature, Statement, StatementKind

Tokens = tuple[str, ...]

_WORD = re.compile(r"[A-Za-z_$]\w*\Z")
_NUMBER = re.compile(r"\.?\d[\w.']*\Z")
# Keywords that belong to the shape of a statement; true, false and nullptr are not here, because they are values.
_LANGUAGE = (
    "alignof auto bool break case catch char class const constexpr const_cast continue decltype default delete do double"
    " dynamic_cast else enum explicit extern final float for friend goto if inline int long mutable namespace new noexcept operator"
    " override private protected public reinterpret_cast return short signed sizeof static static_assert static_cast struct switch"
    " template this throw try typedef typename union unsigned using virtual void volatile while"
)
_SHAPE_WORDS = frozenset(_LANGUAGE.split())
# Two unequal statements below this similarity count as a deletion and an addition, not as one change.
_ALIKE = 0.5


class ErrorKind(StrEnum):
    """VEGA's error kinds (CGO 2025, figure 9; docs/protocol.md, "Further figures")."""

    VALUE = "Err-V"
    CONFIDENCE = "Err-CS"
    DEFINITION = "Err-Def"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A generated function aligned with its reference.

    ``reference``: number of reference statements; the signature and each constructor initialiser count as one.
    ``reproduced``: how many of these were generated, in order. ``edits``: statements to add, change or delete.
    ``errors``: error kinds, in the order of ``ErrorKind``.
    ``confidences``: (confidence, reproduced?) of each generated statement.
    ``aligned``: (generated text, reference text, confidence) in order; a text is "" where one side has no statement. The confidence is 0
    where nothing was generated, and 1 where no filler decides (the signature, say).
    """

    reference: int
    reproduced: int
    edits: int
    errors: tuple[ErrorKind, ...]
    confidences: tuple[tuple[float, bool], ...] = ()
    aligned: tuple[tuple[str, str, float], ...] = ()


def of_several_targets(candidate: Candidate) -> bool:
    """Whether no single target has all statements of the candidate; False if no donors are known."""
    donors = [{donor.target for donor in s.donors} for s in candidate.statements if s.donors]
    everyone = set[str]().union(*donors)
    return bool(donors) and not any(all(target in of_statement for of_statement in donors) for target in everyone)


def missing(reference: Function) -> Comparison:
    """The comparison for a reference function that was not generated."""
    wanted = _lines(reference.signature, reference.body, reference.in_class)
    return Comparison(len(wanted), 0, len(wanted), (), aligned=tuple(("", " ".join(line), 0.0) for line in wanted))


def compare(reference: Function, planned: PlannedFunction, signature: Signature) -> Comparison:
    """Align the chosen candidate of ``planned`` with the reference.

    ``signature``: the candidate's signature as it was swapped in (``signature_in_place``). Different names of parameters and locals count
    as equal if a one-to-one renaming makes them so, because they need no edit.
    """
    wanted = _lines(replace(reference.signature, class_name=signature.class_name), reference.body, reference.in_class)
    body = statement_tree(planned.candidate.statements)
    written = _lines(signature, body, reference.in_class)
    renaming = _renaming(reference, signature, written, wanted)
    written = [_rename(line, renaming) for line in written]
    offered = {_bare(_rename(line, renaming)) for line in _offered(planned)}
    reproduced = 0
    edits = 0
    errors: set[ErrorKind] = set()
    pairs = list(_align(written, wanted))
    for mine, theirs in pairs:
        if mine == theirs:
            reproduced += 1
            continue
        edits += 1
        if theirs is None:
            errors.add(ErrorKind.CONFIDENCE)
        elif mine is not None and _skeleton(mine) == _skeleton(theirs):
            errors.add(ErrorKind.VALUE)
        else:
            errors.add(ErrorKind.CONFIDENCE if _bare(theirs) in offered else ErrorKind.DEFINITION)
    right = [mine == theirs for mine, theirs in pairs if mine is not None]
    said = {i: s.confidence for s, i in zip(_said(planned.candidate), _heads(signature, body), strict=True)}
    sure = tuple((confidence, right[i]) for i, confidence in said.items())
    return Comparison(
        len(wanted), reproduced, edits, tuple(kind for kind in ErrorKind if kind in errors), sure, tuple(_aligned(pairs, said))
    )


def _aligned(pairs: Sequence[tuple[Tokens | None, Tokens | None]], said: dict[int, float]) -> Iterator[tuple[str, str, float]]:
    place = 0
    for mine, theirs in pairs:
        yield " ".join(mine or ()), " ".join(theirs or ()), 0.0 if mine is None else said.get(place, 1.0)
        place += mine is not None


def _lines(signature: Signature, body: Sequence[Statement], in_class: bool) -> list[Tokens]:
    """A function as a list of statements: signature, constructor initialisers, then heads and tails of the body's statements."""
    bare = tokenize(render_function(replace(signature, initialisers=()), (), in_class=in_class))
    return [bare[:-2], *signature.initialisers, *_walk(body)]


def _walk(body: Sequence[Statement]) -> Iterator[Tokens]:
    return (tokens for tokens, _ in _parts(body))


def _parts(body: Sequence[Statement]) -> Iterator[tuple[Tokens, bool]]:
    """Heads (True) and tails (False) of statements, in the order of the text."""
    for s in body:
        if s.head and s.kind is not StatementKind.DO:
            yield s.head, True
        yield from _parts(s.children)
        if s.tail:
            yield s.tail, False


def _heads(signature: Signature, body: Sequence[Statement]) -> Iterator[int]:
    """Indices of the heads in ``_lines``."""
    return (1 + len(signature.initialisers) + i for i, (_, head) in enumerate(_parts(body)) if head)


def _said(candidate: Candidate) -> Iterator[FilledStatement]:
    """The filled statements that ``_heads`` counts, in the same order."""
    return (s for s in candidate.statements if s.head and s.kind is not StatementKind.DO)


def _offered(planned: PlannedFunction) -> Iterator[Tokens]:
    """Every statement that a slot of a candidate offers, alternatives included."""
    for candidate in planned.candidates:
        yield from candidate.signature.initialisers
        for s in candidate.statements:
            yield s.head
            yield from map(tokenize, filter(None, s.alternatives))


def _bare(tokens: Tokens) -> Tokens:
    return tokens[:-1] if tokens and tokens[-1] in (";", ":", "{") else tokens


def _rename(tokens: Tokens, renaming: dict[str, str]) -> Tokens:
    if not renaming:
        return tokens
    return tuple(t if i and tokens[i - 1] in (".", "->", "::") else renaming.get(t, t) for i, t in enumerate(tokens))


def _renaming(reference: Function, signature: Signature, written: Sequence[Tokens], wanted: Sequence[Tokens]) -> dict[str, str]:
    """Generated name -> the reference's name, for parameters by position and for locals by aligned declarations."""
    found: dict[str, str] = {}
    for mine, theirs in zip(signature.params, reference.signature.params, strict=False):
        if mine.name and theirs.name:
            found[mine.name] = theirs.name
    locals_of = {name for line in written for name in declared_names(line)}
    for mine, theirs in _align(written, wanted):
        if mine is None or theirs is None or _skeleton(mine) != _skeleton(theirs):
            continue
        for a, b in zip(declared_names(mine), declared_names(theirs), strict=False):
            found.setdefault(a, b)
    # Keep the renaming one to one, and never rename to a name that the generated function uses for something else.
    targets = list(found.values())
    kept = {a: b for a, b in found.items() if a != b and targets.count(b) == 1}
    while taken := [a for a, b in kept.items() if b in locals_of and b not in kept]:
        for name in taken:
            del kept[name]
    return kept


def _skeleton(tokens: Tokens) -> Tokens:
    """The tokens with every identifier, number and string replaced by a placeholder, and without the scopes of names."""
    out: list[str] = []
    for token in tokens:
        if token in _SHAPE_WORDS:
            out.append(token)
        elif _WORD.match(token):
            if len(out) >= 2 and out[-1] == "::" and out[-2] == "$name":
                del out[-2:]
            out.append("$name")
        elif _NUMBER.match(token):
            # The same placeholder as a name's: a name in the place of a number is a value error.
            out.append("$name")
        elif token.startswith(('"', "'")):
            out.append("$text")
        else:
            out.append(token)
    return tuple(out)


def _align(written: Sequence[Tokens], wanted: Sequence[Tokens]) -> Iterator[tuple[Tokens | None, Tokens | None]]:
    """Pair statements in order: equal ones by longest common subsequence, those in the gaps between by similarity."""
    gap_mine: list[Tokens] = []
    gap_theirs: list[Tokens] = []
    for op in LCSseq.opcodes(list(written), list(wanted)):
        if op.tag == "equal":
            yield from _align_gap(gap_mine, gap_theirs)
            gap_mine, gap_theirs = [], []
            yield from zip(written[op.src_start : op.src_end], wanted[op.dest_start : op.dest_end], strict=True)
        else:
            gap_mine += written[op.src_start : op.src_end]
            gap_theirs += wanted[op.dest_start : op.dest_end]
    yield from _align_gap(gap_mine, gap_theirs)


def _align_gap(mine: Sequence[Tokens], theirs: Sequence[Tokens]) -> Iterator[tuple[Tokens | None, Tokens | None]]:
    """Pair statements of a gap in order so that the total similarity is greatest (dynamic programming)."""
    rows, columns = len(mine), len(theirs)
    skeletons = list(map(_skeleton, theirs))
    likeness = [
        [_likeness(a, skeleton, b, other) for b, other in zip(theirs, skeletons, strict=True)]
        for a, skeleton in zip(mine, map(_skeleton, mine), strict=True)
    ]
    score = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best = max(score[i + 1][j], score[i][j + 1])
            score[i][j] = max(best, score[i + 1][j + 1] + likeness[i][j])
    i = j = 0
    while i < rows and j < columns:
        if likeness[i][j] and score[i][j] == score[i + 1][j + 1] + likeness[i][j]:
            yield mine[i], theirs[j]
            i, j = i + 1, j + 1
        elif score[i][j] == score[i + 1][j]:
            yield mine[i], None
            i += 1
        else:
            yield None, theirs[j]
            j += 1
    yield from ((line, None) for line in mine[i:])
    yield from ((None, line) for line in theirs[j:])


def _likeness(mine: Tokens, skeleton: Tokens, theirs: Tokens, their_skeleton: Tokens) -> float:
    """Similarity: 1 to 2 for lines with the same skeleton, ``_ALIKE`` to 1 for other similar lines, else 0."""
    if skeleton == their_skeleton:
        return 1 + Indel.normalized_similarity(mine, theirs)
    return Indel.normalized_similarity(mine, theirs, score_cutoff=_ALIKE)
