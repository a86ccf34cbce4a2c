"""Reddit dumps of Pushshift and Arctic Shift: comments and submissions, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    comment = [record.body is not None for record in sound]
    body = tables.array_of([_body(record) for record in sound], pa.string())
    text, status = _without_placeholders(body, sound)
    columns: dict[str, Any] = {
        "comment_id": [_id(record) for record in sound],
        "thread_id": [_thread(record) for record in sound],
        "parent_id": [_parent(record) for record in sound],
        "author": [None if record.author == DELETED else _text(record.author) for record in sound],
        "created_at": [record.created_utc for record in sound],
        "text": text,
        "kind": ["comment" if is_comment else "post" for is_comment in comment],
        "status": status,
        "likes": [_whole(record.score) for record in sound],
        "url": [_url(record) for record in sound],
        "thread_title": [None if record.body is not None else _text(record.title) for record in sound],
    }
    columns["extra"] = [_extra(record) for record in sound]
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


def _text(value: Drifting) -> str | None:
    return value if value is None or type(value) is str else str(value)


def _bare(fullname: Drifting) -> str:
    """Return an id without the prefix that says what it is of: t1_ comment, t3_ submission."""
    name = str(fullname)
    return name[3:] if name[2:3] == "_" else name


def _id(record: Record) -> str:
    # Comments and submissions count separately: without its prefix a submission could pass for a comment.
    return _bare(record.id) if record.body is not None else f"t3_{_bare(record.id)}"


def _thread(record: Record) -> str:
    if record.body is None:
        return _bare(record.id)
    return _bare(record.link_id) if record.link_id is not None else ""


def _parent(record: Record) -> str | None:
    parent = record.parent_id
    if parent is None or record.body is None or parent == "" or str(parent).startswith("t3_"):
        return None
    return _bare(parent)


def _body(record: Record) -> str:
    if record.body is not None:
        return str(record.body)
    text = "" if record.selftext is None or record.selftext in PLACEHOLDERS else str(record.selftext)
    return f"{record.title}\n\n{text}" if text else str(record.title)


def _without_placeholders(body: pa.Array, records: Sequence[Record]) -> tuple[pa.Array, list[str]]:
    """Return texts with their entities resolved once, empty where a placeholder stands, and status."""
    status = ["visible"] * len(records)
    for row, record in enumerate(records):
        shown = record.body if record.body is not None else record.selftext
        if type(shown) is str and shown[:1] == "[":
            status[row] = PLACEHOLDERS.get(shown.strip().lower(), "visible")
    gone = pa.array([state != "visible" for state in status], pa.bool_())
    gone = pc.and_(gone, pa.array([record.body is not None for record in records], pa.bool_()))
    for entity, character in (("\r\n", "\n"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        body = pc.replace_substring(body, entity, character)
    return pc.if_else(gone, "", body), status


def _whole(value: Drifting) -> int | None:
    if type(value) is int:
        return value if -(2**63) <= value < 2**63 else None
    try:
        return None if value is None else int(float(value))
    except (ValueError, OverflowError):
        return None


def _url(record: Record) -> str:
    if record.permalink:
        return f"{SITE}{record.permalink}"
    if record.body is None:
        return f"{SITE}/comments/{_bare(record.id)}"
    return f"{SITE}/comments/{_bare(record.link_id)}/_/{_bare(record.id)}"


def _extra(record: Record) -> str | None:
    if record.body is not None:
        record.url = None
    record.id = record.name = record.author = record.body = record.selftext = record.title = None
    record.created_utc = record.link_id = record.parent_id = record.score = record.permalink = None
    try:
        encoded = _ENCODER.encode(record).decode()
    except UnicodeEncodeError:
        encoded = jsonlines.encode(msgspec.to_builtins(record))
    return encoded if encoded != "{}" else None


def _excerpt(record: Record) -> str:
    return jsonlines.encode(msgspec.to_builtins(record))[:EXCERPT_LENGTH]
