"""Stack Exchange data dump: Comments.xml, one empty element a comment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from moderation.ingest import jsonlines, tables, xmlrecords
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions
from moderation.ingest.mapping import count


def sniff(head: Head) -> float:
    """Return 0.95 for a document of rows with PostId and Text."""
    name, _ = xmlrecords.root_of(head)
    return 0.95 if name == "comments" and "PostId=" in head.text and "Text=" in head.text else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of rows."""
    return xmlrecords.split_batches(stream, ("row",))


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn rows into comments; the dump holds no parents, and an @name is only a guess at one."""
    batch: xmlrecords.Batch = chunk.payload
    parsed, rejects = xmlrecords.parse_batch(batch, options.input)
    rows = [element.attrib for _, element in parsed]
    names = [row.get("UserDisplayName") or row.get("UserId") for row in rows]
    columns = {
        "comment_id": [row.get("Id", "") for row in rows],
        "thread_id": [row.get("PostId", "") for row in rows],
        "author": names,
        "created_at": [row.get("CreationDate") for row in rows],
        "text": [row.get("Text", "") for row in rows],
        "likes": [count(row.get("Score")) for row in rows],
        "extra": [
            jsonlines.encode({"license": row["ContentLicense"]}) if "ContentLicense" in row else None
            for row in rows
        ],
    }
    table, repaired = tables.record_table(len(rows), "stackexchange", columns)
    return Parsed(table, len(batch.records), rejects, repaired=repaired)


FORMATS = (
    Format(
        name="stackexchange",
        title="Stack Exchange data dump: Comments.xml",
        carries=("ids", "authors", "times", "votes"),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="none",
    ),
)
