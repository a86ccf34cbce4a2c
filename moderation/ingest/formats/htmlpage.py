"""Comments in HTML pages: lists by WordPress, Disqus, schema.org and the like; other pages by their text."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from lxml import etree, html

from moderation.errors import DataError
from moderation.ingest import jsontree, tables
from moderation.ingest.base import Chunk, Format, Head, Parsed, ReadOptions, Reject
from moderation.ingest.formats.commentheads import pingback
from moderation.ingest.formats.htmlelements import classes, line, plain, rendered
from moderation.ingest.formats.htmlengines import Found, engine_comments, loose_comments
from moderation.ingest.formats.htmltext import as_people_see_it, clear
from moderation.ingest.formats.mapped import Collector
from moderation.ingest.formats.plaintext import page_rows
from moderation.ingest.ids import stable_id, tree_ids
from moderation.ingest.mapping import mappings
from moderation.ingest.markup import html_to_text

LARGEST = 64 << 20

_PAGE = re.compile(r"<!doctype html|<html[\s>]|<body[\s>]|<head[\s>]", re.IGNORECASE)
_LISTED = re.compile(
    r"""class=["'][^"']*\b(?:comment-?list|comment-body|comment-content|dsq-comment|commentlist)\b"""
    r"""|id=["'](?:dsq-comments|comments)["']|schema\.org/(?:Comment|UserComments)|disqus-threadData""",
    re.IGNORECASE,
)
_CLOSED = re.compile(r"</(?:li|p|article)>", re.IGNORECASE)
_COMMENT_ID = re.compile(r"^(?:li-|div-|dsq-)?comment-?(\w[\w-]*)$", re.IGNORECASE)
_COMMENT_CLASSES = frozenset(["comment", "pingback", "trackback", "comment-item", "commententry", "h-cite"])
_TEXT_CLASSES = (
    "dsq-comment-message",
    "comment-content",
    "comment_content",
    "comment-text",
    "comment_text",
    "commenttext",
    "comment-message",
    "comment-entry",
    "comment__content",
    "comment__body",
    "e-content",
    "comment-body",
)
_AUTHOR_CLASSES = (
    "fn",
    "comment-author-name",
    "comment-author",
    "comment_author",
    "p-author",
    "author",
    "commentauthor",
)


@dataclass(slots=True)
class Node:
    """A comment on the page: its element and the number of the one around it, or -1."""

    element: Any
    parent: int


def sniff(head: Head) -> float:
    """Return how surely this is an HTML page, more where comments show in its beginning."""
    text = head.text.lstrip()
    if not text.startswith("<") or (text.startswith("<?xml") and "<html" not in text[:4096]):
        return 0.0
    if _PAGE.search(text[:65536]):
        return 0.9 if _LISTED.search(text) else 0.6
    # A fragment of a page; Markdown with some tags in it has no paragraphs of HTML.
    return 0.8 if _LISTED.search(text) and len(_CLOSED.findall(text)) > 1 else 0.0


def split(stream: BinaryIO, options: ReadOptions) -> Iterator[Chunk]:
    """Yield the whole page."""
    data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DataError(f"{options.input}: an HTML page may have {LARGEST >> 20} MiB; split it")
    if data.strip():
        yield Chunk(data, 0)


def parse(chunk: Chunk, options: ReadOptions) -> Parsed:
    """Turn the comments of a page into rows; who answers whom is shown by what stands in whom."""
    try:
        page = html.document_fromstring(
            chunk.payload, parser=html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
        )
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError) as error:
        return Parsed(tables.empty_table(), 1, [Reject(options.input, "byte 0", f"no HTML page: {error}")])
    embedded = page.xpath('//script[@id="disqus-threadData"]')
    if embedded:
        return _embedded(embedded[0].text or "", options)
    title, address = _title(page), _address(page)
    if found := engine_comments(page, chunk.payload):
        return _engine_rows(found, title, address)
    nodes = comment_nodes(page)
    found = loose_comments(page)
    if len(found) > len(nodes) or (len(found) == len(nodes) and not _are_plain(nodes)):
        return _engine_rows(found, title, address)
    rows = [_row(nodes, place, address) for place in range(len(nodes))]
    if not any(row["author"] for row in rows) and (read := as_people_see_it(page)):
        if not nodes:
            return page_rows(read, "html", title or read.title, address)
        clear(rows, read.comments)
    names = [_COMMENT_ID.match(node.element.get("id") or "") for node in nodes]
    return _parsed(
        rows, [found and found[1] for found in names], [node.parent for node in nodes], title, address
    )


