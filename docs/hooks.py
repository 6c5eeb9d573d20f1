"""MkDocs hooks: write the command reference from the command line itself while the site is built.

``docs/commands.md`` holds a marker; what replaces it comes from the same Typer application that parses a user's arguments, so that the
page cannot be out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from vega_gen.cli.main import app

MARKER = "<!-- commands -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the marker by the reference of every command."""
    return markdown.replace(MARKER, reference()) if MARKER in markdown else markdown


def reference() -> str:
    """Every command in Markdown, in the order of ``vega-gen --help``: a heading, what it does, its usage, its arguments and options."""
    return "\n".join(line for name, command in commands() for line in _section(name, command))


def commands() -> Iterator[tuple[str, Any]]:
    """(full name, command) of each command that can be run, those of a group after the group's own."""
    yield from _walk("vega-gen", get_command(app))


def parameters(command: Any) -> list[Any]:
    """The parameters of a command that its help shows."""
    return [p for p in command.params if not getattr(p, "hidden", False)]


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", {})
    if name == "vega-gen" or not below or command.invoke_without_command:
        yield name, command
    for part, inner in below.items():
        yield from _walk(f"{name} {part}", inner)


def _section(name: str, command: Any) -> Iterator[str]:
    context = command.make_context(name, [], resilient_parsing=True)
    given = [p for p in parameters(command) if p.param_type_name == "argument"]
    options = [p for p in parameters(command) if p.param_type_name == "option"]
    needed = [f"{p.opts[0]} {_value(p, context)}" for p in options if p.required]
    more = ["[OPTIONS]"] if len(needed) < len(options) else []
    shown = [p.metavar if p.required else f"[{p.metavar}]" for p in given]
    below = ["COMMAND"] if name == "vega-gen" else []
    yield f"## {name} {{ #{name.replace(' ', '-')} }}\n"
    yield " ".join((command.help or "").split()) + "\n"
    yield f"```\n{' '.join([name, *needed, *more, *shown, *below])}\n```\n"
    if given or options:
        yield "| option | value | what it is |\n| --- | --- | --- |"
        yield from (_row(p, context) for p in [*given, *options])
        yield ""


def _row(p: Any, context: Any) -> str:
    argument = p.param_type_name == "argument"
    names = f"`{p.metavar}`" if argument else " ".join(f"`{o}`" for o in [*p.opts, *p.secondary_opts])
    said = " ".join((getattr(p, "help", "") or "").split())
    notes = ["Required."] if p.required else []
    if not argument and not p.is_flag:
        default = getattr(p.default, "value", p.default)
        shown = isinstance(default, (str, int, float)) and default not in ("", "*") and "[default" not in said
        notes += [f"Default: `{default}`."] if shown else []
    if getattr(p, "multiple", False) and "repeatable" not in said:
        notes.append("Repeatable.")
    value = "" if argument or p.is_flag else " ".join(f"`{one}`" for one in _value(p, context).split("|"))
    return f"| {names} | {value} | {_cell(' '.join([said, *notes]))} |"


def _value(p: Any, context: Any) -> str:
    """What an option takes: its metavariable, or the values that it may be."""
    return (p.metavar or p.display_type(context)).strip("<>").removeprefix("list[").removesuffix("]")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
