"""Isso's own database: the SQLite file `comments.db`."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from moderation.errors import DataError
from moderation.ingest import jsonlines, tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused, Reject

LARGEST = 512 << 20
CHUNK_ROWS = 5_000
STEPS = 50_000_000
"""Steps of SQLite's machine between two rows: more is a database made to hang its reader."""

_MAGIC = b"SQLite format 3\0"
_NEEDED = ("id", "tid", "parent", "created", "text", "author")
_OPTIONAL = ("modified", "mode", "website", "likes", "dislikes")
_STATUS = {2: "pending", 4: "deleted"}
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_PRAGMA)


def sniff(head: Head) -> float:
    """Return 0.9 for any SQLite database: which tables it holds, `split` sees."""
    return 0.9 if head.data.startswith(_MAGIC) else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield the rows of `comments` some thousand at a time, each with its thread."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(f"{options.input}: a database may have {LARGEST >> 20} MiB; export it by thread")
    database = sqlite3.connect(":memory:")
    start = 1
    try:
        rows = _rows(database, data, options)
        while batch := rows.fetchmany(CHUNK_ROWS):
            yield Chunk(batch, start)
            start += len(batch)
    except (sqlite3.Error, OverflowError) as error:
        if start == 1:
            raise DataError(f"{options.input}: the SQLite database cannot be read: {error}") from error
        yield Chunk(Refused(f"row {start}", f"the SQLite database is damaged: {error}"), start)
    finally:
        database.close()


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn rows of the database into comments."""
    rows: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for number, values in enumerate(chunk.payload, chunk.start):
        record = dict(zip((*_NEEDED, "uri", "title", *_OPTIONAL), values, strict=True))
        if record["id"] is None or isinstance(record["text"], (bytes, float)):
            rejects.append(Reject(options.input, f"row {number}", "no comment with an id and a text"))
        else:
            rows.append(_comment(record))
    table, repaired = tables.rows_table(rows, "isso-sqlite")
    return Parsed(table, len(chunk.payload), rejects, Counter(), repaired)


FORMATS = (
    Format(
        name="isso-sqlite",
        title="Isso: its SQLite database (comments.db)",
        carries=("ids", "parents", "authors", "times", "votes", "status", "titles"),
        sniff=sniff,
        split=split,
        parse=parse,
        binary=True,
    ),
)


def _rows(database: sqlite3.Connection, data: bytes, options: ReadOptions) -> sqlite3.Cursor:
    # A copy in memory cannot have the write-ahead log that the header may ask for.
    database.deserialize(data[:18] + b"\1\1" + data[20:])
    database.text_factory = lambda raw: raw.decode("utf-8", "replace")
    database.execute("PRAGMA trusted_schema = OFF")
    database.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
    )
    database.set_progress_handler(lambda: 1, STEPS)
    found: dict[str, str] = dict(database.execute("SELECT name, type FROM sqlite_master"))
    columns = [row[1] for row in database.execute("PRAGMA table_info(comments)")]
    lacking = [name for name in _NEEDED if name not in columns]
    if found.get("comments") != "table" or found.get("threads") != "table" or lacking:
        held = ", ".join(sorted(name for name, kind in found.items() if kind == "table")[:8]) or "nothing"
        raise DataError(
            f"{options.input}: a SQLite database, but not of Isso (it holds {held}); export the comments as "
            f'CSV: sqlite3 -header -csv FILE "select * from TABLE"'
        )
    wanted = [f"comments.{name}" for name in _NEEDED] + ["threads.uri", "threads.title"]
    wanted += [f"comments.{name}" if name in columns else "NULL" for name in _OPTIONAL]
    return database.execute(
        f"SELECT {', '.join(wanted)} FROM comments LEFT JOIN threads ON threads.id = comments.tid "
        "ORDER BY comments.rowid"
    )


def _comment(record: dict[str, Any]) -> dict[str, Any]:
    parent = record["parent"]
    extra = {name: record[name] for name in ("dislikes", "modified", "website") if record[name]}
    status = _STATUS.get(record["mode"], "visible")
    return {
        "comment_id": str(record["id"]),
        "thread_id": str(record["uri"] or record["tid"] or ""),
        "parent_id": None if parent in (None, 0, "") else str(parent),
        "author": None if record["author"] in (None, "") else str(record["author"]),
        "created_at": record["created"],
        "text": str(record["text"] or "").replace("\r\n", "\n"),
        "status": status,
        "likes": record["likes"] if isinstance(record["likes"], int) else None,
        "thread_title": None if record["title"] is None else str(record["title"]),
        "extra": jsonlines.encode(extra) if extra else None,
    }
