"""``export``: turn the backend on its branch into a series of patches for LLVM's review. The checkout stays unchanged."""

from __future__ import annotations

from pathlib import Path

from llvm_integration import branch, discover
from vega_gen import __version__
from vega_gen.emit.series import series
from vega_gen.errors import InputError


def export(llvm: Path, target: str, out: Path) -> tuple[Path, ...]:
    """Write the series to ``out`` and return the patches in order. Changes made by hand on the branch are part of it.

    Raises InputError for a tree without git, ToolFailure for a target without a branch.
    """
    root = discover.open_source(llvm).root
    if not branch.is_checkout(root):
        raise InputError("a series of patches needs a git checkout", str(root), "git init and commit it before the backend is written")
    base, files = branch.changed_files(root, target)
    flagged = sum(data.count(b"// VEGA-REVIEW ") for data in files.values())
    patches: list[tuple[str, dict[str, bytes | None]]] = []
    for patch in series(target, files):
        said = f"{patch.body}\n\n{patch.stamp}\n{flagged} statements of the whole series are flagged for review."
        patches.append((f"{patch.subject}\n\n{said}\n\nAssisted-by: vega-gen {__version__}", patch.files))
    return branch.format_patches(root, base, patches, out)
