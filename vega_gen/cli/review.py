"""The commands under ``vega-gen review``: list the flagged statements of a generated backend, and record decisions on them.

Decisions are kept in a file beside the backend, and applied when it is generated again.
"""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vega_gen.cli import render
from vega_gen.errors import InputError, NotFoundError
from vega_gen.records import DecisionKind, Module

if TYPE_CHECKING:
    from vega_gen.records import Decision, Plan, ReviewItem

review_app = typer.Typer(help="List the flagged statements and facts of a generated backend, least confident first, and decide on them.")

SHOWN = 20
"""How many statements the table shows without --limit."""

TreeOption = Annotated[
    Path | None,
    typer.Option(
        "--tree", metavar="DIR", help="The generated backend (lib/Target/<New>), or the tree that holds it.  [default: the current folder]"
    ),
]
IdsArgument = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of statements or facts, as shown in the queue.")]


@review_app.callback(invoke_without_command=True)
def review_queue(
    context: typer.Context,
    tree: TreeOption = None,
    llvm: Annotated[Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree that holds the generated backend.")] = None,
    module: Annotated[Module | None, typer.Option("--module", help="Show only functions of this module.")] = None,
    function: Annotated[str, typer.Option("--function", metavar="GLOB", help="Show only functions whose qualified name matches.")] = "*",
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=0, help="Show at most N statements, 0 for all.")] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="P",
            min=0,
            max=1,
            help="Flag statements below this confidence, 0 to 1.  [default: the one the backend was generated with]",
        ),
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the queue as one HTML page.")] = None,
    sarif: Annotated[Path | None, typer.Option("--sarif", metavar="FILE", help="Write the queue as SARIF 2.1.0, for editors.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the queue as JSON.")] = False,
) -> None:
    """List the flagged statements, least confident first."""
    context.obj = tree or llvm
    if context.invoked_subcommand is not None:
        return
    from vega_gen import review, store
    from vega_gen.report import tables

    backend, plan = _open(context.obj)
    threshold = plan.flag_below if threshold is None else threshold
    plan = _selected(plan, module, function)
    decisions = review.load_decisions(backend, plan.target)
    stale = review.stale(plan, decisions) if module is None and function == "*" else ()
    decided = review.apply(plan, decisions)
    queue = review.queue(decided, threshold, review.locate(backend))
    items = queue[: limit or None]
    if html:
        from vega_gen.report.page import review_page

        store.write_atomic(html, review_page(decided, items, threshold, backend.absolute()).encode())
    if sarif:
        _write_sarif(items, backend, sarif)
    if as_json:
        render.json_text(tables.queue_json(items, decisions, stale, review.expected_catch(decided, threshold)))
        return
    for path in (html, sarif):
        if path:
            typer.echo(f"{_counted(len(items))}: {path}")
    if not (html or sarif):
        shown = items if limit is not None else items[:SHOWN]
        _print_queue(plan.target, shown, len(queue), threshold)
        if queue:
            caught = 100 * review.expected_catch(decided, threshold)
            typer.echo(f"going by confidence, the flagged statements include {caught:.0f} % of the wrong ones")
        for name, why in plan.suggested.items():
            if fnmatchcase(name, function):
                render.OUT.out(f"suggested, not written: {name}: {why}")
    _print_stale(stale)


@review_app.command()
def accept(context: typer.Context, ids: IdsArgument, tree: TreeOption = None) -> None:
    """Accept statements as they are; they are no longer flagged."""
    _decide(tree or context.obj, [(id, DecisionKind.ACCEPT, "") for id in ids])


@review_app.command()
def drop(context: typer.Context, ids: IdsArgument, tree: TreeOption = None) -> None:
    """Delete statements; for an if, with its body and its else."""
    _decide(tree or context.obj, [(id, DecisionKind.DROP, "") for id in ids])


