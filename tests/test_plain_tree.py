"""The writer on a tree without git: writing, undoing, and restoring the tree when anything fails."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from trees import HELD_OUT, NEW, STAMPED, read_only, snapshot

from llvm_integration import checkout, journal
from llvm_integration.checkout import Edit, Way, write
from llvm_integration.failure import ToolFailure


def test_a_plain_tree_is_written_and_undone(plain: Path) -> None:
    before = snapshot(plain)
    written = write(plain, "Foo", NEW)
    assert (written.way, written.root, written.branch, written.commits) == (Way.TREE, plain, "", ())
    assert (plain / NEW[1].path).read_text() == STAMPED
    assert checkout.undo(plain, "New") == tuple(edit.path for edit in NEW)
    assert snapshot(plain) == before
    with pytest.raises(ToolFailure, match="nothing to undo"):
        checkout.undo(plain, "New")


def test_undo_takes_back_one_run_after_the_other(plain: Path) -> None:
    write(plain, "Foo", NEW)
    first = {path: data for path, data in snapshot(plain).items() if not path.startswith(".vega-gen")}
    write(plain, "Foo", [NEW[0], Edit(NEW[1].path, STAMPED + "int y;\n", "SEL")])
    assert not (plain / NEW[2].path).exists()
    checkout.undo(plain, "New")
    assert {path: data for path, data in snapshot(plain).items() if not path.startswith(".vega-gen")} == first


def test_undo_keeps_a_person_s_change(plain: Path) -> None:
    write(plain, "Foo", NEW)
    (plain / NEW[1].path).write_text("mine\n")
    with pytest.raises(ToolFailure, match="changed since"):
        checkout.undo(plain, "New")
    assert (plain / NEW[1].path).read_text() == "mine\n"
    assert (plain / NEW[0].path).exists()


def test_a_held_out_target_of_a_plain_tree_goes_to_a_folder(plain: Path) -> None:
    before = snapshot(plain)
    written = write(plain, "Bar", HELD_OUT)
    place = plain.parent / "llvm-project-vega-Bar"
    assert (written.way, written.root) == (Way.FOLDER, place)
    assert snapshot(plain) == before
    below = {path for path, data in snapshot(place).items() if data is not None and not path.startswith(".vega-gen")}
    assert below == {f"llvm/lib/Target/Bar/{name}" for name in ("Bar.td", "README.txt", "CMakeLists.txt", "Bar.cpp")}
    (plain / "llvm/lib/Target/Bar/Bar.td").write_text("def Bar : Target; // changed\n")
    write(plain, "Bar", HELD_OUT[:1])
    assert "changed" in (place / "llvm/lib/Target/Bar/Bar.td").read_text()
    assert not (place / HELD_OUT[1].path).exists()
    checkout.undo(place, "New")
    checkout.undo(place, "New")
    assert not place.exists()


def test_a_folder_that_is_not_ours_is_refused(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    with pytest.raises(ToolFailure, match="not empty"):
        write(plain, "Bar", HELD_OUT, out=tmp_path / "mine")
    assert snapshot(tmp_path / "mine") == {"file": b"x"}


def test_a_file_without_the_stamp_stays_in_a_plain_tree(plain: Path) -> None:
    mine = plain / NEW[1].path
    mine.parent.mkdir()
    mine.write_text("mine\n")
    before = snapshot(plain)
    with pytest.raises(ToolFailure, match="carries no"):
        write(plain, "Foo", NEW)
    assert snapshot(plain) == before


@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_plain_tree_is_put_back_on_any_failure(plain: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    write(plain, "Foo", NEW[:2])
    before = snapshot(plain)
    real = journal.write_file

    def full(path: Path, data: bytes) -> None:
        real(path, data[:5])
        if path.name == "FooAsmBackend.cpp":
            raise failure

    monkeypatch.setattr(journal, "write_file", full)
    with pytest.raises((ToolFailure, KeyboardInterrupt)) as caught:
        write(plain, "Foo", [NEW[0], Edit(NEW[1].path, STAMPED + "int y;\n", "SEL"), NEW[2]])
    if isinstance(failure, OSError):
        assert "No space left" in str(caught.value)
    assert snapshot(plain) == before


def test_a_read_only_plain_tree_is_refused(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(plain)
    read_only(monkeypatch, plain / "llvm/lib/Target")
    with pytest.raises(ToolFailure, match="read-only"):
        write(plain, "Foo", NEW)
    assert snapshot(plain) == before


def test_a_link_out_of_the_tree_is_refused(plain: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (plain / "llvm/lib/Target/Foo").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ToolFailure, match="link leads out"):
        write(plain, "Foo", NEW)
    assert not any((tmp_path / "elsewhere").iterdir())
