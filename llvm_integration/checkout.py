"""The one writer to an LLVM tree.

Enters: the folder that holds ``llvm/``, a target's name, planned edits. Leaves: the edits made, all of them or none.
It does not plan them, and does not print.

Three ways, one interface: a new target goes to a branch of a git checkout, or straight into a plain tree under a journal;
a target that LLVM has already goes beside the tree, to a sparse git worktree or, for a plain tree, to a folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from llvm_integration import branch, journal
from llvm_integration.edits import (
    STAMP,
    Edit,
    check_edits,
    check_room,
    check_stamps,
    is_code,
    is_stamped,
    target_folder,
    valid_target_name,
)
from llvm_integration.failure import ToolFailure

__all__ = [
    "STAMP", "Edit", "TargetState", "Way", "Written",
    "destination", "probe", "recover", "target_state", "undo", "valid_target_name", "write",
]  # fmt: skip

_NEW_FOLDER = "give a new folder with --out"


class Way(StrEnum):
    """How a tree was written."""

    BRANCH = "branch"
    WORKTREE = "worktree"
    TREE = "tree"
    FOLDER = "folder"


class TargetState(StrEnum):
    """What a tree has under a target's name."""

    ABSENT = "absent"          # no folder, or one without CMakeLists.txt: no target that LLVM would build
    GENERATED = "generated"    # vega-gen wrote it
    OFFICIAL = "official"      # LLVM's, or a person's: to be held out


@dataclass(frozen=True, slots=True)
class Written:
    """What came of ``write``. ``root``: the tree that holds the result now; it has ``llvm/lib/Target/<target>`` below it.

    ``branch`` and ``commits``: "" and () without git. ``written`` and ``deleted``: paths as in the edits, further deletions of a
    held-out target's C++ included. ``put_back``: an earlier run had not ended, and was put back first.
    """

    way: Way
    root: Path
    branch: str
    commits: tuple[str, ...]
    written: tuple[str, ...]
    deleted: tuple[str, ...]
    put_back: bool


def target_state(root: Path, target: str) -> TargetState:
    """What ``root`` has under ``target``'s name. Raises ``ToolFailure`` if that is no target's name."""
    _require_name(target)
    cmake = root / target_folder(target) / "CMakeLists.txt"
    if not cmake.is_file():
        return TargetState.ABSENT
    return TargetState.GENERATED if is_stamped(cmake.read_bytes()) else TargetState.OFFICIAL


def recover(root: Path, out: Path | None = None) -> bool:
    """Put back what a killed run left, in ``root`` and in ``out``. Returns whether there was anything.

    To be called before a tree is read: a half-written target must not be taken for a backend.
    """
    found = branch.put_back(root) if branch.is_checkout(root) else journal.put_back(root)
    return (out is not None and not branch.is_checkout(out) and journal.put_back(out)) or found


def destination(root: Path, target: str, out: Path | None = None) -> Path | None:
    """The folder beside the tree that ``write`` would make for ``target``, absolute; None where it would write into ``root`` itself.

    Raises ``ToolFailure``: no LLVM there, a name that is none, an ``out`` that cannot be used.
    """
    root = root.absolute()
    if not (root / "llvm").is_dir():
        raise ToolFailure("no LLVM here: no folder llvm/", where=str(root), next_step="give the folder that holds llvm/ with --llvm")
    if out is None and target_state(root, target) is not TargetState.OFFICIAL:
        return None
    out = out.absolute() if out is not None else root.parent / f"{root.name}-vega-{target}"
    if out == root or not out.parent.is_dir():
        raise ToolFailure("the result cannot go there", where=str(out), next_step="give a new folder in one that exists with --out")
    return out


def probe(root: Path, target: str, *, out: Path | None = None) -> None:
    """Before the work: raises ``ToolFailure`` for what ``write`` would refuse whatever the edits are.

    These are uncommitted changes, a read-only or full disk, a folder in the way."""
    place = destination(root, target, out)
    cmake = Edit(f"{target_folder(target)}/CMakeLists.txt", b"", "")
    if branch.is_checkout(root):
        branch.require_clean(root, ())
        if place is not None and place.exists():
            _require_worktree(root, place)
            branch.require_clean(place, ())
        check_room(place or root, [cmake], (branch.git_folder(root),))
        return
    if place is not None:
        _require_own(place)
    check_room(place or root, [cmake])


def write(root: Path, target: str, edits: Sequence[Edit], *, out: Path | None = None) -> Written:
    """Make ``edits``, all of them or none, and say where the result lies.

    ``root``: the folder that holds ``llvm/``. ``out``: a folder beside it for the result; given, or for a target that ``root`` has
    already (by default ``<root>-vega-<target>``), ``root`` itself is not changed. There the target's C++ and CMake files that no
    edit names are left out, and the others (.td, prose) are as in ``root``. Generated files of an earlier run that no edit names
    are deleted. Raises ``ToolFailure``, with everything as it was: a name that is none, uncommitted changes, a file without
    vega-gen's stamp in the way, a read-only or full disk.
    """
    root, out = root.absolute(), destination(root, target, out)
    recovered = recover(root, out)
    check_edits(edits)
    if branch.is_checkout(root):
        return _write_git(root, target, edits, out, recovered)
    return _write_plain(root, target, edits, out, recovered)


