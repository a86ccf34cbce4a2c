"""One comment a line: only where the user says so, for any text would pass for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from moderation.ingest import tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions
from moderation.ingest.ids import number_occurrences
from moderation.ingest.linesplit import split_lines


def sniff(head: Head) -> float:
    """Return 0: nothing in a text shows that each of its lines is a comment."""
    return 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of whole lines."""
    return split_lines(stream)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn each line that is not blank into a comment."""
    lines = chunk.payload.data.decode("utf-8", "moderation-sentinel").split("\n")[: chunk.payload.count]
    texts = [line.rstrip("\r") for line in lines if line.strip()]
    nothing: list[str | None] = [None] * len(texts)
    ids = number_occurrences(
        [""] * len(texts), nothing, nothing, texts, "" if chunk.start == 1 else str(chunk.start)
    )
    table, repaired = tables.record_table(len(texts), "lines", {"comment_id": ids, "text": texts})
    skipped = Counter({"blank line": len(lines) - len(texts)}) if len(lines) > len(texts) else Counter[str]()
    return Parsed(table, chunk.payload.count, skipped=skipped, repaired=repaired)


FORMATS = (
    Format(
        name="lines",
        title="one comment a line, of any text (only with --format lines)",
        carries=(),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="none",
    ),
)
