"""Plain-text threads: a page's comments as any extractor leaves them, nested bullets or flat text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from moderation.errors import DataError
from moderation.ingest import tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions
from moderation.ingest.formats.bullets import has_thread, read_page
from moderation.ingest.formats.textpage import Page
from moderation.ingest.ids import stable_id, tree_ids
from moderation.ingest.strangers import is_sql

_JSON = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*(?:[\[{\"\]-]|\d[\d.]*\s*,|true\b|false\b|null\b))")

LARGEST = 64 << 20
"""Bytes of one page: its structure is learnt from the whole of it."""

SNIFFED = 64 << 10
"""Characters that show whether a text is a thread: its article may stand above it."""


def sniff(head: Head) -> float:
    """Return how surely this is text that people read: more where bullets are nested in it."""
    text = head.text
    if not text.strip() or "\0" in text or _JSON.match(text):
        return 0.0
    if text.lstrip().startswith("<"):
        # Markdown by pandoc keeps the blocks that it has no word for as tags around its lists.
        return 0.7 if has_thread(text) else 0.0
    strange = sum(
        1 for character in text if character == "\ufffd" or (character < " " and character not in "\t\n\r\f")
    )
    if strange > 0.02 * len(text):
        return 0.0
    if has_thread(text[:SNIFFED]):
        return 0.9
    if _is_code(text) or is_sql(text):
        return 0.0
    return 0.35 if "\n" in text.strip() else 0.25


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield the whole page: who answers whom is known only in its context."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(
            f"{options.input}: a page of text may have {LARGEST >> 20} MiB; "
            "split the file, or say --format lines for one comment a line"
        )
    if data:
        yield Chunk(data, 1)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn the comments of a page into rows; its other lines are skipped by reason."""
    page = read_page(chunk.payload.decode("utf-8", "moderation-sentinel"))
    return page_rows(page, "plaintext", page.title)


def page_rows(page: Page, source: str, title: str | None, address: str | None = None) -> Parsed:
    """Return the rows of a page of text.

    Parameters
    ----------
    page : Page
    source : str
        Name of the format.
    title, address : str, optional
        Of the page.
    """
    comments = page.comments
    authors = [comment.author for comment in comments]
    texts = [comment.text for comment in comments]
    parents_at = [comment.parent for comment in comments]
    ids, parents = tree_ids(address or title or "", parents_at, authors, texts)
    columns = {
        "comment_id": ids,
        "thread_id": address or (stable_id(title) if title else ""),
        "parent_id": parents,
        "author": authors,
        "text": texts,
        "kind": [comment.kind for comment in comments],
        "thread_title": title,
        "url": address,
        "parse_confidence": [comment.confidence for comment in comments],
    }
    table, repaired = tables.record_table(len(comments), source, columns)
    skipped = Counter(page.skipped)
    return Parsed(table, page.read, skipped=skipped, repaired=repaired)


_CODE = re.compile(
    r"""^\s*(?:["'][^"']{0,80}["']|[\w$.-]{1,40})\s*[:=]\s*(?:["'\[{\d(]|true\b|false\b|null\b|$)"""
    r"""|^\s*[\[\]{}()]+[,;]?\s*$|[{;,]\s*$|^\s*-\s+["'\w]+:(?:\s|$)"""
)

_YAML = re.compile(r"(?:---[^\n]*\n|#[^\n]*\n|\s*\n)*[\w-]+:[ \t]*\n[ \t]*(?:-[ \t]+)?[\w-]+:(?:[ \t\n]|$)")
_KEY = re.compile(r"^\s*(?:-\s+)?[\w.-]{1,40}:(?:\s|$)|^\s*-\s+\S")

FORMATS = (
    Format(
        name="plaintext",
        title="text of a page with its comments: nested bullets of any extractor, or flat paragraphs",
        carries=("authors", "parents", "titles"),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="chunk",
    ),
)


def _is_code(text: str) -> bool:
    """Return True for program code and data, of which a wrong guess would make comments."""
    lines = [line for line in text[:SNIFFED].split("\n") if line.strip()][:400]
    if len(lines) <= 8:
        return False
    if _YAML.match(text) and sum(bool(_KEY.search(line)) for line in lines) > 0.7 * len(lines):
        return True
    return sum(bool(_CODE.search(line)) for line in lines) > 0.7 * len(lines)
