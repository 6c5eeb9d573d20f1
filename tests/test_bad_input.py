"""Wrong input from a user, and failures during a run, give a clear error with a next step and write nothing."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny_llvm
from commands import Command, Said
from conftest import ROOT
from trees import git, git_state, read_only, snapshot

from llvm_integration import edits, journal
from vega_gen import resources
from vega_gen.errors import NotFoundError
from vega_gen.function_template import build_template
from vega_gen.groups import FunctionGroup, GroupKind
from vega_gen.records import Module


@pytest.fixture
def refused(command: Command, tiny: Path, td: Path) -> Callable[..., str]:
    """Runs new-target, sees it refuse and leave everything as it was, and returns what it said."""

    def run(*words: object, llvm: Path = tiny, td: Path = td) -> str:
        before = snapshot(tiny.parent)
        said: Said = command("new-target", "--td", td, "--llvm", llvm, "--no-archetypes", *words)
        assert said.status == 2
        assert said.out == ""
        assert said.err.count("vega-gen: error: ") == 1 and "Traceback" not in said.err
        assert "\nnext: " in said.err
        assert snapshot(tiny.parent) == before
        return said.err

    return run


def test_a_td_with_a_syntax_error(refused: Callable[..., str], td: Path) -> None:
    lines = td.read_text().splitlines()
    lines[3] = "def Broken : NoSuchClass;"
    td.write_text("\n".join(lines))
    assert f"vega-gen: error: {td}:4:{len('def Broken : ') + 1}: Couldn't find class 'NoSuchClass'" in refused()


def test_a_td_without_a_target_record(refused: Callable[..., str], td: Path) -> None:
    td.write_text('include "llvm/Target/Target.td"\n')
    assert f"{td}: no record of class Target" in refused()


def test_a_td_that_is_not_there(refused: Callable[..., str], td: Path) -> None:
    assert f"{td}x: cannot be read: No such file or directory" in refused(td=Path(f"{td}x"))


def test_a_td_that_includes_what_is_not_there(refused: Callable[..., str], td: Path) -> None:
    td.write_text(td.read_text() + 'include "Gone.td"\n')
    assert "Could not find include file 'Gone.td'" in refused()


def test_a_td_that_is_not_utf8(refused: Callable[..., str], td: Path) -> None:
    td.write_bytes(td.read_bytes() + b"// caf\xe9\n")
    assert f"{td}:{td.read_bytes().count(10)}: not UTF-8" in refused()


def test_a_donor_that_is_not_utf8(refused: Callable[..., str], tiny: Path) -> None:
    donor = tiny / "llvm/lib/Target/Aaa/AaaInstrInfo.cpp"
    donor.write_bytes(b"// caf\xe9\n" + donor.read_bytes())
    assert f"{donor}:1:7: not UTF-8" in refused()


def test_a_header_that_is_not_utf8(refused: Callable[..., str], td: Path) -> None:
    header = td.parent / "NeuInstrInfo.h"
    header.write_bytes(b"\n// \xff\n")
    assert f"{header}:2: not UTF-8" in refused("--desc", header)


def test_a_description_file_that_is_none(refused: Callable[..., str], td: Path, tmp_path: Path) -> None:
    assert "no such file" in refused("--desc", td.parent / "gone.h")
    assert "Neu.td: not a description file" in refused("--desc", td)
    (tmp_path / "empty").mkdir()
    assert "no .h or .def file in this folder" in refused("--desc", tmp_path / "empty")


def test_no_llvm_option(command: Command, td: Path) -> None:
    said = command("new-target", "--td", td)
    assert said.status == 2
    assert "Missing option '--llvm'" in said.err


def test_not_an_llvm(refused: Callable[..., str], tmp_path: Path) -> None:
    assert f"{tmp_path}: this is not an LLVM source tree: it has no llvm/lib/Target" in refused(llvm=tmp_path)
    assert "gone: no such folder" in refused(llvm=tmp_path / "gone")


@pytest.mark.parametrize("name", ["../Foo", "a/b", "9Bit", "Foo Bar", "-rf", ".git"])
def test_a_name_that_is_no_identifier(refused: Callable[..., str], name: str) -> None:
    assert f"{name!r} cannot name a target" in refused(f"--name={name}")


def test_uncommitted_changes(refused: Callable[..., str], tiny: Path) -> None:
    tiny_llvm.commit(tiny)
    (tiny / "llvm/CMakeLists.txt").write_text("project(Mine)\n")
    before = git_state(tiny)
    assert "uncommitted changes (1), the first: M llvm/CMakeLists.txt" in refused()
    assert git_state(tiny) == before


def test_a_person_s_own_target_is_not_overwritten(command: Command, tiny: Path, td: Path) -> None:
    """Their folder is a target of the checkout: held out like any other, and the result goes beside."""
    tiny_llvm.write_target(tiny / "llvm/lib/Target/Neu", "Neu", 32)
    before = snapshot(tiny)
    said = command("new-target", "--td", td, "--llvm", tiny, "--no-archetypes")
    assert said.status == 0
    assert "this checkout already has Neu" in said.err
    assert snapshot(tiny) == before


def test_a_file_in_the_way_is_not_overwritten(refused: Callable[..., str], tiny: Path) -> None:
    tiny_llvm.put(tiny / "llvm/lib/Target/Neu/NeuInstrInfo.cpp", "int mine;")
    assert "llvm/lib/Target/Neu/NeuInstrInfo.cpp: this file carries no 'Generated by vega-gen' line" in refused()


def test_an_out_that_cannot_be_used(refused: Callable[..., str], tmp_path: Path, tiny: Path) -> None:
    assert "gone/out: the result cannot be written there" in refused("--out", tmp_path / "gone" / "out")
    assert "this folder is not empty, and vega-gen did not make it" in refused("--out", tmp_path / "isa")
    assert "the result cannot be written there" in refused("--out", tiny)


def test_a_read_only_checkout(refused: Callable[..., str], tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny / "llvm/lib/Target"
    read_only(monkeypatch, folder)
    assert f"{folder}: read-only" in refused()


def test_a_full_disk_is_told_before_the_work(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits.shutil, "disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    monkeypatch.setattr("vega_gen.pipeline.backend.generate", lambda *_, **__: pytest.fail("the work was begun"))
    assert "1 MiB are free on this disk, 16 MiB are needed" in refused()


def failing_write(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The fourth file cannot be written."""
    real, count = journal.write_file, [0]

    def write(path: Path, data: bytes) -> None:
        count[0] += 1
        if count[0] == 4:
            path.write_bytes(data[:10])
            raise error
        real(path, data)

    monkeypatch.setattr(journal, "write_file", write)


