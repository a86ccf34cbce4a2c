"""Reddit's API: listings within listings, and the "more" that says what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec

from moderation.errors import DataError
from moderation.ingest import jsontree
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused, Reject
from moderation.ingest.formats.reddit import Record, records_table

LARGEST = 512 << 20
CHUNK_RECORDS = 5_000
MISSING = "more: replies that the dump does not hold"


@dataclass(slots=True)
class Things:
    """Payload: comments and submissions as they are, and what else was met."""

    records: list[dict[str, Any]] = field(default_factory=list)
    other: Counter[str] = field(default_factory=Counter)


def sniff(head: Head) -> float:
    """Return 0.9 for listings of things of kind t1, t3 or more."""
    text = head.text.lstrip()
    if text[:1] not in ("{", "[") or '"kind"' not in text[:65536]:
        return 0.0
    document, _ = jsontree.read_partly(text.encode("utf-8", "replace"))
    first = document[0] if isinstance(document, list) and document else document
    if isinstance(first, dict) and first.get("kind") == "Listing" and "data" in first:
        return 0.9
    return 0.9 if any(kind in ("t1", "t3", "more") for kind, _ in _things(document)) else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield some thousand things at a time, replies after what they answer."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(f"{options.input}: a Reddit listing may have {LARGEST >> 20} MiB; split it")
    document, damage = jsontree.read_document(data)
    things, start = Things(), 1
    number = 0
    for number, (kind, thing) in enumerate(_things(document), 1):
        if kind in ("t1", "t3"):
            things.records.append(thing)
        else:
            things.other[MISSING if kind == "more" else "no comment"] += 1
        if len(things.records) >= CHUNK_RECORDS:
            yield Chunk(things, start)
            things, start = Things(), number + 1
    if things.records or things.other:
        yield Chunk(things, start)
    if damage:
        yield Chunk(
            Refused("end of the document", f"the JSON document is damaged or cut off: {damage}"), number + 1
        )


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn comments and submissions into rows; a `more` is counted as skipped."""
    things: Things = chunk.payload
    records, rejects = [], []
    for number, thing in enumerate(things.records, chunk.start):
        try:
            records.append(msgspec.convert(thing, Record, strict=False))
        except msgspec.ValidationError as error:
            rejects.append(Reject(options.input, f"record {number}", f"no comment or submission: {error}"))
    table, unsound, repaired = records_table(records, "reddit-api", options.input, chunk.start)
    read = len(things.records) + things.other.total()
    return Parsed(table, read, rejects + unsound, things.other, repaired)


FORMATS = (
    Format(
        name="reddit-api",
        title="Reddit API JSON: a submission with its nested comments, listings, morechildren",
        carries=("ids", "parents", "authors", "times", "votes", "status", "titles"),
        sniff=sniff,
        split=split,
        parse=parse,
    ),
)


def _things(document: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield kind and data of all things in reading order, without recursion: threads go thousands deep."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
            continue
        if not isinstance(node, dict):
            continue
        data = node.get("data")
        kind = node.get("kind")
        if kind == "Listing" and isinstance(data, dict):
            waiting.append(data.get("children"))
        elif isinstance(kind, str) and isinstance(data, dict):
            # Without its replies, which come by themselves: each would carry its whole subtree.
            yield kind, {name: value for name, value in data.items() if name != "replies"}
            # `replies` is a listing, or "" where there are none.
            waiting.append(data.get("replies"))
        elif isinstance(node.get("json"), dict):
            # /api/morechildren answers with a flat list.
            inner = node["json"].get("data")
            waiting.append(inner.get("things") if isinstance(inner, dict) else None)