FORMATS = (
    Format(
        name="html",
        title="HTML page with its comments (WordPress, Disqus's static list, schema.org, …)",
        carries=("ids", "parents", "authors", "times", "titles", "addresses"),
        sniff=sniff,
        split=split,
        parse=parse,
        structure="chunk",
    ),
)


def comment_nodes(page: Any) -> list[Node]:
    """Return the comments of a page in reading order."""
    found: dict[Any, int] = {}
    nodes: list[Node] = []
    for element in page.iter("li", "div", "article", "section", "tr", "dd", "ol", "ul"):
        if not _is_comment(element):
            continue
        parent = next((found[one] for one in element.iterancestors() if one in found), -1)
        if parent >= 0 and _is_same(nodes[parent].element, element):
            continue
        found[element] = len(nodes)
        nodes.append(Node(element, parent))
    # A wrapper that bears a comment's class but has neither name nor text is none.
    return nodes


def _are_plain(nodes: Sequence[Node]) -> bool:
    """Return True where the markup of each comment names its text and its author."""
    elements = {node.element for node in nodes}
    parts = [list(_own(node.element, elements - {node.element})) for node in nodes]
    return all(_text_element(own, own[0]) is not None and _author(own) for own in parts)


def _is_comment(element: Any) -> bool:
    kind = element.get("itemtype") or ""
    if "schema.org/Comment" in kind or "schema.org/UserComments" in kind:
        return True
    if element.tag in ("ol", "ul"):
        return False
    name = element.get("id") or ""
    named = classes(element)
    if found := _COMMENT_ID.match(name):
        numbered = any(character.isdigit() for character in found[1])
        return numbered and not found[1].startswith(("body", "header", "message", "footer", "meta", "author"))
    return bool(named & _COMMENT_CLASSES) and (
        element.tag in ("li", "article") or bool(named & {"byuser", "depth-1", "h-cite"})
    )


def _is_same(outer: Any, inner: Any) -> bool:
    """Return True where one comment has two elements: `li#comment-7`, the `article` of schema.org in it."""
    if inner.tag == "li" or (inner.get("itemtype") and outer.get("itemtype")):
        return False
    between = [one for one in inner.iterancestors() if one is not outer]
    for one in between[: next((n for n, one in enumerate(inner.iterancestors()) if one is outer), 0)]:
        if one.tag in ("ol", "ul", "li") or "children" in classes(one):
            return False
    return True


def _row(nodes: Sequence[Node], place: int, address: str | None) -> dict[str, Any]:
    element = nodes[place].element
    others = {node.element for node in nodes if node.element is not element}
    own = list(_own(element, others))
    text = _text(own, element, others)
    author = _author(own)
    kind = "pingback" if classes(element) & {"pingback", "trackback"} else "comment"
    if (title := pingback(text)) is not None and "\n" not in title:
        kind, text = "pingback", title
    name = element.get("id")
    return {
        "author": author,
        "created_at": _time(own),
        "text": text,
        "kind": kind,
        "likes": _votes(own),
        "url": f"{address}#{name}" if address and name else address,
    }


def _own(element: Any, others: set[Any]) -> Iterator[Any]:
    """Yield the element and what is in it, but not in another comment."""
    waiting = [element]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(child for child in reversed(one) if isinstance(child.tag, str) and child not in others)


def _text(own: Sequence[Any], element: Any, others: set[Any]) -> str:
    found = _text_element(own, element)
    if found is None:
        return rendered(element, others, True)
    if "comment-body" in classes(found):
        return rendered(found, others, True)
    # Someone may have said nothing but "Reply".
    return rendered(found, others, False) or plain(found, others)


def _text_element(own: Sequence[Any], element: Any) -> Any:
    for one in own:
        if one.get("itemprop") in ("text", "commentText"):
            return one
    for name in _TEXT_CLASSES:
        for one in own:
            if name in classes(one) and one is not element:
                return one
    return None


