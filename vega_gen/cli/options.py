"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vega_gen.records import FillerName

TdOption = Annotated[Path, typer.Option("--td", metavar="FILE", help="The .td that defines the target; it may lie anywhere.")]
LlvmOption = Annotated[Path, typer.Option("--llvm", metavar="DIR", help="LLVM source tree: the llvm-project root or its llvm/ folder.")]
NameOption = Annotated[str, typer.Option("--name", metavar="N", help="Folder of lib/Target.  [default: as the .td says]")]
DescOption = Annotated[
    list[Path] | None,
    typer.Option("--desc", metavar="FILE", help="A header or .def of the target, or a folder of them (desc mode); repeatable."),
]
FillerOption = Annotated[
    FillerName | None,
    typer.Option("--filler", help="What fills the function templates.  [default: edit, where its model has not learnt the target]"),
]
MadeByOption = Annotated[
    FillerName | None,
    typer.Option("--filler", help="What writes functions.  [default: archetype for a new target whose .td says enough, else edit]"),
]
CheckpointOption = Annotated[
    Path | None, typer.Option("--checkpoint", metavar="DIR", help="A model by `vega-gen train`, of the kind that --filler names.")
]
CorpusOption = Annotated[list[Path] | None, typer.Option("--corpus", metavar="DIR", help="A further LLVM checkout; repeatable.")]
BuildDirOption = Annotated[
    Path | None, typer.Option("--build-dir", metavar="DIR", help="CMake build directory of that LLVM; else an installed LLVM is used.")
]
ArchOption = Annotated[
    str, typer.Option("--triple", metavar="ARCH", help="First part of a new target's triple.  [default: its name in small letters]")
]
MachineOption = Annotated[
    int, typer.Option("--elf-machine", metavar="NUMBER", min=0, help="Of a new target's ELF files.  [default: one that nobody has]")
]
BigEndianOption = Annotated[bool, typer.Option("--big-endian", help="The new target's byte order: .td files do not say it.")]
ThresholdOption = Annotated[
    float | None,
    typer.Option("--threshold", metavar="P", min=0, max=1, help="Flag below this confidence.  [default: chosen with the model, else 0.5]"),
]
HoldOutOption = Annotated[list[str] | None, typer.Option("--hold-out", metavar="T", help="Leave this target out; repeatable.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