def test_a_disk_that_fails_half_way(refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    failing_write(monkeypatch, OSError(errno.EIO, os.strerror(errno.EIO)))
    assert "Input/output error; the tree is as it was" in refused()


def test_a_process_that_is_ended_half_way(command: Command, tiny: Path, td: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot(tiny)
    failing_write(monkeypatch, SystemExit(143))
    assert command("new-target", "--td", td, "--llvm", tiny, "--no-archetypes").status == 143
    assert snapshot(tiny) == before


def test_a_git_that_fails_half_way(refused: Callable[..., str], tiny: Path) -> None:
    """A lock on the branch: the commits are made, the switch to them fails."""
    tiny_llvm.commit(tiny)
    lock = tiny / ".git/refs/heads/vega-gen/Neu.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    before = git_state(tiny)
    assert "git checkout failed; the checkout is as it was" in refused()
    assert git_state(tiny) == before
    assert git(tiny, "branch", "--show-current") == "main"


def test_what_a_killed_run_left_is_put_back_first(command: Command, tiny: Path, td: Path) -> None:
    """A half-written target with an unfinished journal: taken back before the tree is read."""
    before = {path: data for path, data in snapshot(tiny).items() if "Neu" not in path}
    run = tiny / ".vega-gen/0001"
    change = '{"path": "llvm/lib/Target/Half/Half.td", "backup": "", "digest": "0", "made": ["llvm/lib/Target/Half"]}'
    tiny_llvm.put(run / "journal.jsonl", '{"begin": {"pid": 999999999, "started": 1.0}, "created": false}\n' + change)
    tiny_llvm.put(tiny / "llvm/lib/Target/Half/Half.td", tiny_llvm.toy_td("Half"))
    said = command("new-target", "--td", td, "--llvm", tiny, "--no-archetypes")
    assert said.status == 0, said.err
    assert not (tiny / "llvm/lib/Target/Half").exists()
    after = snapshot(tiny)
    changed = {path for path in before if after[path] != before[path]}
    assert all(b"neu" in (after[path] or b"").lower() for path in changed)  # the registration's edits


def test_a_checkout_without_donors(command: Command, tmp_path: Path, llvm_source: Path, td: Path) -> None:
    """All that it has is the held-out target."""
    alone = tiny_llvm.make(tmp_path / "alone", llvm_source, ("Ccc",))
    before = snapshot(tmp_path)
    said = command("new-target", "--td", alone / "llvm/lib/Target/Ccc/Ccc.td", "--llvm", alone, "--no-archetypes")
    assert said.status == 2
    assert "no function could be planned for Ccc" in said.err and "\nnext: " in said.err
    assert snapshot(tmp_path) == before


def test_a_group_with_no_donor() -> None:
    group = FunctionGroup("InstrInfo::isLonely", GroupKind.OVERRIDE, "TargetInstrInfo::isLonely", "<T>InstrInfo", Module.SCH, ())
    with pytest.raises(NotFoundError, match="InstrInfo::isLonely has no donor") as caught:
        build_template(group, (), {}, {})
    assert "--corpus DIR" in caught.value.next_step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"RISCV = [\n", "holdouts.toml: not TOML: Invalid value (at end of document)"),
        (b'"\xff" = 1\n', "holdouts.toml: not UTF-8: byte 0xff"),
        (None, "holdouts.toml: cannot be read: No such file or directory"),
    ],
    ids=["not TOML", "not UTF-8", "missing"],
)
def test_settings_that_cannot_be_read(
    refused: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes | None, said: str
) -> None:
    """As in an installation that somebody edited: which file, and what to do."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "targets/settings", data / "targets/settings")
    (data / "templates").symlink_to(ROOT / "templates")
    broken = data / "targets/settings/holdouts.toml"
    broken.unlink()
    if text is not None:
        broken.write_bytes(text)
    monkeypatch.setattr(resources, "_root", lambda: data)
    resources.settings.cache_clear()
    try:
        assert f"vega-gen: error: {data}/targets/settings/{said}" in refused()
    finally:
        resources.settings.cache_clear()
