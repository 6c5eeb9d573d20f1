"""Renders the review page: one self-contained HTML file with a plan's flagged statements in the context of their functions."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from markupsafe import Markup
from pygments import highlight, lexers
from pygments.formatters import HtmlFormatter

from vega_gen import cxx, resources
from vega_gen.fact_review import ABOUT
from vega_gen.records import Band, Candidate, Module, Plan, PlannedFunction, ReviewItem
from vega_gen.report.tables import STANDS

_LEXER = cast(Any, lexers).CppLexer(stripnl=False, ensurenl=False)
_FORMATTER = cast(Any, HtmlFormatter)(nowrap=True)


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of a function.

    ``depth``: indentation, 0 for the signature. ``id``, ``confidence``: of the statement that starts in the line; "" and None for the
    signature and closing braces."""

    text: str
    depth: int
    id: str = ""
    confidence: float | None = None


def review_page(plan: Plan, items: Sequence[ReviewItem], threshold: float, tree: Path) -> str:
    """Returns the page: every function with a flagged statement, least confident first.

    ``plan``: with decisions applied. ``threshold``: the one that ``items`` were flagged at, 0 to 1. ``tree``: the --tree argument of the
    commands to copy. The page uses no other resource, escapes all text, and its content security policy allows only its own script.
    """
    environment = resources.environment("templates/report", autoescape=True)
    script = environment.get_template("review.js.j2").render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    by_id = {i.id: i for i in items}
    order = {name: n for n, name in reversed(list(enumerate(i.function for i in items)))}
    shown = [f for f in plan.functions if f.chosen >= 0 and any(s.id in by_id for s in f.candidate.statements)]
    shown.sort(key=lambda f: order.get(f.qualified_name, len(order)))
    present = Counter(i.band for i in items)
    return environment.get_template("review.html.j2").render(
        plan=plan,
        items=items,
        threshold=threshold,
        functions=[*_facts(items, tree), *(_function(f, by_id, tree) for f in shown)],
        broken=sum(f.compiles is False for f in shown),
        modules=[m for m in Module if any(i.module is m for i in items)],
        bands=[(b, present[b]) for b in reversed(Band) if present[b]],
        style=Markup(environment.get_template("review.css.j2").render() + _highlight_style()),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
    )


def code_lines(candidate: Candidate) -> list[CodeLine]:
    """Returns a candidate's lines: the signature, a line for each statement, and the closing braces."""
    lines = [CodeLine(f"{cxx.render_signature(candidate.signature, in_class=False)} {{", 0)]
    open_: list[tuple[int, str]] = []

    def close(depth: int) -> None:
        while open_ and open_[-1][0] >= depth:
            level, text = open_.pop()
            lines.append(CodeLine(text, level + 1))

    for s in candidate.statements:
        close(s.depth)
        head = cxx.join(s.head)
        text = f"{head} {{".lstrip() if s.braced else head
        lines.append(CodeLine(text, s.depth + 1, s.id, s.confidence))
        tail = cxx.join(s.tail)
        if s.braced:
            open_.append((s.depth, f"}} {tail}".rstrip()))
        elif tail:
            open_.append((s.depth, tail))
    close(0)
    lines.append(CodeLine("}", 0))
    return lines


def _function(function: PlannedFunction, by_id: dict[str, ReviewItem], tree: Path) -> dict[str, Any]:
    return {
        "name": function.qualified_name,
        "module": function.module,
        "file": function.file,
        "origin": function.candidate.origin,
        "broken": function.compiles is False,
        "stands": STANDS[function.step],
        "message": function.message.strip(),
        "lines": [_line(line, by_id.get(line.id), tree) for line in code_lines(function.candidate)],
    }


def _facts(items: Sequence[ReviewItem], tree: Path) -> list[dict[str, Any]]:
    """Returns the flagged facts as one section, like a function."""
    found = [item for item in items if item.function == ABOUT]
    lines = [_line(CodeLine(f"{item.id} = {item.text}", 0, item.id, item.confidence), item, tree) for item in found]
    section = {"name": ABOUT, "module": "TD", "origin": "", "broken": False, "stands": "", "message": "", "lines": lines}
    return [section | {"file": found[0].file}] if found else []


def _line(line: CodeLine, item: ReviewItem | None, tree: Path) -> dict[str, Any]:
    row: dict[str, Any] = {"html": _highlighted(line.text), "depth": line.depth, "confidence": line.confidence, "item": item}
    if item is None:
        return row
    return row | {
        "commands": {
            "accept": _command(tree, "accept", item.id),
            "drop": _command(tree, "drop", item.id),
            "replace": _command(tree, "replace", item.id, item.text),
        },
        "choices": [
            {"number": n, "html": _highlighted(text), "command": _command(tree, "replace", item.id, "--alternative", str(n))}
            for n, text in enumerate(item.alternatives, 1)
        ],
    }


def _command(tree: Path, verb: str, *rest: str) -> str:
    return shlex.join(["vega-gen", "review", "--tree", str(tree), verb, *rest])


def _highlighted(text: str) -> Markup:
    """Returns C++ as highlighted HTML; Pygments escapes it."""
    return Markup(highlight(text, _LEXER, _FORMATTER))


def _highlight_style() -> str:
    """Returns Pygments' style sheet for light and dark colour schemes."""
    light = cast(Any, HtmlFormatter)(style="friendly").get_token_style_defs("code")
    dark = cast(Any, HtmlFormatter)(style="github-dark").get_token_style_defs("code")
    return "\n".join([*light, "@media (prefers-color-scheme: dark) {", *dark, "}"])
