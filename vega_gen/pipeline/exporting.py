"""``export``: a backend on its branch -> a series of patches for LLVM's community.

Enters: a checkout, a target. Leaves: the patches' files. It does not change the checkout or its branches.
"""

from __future__ import annotations

from pathlib import Path

from llvm_integration import branch, discover
from vega_gen import __version__
from vega_gen.emit.series import series
from vega_gen.errors import InputError


def export(llvm: Path, target: str, out: Path) -> tuple[Path, ...]:
    """Writes the series to ``out``; the patches in order. What was changed on the branch by hand is in it.

    Raises InputError for a plain tree, ToolFailure for a target without a branch."""
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
