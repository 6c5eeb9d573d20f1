"""The command ``vega-gen cache``: what the cache holds, and clearing it."""

from __future__ import annotations

from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.errors import NotFoundError

cache_app = typer.Typer(help="What is kept between runs: its folder, its size and its limit; `cache clear` empties it.")


@cache_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say where the cache is, what it holds by kind, and how large it may grow ($VEGA_GEN_CACHE, $VEGA_GEN_CACHE_LIMIT)."""
    from vega_gen import store

    if context.invoked_subcommand:
        return
    limit, kinds = store.cache_limit(), store.cache_use()
    if as_json:
        render.json_text({"path": store.cache_dir(), "limit": limit, "size": sum(k.size for k in kinds), "kinds": kinds})
        return
    rows = [(k.kind, str(k.entries), render.size(k.size)) for k in kinds]
    render.table("", ("kind", "entries", "size"), rows, right=("entries", "size"))
    total = render.size(sum(k.size for k in kinds))
    render.OUT.out(f"{store.cache_dir()}: {total} of at most {render.size(limit)}; what was used longest ago goes first")


@cache_app.command("clear")
def clear(kind: Annotated[str, typer.Argument(metavar="[KIND]", help="Only entries of this kind, as `cache` lists them.")] = "") -> None:
    """Remove what is kept, but for folders that a run works in."""
    from vega_gen import store

    kinds = [use.kind for use in store.cache_use()]
    if kind and kind not in kinds:
        raise NotFoundError(f"the cache holds nothing of the kind {kind}", str(store.cache_dir()), f"kinds: {', '.join(kinds) or 'none'}")
    freed, kept = store.cache_clear(kind)
    render.OUT.out(f"{render.size(freed)} freed")
    if kept:
        render.notice(f"{kept} entries stay: a run works in them")
