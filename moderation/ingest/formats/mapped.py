"""JSON dumps of many systems, each described by a TOML file."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from moderation.errors import DataError
from moderation.ingest import jsonlines, jsontree, tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused, Reject
from moderation.ingest.formats.reddit import DELETED, PLACEHOLDERS
from moderation.ingest.ids import stable_id
from moderation.ingest.jsontree import Found
from moderation.ingest.linesplit import Lines, read_fully, split_lines
from moderation.ingest.mapping import MappingSpec, count, first, fits, mappings, plain_text, which
from moderation.ingest.markup import htmls_to_texts, unescape_once
from moderation.ingest.source import Chained

LARGEST = 512 << 20
CHUNK_RECORDS = 5_000
SAMPLE = 20
LOOK_AHEAD = 1 << 20
"""Bytes in which a dump of one document a line shows that it is one."""
PRIVATE = frozenset(
    ["email", "mail", "ip", "ip_address", "remote_addr", "email_hash", "mail_md5", "user_agent", "ua"]
)
"""Fields that `extra = ["*"]` leaves behind: nobody needs them to judge a comment."""

_ANY = msgspec.json.Decoder(Any)


@dataclass(slots=True)
class MappedChunk:
    """Payload: values of our columns, and what else was counted."""

    columns: dict[str, list[Any]]
    read: int = 0
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def sniff(head: Head, name: str) -> float:
    """Return how surely the first records are those that the named description requires."""
    spec = mappings()[name]
    documents = _head_lines(head.text) or [_head_document(head.data, head.text)]
    found: list[Found] = []
    empty = False
    for page in (page for document in documents for page in _pages(document, spec)):
        if spec.document and not (isinstance(page, dict) and all(key in page for key in spec.document)):
            continue
        found += islice(jsontree.walk(page, _paths(page, spec), ()), SAMPLE - len(found))
        empty = empty or (bool(spec.empty) and isinstance(page, dict) and set(spec.empty) <= page.keys())
        if len(found) >= SAMPLE:
            break
    # The last record of a head is cut off.
    known = sum(fits(one, spec) for one in found)
    sure = (
        2 * known >= len(found) - (not head.complete)
        if known
        else empty and not any(one.chain for one in found)
    )
    return spec.sure if sure else 0.0


def split(stream: BinaryIO, options: ReadOptions, name: str) -> Iterator[Chunk]:
    """Yield the values of some thousand records at a time, or whole lines where each is a document."""
    spec = mappings()[name]
    start = read_fully(stream, LOOK_AHEAD)
    stream = io.BufferedReader(Chained(start, stream))
    if _is_lines(start, spec):
        yield from split_lines(stream)
    else:
        yield from _split_document(stream, options, spec)


def _split_document(stream: BinaryIO, options: ReadOptions, spec: MappingSpec) -> Iterator[Chunk]:
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(
            f"{options.input}: a {spec.name} document may have {LARGEST >> 20} MiB; split it by thread"
        )
    document, damage = jsontree.read_document(data)
    del data
    collector = Collector(spec)
    start = number = 1
    pages = _pages(document, spec)
    for page in pages:
        before = number
        collector.begin()
        for found in jsontree.walk(page, _paths(page, spec), spec.children, spec.above):
            collector.add(found, f"record {number}")
            number += 1
            if collector.chunk.read >= CHUNK_RECORDS and not spec.parent_field:
                yield Chunk(collector.take(), start)
                start = number
        if number == before and len(pages) > 1:
            collector.skip("no comment")
    if collector.chunk.read:
        yield Chunk(collector.take(), start)
    if damage:
        yield Chunk(
            Refused("end of the document", f"the JSON document is damaged or cut off: {damage}"), start
        )


def parse(chunk: Chunk, options: ReadOptions, name: str) -> Parsed:
    """Turn the values into rows."""
    spec = mappings()[name]
    rejects: list[Reject] = []
    payload = chunk.payload
    if isinstance(payload, Lines):
        decoded = jsonlines.decode_lines(payload.data, payload.count, chunk.start, options.input, _ANY)
        collector = Collector(spec)
        for number, document in enumerate(decoded.records, chunk.start):
            before = collector.chunk.read
            for page in _pages(document, spec):
                collector.begin()
                for found in jsontree.walk(page, _paths(page, spec), spec.children, spec.above):
                    collector.add(found, f"line {number}")
            if collector.chunk.read == before:
                collector.skip("no comment")
        payload = collector.take()
        payload.read += len(decoded.rejects) + decoded.skipped.total()
        payload.skipped.update(decoded.skipped)
        rejects += decoded.rejects
    columns = payload.columns
    texts = columns["text"]
    if spec.markup == "html":
        columns["text"] = htmls_to_texts(texts)
    elif spec.markup == "entities":
        columns["text"] = [unescape_once(text) for text in texts]
    rejects += [Reject(options.input, *reject) for reject in payload.rejects]
    table, repaired = tables.record_table(len(texts), spec.name, columns)
    return Parsed(table, payload.read, rejects, payload.skipped, repaired)


class Collector:
    """Gathers the values of records, with the ids that parents refer to."""

    def __init__(self, spec: MappingSpec) -> None:
        self.chunk = _empty()
        self._spec = spec
        self._ids: list[str] = []
        self._threads: list[tuple[str, Any]] = []
        self._seen: Counter[str] = Counter()
        self._pattern = re.compile(spec.parent_pattern) if spec.parent_pattern else None
        self._by_field: list[tuple[str, str | None, str]] = []
        paths = [*spec.children, *(path for paths in spec.columns.values() for path in paths)]
        self._used = {path.split(".")[0].removesuffix("[]") for path in paths} | PRIVATE

    def begin(self) -> None:
        """Begin another document: records are numbered anew there."""
        self._ids.clear()
        self._threads.clear()

    def skip(self, reason: str) -> None:
        """Count what was understood and is no comment."""
        self.chunk.read += 1
        self.chunk.skipped[reason] += 1

    def add(self, found: Found, place: str) -> None:
        """Add one record, as a row or as something that is none."""
        spec, chunk = self._spec, self.chunk
        chunk.read += 1
        reason = which(found, spec.skip)
        status = which(found, spec.status) or "visible"
        text = plain_text(first(found, spec.columns["text"]))
        if reason is None and text is None and status == "visible":
            known = any(
                jsontree.get(found, path) is not None for one in spec.requires for path in one.split("|")
            )
            if not known:
                chunk.rejects.append((place, "the record has no text", jsonlines.encode(found.record)[:200]))
                self._leave_out(found)
                return
        if reason is not None:
            chunk.skipped[reason] += 1
            self._leave_out(found)
            return
        row = {name: first(found, paths) for name, paths in spec.columns.items()}
        if text is not None and text.strip().lower() in PLACEHOLDERS:
            status = PLACEHOLDERS[text.strip().lower()] if status == "visible" else status
            text = ""
        row["text"] = (text or "").replace("\r\n", "\n").replace("\r", "\n")
        if row.get("author") == DELETED:
            row["author"] = None
        self._identify(row, found)
        row["likes"] = count(row.get("likes"))
        row["status"] = status
        row["url"] = row.get("url") or None
        row["kind"] = which(found, spec.kinds) or "comment"
        row["extra"] = self._extra(found, row)
        for name, values in chunk.columns.items():
            value = row.get(name)
            if name not in ("likes", "created_at"):
                value = plain_text(value)
                if spec.mojibake and value is not None:
                    value = _as_meant(value)
            values.append(value)

    def take(self) -> MappedChunk:
        """Return what was gathered and begin anew."""
        chunk, self.chunk = self.chunk, _empty()
        if self._spec.parent_field:
            known = {(thread, name): comment for thread, name, comment in self._by_field if name is not None}
            columns = chunk.columns
            columns["parent_id"] = [
                parent and known.get((thread, parent), parent)
                for thread, parent in zip(columns["thread_id"], columns["parent_id"], strict=True)
            ]
        return chunk

    def _identify(self, row: dict[str, Any], found: Found) -> None:
        named = first(found, self._spec.columns.get("thread_id", ()), self._spec.roots)
        # What stands within a record is in its thread, where it names none of its own.
        around = self._threads[found.parent] if found.parent >= 0 else ("", None)
        thread = row["thread_id"] = plain_text(named) or around[0]
        row["thread_title"] = row.get("thread_title") or around[1]
        self._threads.append((thread, row["thread_title"]))
        parent = plain_text(row.get("parent_id"))
        if self._pattern is not None:
            answered = self._pattern.findall(plain_text(jsontree.get(found, self._spec.parent_from)) or "")
            parent = answered[0] if answered else parent
            if len(answered) > 1:
                row["parents"] = answered
        if parent is not None and parent.lower() in self._spec.roots:
            parent = None
        # What stands within a record answers it, whatever its id.
        row["parent_id"] = parent or (self._ids[found.parent] or None if found.parent >= 0 else None)
        comment = plain_text(row.get("comment_id"))
        if not comment:
            base = stable_id(thread, row["parent_id"], plain_text(row.get("author")), row["text"])
            comment = stable_id(base, str(self._seen[base])) if self._seen[base] else base
            self._seen[base] += 1
        row["comment_id"] = comment
        if row["parent_id"] == comment:
            row["parent_id"] = None
        self._ids.append(comment)
        if self._spec.parent_field:
            self._by_field.append((thread, plain_text(jsontree.get(found, self._spec.parent_field)), comment))

    def _leave_out(self, found: Found) -> None:
        """Count a record that is no row: what stands within it must find its place."""
        self._ids.append("")
        self._threads.append(self._threads[found.parent] if found.parent >= 0 else ("", None))

    def _extra(self, found: Found, row: dict[str, Any]) -> str | None:
        paths = [path for path in self._spec.extra if path != "*"]
        kept = {path: value for path in paths if (value := jsontree.get(found, path))}
        if "*" in self._spec.extra:
            kept |= {key: value for key, value in found.record.items() if value and key not in self._used}
        if "parents" in row:
            kept["parents"] = row["parents"]
        return jsonlines.encode(kept) if kept else None


def _empty() -> MappedChunk:
    names = (
        "comment_id",
        "thread_id",
        "parent_id",
        "author",
        "created_at",
        "text",
        "kind",
        "status",
        "likes",
        "url",
        "thread_title",
        "extra",
    )
    return MappedChunk({name: [] for name in names})


def _pages(document: Any, spec: MappingSpec) -> list[Any]:
    return jsontree.pages(document, bool(spec.document) or "" in spec.records)


def _paths(page: Any, spec: MappingSpec) -> Sequence[str]:
    """Return where the records of a page stand: the page itself is one where it looks like one."""
    others = [path for path in spec.records if path]
    if len(others) == len(spec.records) or not others:
        return spec.records
    keys = {path.split(".")[0].removesuffix("[]") for path in others}
    if isinstance(page, dict) and (fits(Found(page, (), -1), spec) or not keys & page.keys()):
        return ("",)
    return others


def _is_lines(start: bytes, spec: MappingSpec) -> bool:
    """Return True where a stream that begins so has one document a line."""
    line, _, rest = start.lstrip().partition(b"\n")
    if spec.lines:
        return not line.startswith(b"[") and line.strip() != b"{"
    if not line.startswith(b"{") or not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(jsonlines.loads_leniently(line), dict)
    except ValueError:
        return False


def _as_meant(text: str) -> str:
    """Return a text whose UTF-8 was taken for Latin-1 as it was meant; any other as it is."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


