"""store: manifests, journal."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llvm_integration.failure import Failure
from vega_gen import store
from vega_gen.errors import InputError
from vega_gen.records import Description, Donor, Judgement, Module, Statement, StatementKind, Verdict

JUDGEMENT = Judgement("A::f", "f", "A.cpp", 3, Module.SEL, True, Verdict.PASSED, statements=(1, 2, 3), seconds=0.5)


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    store.dump(JUDGEMENT, tmp_path / "j.json")
    assert store.load(Judgement, tmp_path / "j.json") == JUDGEMENT
    written = orjson.loads((tmp_path / "j.json").read_bytes())
    assert written["schema"] == "Judgement"
    assert written["version"] == store.VERSION
    assert isinstance(written["record"], list)


def statements() -> st.SearchStrategy[Statement]:
    words = st.lists(st.text(min_size=1, max_size=4), max_size=3).map(tuple)

    def build(children: st.SearchStrategy[Statement]) -> st.SearchStrategy[Statement]:
        return st.builds(
            Statement,
            kind=st.sampled_from(StatementKind),
            head=words,
            children=st.lists(children, max_size=2).map(tuple),
            braced=st.booleans(),
            tail=words,
            line=st.integers(0, 99),
        )

    return st.recursive(st.builds(Statement, st.sampled_from(StatementKind), words), build, max_leaves=5)


@given(statements())
def test_trees_survive_the_codec(statement: Statement) -> None:
    encode, decode = store.codec(Statement)
    assert decode(orjson.loads(orjson.dumps(encode(statement)))) == statement


def test_sets_dicts_and_unions_survive_the_codec() -> None:
    for hint, value in (
        (frozenset[str], frozenset({"b", "a"})),
        (dict[str, tuple[int, ...]], {"a": (1, 2)}),
        (bool | None, None),
        (bool | None, False),
        (tuple[tuple[int, int], ...], ((1, 2), (3, 4))),
    ):
        encode, decode = store.codec(hint)
        assert decode(orjson.loads(orjson.dumps(encode(value)))) == value
    store.codec(Description)


def test_a_field_of_the_wrong_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    store.dump(Donor("Lanai", "A.cpp", 1), path)
    envelope = orjson.loads(path.read_bytes())
    for record in (["Lanai", "A.cpp", "1"], ["Lanai", "A.cpp", True], ["Lanai", "A.cpp"], "Lanai"):
        path.write_bytes(orjson.dumps({**envelope, "record": record}))
        with pytest.raises(InputError, match="damaged manifest"):
            store.load(Donor, path)


def test_another_schema_version_or_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    store.dump(Donor("Lanai", "A.cpp", 1), path)
    with pytest.raises(InputError, match="holds a Donor, not a Judgement"):
        store.load(Judgement, path)
    envelope = orjson.loads(path.read_bytes())
    for change in ({"version": store.VERSION + 1}, {"shape": "0" * 16}):
        path.write_bytes(orjson.dumps({**envelope, **change}))
        with pytest.raises(InputError, match="another version"):
            store.load(Donor, path)


def test_a_truncated_manifest_says_where(tmp_path: Path) -> None:
    path = tmp_path / "j.json"
    store.dump(JUDGEMENT, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError) as caught:
        store.load(Judgement, path)
    assert caught.value.where.startswith(f"{path}:1:")
    assert caught.value.next_step


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    store.write_atomic(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failure, match="No space left"):
        store.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_digest_tells_where_parts_end() -> None:
    assert store.digest("ab", "c") != store.digest("a", "bc")
    assert store.digest("ab") == store.digest(b"ab")


def test_the_journal_keeps_entries_over_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom vega_gen.store import Journal\n"
        f"j = Journal(Path({str(path)!r}))\nj.record('a', b'1')\nj.record('b', b'2')\nj.record('a', b'3')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent.parent, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    with store.Journal(path) as journal:
        assert journal.get("a") == b"3"
        assert journal.get("c") is None
        assert sorted(journal.items()) == [("a", b"3"), ("b", b"2")]
        assert len(journal) == 2


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(InputError, match="not a journal"):
        store.Journal(path)
