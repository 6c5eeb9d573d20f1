"""The run journal: results of a long run, stored durably as they come, so that the next run resumes after a kill or a power cut."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from llvm_integration.failure import Failure
from vega_gen.errors import InputError


class Journal:
    """A durable map from key to payload in SQLite. Once ``record`` returns, its entry survives kill -9 and a power cut
    (WAL, synchronous=FULL)."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal. Raises InputError if the file is not a journal, Failure if it cannot be created."""
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        except (OSError, sqlite3.OperationalError) as error:
            raise Failure(f"cannot open journal: {error}", str(path), "choose a folder that can be written") from None
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, payload BLOB NOT NULL)")
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise InputError(f"not a journal: {error}", str(path), "delete it to start anew") from None

    def record(self, key: str, payload: bytes) -> None:
        """Store ``payload`` under ``key``, replacing an earlier one. Raises Failure if it cannot be written."""
        try:
            self._db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", (key, payload))
        except sqlite3.OperationalError as error:
            raise Failure(f"cannot write journal: {error}", str(self._path), "free some disk and run the command again") from None

    def get(self, key: str) -> bytes | None:
        """Return the payload under ``key``, None if there is none."""
        row = self._db.execute("SELECT payload FROM entries WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Yield all (key, payload) entries in the order in which they were last recorded."""
        for key, payload in self._db.execute("SELECT key, payload FROM entries ORDER BY rowid").fetchall():
            yield str(key), bytes(payload)

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM entries").fetchone()[0])

    def close(self) -> None:
        """Close the file; the journal must not be used afterwards."""
        self._db.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
