"""The command line's entry point: it registers the commands, and turns errors into messages and exit statuses.

Results go to standard output, everything else to standard error. Exit status 0: done. 1: the answer is no (a test failed, something is
missing). 2: the question could not be asked (bad input, a missing tool).
"""

from __future__ import annotations

import platform
import shlex
import signal
import sys
import tempfile
import traceback
from types import FrameType
from typing import Annotated

import typer

from llvm_integration.failure import Failure
from vega_gen import __version__
from vega_gen.cli import render
from vega_gen.cli.cache import cache_app
from vega_gen.cli.check import check
from vega_gen.cli.conform import conform
from vega_gen.cli.doctor import doctor, llvm_app
from vega_gen.cli.experiment import experiment
from vega_gen.cli.facts import facts
from vega_gen.cli.generate import export, fill, new_target, undo
from vega_gen.cli.ladder import ladder
from vega_gen.cli.mine import mine, show_app
from vega_gen.cli.regress import regress
from vega_gen.cli.review import review_app
from vega_gen.cli.train import calibrate, train
from vega_gen.cli.try_ import try_
from vega_gen.errors import out_of_memory

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
app.add_typer(cache_app, name="cache")
app.command("new-target")(new_target)
app.command("try")(try_)
app.command()(doctor)
app.command()(mine)
app.command()(fill)
app.command()(export)
app.command()(undo)
app.command()(conform)
app.command()(regress)
app.command()(experiment)
app.command()(ladder)
app.command()(check)
app.command()(facts)
app.command()(train)
app.command()(calibrate)


def main() -> None:
    """Run the command line and exit. This is the only place that renders errors; the user never sees a traceback."""
    # SIGTERM unwinds the stack, so that child processes end and temporary folders are removed.
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except Failure as failure:
        render.failure(failure)
        sys.exit(failure.exit_status)
    except OSError as failure:
        render.os_error(failure)
        sys.exit(2)
    except Exception as failure:
        if out_of_memory(failure):
            advice = "end other programs, use fewer --jobs, or use --filler consensus, which needs no model; finished work is kept"
            render.error("", "out of memory", advice)
        else:
            _bug(failure)
        sys.exit(2)


def _bug(failure: Exception) -> None:
    """Report an unexpected exception in one line, and write its traceback to a file in the temporary folder."""
    kind = type(failure).__name__
    said = next(iter(str(failure).splitlines()), "")
    try:
        with tempfile.NamedTemporaryFile("w", prefix="vega-gen-", suffix=".log", delete=False, encoding="utf-8") as log:
            log.write(f"vega-gen {__version__}, Python {platform.python_version()}\n{shlex.join(sys.argv)}\n\n")
            log.writelines(traceback.format_exception(failure))
        advice = f"report it and attach {log.name}, which holds the command line and the traceback"
    except OSError:
        advice = f"report it with the command line: {shlex.join(sys.argv)}"
    render.error("", f"this is a bug in vega-gen: {kind}{': ' if said else ''}{said}", advice)


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
    """Options that stand before the command."""
