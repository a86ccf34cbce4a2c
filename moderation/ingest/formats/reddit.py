"""Reddit dumps of Pushshift and Arctic Shift: comments and submissions, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from moderation.ingest import jsonlines, tables
from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Format, Head, Parsed, ReadOptions, Reject
from moderation.ingest.formats.jsonrecords import head_records
from moderation.ingest.linesplit import split_lines

DELETED = "[deleted]"
PLACEHOLDERS = {DELETED: "deleted", "[removed]": "removed", "[removed by reddit]": "removed"}
SITE = "https://www.reddit.com"

Drifting = str | int | float | bool | None
"""Types that one field had over the years: created_utc was int, then string, then int, then float."""


class Record(msgspec.Struct, omit_defaults=True):
    """The fields of a comment or submission that are used; the others are not decoded.

    The first ones have a column of their own. The rest is what a moderator or researcher may still want:
    it goes to `extra` where it differs from its default, which is what nearly all records hold.
    """

    id: Drifting = None
    name: Drifting = None
    author: Drifting = None
    body: Drifting = None
    selftext: Drifting = None
    title: Drifting = None
    created_utc: Drifting = None
    link_id: Drifting = None
    parent_id: Drifting = None
    score: Drifting = None
    permalink: Drifting = None
    subreddit: Drifting = None
    url: Drifting = None
    edited: Drifting = False
    downs: Drifting = 0
    controversiality: Drifting = 0
    gilded: Drifting = 0
    distinguished: Drifting = None
    stickied: Drifting = False
    is_submitter: Drifting = False
    locked: Drifting = False
    score_hidden: Drifting = False
    author_flair_text: Drifting = None
    num_reports: Any = None
    user_reports: Any = msgspec.field(default_factory=list)
    mod_reports: Any = msgspec.field(default_factory=list)
    removal_reason: Any = None
    removed_by_category: Any = None
    collapsed_reason: Any = None
    media_metadata: Any = None
    over_18: Drifting = False
    num_comments: Drifting = None
    link_flair_text: Drifting = None
    meta: Any = msgspec.field(name="_meta", default=None)


_DECODER = msgspec.json.Decoder(Record)
_ENCODER = msgspec.json.Encoder()
_NO_TEXT = pa.scalar(None, pa.string())


def sniff(head: Head) -> float:
    """Return how surely the lines are Reddit's comments or submissions."""
    records = head_records(head)
    hits = sum(1 for record in records if is_record(record))
    return 0.95 if hits and 2 * hits > len(records) else 0.0


def is_record(record: dict[str, Any]) -> bool:
    """Return True for an object with the fields of a comment or submission."""
    names = record.keys()
    if "body" in names:
        return bool({"link_id", "subreddit", "subreddit_id"} & names) and "author" in names
    return {"title", "subreddit"} <= names and bool({"selftext", "permalink", "is_self"} & names)


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield chunks of whole lines."""
    return split_lines(stream)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn comments and submissions into rows."""
    lines = chunk.payload
    decoded = jsonlines.decode_lines(lines.data, lines.count, chunk.start, options.input, _DECODER)
    table, rejects, repaired = records_table(decoded.records, "reddit", options.input, chunk.start)
    return Parsed(table, decoded.read, decoded.rejects + rejects, decoded.skipped, repaired)


def records_table(
    records: Sequence[Record], source: str, input_name: str, start: int
) -> tuple[pa.Table, list[Reject], int]:
    """Return the record table of decoded comments and submissions, rejects and the number repaired.

    Parameters
    ----------
    records : sequence of Record
        Their fields are cleared.
    source : str
        Name of the format.
    input_name, start : str, int
        For rejects: those without id or text.
    """
    sound = [
        record
        for record in records
        if record.id is not None and (record.body is not None or record.title is not None)
    ]
    rejects = []
    if len(sound) < len(records):
        rejects = [
            Reject(
                input_name,
                f"near line {start}",
                "neither comment nor submission: no id or no text",
                _excerpt(record),
            )
            for record in records
            if record.id is None or (record.body is None and record.title is None)
        ]
    columns = _columns(sound)
    table, repaired = tables.record_table(len(sound), source, columns)
    return table, rejects, repaired


FORMATS = (
    Format(
        name="reddit",
        title="Reddit comments and submissions as NDJSON (Pushshift, Arctic Shift)",
        carries=("ids", "parents", "authors", "times", "votes", "status", "titles"),
        sniff=sniff,
        split=split,
        parse=parse,
    ),
)