def _author(own: Sequence[Any]) -> str | None:
    for one in own:
        if one.get("itemprop") in ("author", "creator", "name"):
            named = next((inner for inner in one.iter() if inner.get("itemprop") == "name"), one)
            if text := line(named):
                return text
    for name in _AUTHOR_CLASSES:
        for one in own:
            if name not in classes(one):
                continue
            inner = next((part for part in one.iter("cite", "strong", "b") if line(part)), one)
            if text := line(inner):
                return text
    cite = next((one for one in own if one.tag == "cite"), None)
    return (line(cite) or None) if cite is not None else None


def _time(own: Sequence[Any]) -> str | None:
    for one in own:
        if one.tag == "time" and one.get("datetime"):
            return str(one.get("datetime"))
        if one.get("itemprop") in ("dateCreated", "datePublished", "commentTime"):
            return str(one.get("content") or one.get("datetime") or line(one))
    return None


def _votes(own: Sequence[Any]) -> int | None:
    for one in own:
        if one.get("itemprop") == "upvoteCount":
            text = one.get("content") or line(one)
            return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None
    return None


def _engine_rows(found: Sequence[Found], title: str | None, address: str | None) -> Parsed:
    rows = [
        {
            "author": one.author,
            "created_at": one.created_at,
            "text": one.text,
            "kind": "comment",
            "likes": one.likes,
            "url": f"{address}#{name}" if address and (name := one.element.get("id")) else address,
        }
        for one in found
    ]
    return _parsed(rows, [one.comment_id for one in found], [one.parent for one in found], title, address)


def _parsed(
    rows: Sequence[dict[str, Any]],
    names: Sequence[str | None],
    parents: Sequence[int],
    title: str | None,
    address: str | None,
) -> Parsed:
    """Return rows as a table; `names` are their own ids, `parents` the rows that they answer."""
    columns: dict[str, Any] = {
        name: [row[name] for row in rows] for name in ("author", "created_at", "text", "kind", "likes", "url")
    }
    made, _ = tree_ids(address or title or "", parents, columns["author"], columns["text"])
    ids: list[str] = []
    known: set[str] = set()
    for name, generated in zip(names, made, strict=True):
        ids.append(name if name and name not in known else generated)
        known.add(ids[-1])
    columns |= {
        "comment_id": ids,
        "parent_id": [ids[parent] if parent >= 0 else None for parent in parents],
        "thread_id": address or (stable_id(title) if title else ""),
        "thread_title": title,
    }
    table, repaired = tables.record_table(len(rows), "html", columns)
    return Parsed(table, len(rows) + 1, skipped=Counter({"page around the comments": 1}), repaired=repaired)


def _title(page: Any) -> str | None:
    found = (
        page.xpath('//meta[@property="og:title"]/@content')
        or page.xpath("//title/text()")
        or page.xpath("//h1//text()")
    )
    return " ".join(found[0].split()) or None if found else None


def _address(page: Any) -> str | None:
    found = page.xpath('//link[@rel="canonical"]/@href') or page.xpath('//meta[@property="og:url"]/@content')
    return found[0].strip() or None if found else None


def _embedded(text: str, options: ReadOptions) -> Parsed:
    """Return the posts that Disqus's own page carries as JSON."""
    try:
        document = json.loads(text)
    except ValueError as error:
        return Parsed(
            tables.empty_table(), 1, [Reject(options.input, "script", f"no JSON: {error}", text[:200])]
        )
    collector = Collector(mappings()["disqus-api"])
    for number, found in enumerate(jsontree.walk(document, ["response.posts[]"], ()), 1):
        collector.add(found, f"post {number}")
    chunk = collector.take()
    chunk.columns["text"] = [html_to_text(value) for value in chunk.columns["text"]]
    thread = (
        document.get("response", {}).get("thread") if isinstance(document.get("response"), dict) else None
    )
    if isinstance(thread, dict):
        chunk.columns["thread_title"] = [str(thread.get("title") or "")] * len(chunk.columns["text"])
    table, repaired = tables.record_table(len(chunk.columns["text"]), "html", chunk.columns)
    rejects = [Reject(options.input, *reject) for reject in chunk.rejects]
    skipped = chunk.skipped + Counter({"page around the comments": 1})
    return Parsed(table, chunk.read + 1, rejects, skipped, repaired)
