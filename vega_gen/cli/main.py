"""The command line.

Enters: arguments. Leaves: what was asked for on standard output, the rest on standard error, exit status 0, 1 (the answer is no) or 2
(it could not be asked). It does no work of its own: a command parses, calls a stage or the pipeline, and renders.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from vega_gen import __version__
from vega_gen.cli import render
from vega_gen.cli.doctor import doctor, llvm_app
from vega_gen.cli.experiment import experiment
from vega_gen.cli.generate import export, fill, new_target, undo
from vega_gen.cli.ladder import ladder
from vega_gen.cli.mine import mine, show_app
from vega_gen.cli.regress import regress
from vega_gen.cli.review import review_app
from vega_gen.cli.train import calibrate, train
from vega_gen.errors import VegaError, out_of_memory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Generate an LLVM backend from TableGen descriptions, and judge it function by function with LLVM's own tests.",
)
app.add_typer(llvm_app, name="llvm")
app.add_typer(review_app, name="review")
app.add_typer(show_app, name="show")
app.command("new-target")(new_target)
app.command()(doctor)
app.command()(mine)
app.command()(fill)
app.command()(export)
app.command()(undo)
app.command()(regress)
app.command()(experiment)
app.command()(ladder)
app.command()(train)
app.command()(calibrate)


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
