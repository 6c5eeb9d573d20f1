"""Write edits to a git checkout as commits on the branch ``vega-gen/<target>``, all or nothing.

The branch is checked out in place or in a sparse worktree; no other branch changes. ``llvm_integration.edits`` decides what may be written.

The commits are made with a private index, without touching the work tree; then git switches to them in one step. Before the switch, a note
in the git directory records what it changes, so that the next run can restore the checkout if this one is killed.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
import psutil

from llvm_integration.edits import OWN_FOLDER, Edit, as_failure
from llvm_integration.failure import ToolFailure
from llvm_integration.journal import is_alive, process_mark

os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")  # importing GitPython must not fail without git: plain trees can still be written

import git
from git.exc import CommandError, GitError

_NOTE = "vega-gen-run.json"
_LOCK_SECONDS = 10.0
_WRITTEN = "Written by vega-gen."


@dataclass(frozen=True, slots=True)
class _Note:
    """What a switch changes, for restoring it.

    ``root``: the work tree that switches. ``head``: the ref that was checked out there ("refs/heads/main"), "" if HEAD was detached.
    ``start``: the commit that was checked out there. ``branch``: the name of vega-gen's branch. ``before``: that branch's commit before
    the switch, "" if it did not exist. ``ours``: its commit afterwards. ``worktree``: whether the run creates ``root`` as a worktree.
    ``config``: the text of the repository's configuration, which ``git worktree`` and ``git sparse-checkout`` change. ``process``: the
    ``process_mark`` of the writer."""

    root: str
    head: str
    start: str
    branch: str
    before: str
    ours: str
    worktree: bool
    config: str
    process: dict[str, Any]


def is_checkout(root: Path) -> bool:
    """Whether ``root`` is the top of a git work tree; a folder inside another repository's work tree does not count."""
    return (root / ".git").exists()


def branch_name(target: str) -> str:
    """Return the name of the branch that holds the backend of ``target``."""
    return f"vega-gen/{target}"


def require_clean(root: Path, edits: Sequence[Edit]) -> None:
    """Raises ``ToolFailure`` if a tracked file has uncommitted changes, or an untracked file is in the place of an edit.

    Changes below an ``OWN_FOLDER`` (review decisions) are allowed; git refuses to overwrite them where an edit goes to the same file.
    """
    with _open(root) as repo:
        others = (":/", f":(exclude,top,glob)**/{OWN_FOLDER}/**")
        changed = _split(_git(repo, "status", "--porcelain", "-z", "--untracked-files=no", "--", *others))
        if changed:
            raise ToolFailure(
                f"the checkout has uncommitted changes ({len(changed)}), the first: {changed[0].strip()}",
                where=str(root),
                next_step=f"git -C {root} stash, or commit them, and run again",
            )
        there = [edit.path for edit in edits if (root / edit.path).is_file()]
        tracked = set(_split(_git(repo, "ls-files", "-z", "--", *there))) if there else set[str]()
        for path in there:
            if path not in tracked:
                raise ToolFailure(
                    "an untracked file is in the place of a file to be written",
                    where=str(root / path),
                    next_step="commit it or move it away, and run again",
                )


def tracked_files(root: Path, folder: str) -> tuple[str, ...]:
    """Return the paths of the files below ``folder`` in the commit that is checked out."""
    with _open(root) as repo:
        return tuple(_split(_git(repo, "ls-tree", "-r", "-z", "--name-only", "HEAD", "--", folder + "/")))


def tracked_bytes(root: Path, path: str) -> bytes | None:
    """Return a file's content in the commit that is checked out, None if it has no such file. Raises ``ToolFailure``."""
    with _open(root) as repo:
        if not _git(repo, "ls-tree", "--name-only", "HEAD", "--", path):
            return None
        return _blob(repo, f"HEAD:{path}")


def git_folder(root: Path) -> Path:
    """Return the git directory that all worktrees of the repository share."""
    with _open(root) as repo:
        return Path(repo.common_dir).resolve()


def is_worktree_of(root: Path, place: Path) -> bool:
    """Whether ``place`` is a linked worktree of the repository at ``root``."""
    if not (place / ".git").is_file():
        return False
    return git_folder(place) == git_folder(root)


