"""The command line.

Enters: arguments. Leaves: what was asked for on standard output, the rest on standard error, exit status 0, 1 (the answer is no) or 2
(it could not be asked). It does no work of its own: a command parses, calls a stage or the pipeline, and renders.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from vega_gen import __version__
from vega_gen.cli import render
from vega_gen.cli.experiment import experiment
from vega_gen.cli.generate import export, fill, new_target, undo
from vega_gen.cli.ladder import ladder
from vega_gen.cli.mine import mine, show_app
from vega_gen.cli.regress import regress
from vega_gen.cli.review import review_app
from vega_gen.cli.train import calibrate, train
from vega_gen.errors import InputError, VegaError, out_of_memory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Generate an LLVM backend from TableGen descriptions, and judge it function by function with LLVM's own tests.",
)
llvm_app = typer.Typer(no_args_is_help=True, help="LLVM's source tree.")
app.add_typer(llvm_app, name="llvm")
app.add_typer(review_app, name="review")
app.add_typer(show_app, name="show")
app.command("new-target")(new_target)
app.command()(mine)
app.command()(fill)
app.command()(export)
app.command()(undo)
app.command()(regress)
app.command()(experiment)
app.command()(ladder)
app.command()(train)
app.command()(calibrate)

LlvmOption = Annotated[Path, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: the llvm-project root or its llvm/ folder.")]
BuildDirOption = Annotated[
    Path | None, typer.Option("--build-dir", metavar="DIR", help="CMake build directory of that LLVM; else an installed LLVM is used.")
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def main() -> None:
    """Run the command line and exit. The one place that renders errors; no traceback for an expected one."""
    # SIGTERM unwinds the stack, so that children end and temporary folders go.
    signal.signal(signal.SIGTERM, _terminate)
    from llvm_integration.process import ToolFailure

    try:
        app()
    except VegaError as failure:
        render.error(failure.where, failure.what, failure.next_step)
        sys.exit(failure.exit_status)
    except ToolFailure as failure:
        render.tool_failure(failure)
        sys.exit(2)
    except OSError as failure:
        render.os_error(failure)
        sys.exit(2)
    except (MemoryError, RuntimeError) as failure:
        if not out_of_memory(failure):
            raise
        advice = "end other programs, give it fewer --jobs, or take --filler consensus, which asks no model; what was finished is kept"
        render.error("", "no memory is left", advice)
        sys.exit(2)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vega-gen {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """Options before the command."""


@llvm_app.command("get")
def llvm_get(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put the tree; made if absent.")],
    version: Annotated[str, typer.Option("--version", help="Major version (19), or a full one (19.1.7).")] = "19",
) -> None:
    """Fetch LLVM's source tree: by apt on Debian and Ubuntu, by git elsewhere."""
    from llvm_integration.packages import get_source

    with render.progress(f"LLVM {version}") as advance:
        fetched = get_source(version, directory, advance)
    notice = "fetched" if fetched.fresh else "already there"
    typer.echo(f"LLVM {fetched.source.version} in {directory}: {notice}")


@app.command()
def doctor(
    llvm: Annotated[Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree that will be worked on.")] = None,
    build_dir: BuildDirOption = None,
    install: Annotated[bool, typer.Option("--install", help="Show the package commands and run them.")] = False,
    target: Annotated[
        str, typer.Option("--target", metavar="N", help="Look at this folder of lib/Target instead: does LLVM know it everywhere?")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Say what was found, what is missing and how to get it. Exit 1 where something needed is missing."""
    ok = _registered(llvm, target, as_json) if target else _examined(llvm, build_dir, install, as_json)
    if not ok:
        raise typer.Exit(1)


def _examined(llvm: Path | None, build_dir: Path | None, install: bool, as_json: bool) -> bool:
    from llvm_integration.doctor import examine, install_missing

    if install:
        with render.progress("packages") as advance:
            install_missing(llvm, build_dir, root=os.geteuid() == 0, announce=render.notice, progress=advance)
    result = examine(llvm, build_dir)
    if as_json:
        render.json_text(result)
    else:
        render.examination(result)
    return result.ok


def _registered(llvm: Path | None, target: str, as_json: bool) -> bool:
    from llvm_integration.discover import open_source
    from vega_gen.registration import State, places_of

    if llvm is None:
        raise InputError("--target asks for a tree to look at", next_step="give the folder that holds llvm/ with --llvm")
    places = places_of(open_source(llvm).root, target)
    missing = [place for place in places if place.state is State.MISSING]
    ok = not any(place.needed for place in missing)
    if as_json:
        render.json_text({"ok": ok, "target": target, "places": places})
    else:
        render.places(places)
        needed = sum(place.needed for place in missing)
        render.OUT.out(f"{target}: {len(places) - len(missing)} of {len(places)} places; needed and missing: {needed}")
    return ok