@review_app.command("replace")
def replace_statement(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="Id of the statement or fact, as shown in the queue.")],
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help='One C++ statement; "if (X)" without a body keeps the old body. A fact: its value.')
    ] = None,
    number: Annotated[
        int | None, typer.Option("--alternative", metavar="N", help="Use the N-th alternative of the queue instead, from 1.")
    ] = None,
    tree: TreeOption = None,
) -> None:
    """Replace a statement by your own text or by one of the alternatives."""
    if (text is None) == (number is None):
        raise InputError("give either TEXT or --alternative N", id, f"vega-gen review replace {id} 'return false;'")
    place = tree or context.obj
    if number is None:
        _decide(place, [(id, DecisionKind.REPLACE, text or "")])
        return
    from vega_gen import review

    _, plan = _open(place)
    _decide(place, [(id, *review.alternative(plan, id, number))])


@review_app.command()
def undo(context: typer.Context, ids: IdsArgument, tree: TreeOption = None) -> None:
    """Withdraw decisions."""
    from vega_gen import review

    backend, plan = _open(tree or context.obj)
    decisions = review.load_decisions(backend, plan.target)
    for id in ids:
        decisions = review.undo(plan, decisions, id)
    review.save_decisions(backend, decisions)
    for id in ids:
        typer.echo(f"{id}: undone")


def _decide(tree: Path | None, wanted: list[tuple[str, DecisionKind, str]]) -> None:
    """Record all decisions, or none if one of them is not possible."""
    from vega_gen import review

    backend, plan = _open(tree)
    decisions = review.load_decisions(backend, plan.target)
    for id, kind, text in wanted:
        decisions = review.decide(plan, decisions, id, kind, text)
    review.save_decisions(backend, decisions)
    taken = {d.id: d for d in decisions.decisions}
    for id, _, _ in wanted:
        typer.echo(_sentence(taken[id]))
    render.ERR.print(
        "next: generate the backend again to apply the decisions, or run `vega-gen review` for the rest of the queue", markup=False
    )


def _sentence(decision: Decision) -> str:
    by = f" by {decision.text}" if decision.text else ""
    return f"{decision.id}: {decision.kind} in {decision.function}: {decision.decided_on}{by}"


def _open(tree: Path | None) -> tuple[Path, Plan]:
    """The folder of the generated backend, and its plan."""
    from vega_gen import review, store
    from vega_gen.records import Plan

    backend = review.find_backend(tree or Path())
    return backend, store.load(Plan, backend / review.PLAN_FILE)


def _selected(plan: Plan, module: Module | None, function: str) -> Plan:
    chosen = tuple(
        f for f in plan.functions if f.chosen >= 0 and module in (None, f.module) and fnmatchcase(f.qualified_name, function)
    )
    facts = plan.facts if module is None and function == "*" else ()
    if not chosen and not facts:
        asked = f"no function {function!r} in {module or 'any module'} of {plan.target}"
        raise NotFoundError(asked, next_step="`vega-gen review` lists them all")
    return replace(plan, functions=chosen, facts=facts)


def _write_sarif(items: tuple[ReviewItem, ...], backend: Path, path: Path) -> None:
    import orjson

    from vega_gen import store
    from vega_gen.report.sarif import sarif

    store.write_atomic(path, orjson.dumps(sarif(items, backend), option=orjson.OPT_INDENT_2))


def _print_queue(target: str, shown: tuple[ReviewItem, ...], total: int, threshold: float) -> None:
    from vega_gen.report.tables import queue_table

    if not total:
        typer.echo(f"{target}: nothing is flagged below {threshold:.2f}")
        return
    title = f"{target}: {_counted(total)} to review, flagged below {threshold:.2f}"
    render.OUT.print(queue_table(shown, title), soft_wrap=False)
    if len(shown) < total:
        typer.echo(f"{total - len(shown)} more: --limit 0 shows all, --html FILE writes a page")


def _counted(number: int) -> str:
    return f"{number} statement{'' if number == 1 else 's'}"


def _print_stale(stale: tuple[Decision, ...]) -> None:
    if stale:
        render.ERR.print(
            "some decisions were not applied, because their statements have changed since; decide again, or undo them:", markup=False
        )
    for decision in stale:
        render.ERR.print(f"  {_sentence(decision)}", markup=False)