def apply(root: Path, target: str, edits: Sequence[Edit], *, worktree: Path | None = None) -> tuple[str, ...]:
    """Commit ``edits`` to the branch of ``target``, check it out, and return the new commits, oldest first.

    The branch is checked out in ``root``, or in ``worktree`` if given: a new sparse worktree that holds the target's folder, or the one
    that an earlier run made. If the branch exists already, it must be checked out there, and the commits go on top of it.
    Raises ``ToolFailure``. After any exception the checkout is as it was.
    """
    new = worktree is not None and not worktree.exists()
    place = root if worktree is None or new else worktree
    with _open(place) as repo:
        branch, head = branch_name(target), _head(repo)
        before = _resolve(repo, f"refs/heads/{branch}")
        if before and (new or head != f"refs/heads/{branch}"):
            raise ToolFailure(
                f"the branch {branch} exists already",
                where=str(root),
                next_step=f"git -C {root} worktree prune; then delete it (git branch -D {branch})"
                + ("" if worktree else ", or check it out to go on from its end"),
            )
        start = _git(repo, "rev-parse", "HEAD")
        if worktree is not None and not new:
            _require_base(root, worktree, repo)
        try:
            commits = _commit_all(repo, start, edits, lambda label: f"[{target}] {label}\n\n{_WRITTEN}")
        except OSError as error:
            raise as_failure(error, place) from error
        if not commits:
            return ()
        common = Path(repo.common_dir).resolve()
        note = _Note(
            root=str(worktree if worktree is not None else root), head=head, start=start, branch=branch, before=before, ours=commits[-1],
            worktree=new, config=(common / "config").read_text(), process=process_mark(),
        )
        try:
            _write_note(common, note)
            _switch(repo, note, target)
            (common / _NOTE).unlink()
        except BaseException as error:
            _put_back(repo, common, note)
            if isinstance(error, OSError):
                raise as_failure(error, place) from error
            raise
        return commits


def changed_files(root: Path, target: str) -> tuple[str, dict[str, bytes]]:
    """Return the commit that the branch of ``target`` starts from, and path -> content of every file that differs at the branch's tip.

    These are the files that vega-gen wrote and the ones that people changed since. Raises ``ToolFailure`` if there is no such branch, or if
    a file was deleted on it."""
    with _open(root) as repo:
        branch = branch_name(target)
        if not _resolve(repo, f"refs/heads/{branch}"):
            raise ToolFailure(f"there is no branch {branch}", where=str(root), next_step="write the backend with `vega-gen new-target`")
        ours = _git(repo, "log", "--format=%H", "--fixed-strings", "--all-match", f"--grep=[{target}] ", f"--grep={_WRITTEN}", branch)
        base = _git(repo, "rev-parse", f"{ours.split()[-1]}^")
        names = _split(_git(repo, "diff-tree", "-r", "-z", "--no-renames", "--name-only", base, branch))
        return base, {path: _blob(repo, f"{branch}:{path}") for path in names}


def take_back(root: Path, target: str) -> tuple[str, ...]:
    """Delete the branch of ``target``, after checking out what was there before it; return the paths in which it differed.

    Raises ``ToolFailure`` if there is no such branch, or if there are uncommitted changes."""
    _, changed = changed_files(root, target)
    with _open(root) as repo:
        if _head(repo) == f"refs/heads/{branch_name(target)}":
            require_clean(root, ())
            _git(repo, "checkout", "--quiet", "-")
        _git(repo, "branch", "--quiet", "-D", branch_name(target))
    return tuple(sorted(changed))


def format_patches(root: Path, base: str, patches: Sequence[tuple[str, Mapping[str, bytes | None]]], out: Path) -> tuple[Path, ...]:
    """Write a series of patches on top of the commit ``base`` to the folder ``out``, in the form that `git am` applies; return the files.

    ``patches``: for each, the commit message and path -> content (None deletes the file). No branch changes. Raises ``ToolFailure``."""
    with _open(root) as repo:
        edits = [Edit(path, data, message) for message, files in patches for path, data in files.items()]
        tip = _commit_all(repo, base, edits, lambda message: message)[-1]
        made = _git(repo, "format-patch", "--no-signature", "--zero-commit", "-o", str(out.resolve()), f"{base}..{tip}")
        return tuple(map(Path, made.splitlines()))


