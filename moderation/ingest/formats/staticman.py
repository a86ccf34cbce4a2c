"""Staticman: a folder with a YAML or JSON file for each comment, or one such file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import msgspec

from moderation.errors import DataError, UsageError
from moderation.ingest import jsonlines, tables
from moderation.ingest.base import EXCERPT_LENGTH, Chunk, Format, Head, Parsed, ReadOptions, Reject
from moderation.ingest.charset import mend
from moderation.ingest.folder import FILE_MARK
from moderation.ingest.ids import stable_id
from moderation.ingest.mapping import plain_text
from moderation.ingest.markup import html_to_text

LARGEST = 512 << 20
LONGEST = 1 << 20
SHORT = 4 << 10
"""Bytes that cannot be nested deeply enough to be dangerous."""

DEEPEST = 500
CHUNK_COMMENTS = 5_000

_FIELD = re.compile(
    r"""(?:^|[{,])\s*"?(message|_id|_parent|replying_to|name|email|date)"?\s*:""", re.MULTILINE
)
_PAGE = re.compile(rb"""(?:^|[{,])\s*"?(?:_parent|_paper)"?\s*:\s*("[^"\n]*"|[^\n,}]+)""", re.MULTILINE)
_MARK = re.compile(rb"^---(?:[ \t].*)?\r?$\n?|^\.\.\.\s*$\n?", re.MULTILINE)
_PARAGRAPH = re.compile(r"<(?:p|br|div|blockquote)\b[^<>]{0,200}>", re.IGNORECASE)
_TAKEN = frozenset(
    [
        "_id",
        "id",
        "_parent",
        "_paper",
        "name",
        "email",
        "message",
        "date",
        "timestamp",
        "replying_to",
        "hidden",
    ]
)


@dataclass(frozen=True, slots=True)
class Document:
    """One comment as it stands, where, and the page that its folder or name shows."""

    data: bytes
    place: str
    page: str


def sniff(head: Head) -> float:
    """Return 0.9 for a document with a message and more of Staticman's fields."""
    text = head.text.lstrip()
    if text.startswith(("[", "<")):
        return 0.0
    first = text[: 16 << 10]
    if first.startswith(FILE_MARK.decode()):
        first = first.partition("\n")[2].partition("\n--- # file ")[0]
    found = set(_FIELD.findall(first))
    return 0.9 if "message" in found and len(found & {"_id", "_parent", "replying_to", "date"}) >= 2 else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield whole pages: `replying_to` may be a comment's number on its page."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(
            f"{options.input}: a folder of comments may have {LARGEST >> 20} MiB; split it by page"
        )
    pages: dict[str, list[Document]] = defaultdict(list)
    for document in _documents(data):
        found = _PAGE.search(document.data)
        pages[found[1].decode("utf-8", "replace") if found else document.page].append(document)
    batch: list[Document] = []
    start = 1
    for documents in pages.values():
        batch += documents
        if len(batch) >= CHUNK_COMMENTS:
            yield Chunk(tuple(batch), start)
            start += len(batch)
            batch = []
    if batch:
        yield Chunk(tuple(batch), start)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn documents into rows; parents given as numbers are counted out page by page."""
    documents: Sequence[Document] = chunk.payload
    rejects: list[Reject] = []
    skipped: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for document in documents:
        record, reason = _load(document.data, options)
        if record is None and not reason:
            skipped["empty document"] += 1
        elif record is None or not isinstance(record.get("message"), str):
            excerpt = mend(document.data[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
            rejects.append(
                Reject(options.input, document.place, reason or "the comment has no message", excerpt)
            )
        else:
            rows.append(_row(record, document))
    _number_parents(rows)
    table, repaired = tables.rows_table(rows, "staticman")
    return Parsed(table, len(documents), rejects, skipped, repaired)


FORMATS = (
    Format(
        name="staticman",
        title="Staticman: a folder with a YAML or JSON file for each comment (YAML needs moderation[yaml])",
        carries=("ids", "parents", "authors", "times", "status"),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="chunk",
    ),
)


def _documents(data: bytes) -> Iterator[Document]:
    name, number, place = "", 0, 0
    marks = [*_MARK.finditer(data), None]
    for mark in marks:
        body = data[place : mark.start() if mark else len(data)]
        if body.strip():
            number += 1
            yield Document(body, f"file {name}" if name else f"document {number}", _page_of(name))
        if mark:
            place = mark.end()
            if mark[0].startswith(FILE_MARK):
                name = mark[0][len(FILE_MARK) :].decode("utf-8", "replace").strip()


def _page_of(name: str) -> str:
    """Return the page that a file's place shows: its folder, else its name before the time."""
    folder, _, file = name.rpartition("/")
    return folder.rpartition("/")[2] or re.sub(r"[-_]*(?:comment|entry)[-_]?\d+\.\w+$", "", file)


