"""The journal of benchmarks/torture.py."""

from __future__ import annotations

from pathlib import Path

from benchmarks.torture import Outcome, read_journal


def test_a_journal_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    assert read_journal(journal) == {}
    journal.write_text(
        '{"name":"a","level":"-O0","reference":"","generated":"exit status 1"}\n{"name":"b","level":"-O2","reference":""}\n{"name":"c","lev'
    )
    assert read_journal(journal) == {("a", "-O0"): Outcome("a", "-O0", "", "exit status 1")}