def _columns(records: Sequence[Record]) -> dict[str, Any]:
    """Return the columns of records; Arrow works on whole columns, Python on what is rare."""
    body, name = _strings(records, "body"), _bare(_strings(records, "id"))
    posts = body.is_null()
    text, status = _texts(records, body, posts)
    author, parent = _strings(records, "author"), _strings(records, "parent_id")
    link = pc.if_else(posts, name, _bare(_strings(records, "link_id")))
    top = pc.or_(posts, pc.or_(pc.equal(parent, ""), pc.starts_with(parent, "t3_")))
    return {
        # Comments and submissions count separately: without its prefix a submission could pass for a comment.
        "comment_id": _joined(pc.if_else(posts, "t3_", ""), name),
        "thread_id": link,
        "parent_id": pc.if_else(top, _NO_TEXT, _bare(parent)),
        "author": pc.if_else(pc.equal(author, DELETED), _NO_TEXT, author),
        "created_at": [record.created_utc for record in records],
        "text": text,
        "kind": pc.if_else(posts, "post", "comment"),
        "status": status,
        "likes": _whole([record.score for record in records]),
        "url": _urls(records, posts, link, name),
        "thread_title": pc.if_else(posts, _strings(records, "title"), _NO_TEXT),
        # Last, because it clears the records.
        "extra": _extras(records),
    }


def _strings(records: Sequence[Record], name: str) -> pa.Array:
    """Return a field as text, of whatever type it was in its year."""
    values = list(map(attrgetter(name), records))
    try:
        return tables.array_of(values, pa.string())
    except pa.ArrowTypeError:
        texts = [value if value is None else str(value) for value in values]
        return tables.array_of(texts, pa.string())


def _bare(fullnames: pa.Array) -> pa.Array:
    """Return ids without the prefix that says what they are of: t1_ comment, t3_ submission."""
    prefixed = pc.equal(pc.utf8_slice_codeunits(fullnames, 2, 3), "_")
    return pc.if_else(prefixed, pc.utf8_slice_codeunits(fullnames, 3), fullnames)


def _joined(*parts: pa.Array | str) -> pa.Array:
    return pc.binary_join_element_wise(*parts, "")


def _texts(records: Sequence[Record], body: pa.Array, posts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return texts with their entities resolved once, empty where a placeholder stands, and status."""
    with_posts = pc.any(posts).as_py()
    selftext = _strings(records, "selftext") if with_posts else _NO_TEXT
    shown = pc.coalesce(body, selftext)
    status = ["visible"] * len(records)
    for row in pc.indices_nonzero(pc.starts_with(shown, "[")).to_pylist():
        status[row] = PLACEHOLDERS.get(shown[row].as_py().strip().lower(), "visible")
    status = pa.array(status, pa.string())
    text = pc.if_else(pc.equal(status, "visible"), shown, "")
    if with_posts:
        title = _strings(records, "title")
        alone = pc.equal(text.fill_null(""), "")
        post = pc.if_else(alone, title, pc.binary_join_element_wise(title, text, "\n\n"))
        text = pc.if_else(posts, post, text)
    for entity, character in (("\r\n", "\n"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = pc.replace_substring(text, entity, character)
    return text, status


def _urls(records: Sequence[Record], posts: pa.Array, link: pa.Array, name: pa.Array) -> pa.Array:
    made = _joined(f"{SITE}/comments/", link, pc.if_else(posts, "", _joined("/_/", name)))
    permalinks = [str(record.permalink) if record.permalink else None for record in records]
    return pc.coalesce(_joined(SITE, tables.array_of(permalinks, pa.string())), made)


def _whole(values: Sequence[Drifting]) -> pa.Array:
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array(map(_whole_number, values), pa.int64())


def _whole_number(value: Drifting) -> int | None:
    try:
        number = value if value is None or type(value) is int else int(float(value))
    except (ValueError, OverflowError):
        return None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _extras(records: Sequence[Record]) -> list[str | None]:
    """Return what has no column as JSON; the records hold nothing else afterwards."""
    for record in records:
        if record.body is not None:
            record.url = None
        record.id = record.name = record.author = record.body = record.selftext = record.title = None
        record.created_utc = record.link_id = record.parent_id = record.score = record.permalink = None
    try:
        encoded = _ENCODER.encode_lines(records).decode().split("\n")[: len(records)]
    except UnicodeEncodeError:
        encoded = [jsonlines.encode(msgspec.to_builtins(record)) for record in records]
    return [None if text == "{}" else text for text in encoded]


def _excerpt(record: Record) -> str:
    return jsonlines.encode(msgspec.to_builtins(record))[:EXCERPT_LENGTH]
