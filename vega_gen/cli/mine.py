"""The commands ``vega-gen mine`` and ``vega-gen show``: what mining finds in a checkout, as tables, text pages or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vega_gen.cli import render
from vega_gen.cli.options import CorpusOption, HoldOutOption, JsonFlag, LlvmOption

if TYPE_CHECKING:
    from vega_gen.pipeline import Mined

FEW = 10
"""``show template`` leaves out a slot that fewer than one in ``FEW`` members have."""

show_app = typer.Typer(no_args_is_help=True, help="Show one function group, function template, or feature vector.")

GroupArgument = Annotated[
    str, typer.Argument(metavar="NAME", help='A function group: "InstrInfo::copyPhysReg", or the last part of its name.')
]


def mine(llvm: LlvmOption, hold_out: HoldOutOption = None, corpus: CorpusOption = None, as_json: JsonFlag = False) -> None:
    """Read every target of a checkout and sort its functions into groups of functions with the same role."""
    from vega_gen import pipeline
    from vega_gen.report import pages

    found = pipeline.mining(_mined(llvm, hold_out, corpus))
    if as_json:
        render.json_text(pages.mining_json(found))
        return
    for table in pages.mining_tables(found):
        render.OUT.print(table)
    for line in pages.mining_lines(found):
        render.OUT.out(line)


@show_app.command("group")
def show_group(
    name: GroupArgument, llvm: LlvmOption, hold_out: HoldOutOption = None, corpus: CorpusOption = None, as_json: JsonFlag = False
) -> None:
    """Show the members of a function group and what they have in common."""
    from vega_gen.report import pages

    group = _mined(llvm, hold_out, corpus).groups.find(name)
    if as_json:
        render.json_text(pages.group_json(group))
    else:
        render.OUT.out("\n".join(pages.group_lines(group)))


@show_app.command("template")
def show_template(
    name: GroupArgument,
    llvm: LlvmOption,
    hold_out: HoldOutOption = None,
    corpus: CorpusOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also show slots that few members have.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show a function template: its slots as C++ with typed holes, how many members have each, variants, donors and their fills."""
    from vega_gen.report import pages

    mined = _mined(llvm, hold_out, corpus)
    template = mined.template(mined.groups.find(name))
    if as_json:
        render.json_text(pages.template_json(template))
    else:
        render.OUT.out("\n".join(pages.template_lines(template, 1 if every else -(-len(template.members) // FEW))))


@show_app.command("features")
def show_features(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A target, or a function group, for the features of its template's slots.")],
    llvm: LlvmOption,
    hold_out: HoldOutOption = None,
    corpus: CorpusOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Show the feature vector of a target, or of each slot of a function template."""
    from vega_gen import features, pipeline
    from vega_gen.report import pages

    mined = _mined(llvm, hold_out, corpus)
    own = pipeline.target_features(mined, name)
    if own is not None:
        vectors = {name: own}
    else:
        template = mined.template(mined.groups.find(name))
        vectors = {f"{template.group.name} slot {slot.id}": features.slot_features(template, slot) for slot in template.walk()}
    if as_json:
        render.json_text({title: pages.features_json(vector) for title, vector in vectors.items()})
        return
    for title, vector in vectors.items():
        render.OUT.out("\n".join(pages.features_lines(vector, title)))


def _mined(llvm: Path, hold_out: list[str] | None, corpus: list[Path] | None) -> Mined:
    from vega_gen import pipeline

    with render.progress("mining") as advance:
        return pipeline.open_mined(llvm, hold_out or (), corpus or (), advance)
