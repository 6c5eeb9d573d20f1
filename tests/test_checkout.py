"""The one writer to an LLVM tree: branch and sparse worktree; everything as before when anything fails."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest
from trees import HELD_OUT, NEW, STAMPED, git, git_state, read_only, snapshot

from llvm_integration import branch, edits
from llvm_integration.checkout import Edit, TargetState, Way, target_state, valid_target_name, write
from llvm_integration.failure import ToolFailure

# -------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["RISCV", "X86", "M68k", "My_ISA"])
def test_identifiers_name_targets(name: str) -> None:
    assert valid_target_name(name)


@pytest.mark.parametrize("name", ["", "../Foo", "a/b", "Foo.td", "-rf", "9Bit", "Foo Bar", "Ünit", "Foo\n", ".git"])
def test_anything_else_does_not(name: str, plain: Path) -> None:
    assert not valid_target_name(name)
    before = snapshot(plain)
    with pytest.raises(ToolFailure) as caught:
        write(plain, name, NEW)
    assert caught.value.next_step
    assert snapshot(plain) == before


@pytest.mark.parametrize("path", ["/etc/x", "llvm/../../x", "", "llvm//x", ".git/config", "llvm/lib/.git/x", "a\\b"])
def test_paths_stay_inside(path: str, plain: Path) -> None:
    with pytest.raises(ToolFailure, match="cannot be written"):
        write(plain, "Foo", [Edit(path, "x", "SEL")])


def test_a_path_named_twice_is_refused(plain: Path) -> None:
    with pytest.raises(ToolFailure, match="it occurs twice"):
        write(plain, "Foo", [NEW[0], NEW[0]])


def test_no_edits_is_an_error(plain: Path) -> None:
    with pytest.raises(ToolFailure, match="no edits"):
        write(plain, "Foo", [])


def test_no_llvm_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolFailure, match="no LLVM here"):
        write(tmp_path, "Foo", NEW)


def test_target_states(plain: Path) -> None:
    assert target_state(plain, "Foo") is TargetState.ABSENT
    assert target_state(plain, "Bar") is TargetState.OFFICIAL
    write(plain, "Foo", NEW)
    assert target_state(plain, "Foo") is TargetState.GENERATED


# -------------------------------------------------------------------------------------------------- (a) a branch in place


def test_a_new_target_gets_a_branch_with_a_commit_a_label(repository: Path) -> None:
    start = git(repository, "rev-parse", "HEAD")
    written = write(repository, "Foo", NEW)
    assert (written.way, written.root, written.branch) == (Way.BRANCH, repository, "vega-gen/Foo")
    assert git(repository, "branch", "--show-current") == "vega-gen/Foo"
    assert git(repository, "rev-parse", "work") == start
    subjects = git(repository, "log", "--reverse", "--format=%s", f"{start}..HEAD").splitlines()
    assert subjects == ["[Foo] registration", "[Foo] SEL", "[Foo] EMI"]
    assert git(repository, "rev-parse", "HEAD") == written.commits[-1]
    assert (repository / "llvm/lib/Target/Foo/FooInstrInfo.cpp").read_text() == STAMPED
    assert git(repository, "status", "--porcelain") == ""


def test_generating_again_goes_on_and_drops_what_is_gone(repository: Path) -> None:
    write(repository, "Foo", NEW)
    first = git(repository, "rev-parse", "HEAD")
    assert write(repository, "Foo", NEW).commits == ()
    assert git(repository, "rev-parse", "HEAD") == first
    again = write(repository, "Foo", NEW[:2])
    assert again.deleted == ("llvm/lib/Target/Foo/MCTargetDesc/FooAsmBackend.cpp",)
    assert not (repository / "llvm/lib/Target/Foo/MCTargetDesc").exists()
    assert git(repository, "rev-parse", "HEAD~1") == first
    assert git(repository, "status", "--porcelain") == ""


def test_an_existing_branch_that_is_not_checked_out_is_refused(repository: Path) -> None:
    write(repository, "Foo", NEW)
    git(repository, "checkout", "--quiet", "work")
    before = snapshot(repository), git_state(repository)
    with pytest.raises(ToolFailure, match="exists already"):
        write(repository, "Foo", NEW)
    assert (snapshot(repository), git_state(repository)) == before


def test_uncommitted_changes_are_refused(repository: Path) -> None:
    (repository / "llvm/include/llvm/Big.h").write_text("mine\n")
    before = snapshot(repository), git_state(repository)
    for target, planned in (("Foo", NEW), ("Bar", HELD_OUT)):
        with pytest.raises(ToolFailure, match="uncommitted") as caught:
            write(repository, target, planned)
        assert "stash" in caught.value.next_step
    assert (snapshot(repository), git_state(repository)) == before


def test_an_untracked_file_in_the_way_is_refused_and_one_elsewhere_is_not(repository: Path) -> None:
    (repository / "notes.txt").write_text("mine\n")
    in_the_way = repository / "llvm/lib/Target/Foo/FooInstrInfo.cpp"
    in_the_way.parent.mkdir()
    in_the_way.write_text(STAMPED)
    with pytest.raises(ToolFailure, match="untracked"):
        write(repository, "Foo", NEW)
    in_the_way.unlink()
    write(repository, "Foo", NEW)
    assert (repository / "notes.txt").read_text() == "mine\n"


def test_a_file_without_the_stamp_is_not_overwritten(repository: Path) -> None:
    with pytest.raises(ToolFailure, match="carries no") as caught:
        write(repository, "Foo", [*NEW, Edit("llvm/CMakeLists.txt", "# Generated by vega-gen\n", "registration")])
    assert caught.value.where == "llvm/CMakeLists.txt"
    assert git(repository, "branch", "--show-current") == "work"


def test_records_of_vega_gen_are_replaced_without_a_stamp(repository: Path) -> None:
    for text in ("{}", "[]"):
        written = write(repository, "Foo", [*NEW, Edit("llvm/lib/Target/Foo/.vega/plan.json", text, "registration")])
        assert (written.root / "llvm/lib/Target/Foo/.vega/plan.json").read_text() == text


def test_a_detached_head_comes_back_detached(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "checkout", "--quiet", "--detach")
    before = snapshot(repository), git_state(repository)
    fail_after_switch(monkeypatch)
    with pytest.raises(ToolFailure):
        write(repository, "Foo", NEW)
    assert (snapshot(repository), git_state(repository)) == before


def fail_after_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = branch._switch

    def switch(*words: object) -> None:
        whole(*words)  # type: ignore[arg-type]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(branch, "_switch", switch)


def fail_in_git(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """As a full disk does it: some files of the switch are there, then git gives up."""
    whole = branch._git

    def run(repo: object, *words: str, **rest: object) -> str:
        if words[0] == word:
            half = Path(repo.working_dir) / "llvm/lib/Target/Foo"  # type: ignore[attr-defined]
            half.mkdir(parents=True)
            (half / "FooInstrInfo.cpp").write_text("// Gen")
            raise ToolFailure("git failed", output="fatal: No space left on device")
        return whole(repo, *words, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(branch, "_git", run)


def test_a_full_disk_while_git_writes_objects(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository), git_state(repository)

    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(branch, "_store", full)
    with pytest.raises(ToolFailure, match="No space left") as caught:
        write(repository, "Foo", NEW)
    assert caught.value.next_step
    assert (snapshot(repository), git_state(repository)) == before


@pytest.mark.parametrize("again", [False, True])
def test_a_full_disk_while_git_switches(repository: Path, monkeypatch: pytest.MonkeyPatch, again: bool) -> None:
    if again:
        write(repository, "Foo", NEW[:1])
    before = snapshot(repository), git_state(repository)
    with monkeypatch.context() as patch:
        if again:
            fail_after_switch(patch)
        else:
            fail_in_git(patch, "checkout")
        with pytest.raises(ToolFailure):
            write(repository, "Foo", NEW)
    assert (snapshot(repository), git_state(repository)) == before
    assert write(repository, "Foo", NEW).put_back is False


def test_an_exception_half_way_passes_on_and_nothing_is_left(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository), git_state(repository)
    whole = branch._switch

    def switch(*words: object) -> None:
        whole(*words)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(branch, "_switch", switch)
    for target, planned in (("Foo", NEW), ("Bar", HELD_OUT)):
        with pytest.raises(KeyboardInterrupt):
            write(repository, target, planned)
        assert (snapshot(repository), git_state(repository)) == before
    assert not (repository.parent / "llvm-project-vega-Bar").exists()


@pytest.mark.parametrize("where", ["llvm/lib/Target", ".git"])
def test_a_read_only_checkout_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    before = snapshot(repository), git_state(repository)
    read_only(monkeypatch, repository / where)
    with pytest.raises(ToolFailure, match="read-only") as caught:
        write(repository, "Foo", NEW)
    assert caught.value.next_step
    assert (snapshot(repository), git_state(repository)) == before


def test_too_little_room_is_told_before_anything_is_written(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository), git_state(repository)
    usage = edits.shutil.disk_usage(repository)._replace(free=1000)
    monkeypatch.setattr(edits.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ToolFailure, match="MiB are needed"):
        write(repository, "Foo", NEW)
    assert (snapshot(repository), git_state(repository)) == before


def test_a_checkout_inside_another_repository_is_a_plain_tree(tmp_path: Path, plain: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert write(plain, "Foo", NEW).way is Way.TREE


# ------------------------------------------------------------------------------------------- (b) held out: sparse worktree


def test_a_held_out_target_goes_to_a_sparse_worktree(repository: Path) -> None:
    files, (head, _, index, status, _, _, _) = snapshot(repository), git_state(repository)
    written = write(repository, "Bar", HELD_OUT)
    place = repository.parent / "llvm-project-vega-Bar"
    assert (written.way, written.root, written.branch) == (Way.WORKTREE, place, "vega-gen/Bar")
    assert snapshot(repository) == files
    assert ((repository / ".git/HEAD").read_text(), git(repository, "ls-files", "--stage")) == (head, index)
    assert git(repository, "status", "--porcelain", "--ignored") == status
    below = {path: data for path, data in snapshot(place).items() if data is not None}
    assert below == {
        "llvm/CMakeLists.txt": b"project(LLVM)\n",  # cone mode keeps the files of the folders above
        "llvm/lib/Target/Bar/Bar.td": b"def Bar : Target;\n",
        "llvm/lib/Target/Bar/README.txt": b"read me\n",
        "llvm/lib/Target/Bar/CMakeLists.txt": HELD_OUT[0].data,
        "llvm/lib/Target/Bar/Bar.cpp": HELD_OUT[1].data,
    }
    assert written.deleted == ("llvm/lib/Target/Bar/Bar.h", "llvm/lib/Target/Bar/MCTargetDesc/BarFixups.h")
    assert git(place, "status", "--porcelain") == ""
    assert "llvm/include/llvm/Big.h" in git(place, "ls-tree", "-r", "--name-only", "HEAD")


def test_out_says_where_and_an_existing_folder_is_refused(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ToolFailure, match="not a worktree"):
        write(repository, "Bar", HELD_OUT, out=tmp_path / "taken")
    with pytest.raises(ToolFailure, match="cannot be written there"):
        write(repository, "Bar", HELD_OUT, out=tmp_path / "no" / "such")
    assert write(repository, "Bar", HELD_OUT, out=tmp_path / "result").root == tmp_path / "result"


def test_generating_a_held_out_target_again(repository: Path) -> None:
    first = write(repository, "Bar", HELD_OUT)
    changed = (HELD_OUT[0], Edit(HELD_OUT[1].path, "// Generated by vega-gen 0.1.0\nint bar = 2;\n", "SEL"))
    second = write(repository, "Bar", changed)
    assert len(second.commits) == 1
    assert (second.root / HELD_OUT[1].path).read_bytes() == changed[1].data
    (second.root / HELD_OUT[1].path).write_text("mine\n")
    with pytest.raises(ToolFailure, match="uncommitted"):
        write(repository, "Bar", HELD_OUT)
    git(second.root, "checkout", "--quiet", ".")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "moved")
    with pytest.raises(ToolFailure, match="another commit") as caught:
        write(repository, "Bar", HELD_OUT)
    subprocess.run(caught.value.next_step.split(", or")[0], shell=True, check=True, capture_output=True)
    assert write(repository, "Bar", HELD_OUT).root == first.root


def test_a_full_disk_while_the_worktree_is_made(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(repository), git_state(repository)
    fail_in_git(monkeypatch, "sparse-checkout")
    with pytest.raises(ToolFailure):
        write(repository, "Bar", HELD_OUT)
    assert (snapshot(repository), git_state(repository)) == before
    assert not (repository.parent / "llvm-project-vega-Bar").exists()
