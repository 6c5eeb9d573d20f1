"""The commands ``vega-gen doctor`` and ``vega-gen llvm``: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import BuildDirOption, JsonFlag
from vega_gen.errors import InputError

if TYPE_CHECKING:
    from llvm_integration.doctor import Examination

llvm_app = typer.Typer(no_args_is_help=True, help="LLVM's source tree.")


@llvm_app.command("get")
def llvm_get(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to put the tree; created if absent.")],
    version: Annotated[str, typer.Option("--version", help="Major version (19), or a full one (19.1.7).")] = "19",
) -> None:
    """Fetch LLVM's source tree: with apt on Debian and Ubuntu, with git elsewhere."""
    from llvm_integration.packages import get_source

    with render.progress(f"LLVM {version}") as advance:
        fetched = get_source(version, directory, advance)
    notice = "fetched" if fetched.fresh else "already there"
    typer.echo(f"LLVM {fetched.source.version} in {directory}: {notice}")


def doctor(
    llvm: Annotated[Path | None, typer.Option("--llvm", metavar="DIR", help="LLVM source tree to check.")] = None,
    build_dir: BuildDirOption = None,
    version: Annotated[
        int, typer.Option("--llvm-version", metavar="N", help="Check instead what `try` needs of LLVM N: headers, libLLVM.so and tools.")
    ] = 0,
    install: Annotated[bool, typer.Option("--install", help="Install what is missing; the package commands are shown first.")] = False,
    target: Annotated[
        str,
        typer.Option(
            "--target", metavar="N", help="Check instead that this target (a folder of lib/Target) is registered everywhere in the tree."
        ),
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """Check the tools and libraries that vega-gen needs, and say how to get what is missing.

    The exit status is 1 if something needed is missing."""
    if version and (llvm or build_dir or target):
        raise InputError("--llvm-version is about an installed LLVM", next_step="leave out --llvm, --build-dir and --target")
    ok = _registered(llvm, target, as_json) if target else _examined(llvm, build_dir, version, install, as_json)
    if not ok:
        raise typer.Exit(1)


def _examined(llvm: Path | None, build_dir: Path | None, version: int, install: bool, as_json: bool) -> bool:
    from llvm_integration.doctor import examine, examine_for_plugins, install_missing

    def examined() -> Examination:
        return examine_for_plugins(version) if version else examine(llvm, build_dir)

    result = examined()
    if install:
        with render.progress("packages") as advance:
            install_missing(result, root=os.geteuid() == 0, announce=render.notice, progress=advance)
        result = examined()
    if as_json:
        render.json_text(result)
    else:
        render.examination(result)
    return result.ok


def _registered(llvm: Path | None, target: str, as_json: bool) -> bool:
    from llvm_integration.discover import open_source
    from vega_gen.registration import State, places_of

    if llvm is None:
        raise InputError("--target needs a source tree to check", next_step="name the folder that holds llvm/ with --llvm")
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
