"""Blogger exports: the backup of a blog and Takeout's `feed.atom`, posts and comments in one list."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from moderation.ingest import jsonlines, tables, xmlrecords
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Refused
from moderation.ingest.markup import stored_to_text
from moderation.ingest.xmlrecords import attribute, children, local, text_of

_STATUS = {"live": "visible", "spam": "spam", "ghosted": "spam", "pending": "pending", "draft": "pending"}
_STATUS |= {"emptied": "deleted", "deleted": "deleted", "soft_trashed": "deleted", "trashed": "deleted"}
_NUMBER = re.compile(r"(\d+)/?$")


@dataclass(frozen=True, slots=True)
class BloggerChunk:
    """Payload: entries, with the titles of the posts that were met so far and that they answer."""

    batch: xmlrecords.Batch
    titles: dict[str, str]


def sniff(head: Head) -> float:
    """Return 0.95 for an Atom feed of Blogger with its kinds of entries."""
    name, attributes = xmlrecords.root_of(head)
    if name != "feed" or "www.w3.org/2005/Atom" not in attributes:
        return 0.0
    known = ("schemas.google.com/blogger/", "www.blogger.com", "tag:blogger.com")
    return 0.95 if any(one in head.text for one in known) else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield batches of entries, each with the titles that its comments need."""
    titles: dict[str, str] = {}
    for chunk in xmlrecords.split_batches(stream, ("entry",)):
        if isinstance(chunk.payload, Refused):
            yield chunk
            continue
        parsed, _ = xmlrecords.parse_batch(chunk.payload, options.input)
        named = set()
        for _, entry in parsed:
            if _kind(entry) == "post":
                titles[_number(text_of(children(entry).get("id")))] = text_of(children(entry).get("title"))
            named.add(_thread(entry))
        yield Chunk(
            BloggerChunk(chunk.payload, {post: titles[post] for post in named if post in titles}), chunk.start
        )


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn comments into rows; posts, pages, settings and templates are skipped."""
    payload: BloggerChunk = chunk.payload
    parsed, rejects = xmlrecords.parse_batch(payload.batch, options.input)
    rows = [_comment(entry, payload.titles) for _, entry in parsed if _kind(entry) == "comment"]
    skipped = Counter(kind for _, entry in parsed if (kind := _kind(entry)) != "comment")
    table, repaired = tables.rows_table(rows, "blogger")
    return Parsed(table, len(payload.batch.records), rejects, skipped, repaired)


FORMATS = (
    Format(
        name="blogger",
        title="Blogger: backup of a blog, or feed.atom of Google Takeout",
        carries=("ids", "parents", "authors", "times", "status", "titles", "addresses"),
        sniff=sniff,
        split=split,
        parse=parse,
    ),
)


def _kind(entry: Any) -> str:
    """Return what an entry is: comment, post, page, settings, template, or entry."""
    for child in entry:
        name = local(child.tag)
        if name == "category" and (attribute(child, "scheme") or "").endswith("#kind"):
            return (attribute(child, "term") or "").rpartition("#")[2] or "entry"
        if name == "type":
            return text_of(child).strip().lower() or "entry"
    return "entry"


def _number(name: str | None) -> str:
    """Return the number at the end of an id or address: `tag:blogger.com,1999:blog-1.post-7` is 7."""
    found = _NUMBER.search((name or "").strip())
    return found[1] if found else (name or "").strip()


def _thread(entry: Any) -> str:
    parts = children(entry)
    return _number(attribute(parts.get("in-reply-to"), "ref") or text_of(parts.get("parent")))


def _links(entry: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in entry:
        if local(child.tag) == "link":
            found.setdefault(attribute(child, "rel") or "", attribute(child, "href") or "")
    return found


def _comment(entry: Any, titles: dict[str, str]) -> dict[str, str | None]:
    parts, links = children(entry), _links(entry)
    author = children(parts["author"]) if "author" in parts else {}
    thread = _thread(entry)
    parent = links.get("related") or text_of(parts.get("inReplyTo"))
    removed = any(attribute(child, "name") == "blogger.contentRemoved" for child in entry)
    content = text_of(parts.get("content")).strip()
    extra = {"author_url": text_of(author.get("uri")).strip()}
    kept = {name: value for name, value in extra.items() if value}
    return {
        "comment_id": _number(text_of(parts.get("id"))),
        "thread_id": thread,
        "parent_id": _number(parent) or None,
        "author": text_of(author.get("name")).strip() or None,
        "created_at": text_of(parts.get("published")).strip() or None,
        "text": "" if removed else stored_to_text(content).strip(),
        "status": "deleted"
        if removed
        else _STATUS.get(text_of(parts.get("status")).strip().lower() or "live", "pending"),
        "url": links.get("alternate") or None,
        "thread_title": titles.get(thread) or None,
        "extra": jsonlines.encode(kept) if kept else None,
    }
