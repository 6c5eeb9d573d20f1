"""The command ``vega-gen cache``: show what the cache holds, or clear it."""

from __future__ import annotations

from typing import Annotated

import typer

from vega_gen.cli import render
from vega_gen.errors import NotFoundError

cache_app = typer.Typer(help="Show the cache that is kept between runs: its folder, size and limit. `cache clear` empties it.")


@cache_app.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show where the cache is, what it holds by kind, and its size limit. VEGA_GEN_CACHE and VEGA_GEN_CACHE_LIMIT set folder and limit."""
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
    render.OUT.out(f"{store.cache_dir()}: {total} of at most {render.size(limit)}; the least recently used entries are removed first")


@cache_app.command("clear")
def clear(
    kind: Annotated[str, typer.Argument(metavar="[KIND]", help="Remove only entries of this kind, as listed by `cache`.")] = "",
) -> None:
    """Remove cache entries, except those that a run is using."""
    from vega_gen import store

    kinds = [use.kind for use in store.cache_use()]
    if kind and kind not in kinds:
        raise NotFoundError(f"the cache holds no entries of kind {kind}", str(store.cache_dir()), f"kinds: {', '.join(kinds) or 'none'}")
    freed, kept = store.cache_clear(kind)
    render.OUT.out(f"{render.size(freed)} freed")
    if kept:
        render.notice(f"{kept} entries were kept because a run is using them")
