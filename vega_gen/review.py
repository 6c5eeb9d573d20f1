"""Lists a plan's flagged statements for review, and stores and applies the reviewer's decisions on them.

Decisions are kept in a file beside the generated backend and never change the stored plan: ``apply`` returns the plan with them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vega_gen import cxx, fact_review, store
from vega_gen.errors import InputError, NotFoundError, ReviewError
from vega_gen.facts import facts_file
from vega_gen.records import (
    Band,
    Candidate,
    Decision,
    DecisionKind,
    Decisions,
    FilledStatement,
    Plan,
    PlannedFunction,
    ReviewItem,
    Statement,
    StatementKind,
)

PLAN_FILE = ".vega/plan.json"
DECISIONS_FILE = ".vega/review.json"

_MARK = re.compile(r"//\s*VEGA-REVIEW\s+(\S+)\s")
_LIST_IDS = "`vega-gen review` lists the ids"
_WITH_BODY = frozenset({StatementKind.IF, StatementKind.ELSE, StatementKind.FOR, StatementKind.WHILE, StatementKind.DO})
_LABELS = frozenset({StatementKind.CASE, StatementKind.LABEL})
_CHAIN = frozenset({StatementKind.IF, StatementKind.ELSE})
_CLOSING = {"(": ")", "[": "]", "{": "}"}

Places = Mapping[str, tuple[str, int]]


# ------------------------------------------------------------------------- files


def find_backend(tree: Path) -> Path:
    """Returns the folder of the generated backend in ``tree``: ``tree`` itself, or ``[llvm/]lib/Target/<New>`` below it.

    Raises NotFoundError where there is none, and InputError where there are several.
    """
    if (tree / PLAN_FILE).is_file():
        return tree
    found = sorted(p.parent.parent for root in ("lib/Target", "llvm/lib/Target") for p in tree.glob(f"{root}/*/{PLAN_FILE}"))
    if not found:
        raise NotFoundError(
            f"no generated backend: there is no {PLAN_FILE} here or below [llvm/]lib/Target",
            str(tree),
            "name the folder that `vega-gen new-target` wrote with --tree DIR",
        )
    if len(found) > 1:
        raise InputError(
            f"{len(found)} generated backends: {', '.join(p.name for p in found)}", str(tree), f"choose one, e.g. --tree {found[0]}"
        )
    return found[0]


def load_decisions(backend: Path, target: str) -> Decisions:
    """Loads the decisions beside the backend, none if there is no file. Raises InputError where they belong to another target."""
    path = backend / DECISIONS_FILE
    if not path.exists():
        return Decisions(target)
    decisions = store.load(Decisions, path)
    if decisions.target != target:
        raise InputError(f"the file holds decisions on {decisions.target}, not on {target}", str(path), "move the file away")
    return decisions


def save_decisions(backend: Path, decisions: Decisions) -> None:
    """Writes the decisions beside the backend, atomically."""
    store.dump(decisions, backend / DECISIONS_FILE)


def locate(backend: Path) -> dict[str, tuple[str, int]]:
    """Finds the statements that generated files mark with ``// VEGA-REVIEW <id> <confidence>: <why>``, and the lines of the facts file.

    Returns id -> (file relative to ``backend``, line from 1). The line is the first one from the mark on that is no comment."""
    places: dict[str, tuple[str, int]] = {}
    for path in sorted(p for p in backend.rglob("*") if p.suffix in (".cpp", ".h") and p.is_file()):
        waiting: list[str] = []
        name = path.relative_to(backend).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            mark = _MARK.search(line)
            if mark:
                waiting.append(mark[1])
            if not line.strip().startswith("//") and line.strip():
                places.update(dict.fromkeys(waiting, (name, number)))
                waiting.clear()
    if (facts := backend / fact_review.FACTS_FILE).is_file():
        found = facts_file.lines_of(facts.read_text(encoding="utf-8"))
        places |= {key: (fact_review.FACTS_FILE, line) for key, line in found.items()}
    return places


# ------------------------------------------------------------------------- queue


def queue(plan: Plan, threshold: float, lines: Places) -> tuple[ReviewItem, ...]:
    """Returns the statements and facts flagged at ``threshold`` (0 to 1; see ``PlannedFunction.flagged``), least confident first.

    ``plan``: with decisions applied, so that decided statements have confidence 1. ``lines``: id -> (file, line), from ``locate``.
    """
    items = [_item(f, s, threshold, lines) for f in plan.functions for s in f.flagged(threshold)]
    items += fact_review.fact_items(plan.facts, threshold, lines)
    return tuple(sorted(items, key=lambda i: (i.confidence, i.file, i.line, i.function, i.id)))


def expected_catch(plan: Plan, threshold: float) -> float:
    """Returns the share (0 to 1) of the wrong statements that are expected among those flagged at ``threshold``.

    A statement of confidence c is taken to be wrong with probability 1 - c. The share is 1 if all statements are certain."""
    doubts = [1 - s.confidence for f in plan.functions if f.chosen >= 0 for s in f.candidate.statements]
    caught = (1 - s.confidence for f in plan.functions for s in f.flagged(threshold))
    return math.fsum(caught) / math.fsum(doubts) if any(doubts) else 1.0


def _item(function: PlannedFunction, s: FilledStatement, threshold: float, lines: Places) -> ReviewItem:
    file, line = lines.get(s.id, (function.file, 0))
    return ReviewItem(
        id=s.id,
        function=function.qualified_name,
        module=function.module,
        file=file,
        line=line,
        text=statement_text(s),
        confidence=s.confidence,
        band=Band.of(s.confidence, threshold),
        donors=s.donors,
        alternatives=tuple(cxx.join(cxx.tokenize(text)) for text in s.alternatives),
        compiles=function.compiles,
        message=function.message,
        step=function.step,
        doubt=s.doubt,
    )


# --------------------------------------------------------------------- decisions


def decide(plan: Plan, decisions: Decisions, id: str, kind: DecisionKind, text: str = "") -> Decisions:
    """Returns the decisions with one more, which replaces an earlier one on the same statement.

    ``plan``: as generated, without decisions. ``text``: for REPLACE, a whole statement ("{ }" holds several), or only the head of one
    with a body ("if (X)", "case Y:"), which keeps the old body.
    Raises ReviewError for an unknown id, for a text that is no statement (with its line and column), and for a decision that leaves an
    ``else`` without its ``if``.
    """
    others = tuple(d for d in decisions.decisions if d.id != id)
    if about := fact_review.decision_on(plan.facts, id, kind, text):
        return replace(decisions, decisions=(*others, about))
    hits = [(f, i) for f in plan.functions if f.chosen >= 0 for i, s in enumerate(f.candidate.statements) if s.id == id]
    if not hits:
        raise ReviewError(f"the plan of {plan.target} has no statement {id!r}", next_step=_LIST_IDS)
    draft = Decision(id, kind, hits[0][0].qualified_name, "", text)
    readings = {_decided_on(f.candidate.statements, i, draft) for f, i in hits}
    if len(readings) > 1:
        raise ReviewError(
            f"{id!r} is the id of different statements, in {', '.join(f.qualified_name for f, _ in hits)}",
            next_step="generate the backend again, so that each statement has its own id",
        )
    return _checked(plan, decisions, replace(decisions, decisions=(*others, replace(draft, decided_on=readings.pop()))))


def undo(plan: Plan, decisions: Decisions, id: str) -> Decisions:
    """Returns the decisions without the one on ``id``. Raises ReviewError where there is none, or where another decision needs it."""
    others = tuple(d for d in decisions.decisions if d.id != id)
    if len(others) == len(decisions.decisions):
        raise ReviewError(f"there is no decision on {id!r} to undo", next_step="`vega-gen review --json` lists the decisions")
    return _checked(plan, decisions, replace(decisions, decisions=others))


def _checked(plan: Plan, before: Decisions, after: Decisions) -> Decisions:
    """Returns ``after``. Raises ReviewError where a decision no longer applies that applied in ``before``."""
    lost = set(stale(plan, after)) - set(stale(plan, before))
    if lost:
        raise ReviewError(
            f"an `else` would be left without its `if`: the `if` is replaced by the decision on {' and '.join(sorted(d.id for d in lost))}",
            next_step="drop or replace the `else` first, or undo the decision on its `if`",
        )
    return after


def alternative(plan: Plan, id: str, number: int) -> tuple[DecisionKind, str]:
    """Returns the decision that takes alternative ``number`` (from 1) of a statement.

    It is REPLACE with the alternative's text, or DROP where the alternative is to leave the statement out. Raises ReviewError for an
    unknown id or number."""
    fact = next((f for f in plan.facts if f.key == id), None)
    if fact and 1 <= number <= len(fact.alternatives):
        return DecisionKind.REPLACE, fact.alternatives[number - 1].value
    for function in plan.functions:
        for s in function.candidate.statements if function.chosen >= 0 else ():
            if s.id != id:
                continue
            if not 1 <= number <= len(s.alternatives):
                raise ReviewError(f"{id!r} has no alternative {number}, only {len(s.alternatives)}", next_step="give the text instead")
            text = s.alternatives[number - 1]
            return (DecisionKind.REPLACE, text) if text else (DecisionKind.DROP, "")
    raise ReviewError(f"the plan of {plan.target} has no statement {id!r}", next_step=_LIST_IDS)


def stale(plan: Plan, decisions: Decisions) -> tuple[Decision, ...]:
    """Returns the decisions that do not apply to ``plan`` (as generated).

    Their statement is gone or has changed since, or they replace an ``if`` whose ``else`` remains."""
    live = {*fact_review.live(plan.facts, decisions)}
    live |= {d.id for f in plan.functions if f.chosen >= 0 for d in _matching(f.candidate.statements, decisions).values()}
    return tuple(d for d in decisions.decisions if d.id not in live)


def apply(plan: Plan, decisions: Decisions) -> Plan:
    """Returns the plan with the decisions applied to every candidate whose statement has not changed since the decision.

    Accepted and replaced statements get confidence 1. Dropping a statement drops its body too, and the ``else`` of an ``if``. A function
    whose text changes loses the compiler's verdict. Stale decisions have no effect.
    """
    functions = tuple(_apply_function(f, decisions) for f in plan.functions)
    return replace(plan, functions=functions, facts=fact_review.decided(plan.facts, decisions))


def _apply_function(function: PlannedFunction, decisions: Decisions) -> PlannedFunction:
    candidates = tuple(_apply_candidate(c, decisions) for c in function.candidates)
    if candidates == function.candidates:
        return function
    changed = function.chosen >= 0 and _tokens(function.candidate.statements) != _tokens(candidates[function.chosen].statements)
    if not changed:
        return replace(function, candidates=candidates)
    return replace(function, candidates=candidates, compiles=None, message="")


def _apply_candidate(candidate: Candidate, decisions: Decisions) -> Candidate:
    statements = candidate.statements
    matching = _matching(statements, decisions)
    if not matching:
        return candidate
    result: list[FilledStatement] = []
    index = 0
    while index < len(statements):
        s = statements[index]
        decision = matching.get(index)
        if decision is None:
            result.append(s)
            index += 1
        elif decision.kind is DecisionKind.ACCEPT:
            result.append(replace(s, confidence=1.0))
            index += 1
        else:
            _brace_parent(result, s.depth)
            if decision.kind is DecisionKind.REPLACE:
                result.extend(_replacement(s, decision.text))
            index = _end(statements, index, decision)
    return replace(candidate, statements=tuple(result))


def _matching(statements: tuple[FilledStatement, ...], decisions: Decisions) -> dict[int, Decision]:
    """Returns index of a statement -> the decision that applies to it (see ``stale`` for those that do not)."""
    by_id = {d.id: d for d in decisions.decisions}
    found = ((i, by_id.get(s.id)) for i, s in enumerate(statements))
    matching = {i: d for i, d in found if d is not None and _reads_as_decided(statements, i, d)}
    for index in sorted(matching, reverse=True):  # backwards, so that an `else` is settled before its `if`
        s, decision = statements[index], matching[index]
        if _ends_chain(s, decision) and _else_stays(statements, _end(statements, index, decision), s.depth, matching):
            del matching[index]
    return matching


def _ends_chain(s: FilledStatement, decision: Decision) -> bool:
    """Whether the decision replaces an ``if`` or ``else`` by a statement that no ``else`` can follow."""
    return s.kind in _CHAIN and decision.kind is DecisionKind.REPLACE and _parse(decision.text, s)[0].kind not in _CHAIN


def _else_stays(statements: tuple[FilledStatement, ...], index: int, depth: int, matching: dict[int, Decision]) -> bool:
    """Whether an ``else`` of ``depth`` at ``index`` remains after the decisions are applied."""
    while index < len(statements) and statements[index].kind is StatementKind.ELSE and statements[index].depth == depth:
        decision = matching.get(index)
        if decision is None or decision.kind is DecisionKind.ACCEPT:
            return True
        if decision.kind is DecisionKind.REPLACE:
            return _parse(decision.text, statements[index])[0].kind is StatementKind.ELSE
        index = _body_end(statements, index)
    return False


def _reads_as_decided(statements: tuple[FilledStatement, ...], index: int, decision: Decision) -> bool:
    try:
        return _decided_on(statements, index, decision) == decision.decided_on
    except ReviewError:  # the text does not fit the statement that stands there now
        return False


def _decided_on(statements: tuple[FilledStatement, ...], index: int, decision: Decision) -> str:
    """Returns the tokens that a decision accepts or removes."""
    return " ".join(_tokens(statements[index : _end(statements, index, decision)]))


def _end(statements: tuple[FilledStatement, ...], index: int, decision: Decision) -> int:
    """Returns the index after the last statement that a decision on ``index`` accepts or removes."""
    s = statements[index]
    if decision.kind is DecisionKind.ACCEPT or (decision.kind is DecisionKind.REPLACE and _parse(decision.text, s)[1]):
        return index + 1
    end = _body_end(statements, index)
    while decision.kind is DecisionKind.DROP and s.kind is StatementKind.IF and end < len(statements):
        if statements[end].kind is not StatementKind.ELSE or statements[end].depth != s.depth:
            break
        end = _body_end(statements, end)
    return end


def _body_end(statements: tuple[FilledStatement, ...], index: int) -> int:
    end = index + 1
    while end < len(statements) and statements[end].depth > statements[index].depth:
        end += 1
    return end


def _brace_parent(before: list[FilledStatement], depth: int) -> None:
    """Adds braces to the statement whose body a change at ``depth`` is in: the body may now have no statement or several."""
    for i in range(len(before) - 1, -1, -1):
        if before[i].depth == depth - 1:
            if before[i].kind in _WITH_BODY:
                before[i] = replace(before[i], braced=True)
            return


# -------------------------------------------------------------------------- text


def statement_text(s: FilledStatement) -> str:
    """Returns a statement without its body as a line of C++."""
    return cxx.join((*s.head, *s.tail)) if s.head or s.tail else "{"


def _tokens(statements: Sequence[FilledStatement]) -> list[str]:
    return [t for s in statements for t in (*s.head, *s.tail)]


def _replacement(old: FilledStatement, text: str) -> list[FilledStatement]:
    """Returns the statements that a reviewer's text puts in place of ``old``, and of its body unless the text is a head only.

    They keep the comment before ``old``."""
    new, keeps_body = _parse(text, old)
    if keeps_body:
        return [replace(old, head=new.head, tail=new.tail or old.tail, confidence=1.0, donors=(), alternatives=())]
    result: list[FilledStatement] = []

    def flatten(s: Statement, depth: int) -> None:
        id = f"{old.id}.{len(result)}" if result else old.id
        result.append(FilledStatement(id, depth, s.kind, s.head, s.braced, s.tail, 1.0, (), text="" if result else old.text))
        for child in s.children:
            flatten(child, depth + 1)

    flatten(new, old.depth)
    return result


def _parse(text: str, old: FilledStatement) -> tuple[Statement, bool]:
    """Parses a reviewer's text as one statement. Also returns whether it has no body of its own, so that it keeps that of ``old``.

    Raises ReviewError, located as id:line:column, where the text cannot replace ``old``."""
    before, after = ("{ if (0) {} ", " }") if re.match(r"\s*else\b", text) else ("", "")
    try:
        s = _one(f"{before}{text}{after}", bool(before))
        if s.kind is not old.kind and (s.kind is StatementKind.ELSE or not _LABELS.isdisjoint((s.kind, old.kind))):
            raise InputError(f"a statement of kind {s.kind} cannot replace one of kind {old.kind}", "1:1")
        return s, s.kind in _LABELS and not s.children
    except InputError as error:
        if old.kind in _WITH_BODY or old.kind is StatementKind.SWITCH:
            with suppress(InputError):
                s = _one(f"{before}{text} {{}}{after}", bool(before))
                if s.kind is old.kind and not s.children:
                    return s, True
        line, column = (int(n) for n in error.where.split(":"))
        column -= len(before) if line == 1 else 0
        raise ReviewError(error.what, f"{old.id}:{line}:{max(column, 1)}", "correct the text; put several statements into { }") from None


def _one(text: str, chained: bool) -> Statement:
    """Parses the only statement of ``text``. ``chained``: ``text`` is a block of an ``if`` and an ``else``; returns the ``else``."""
    s = cxx.parse_statement_text(text)
    if chained:
        if len(s.children) != 2:
            raise InputError(f"expected one `else`, found {len(s.children) - 1} statements", "1:1")
        s = s.children[1]
    if not _balanced(cxx.tokens(s)):
        raise InputError("brackets do not match", "1:1")
    return s


def _balanced(tokens: Sequence[str]) -> bool:
    """Whether every bracket is closed by its counterpart, so that the statement does not change the structure around it."""
    open_: list[str] = []
    for token in tokens:
        if token in _CLOSING:
            open_.append(_CLOSING[token])
        elif token in _CLOSING.values() and (not open_ or open_.pop() != token):
            return False
    return not open_