@lru_cache(maxsize=2)
def _head_document(data: bytes, text: str) -> Any:
    start = text.lstrip()[:1]
    if start not in ("{", "[", "w", "c", "e", "v", "l"):
        return None
    if jsontree.without_script(data) is data and start not in ("{", "["):
        return None
    return jsontree.read_partly(text.lstrip().encode("utf-8", "replace"), SAMPLE)[0]


@lru_cache(maxsize=2)
def _head_lines(text: str) -> list[Any]:
    if text.lstrip()[:1] != "{":
        return []
    lines = [line for line in text.split("\n")[:SAMPLE] if line.strip()]
    found = []
    for line in lines:
        try:
            found.append(jsonlines.loads_leniently(line.encode("utf-8", "surrogatepass")))
        except ValueError:
            found.append(None)
    sound = [one for one in found if isinstance(one, dict)]
    # A document over several lines has hardly a line that is an object of its own.
    return sound if isinstance(found[0], dict) or 2 * len(sound) > len(found) else []


def _format(spec: MappingSpec) -> Format:
    def bound(function: Callable[..., Any]) -> Callable[..., Any]:
        return partial(function, name=spec.name)

    return Format(
        name=spec.name,
        title=spec.title,
        carries=spec.carries,
        sniff=bound(sniff),
        split=bound(split),
        parse=bound(parse),
    )


FORMATS = tuple(_format(spec) for spec in mappings().values())
