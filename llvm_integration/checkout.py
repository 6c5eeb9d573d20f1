"""Apply planned edits to an LLVM tree, all or nothing. Every write to a tree goes through this module.

A new target is written to a branch of a git checkout (``branch``), or directly into a tree without git under an undo journal (``journal``).
A target that LLVM already has is written beside the tree instead: to a sparse git worktree, or for a tree without git to a folder.
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
    """Where ``write`` put its result."""

    BRANCH = "branch"        # a branch, checked out in the git checkout itself
    WORKTREE = "worktree"    # a branch, checked out in a sparse worktree beside the checkout
    TREE = "tree"            # the tree without git itself
    FOLDER = "folder"        # a folder beside the tree without git


class TargetState(StrEnum):
    """What a tree holds under a target's name."""

    ABSENT = "absent"          # no folder, or one without CMakeLists.txt, which LLVM would not build
    GENERATED = "generated"    # a backend that vega-gen wrote
    OFFICIAL = "official"      # a backend of LLVM or of a person; it must be held out


@dataclass(frozen=True, slots=True)
class Written:
    """The result of ``write``.

    ``root``: the tree that now contains ``llvm/lib/Target/<target>``. ``branch`` and ``commits``: "" and () without git. ``written`` and
    ``deleted``: paths as in the edits; ``deleted`` includes the held-out target's C++ and stale generated files, which no edit names.
    ``put_back``: whether an earlier run had been killed and was undone first.
    """

    way: Way
    root: Path
    branch: str
    commits: tuple[str, ...]
    written: tuple[str, ...]
    deleted: tuple[str, ...]
    put_back: bool


def target_state(root: Path, target: str) -> TargetState:
    """Return what ``root`` holds under the name ``target``. Raises ``ToolFailure`` if the name is not valid for a target."""
    _require_name(target)
    cmake = root / target_folder(target) / "CMakeLists.txt"
    if not cmake.is_file():
        return TargetState.ABSENT
    return TargetState.GENERATED if is_stamped(cmake.read_bytes()) else TargetState.OFFICIAL


def recover(root: Path, out: Path | None = None) -> bool:
    """Undo the changes of a killed run in ``root`` and in ``out``. Returns whether there were any.

    Must be called before a tree is read, so that a half-written target is not taken for a backend.
    """
    found = branch.put_back(root) if branch.is_checkout(root) else journal.put_back(root)
    return (out is not None and not branch.is_checkout(out) and journal.put_back(out)) or found


def destination(root: Path, target: str, out: Path | None = None) -> Path | None:
    """Return the absolute path of the folder beside the tree that ``write`` would create; None if it would write into ``root`` itself.

    Raises ``ToolFailure`` if ``root`` holds no LLVM, the target's name is not valid, or ``out`` cannot be used.
    """
    root = root.absolute()
    if not (root / "llvm").is_dir():
        raise ToolFailure("no LLVM here: no folder llvm/", where=str(root), next_step="give the folder that holds llvm/ with --llvm")
    if out is None and target_state(root, target) is not TargetState.OFFICIAL:
        return None
    out = out.absolute() if out is not None else root.parent / f"{root.name}-vega-{target}"
    if out == root or not out.parent.is_dir():
        raise ToolFailure("the result cannot be written there", where=str(out), next_step="give a new folder in one that exists with --out")
    return out


def probe(root: Path, target: str, *, out: Path | None = None) -> None:
    """Check, before any work is done, the conditions of ``write`` that do not depend on the edits.

    Raises ``ToolFailure`` for uncommitted changes, a read-only or full disk, or an unrelated folder in the place of the result."""
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
    """Apply ``edits``, all or nothing, and return where the result is.

    ``root``: the folder that holds ``llvm/``. ``out``: write to this folder beside ``root`` rather than into ``root``; for a target that
    LLVM already has, the default is ``<root>-vega-<target>``. In such a folder the target's C++ and CMake files that no edit names are
    left out, and its other files (.td, prose) are as in ``root``. Generated files of an earlier run that no edit names are deleted.
    Raises ``ToolFailure``, with the tree unchanged, for an invalid target name, uncommitted changes, a file without vega-gen's stamp in
    the place of an edit, or a read-only or full disk.
    """
    root, out = root.absolute(), destination(root, target, out)
    recovered = recover(root, out)
    check_edits(edits)
    if branch.is_checkout(root):
        return _write_git(root, target, edits, out, recovered)
    return _write_plain(root, target, edits, out, recovered)


def undo(tree: Path, target: str) -> tuple[str, ...]:
    """Undo writes of ``target`` and return the paths that they had changed.

    In a git checkout the target's branch is deleted, with all runs on it; in a tree without git the last run is undone.
    Raises ``ToolFailure`` if there is nothing to undo, or if a file has changed since.
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
        raise ToolFailure("this folder exists, but is not a worktree of the checkout", where=str(out), next_step=_NEW_FOLDER)


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
    """Deletions of the files that an earlier run generated and this one does not."""
    named = {edit.path for edit in edits}
    label = f"remove what is no longer generated from {folder}"
    return [Edit(path, None, label) for path in files if path not in named and is_stamped(_read(root, path) or b"")]


def _leftover(files: Sequence[str], edits: Sequence[Edit]) -> list[Edit]:
    """Deletions of a held-out target's C++ and CMake files that no edit replaces."""
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