def put_back(root: Path) -> bool:
    """Restore the checkout to its state before a run that was killed. Returns whether there was such a run.

    Raises ``ToolFailure`` if that run is still active.
    """
    with _open(root) as repo:
        common = Path(repo.common_dir).resolve()
        try:
            note = _Note(**orjson.loads((common / _NOTE).read_bytes()))
        except FileNotFoundError:
            return False
        if is_alive(note.process):
            raise ToolFailure(
                f"process {note.process['pid']} is writing to this checkout", where=str(root), next_step="wait for it to end, and run again"
            )
        _put_back(repo, common, note)
        return True


# ------------------------------------------------------------------------------------------------------------- commits


def _commit_all(repo: git.Repo, start: str, edits: Sequence[Edit], message: Callable[[str], str]) -> tuple[str, ...]:
    """Make one commit per label, in order of first appearance, without touching the work tree, its index or any branch."""
    labels = list(dict.fromkeys(edit.label for edit in edits))
    commits: list[str] = []
    parent = start
    with tempfile.TemporaryDirectory(prefix="vega-gen-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_identity(repo)}
        _git(repo, "read-tree", start, env=index)
        tree = _git(repo, "rev-parse", f"{start}^{{tree}}")
        for label in labels:
            lines = [_index_line(repo, edit) for edit in edits if edit.label == label]
            _git(repo, "update-index", "-z", "--index-info", env=index, given="".join(lines).encode())
            new_tree = _git(repo, "write-tree", "--missing-ok", env=index)
            if new_tree != tree:
                parent = _git(repo, "commit-tree", new_tree, "-p", parent, "-m", message(label), env=index)
                commits.append(parent)
                tree = new_tree
    return tuple(commits)


def _index_line(repo: git.Repo, edit: Edit) -> str:
    data = edit.data
    if data is None:
        return f"0 {'0' * 40}\t{edit.path}\0"
    return f"100644 {_store(repo, data)}\t{edit.path}\0"


def _store(repo: git.Repo, data: bytes) -> str:
    """Write a blob and return its object name."""
    return _git(repo, "hash-object", "-w", "--stdin", given=data)


def _identity(repo: git.Repo) -> dict[str, str]:
    """Git's variables for author and committer: the environment's, else the user's configuration, else vega-gen."""
    who: dict[str, str] = {}
    for role in ("AUTHOR", "COMMITTER"):
        for key, value in (("name", "vega-gen"), ("email", "vega-gen@localhost")):
            variable = f"GIT_{role}_{key.upper()}"
            with contextlib.suppress(ToolFailure):
                value = _git(repo, "config", f"user.{key}")
            who[variable] = os.environ.get(variable) or value
    return who


# -------------------------------------------------------------------------------------------------------------- switch


def _switch(repo: git.Repo, note: _Note, target: str) -> None:
    """Move the branch to the new commits and check it out: the only step that changes what the user sees."""
    if not note.worktree:
        if note.before:
            _git(repo, "merge", "--quiet", "--ff-only", note.ours)
        else:
            _git(repo, "checkout", "--quiet", "-b", note.branch, note.ours)
        return
    _git(repo, "worktree", "add", "--quiet", "--no-checkout", "-b", note.branch, note.root, note.ours)
    with _open(Path(note.root)) as tree:
        _git(tree, "sparse-checkout", "set", "--cone", f"llvm/lib/Target/{target}")
        _git(tree, "checkout", "--quiet", note.branch)


def _put_back(repo: git.Repo, common: Path, note: _Note) -> None:
    """Undo whatever part of ``_switch`` was done."""
    if note.worktree:
        with contextlib.suppress(ToolFailure):
            _git(repo, "worktree", "remove", "--force", "--force", note.root)
        _git(repo, "worktree", "prune")
        if (common / "config").read_text() != note.config:
            (common / "config").write_text(note.config)
    elif Path(note.root).exists():
        with _open(Path(note.root)) as tree:
            _restore(tree, note)
    if not note.before and _resolve(repo, f"refs/heads/{note.branch}"):
        _git(repo, "update-ref", "-d", f"refs/heads/{note.branch}")
    (common / _NOTE).unlink(missing_ok=True)


def _restore(repo: git.Repo, note: _Note) -> None:
    """Restore HEAD, and the index entries and files of the paths that the run changes; other changes of the user stay."""
    _wait_for_lock(repo)
    branch = f"refs/heads/{note.branch}"
    if note.before:
        _git(repo, "update-ref", branch, note.before)
    elif _head(repo) == branch:
        if note.head:
            _git(repo, "symbolic-ref", "HEAD", note.head)
        else:
            _git(repo, "update-ref", "--no-deref", "HEAD", note.start)
    paths = _split(_git(repo, "diff-tree", "-r", "-z", "--no-renames", "--name-only", note.start, note.ours))
    _git(repo, "reset", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul", note.start, given="\0".join(paths).encode())
    kept = set(_split(_git(repo, "ls-tree", "-r", "-z", "--name-only", note.start, "--", *paths)))
    root = Path(note.root)
    for path in paths:
        if path not in kept:
            (root / path).unlink(missing_ok=True)
            _remove_empty_folders(root, (root / path).parent)
    _git(repo, "checkout-index", "--force", "-z", "--stdin", given="".join(f"{path}\0" for path in sorted(kept)).encode())


def _remove_empty_folders(root: Path, folder: Path) -> None:
    while folder != root:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            return
        folder = folder.parent


def _wait_for_lock(repo: git.Repo) -> None:
    """Remove the index lock that a killed git left; wait for a git that is still running."""
    lock = Path(repo.git_dir) / "index.lock"
    deadline = time.monotonic() + _LOCK_SECONDS
    while lock.exists():
        if not _git_runs_in(Path(repo.working_dir)):
            lock.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise ToolFailure("another git process is running here", where=str(lock), next_step="wait for it to end, and run again")
        time.sleep(0.1)


def _git_runs_in(folder: Path) -> bool:
    running = (process.info for process in psutil.process_iter(["name", "cwd"]))
    return any(info["name"] == "git" and info["cwd"] == str(folder) for info in running)


def _require_base(root: Path, worktree: Path, repo: git.Repo) -> None:
    """Raises ``ToolFailure`` unless an earlier run's worktree contains the commit that is now checked out in ``root``."""
    with _open(root) as main:
        base = _git(main, "rev-parse", "HEAD")
    if _git(repo, "merge-base", "HEAD", base) != base:
        branch = _head(repo).removeprefix("refs/heads/")
        raise ToolFailure(
            "an earlier result is here, made from another commit of the checkout",
            where=str(worktree),
            next_step=f"git -C {root} worktree remove {worktree} && git -C {root} branch -D {branch}, or --out DIR to write elsewhere",
        )


def _write_note(common: Path, note: _Note) -> None:
    with (common / _NOTE).open("wb") as stream:
        stream.write(orjson.dumps(asdict(note)))
        stream.flush()
        os.fsync(stream.fileno())


# ----------------------------------------------------------------------------------------------------------------- git


@contextlib.contextmanager
def _open(root: Path) -> Generator[git.Repo]:
    try:
        repo = git.Repo(root)
    except GitError as error:
        raise ToolFailure(f"git cannot open this checkout: {error}", where=str(root)) from error
    try:
        yield repo
    finally:
        repo.close()


def _git(repo: git.Repo, *words: str, env: Mapping[str, str] | None = None, given: bytes = b"") -> str:
    """Run git without hooks and return its output without the last newline. ``given``: standard input. Raises ``ToolFailure``."""
    with tempfile.TemporaryFile() as stream:
        stream.write(given)
        stream.seek(0)
        try:
            said = repo.git.execute(["git", "-c", f"core.hooksPath={os.devnull}", *words], env=dict(env or {}), istream=stream)
        except CommandError as error:
            message = str(error.stderr).strip().removeprefix("stderr: ").strip("'\n ") or str(error)
            what = f"git {words[0]} failed; the checkout is as it was"
            step = "fix what git reports, and run again"
            raise ToolFailure(what, where=str(repo.working_dir), output=message, next_step=step) from error
    return str(said)


def _blob(repo: git.Repo, name: str) -> bytes:
    """The content of a blob; ``name`` is "<commit>:<path>"."""
    data: bytes = repo.git.execute(["git", "cat-file", "blob", name], stdout_as_string=False, strip_newline_in_stdout=False)  # pyright: ignore
    return data


def _split(text: str) -> list[str]:
    return [word for word in text.split("\0") if word]


def _head(repo: git.Repo) -> str:
    """The ref that is checked out ("refs/heads/main"), "" where HEAD is detached."""
    return "" if repo.head.is_detached else repo.head.reference.path


def _resolve(repo: git.Repo, ref: str) -> str:
    """The commit that a ref points to, "" if there is no such ref."""
    return _git(repo, "for-each-ref", "--format=%(objectname)", ref)