def undo(tree: Path, target: str) -> tuple[str, ...]:
    """Take ``target`` back: the last run on a plain tree (or the folder beside it), or its branch of a git checkout, all runs of it.
    Returns the paths that had been changed.

    Raises ``ToolFailure`` if there is none, or if a file has changed since.
    """
    return branch.take_back(tree, target) if branch.is_checkout(tree) else journal.undo(tree)


def _write_git(root: Path, target: str, edits: Sequence[Edit], out: Path | None, recovered: bool) -> Written:
    folder, git_folder = target_folder(target), branch.git_folder(root)
    branch.require_clean(root, edits if out is None else ())
    if out is None:
        edits = (*_stale(root, folder, edits, branch.tracked_files(root, folder)), *edits)
        check_stamps(edits, lambda path: _read(root, path))
        check_room(root, edits, (git_folder,))
        commits = branch.apply(root, target, edits)
        return _written(Way.BRANCH, root, branch.branch_name(target), commits, edits, recovered)
    old = root
    if out.exists():
        _require_worktree(root, out)
        branch.require_clean(out, edits)
        old = out
    edits = (*_leftover(branch.tracked_files(old, folder), edits), *edits)
    check_stamps(edits, lambda path: branch.tracked_bytes(old, path), own=folder)
    check_room(out, edits, (git_folder,))
    commits = branch.apply(root, target, edits, worktree=out)
    return _written(Way.WORKTREE, out, branch.branch_name(target), commits, edits, recovered)


def _write_plain(root: Path, target: str, edits: Sequence[Edit], out: Path | None, recovered: bool) -> Written:
    folder = target_folder(target)
    if out is None:
        edits = (*_stale(root, folder, edits, _files(root, folder)), *edits)
        check_stamps(edits, lambda path: _read(root, path))
        check_room(root, edits)
        journal.apply(root, edits)
        return _written(Way.TREE, root, "", (), edits, recovered)
    _require_own(out)
    named = {edit.path for edit in edits}
    kept = [path for path in _files(root, folder) if path not in named and not is_code(path)]
    copies = [Edit(path, (root / path).read_bytes(), "description") for path in kept]
    edits = (*_leftover(_files(out, folder), edits), *copies, *edits)
    check_stamps(edits, lambda path: _read(out, path), own=folder)
    check_room(out, edits)
    journal.apply(out, edits)
    return _written(Way.FOLDER, out, "", (), edits, recovered)


def _require_worktree(root: Path, out: Path) -> None:
    if not branch.is_worktree_of(root, out):
        raise ToolFailure("this folder exists, and is no worktree of the checkout", where=str(out), next_step=_NEW_FOLDER)


def _require_own(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not (out / journal.FOLDER).is_dir():
        raise ToolFailure("this folder is not empty, and vega-gen did not make it", where=str(out), next_step=_NEW_FOLDER)


def _written(way: Way, root: Path, name: str, commits: tuple[str, ...], edits: Sequence[Edit], recovered: bool) -> Written:
    return Written(
        way=way,
        root=root,
        branch=name,
        commits=commits,
        written=tuple(edit.path for edit in edits if edit.content is not None),
        deleted=tuple(edit.path for edit in edits if edit.content is None),
        put_back=recovered,
    )


def _stale(root: Path, folder: str, edits: Sequence[Edit], files: Sequence[str]) -> list[Edit]:
    """Deletions of what an earlier run generated and this one does not."""
    named = {edit.path for edit in edits}
    label = f"remove what is no longer generated from {folder}"
    return [Edit(path, None, label) for path in files if path not in named and is_stamped(_read(root, path) or b"")]


def _leftover(files: Sequence[str], edits: Sequence[Edit]) -> list[Edit]:
    """Deletions of the C++ and CMake files of a held-out target that are not generated."""
    named = {edit.path for edit in edits}
    return [Edit(path, None, "remove the C++ that is not generated") for path in files if path not in named and is_code(path)]


def _files(root: Path, folder: str) -> tuple[str, ...]:
    return tuple(sorted(path.relative_to(root).as_posix() for path in (root / folder).rglob("*") if path.is_file()))


def _read(root: Path, path: str) -> bytes | None:
    return (root / path).read_bytes() if (root / path).is_file() else None


def _require_name(target: str) -> None:
    if not valid_target_name(target):
        raise ToolFailure(
            f"{target!r} cannot name a target",
            next_step="give --name an identifier: letters, digits and underscores, a letter first, no path",
        )
