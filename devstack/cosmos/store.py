"""The SQLite file under the account: one connection, one writer, a transaction for each request.

WAL with ``synchronous=NORMAL``: an acknowledged write survives the death of the process at any moment; a
power cut may lose the last moments (never the file). Items lie in one table for each container,
``docs_<number>``, in the order of their creation (``seq`` = LSN of the creation × 256 + place in its batch),
so that a page of a query can resume after an item whatever is written meanwhile.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS databases (id TEXT PRIMARY KEY, number INTEGER NOT NULL, ts INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS containers (
    number INTEGER PRIMARY KEY, db INTEGER NOT NULL, id TEXT NOT NULL, definition TEXT NOT NULL,
    ts INTEGER NOT NULL, rus INTEGER, UNIQUE (db, id));
CREATE TABLE IF NOT EXISTS lsns (container INTEGER PRIMARY KEY, lsn INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS ranges (
    container INTEGER NOT NULL, id INTEGER NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL,
    parents TEXT NOT NULL, live INTEGER NOT NULL, PRIMARY KEY (container, id)) WITHOUT ROWID;
"""

DOCS = """
CREATE TABLE docs_{n} (
    seq INTEGER PRIMARY KEY, epk TEXT NOT NULL, pk TEXT NOT NULL, id TEXT NOT NULL, lsn INTEGER NOT NULL,
    ts INTEGER NOT NULL, ttl INTEGER, etag TEXT NOT NULL, body BLOB NOT NULL);
CREATE UNIQUE INDEX docs_{n}_key ON docs_{n} (pk, id);
CREATE INDEX docs_{n}_pk ON docs_{n} (pk);
CREATE INDEX docs_{n}_lsn ON docs_{n} (lsn);
"""


class Store:
    """The open file. ``path`` None keeps everything in memory (nothing survives the process)."""

    def __init__(self, path: Path | None) -> None:
        self._lock_file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock_file = path.with_suffix(".lock").open("w")
            try:
                fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._lock_file.close()
                raise RuntimeError(
                    f"{path} is served by another process: stop it, or use another --data"
                ) from None
        self.connection = sqlite3.connect(path or ":memory:", isolation_level=None, cached_statements=512)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=NORMAL")
        self.connection.execute("PRAGMA cache_size=-65536")
        self.connection.executescript(SCHEMA)
        self.execute = self.connection.execute

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. No ``await`` may happen inside: that is what isolates requests from each other."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk ends it by itself
                self.execute("ROLLBACK")
            raise

    def add_docs_table(self, number: int) -> None:
        """The table of a new container; part of the surrounding transaction."""
        for statement in DOCS.format(n=number).split(";"):
            if statement.strip():
                self.execute(statement)

    def next_number(self, name: str) -> int:
        """The next number of a series; numbers are never used twice, not even after a deletion."""
        row = self.execute(
            "INSERT INTO meta VALUES (?, 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        ).fetchone()
        number: int = row[0]
        return number

    def rows(self, sql: str, *arguments: Any) -> list[Any]:
        """All rows of a query."""
        return self.execute(sql, arguments).fetchall()

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self.connection.close()
        if self._lock_file is not None:
            self._lock_file.close()