def _load(data: bytes, options: ReadOptions) -> tuple[dict[str, Any] | None, str]:
    if len(data) > LONGEST:
        return None, f"the document is longer than {LONGEST >> 20} MiB"
    if data.lstrip().startswith(b"{"):
        try:
            loaded: Any = msgspec.json.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            return None, f"no sound JSON: {error}"
    else:
        try:
            import yaml
        except ImportError as error:
            raise UsageError(
                f"{options.input}: reading YAML needs an extra: pip install 'moderation[yaml]'"
            ) from error
        try:
            if _is_too_deep(yaml, data):
                return None, f"nested deeper than {DEEPEST}"
            loaded = yaml.load(data.decode("utf-8", "replace"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except (yaml.YAMLError, RecursionError, ValueError, OverflowError, KeyError, TypeError) as error:
            return None, f"no sound YAML: {' '.join(str(error).split())[:200]}"
    if loaded is None:
        return None, ""
    return (loaded, "") if isinstance(loaded, dict) else (None, "no comment: it has no fields")


def _is_too_deep(yaml: Any, data: bytes) -> bool:
    """Return True for nesting that would exhaust the stack of the loader, which no exception reports."""
    if len(data) < SHORT:
        return False
    depth = 0
    for event in yaml.parse(data.decode("utf-8", "replace"), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            depth -= 1
        if depth > DEEPEST:
            return True
    return False


def _row(record: dict[Any, Any], document: Document) -> dict[str, Any]:
    page = _scalar(record.get("_parent") or record.get("_paper")) or document.page
    text = record["message"].replace("\r\n", "\n").replace("\r", "\n").strip()
    if _PARAGRAPH.search(text):
        text = html_to_text(text)
    author = _scalar(record.get("name"))
    created = _scalar(record.get("date") or record.get("timestamp"))
    hidden = str(record.get("hidden") or "").lower() in ("true", "yes", "1")
    kept = {
        str(key): shown
        for key, value in record.items()
        if key not in _TAKEN and (shown := _scalar(value)) and str(key) != "email"
    }
    return {
        "comment_id": _scalar(record.get("_id") or record.get("id"))
        or stable_id(page, created, author, text),
        "thread_id": page,
        "parent_id": _scalar(record.get("replying_to")) or None,
        "author": author or None,
        "created_at": created or None,
        "text": text,
        "status": "pending" if hidden else "visible",
        "extra": jsonlines.encode(kept) if kept else None,
    }


def _scalar(value: Any) -> str:
    """Return a scalar as text, "" for anything else: an alias may stand for a tree without end."""
    if value is None or isinstance(value, (dict, list, set, tuple, bytes)):
        return ""
    return (plain_text(value) or "").strip()


def _number_parents(rows: Sequence[dict[str, Any]]) -> None:
    """Replace parents given as a number by the id of that top-level comment of the page, in order of time."""
    known = {(row["thread_id"], row["comment_id"]) for row in rows}
    tops: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["parent_id"] is None:
            tops[row["thread_id"]].append(row)
    for page in tops.values():
        page.sort(key=lambda row: (row["created_at"] or "").replace("T", " "))
    for row in rows:
        parent = row["parent_id"]
        if parent is None or (row["thread_id"], parent) in known or not parent.isdecimal():
            continue
        place = int(parent) - 1 if len(parent) < 6 else -1
        page = tops[row["thread_id"]]
        if 0 <= place < len(page):
            row["parent_id"] = page[place]["comment_id"]
