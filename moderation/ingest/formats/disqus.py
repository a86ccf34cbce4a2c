"""Disqus XML exports: threads first, then the posts that point to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from moderation.ingest import jsonlines, tables, xmlrecords
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused
from moderation.ingest.markup import html_to_text
from moderation.ingest.xmlrecords import attribute, children, text_of

_RECORDS = ("category", "thread", "post")


@dataclass(frozen=True, slots=True)
class DisqusChunk:
    """Payload: records, with title and address of the threads that they name."""

    batch: xmlrecords.Batch
    threads: dict[str, tuple[str | None, str | None]]


def sniff(head: Head) -> float:
    """Return 0.95 for a document whose root is `disqus`: a WordPress export for Disqus is none."""
    name, _ = xmlrecords.root_of(head)
    return 0.95 if name == "disqus" else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of records, each with what is known of the threads of its posts."""
    known: dict[str, tuple[str | None, str | None]] = {}
    for chunk in xmlrecords.split_batches(stream, _RECORDS):
        if isinstance(chunk.payload, Refused):
            yield chunk
            continue
        batch: xmlrecords.Batch = chunk.payload
        threads = tuple(record for record in batch.records if record.name == "thread")
        parsed, _ = xmlrecords.parse_batch(xmlrecords.Batch(threads, batch.namespaces), options.input)
        for _, element in parsed:
            known[attribute(element, "id") or ""] = _thread(element)
        needed = {thread: known[thread] for thread in _threads_named(batch) if thread in known}
        yield Chunk(DisqusChunk(batch, needed), chunk.start)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn posts into rows; definitions of threads and categories are skipped."""
    payload: DisqusChunk = chunk.payload
    parsed, rejects = xmlrecords.parse_batch(payload.batch, options.input)
    posts = [_post(element, payload.threads) for record, element in parsed if record.name == "post"]
    skipped = Counter(record.name for record, _ in parsed if record.name != "post")
    table, repaired = tables.rows_table(posts, "disqus-xml")
    return Parsed(table, len(payload.batch.records), rejects, skipped, repaired)


FORMATS = (
    Format(
        name="disqus-xml",
        title="Disqus XML export",
        carries=("ids", "parents", "authors", "times", "status", "titles", "addresses"),
        sniff=sniff,
        split=split,
        parse=parse,
    ),
)


def _thread(element: Any) -> tuple[str | None, str | None]:
    parts = children(element)
    return text_of(parts.get("title")).strip() or None, text_of(parts.get("link")).strip() or None


def _threads_named(batch: xmlrecords.Batch) -> set[str]:
    """Return the ids of the threads that posts point to, without parsing the posts."""
    found = set()
    for record in batch.records:
        if record.name == "post":
            _, _, tail = record.data.rpartition(b"<thread")
            if len(parts := tail.partition(b">")[0].replace(b"'", b'"').split(b'"')) > 1:
                found.add(parts[1].decode("utf-8", "replace"))
    return found


def _post(element: Any, threads: dict[str, tuple[str | None, str | None]]) -> dict[str, str | None]:
    parts = children(element)
    author = children(parts["author"]) if "author" in parts else {}
    comment_id = attribute(element, "id") or ""
    thread_id = attribute(parts.get("thread"), "id") or ""
    title, link = threads.get(thread_id, (None, None))
    spam, deleted = (_is_true(parts.get(name)) for name in ("isSpam", "isDeleted"))
    # E-mail and IP addresses are left behind on purpose: nobody needs them to judge a comment.
    extra = {
        "username": text_of(author.get("username")).strip(),
        "anonymous": _is_true(author.get("isAnonymous")),
        "identifier": text_of(parts.get("id")).strip(),
        "spam": spam and deleted,
    }
    kept = {name: value for name, value in extra.items() if value}
    return {
        "comment_id": comment_id,
        "thread_id": thread_id,
        "parent_id": attribute(parts.get("parent"), "id") or None,
        "author": text_of(author.get("name")).strip() or None,
        "created_at": text_of(parts.get("createdAt")).strip() or None,
        "text": html_to_text(text_of(parts.get("message")).strip()),
        "status": "deleted" if deleted else "spam" if spam else "visible",
        "url": f"{link}#comment-{comment_id}" if link and comment_id else link,
        "thread_title": title,
        "extra": jsonlines.encode(kept) if kept else None,
    }


def _is_true(element: Any) -> bool:
    return text_of(element).strip().lower() == "true"
