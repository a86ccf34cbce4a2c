"""WordPress exports (WXR), which Disqus takes as custom import, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from moderation.ingest import jsonlines, tables, xmlrecords
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions
from moderation.ingest.markup import stored_to_text
from moderation.ingest.xmlrecords import children, local, text_of

_STATUS = {"1": "visible", "approved": "visible", "0": "pending", "hold": "pending", "spam": "spam"}
_STATUS |= {"trash": "deleted", "post-trashed": "deleted"}


def sniff(head: Head) -> float:
    """Return 0.95 for an RSS document with WordPress's export namespace."""
    name, attributes = xmlrecords.root_of(head)
    return 0.95 if name == "rss" and "wordpress.org/export/" in attributes else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of items: posts with their comments."""
    return xmlrecords.split_batches(stream, ("item",))


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn the comments of items into rows; the items themselves are skipped."""
    batch: xmlrecords.Batch = chunk.payload
    parsed, rejects = xmlrecords.parse_batch(batch, options.input)
    rows = []
    for _, item in parsed:
        thread, title, link = _thread(item)
        comments = [child for child in item if local(child.tag) == "comment"]
        rows += [_comment(comment, thread, title, link) for comment in comments]
    table, repaired = tables.rows_table(rows, "wxr")
    skipped = Counter({"post or page": len(parsed)}) if parsed else Counter[str]()
    return Parsed(table, len(rows) + len(batch.records), rejects, skipped, repaired)


FORMATS = (
    Format(
        name="wxr",
        title="WordPress export (WXR), also as Disqus custom import",
        carries=("ids", "parents", "authors", "times", "status", "titles", "addresses"),
        sniff=sniff,
        split=split,
        parse=parse,
    ),
)


def _thread(item: Any) -> tuple[str, str | None, str | None]:
    parts = children(item)
    link = text_of(parts.get("link")).strip() or None
    names = ("post_id", "thread_identifier", "guid")
    thread = next((value for name in names if (value := text_of(parts.get(name)).strip())), link or "")
    return thread, text_of(parts.get("title")).strip() or None, link


def _comment(element: Any, thread: str, title: str | None, link: str | None) -> dict[str, str | None]:
    parts = {name.removeprefix("comment_"): child for name, child in children(element).items()}

    def value(name: str) -> str | None:
        return text_of(parts.get(name)).strip() or None

    parent = value("parent")
    kind = value("type") or "comment"
    date = value("date_gmt") or value("date")
    extra = {"type": value("type"), "author_url": value("author_url"), "user_id": value("user_id")}
    kept = {name: one for name, one in extra.items() if one and one not in ("0", "comment")}
    comment_id = value("id")
    return {
        "comment_id": comment_id or "",
        "thread_id": thread,
        "parent_id": None if parent == "0" else parent,
        "author": value("author"),
        "created_at": None if date is None or date.startswith("0000") else date,
        "text": stored_to_text(text_of(parts.get("content")).strip()),
        "kind": "pingback" if kind in ("pingback", "trackback") else "comment",
        "status": _STATUS.get((value("approved") or "1").lower(), "pending"),
        "url": f"{link}#comment-{comment_id}" if link and comment_id else link,
        "thread_title": title,
        "extra": jsonlines.encode(kept) if kept else None,
    }
