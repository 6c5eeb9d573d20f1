"""store: the cache, its limit, what happens where it cannot be written; and ``vega-gen cache``."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from commands import Command
from conftest import ROOT

from llvm_integration.failure import Failure
from vega_gen import store
from vega_gen.records import Donor

MEGABYTE = 1 << 20


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def python(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"from vega_gen import store\n{code}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, **more})


def test_it_keeps_and_distrusts_damage(cache: Path) -> None:
    assert store.cache_get("s", "k") is None
    store.cache_put("s", "k", b"data")
    assert store.cache_get("s", "k") == b"data"
    (cache / "s/k").write_bytes((cache / "s/k").read_bytes()[:-1])
    assert store.cache_get("s", "k") is None


def test_a_record_that_is_damaged_is_none(cache: Path) -> None:
    donor = Donor("Aaa", "A.cpp", 1)
    assert store.cache_load(Donor, "s", "k") is None
    store.cache_dump(donor, "s", "k")
    assert store.cache_load(Donor, "s", "k") == donor
    (cache / "s/k").write_bytes(b"{")
    assert store.cache_load(Donor, "s", "k") is None


def test_a_process_leaves_the_cache_within_its_limit(cache: Path) -> None:
    """What was used longest ago goes first; being read is being used."""
    fill = "for name in 'abcd': store.cache_put('kind', name, bytes(1 << 20))"
    python(fill, VEGA_GEN_CACHE_LIMIT="10M")
    for age, name in enumerate("dcba"):
        os.utime(cache / "kind" / name, (age + 1, age + 1))
    assert store.cache_get("kind", "d") is not None
    python("store.cache_put('kind', 'e', bytes(1 << 20))", VEGA_GEN_CACHE_LIMIT="3M")
    assert sorted(p.name for p in (cache / "kind").iterdir()) == ["d", "e"]
    assert sum(p.stat().st_size for p in (cache / "kind").iterdir()) <= 3 * MEGABYTE


def test_a_folder_that_a_process_works_in_stays(cache: Path) -> None:
    code = """import sys
from vega_gen import store
(store.cache_folder("work", "x") / "file").write_bytes(bytes(1 << 20))
print(flush=True)
sys.stdin.read()"""
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert worker.stdout is not None and worker.stdout.readline()
        store.cache_trim(cache, 0)
        assert store.cache_clear() == (0, 1)
        assert (cache / "work/x/file").is_file()
    finally:
        worker.communicate()
    store.cache_trim(cache, 0)
    assert not (cache / "work/x").exists()


def test_what_is_being_written_stays(cache: Path) -> None:
    (cache / "kind").mkdir(parents=True)
    (cache / "kind/.k.abc").write_bytes(b"half")
    assert store.cache_clear() == (0, 0)
    os.utime(cache / "kind/.k.abc", (1, 1))  # whoever wrote it was killed
    assert store.cache_clear() == (4, 0)


@pytest.mark.parametrize(("text", "size"), [("1000", 1000), ("500M", 500 << 20), ("4g", 4 << 30), ("2 GiB", 2 << 30), ("", 2 << 30)])
def test_the_limit(text: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE_LIMIT", text)
    assert store.cache_limit() == size


def test_a_limit_that_is_no_size(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEGA_GEN_CACHE_LIMIT", "much")
    said = command("cache")
    assert said.status == 2
    assert "VEGA_GEN_CACHE_LIMIT is 'much', not a size" in said.err and "next: give a number of bytes" in said.err


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_cache_that_cannot_be_written_is_told_once(
    number: int, cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with caplog.at_level(logging.WARNING):
        store.cache_put("s", "k", b"1")
        store.cache_put("s", "l", b"2")
        store.cache_dump(Donor("Aaa", "A.cpp", 1), "s", "m")
    (record,) = caplog.records
    assert record.getMessage() == (
        "the cache cannot be written, so nothing is kept for the next run: "
        f"{cache}/s/k: cannot write: {os.strerror(number)}; free some space on that disk, or name another folder with VEGA_GEN_CACHE"
    )
    assert store.cache_get("s", "k") is None


def test_work_goes_on_without_a_cache(tmp_path: Path, tiny: Path, command: Command) -> None:
    """The cache would lie below a file; the notice stands on standard error, the answer is the same."""
    (tmp_path / "file").touch()
    words = [sys.executable, "-m", "vega_gen", "mine", "--llvm", str(tiny), "--json"]
    kept = command(*words[3:])
    done = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "VEGA_GEN_CACHE": str(tmp_path / "file/cache")}
    )
    assert orjson.loads(done.stdout) == orjson.loads(kept.out)
    assert done.stderr.count("the cache cannot be written") == 1 and "Traceback" not in done.stderr


def test_a_folder_to_work_in_needs_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VEGA_GEN_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(Failure, match="the cache cannot be written: Not a directory") as caught:
        store.cache_folder("work", "x")
    assert caught.value.where == str(tmp_path / "file/cache/work/x") and "VEGA_GEN_CACHE" in caught.value.next_step


def test_a_folder_that_may_only_be_read(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(os, "access", refuse)
    with pytest.raises(Failure, match="the cache cannot be written: it is read-only"):
        store.cache_folder("work", "x")


def test_it_is_shown_and_cleared(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "own"
    monkeypatch.setenv("VEGA_GEN_CACHE", str(cache))

    def put() -> None:
        store.cache_put("plan", "p", bytes(2 << 20))
        store.cache_put("cxx", "c", bytes(10))

    put()
    shown = command("cache")
    assert "plan" in shown.out and f"{cache}: 2.0 MiB of at most 2.0 GiB" in shown.out
    found = orjson.loads(command("cache", "--json").out)
    assert [(k["kind"], k["entries"]) for k in found["kinds"]] == [("plan", 1), ("cxx", 1)]
    assert command("cache", "clear", "plan").out == "2.0 MiB freed\n"
    assert store.cache_get("plan", "p") is None and store.cache_get("cxx", "c") is not None
    wrong = command("cache", "clear", "plans")
    assert wrong.status == 2 and "next: kinds: cxx" in wrong.err
    put()
    assert command("cache", "clear").status == 0
    assert store.cache_use() == ()
