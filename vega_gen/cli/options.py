"""Command-line options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.records import FillerName

TdOption = Annotated[Path, typer.Option("--td", metavar="FILE", help="The .td file that defines the target; it may be anywhere.")]
LlvmOption = Annotated[Path, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: the llvm-project folder or its llvm/ folder.")]
NameOption = Annotated[
    str, typer.Option("--name", metavar="N", help="Name of the target and of its folder in lib/Target.  [default: from the .td]")
]
DescOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--desc", metavar="FILE", help="A header or .def file of the target to read too (desc mode), or a folder of them; repeatable."
    ),
]
FillerOption = Annotated[
    FillerName | None,
    typer.Option("--filler", help="What fills the function templates.  [default: edit, unless its model was trained on the target]"),
]
MadeByOption = Annotated[
    FillerName | None,
    typer.Option(
        "--filler",
        help="What is grafted onto the archetypes where it proves itself; `archetype` grafts nothing.  [default: archetype]  "
        "With --no-archetypes, what fills the function templates.  [default: edit, unless its model was trained on the target]",
    ),
]
NoArchetypesFlag = Annotated[
    bool, typer.Option("--no-archetypes", help="Fill function templates that are mined from other backends, for experiments.")
]
GraftSecondsOption = Annotated[
    float, typer.Option("--graft-seconds", metavar="S", min=0, help="How long mined functions are tried on the archetypes.")
]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="DIR", help="A model trained by `vega-gen train`, of the kind that --filler names.")
]
CorpusOption = Annotated[list[Path] | None, typer.Option("--corpus", metavar="DIR", help="A further LLVM checkout to mine; repeatable.")]
BuildDirOption = Annotated[
    Path | None, typer.Option("--build-dir", metavar="DIR", help="CMake build directory of that LLVM.  [default: an installed LLVM]")
]
ArchOption = Annotated[
    str, typer.Option("--triple", metavar="ARCH", help="Architecture part of a new target's triple.  [default: its name in lower case]")
]
MachineOption = Annotated[
    int,
    typer.Option(
        "--elf-machine", metavar="NUMBER", min=0, help="ELF machine number (e_machine) of a new target.  [default: an unused one]"
    ),
]
MachineNameOption = Annotated[
    str,
    typer.Option(
        "--machine",
        metavar="M",
        help="Machine of targets/settings/qemu.toml that runs the ladder's programs.  [default: the one that fits the .td]",
    ),
]
LinkOption = Annotated[
    bool, typer.Option("--link", help="Link LLVM's tools with the backend, rather than build a plug-in that the installed tools load.")
]
CpuOption = Annotated[str, typer.Option("--mcpu", metavar="CPU", help="The processor of the .td to make the backend for.")]
AttrsOption = Annotated[
    str, typer.Option("--mattr", metavar="+A,-B", help="Features to make the backend for, such as +64bit where a .td has two widths.")
]
BigEndianOption = Annotated[bool, typer.Option("--big-endian", help="The new target is big endian; .td files do not say.")]
ThresholdOption = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        metavar="P",
        min=0,
        max=1,
        help="Flag statements below this confidence, 0 to 1.  [default: calibrated with the model, else 0.5]",
    ),
]
HoldOutOption = Annotated[
    list[str] | None, typer.Option("--hold-out", metavar="T", help="Hold out this target: its C++ is not read. Repeatable.")
]
SearchOption = Annotated[
    float,
    typer.Option(
        "--search", metavar="SECONDS", min=0, help="Try other values of doubtful facts so long, and keep those by which more programs pass."
    ),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
InstalledOption = Annotated[
    str, typer.Option("--llvm-version", metavar="N", help="Use the installed LLVM of this major version.  [default: the newest]")
]
PrefixOption = Annotated[
    Path | None, typer.Option("--prefix", metavar="DIR", help="Use the LLVM that is installed in this folder: /usr/lib/llvm-19.")
]
IncludeOption = Annotated[
    list[Path] | None, typer.Option("--include", "-I", metavar="DIR", help="Look for included .td files there too; repeatable.")
]
FactsOption = Annotated[
    Path | None, typer.Option("--facts", metavar="FILE", help="Facts that a person gives: `vega-gen facts` writes such a file.")
]
