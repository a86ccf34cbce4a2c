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
from moderation.ingest.formats.commentheads import is_button, pingback
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
_NAME = re.compile(r"[a-z][a-z0-9]*$")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
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
_DROPPED = frozenset(
    ["script", "style", "form", "noscript", "button", "svg", "iframe", "template", "input", "select"]
)
_SIDE_CLASSES = frozenset(
    [
        "reply",
        "comment-meta",
        "commentmetadata",
        "comment-author",
        "comment-reply-link",
        "comment-actions",
        "comment-date",
        "comment-edit-link",
        "comment-awaiting-moderation",
        "comment-footer",
        "avatar",
        "vcard",
        "says",
        "comment-notes",
    ]
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
    nodes = comment_nodes(page)
    title, address = _title(page), _address(page)
    rows = [_row(nodes, place, address) for place in range(len(nodes))]
    if not any(row["author"] for row in rows) and (read := as_people_see_it(page)):
        if not nodes:
            return page_rows(read, "html", title or read.title, address)
        clear(rows, read.comments)
    ids, parents = _ids(rows, nodes, address or title or "")
    columns: dict[str, Any] = {
        name: [row[name] for row in rows] for name in ("author", "created_at", "text", "kind", "likes", "url")
    }
    columns |= {
        "comment_id": ids,
        "parent_id": parents,
        "thread_id": address or (stable_id(title) if title else ""),
        "thread_title": title,
    }
    table, repaired = tables.record_table(len(rows), "html", columns)
    return Parsed(table, len(rows) + 1, skipped=Counter({"page around the comments": 1}), repaired=repaired)


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


def _is_comment(element: Any) -> bool:
    kind = element.get("itemtype") or ""
    if "schema.org/Comment" in kind or "schema.org/UserComments" in kind:
        return True
    if element.tag in ("ol", "ul"):
        return False
    name = element.get("id") or ""
    classes = _classes(element)
    if found := _COMMENT_ID.match(name):
        numbered = any(character.isdigit() for character in found[1])
        return numbered and not found[1].startswith(("body", "header", "message", "footer", "meta", "author"))
    return bool(classes & _COMMENT_CLASSES) and (
        element.tag in ("li", "article") or bool(classes & {"byuser", "depth-1", "h-cite"})
    )


def _is_same(outer: Any, inner: Any) -> bool:
    """Return True where one comment has two elements: `li#comment-7`, the `article` of schema.org in it."""
    if inner.tag == "li" or (inner.get("itemtype") and outer.get("itemtype")):
        return False
    between = [one for one in inner.iterancestors() if one is not outer]
    for one in between[: next((n for n, one in enumerate(inner.iterancestors()) if one is outer), 0)]:
        if one.tag in ("ol", "ul", "li") or "children" in _classes(one):
            return False
    return True


def _row(nodes: Sequence[Node], place: int, address: str | None) -> dict[str, Any]:
    element = nodes[place].element
    others = {node.element for node in nodes if node.element is not element}
    own = list(_own(element, others))
    text = _text(own, element, others)
    author = _author(own)
    kind = "pingback" if _classes(element) & {"pingback", "trackback"} else "comment"
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
    for one in own:
        if one.get("itemprop") in ("text", "commentText"):
            return _rendered(one, others, False)
    for name in _TEXT_CLASSES:
        for one in own:
            if name in _classes(one) and one is not element:
                return _rendered(one, others, name == "comment-body")
    return _rendered(element, others, True)


def _rendered(element: Any, others: set[Any], strip_sides: bool) -> str:
    """Return an element's text without nested comments, buttons and, where asked, name and date."""
    element = _copy(element, others, strip_sides)
    lines = html_to_text(html.tostring(element, encoding="unicode", with_tail=False)).split("\n")
    while lines and (not lines[-1].strip() or is_button(lines[-1])):
        lines.pop()
    while lines and (not lines[0].strip() or is_button(lines[0])):
        lines.pop(0)
    return "\n".join(lines)


def _is_left_out(element: Any, others: set[Any], strip_sides: bool) -> bool:
    if element in others or element.tag in _DROPPED:
        return True
    classes = _classes(element)
    if (
        ("children" in classes and element.tag in ("ol", "ul"))
        or "reply" in classes
        or "comment-reply-link" in classes
    ):
        return True
    return strip_sides and (bool(classes & _SIDE_CLASSES) or element.tag in ("cite", "time", "footer"))


def _copy(element: Any, others: set[Any], strip_sides: bool) -> Any:
    """Return a copy without what is left out, as a `div`: the mark of a list item is no text."""
    copied = html.Element("div")
    copied.text = _clean(element.text)
    waiting = [(element, copied)]
    while waiting:
        source, target = waiting.pop()
        for child in source:
            if not isinstance(child.tag, str):
                continue
            if _is_left_out(child, others, strip_sides):
                _append_text(target, child.tail)
                continue
            tag = child.tag if _NAME.match(child.tag) else "span"
            kept = {name: _clean(child.get(name)) for name in ("href", "alt") if child.get(name)}
            made = etree.SubElement(target, tag, kept)
            made.text, made.tail = _clean(child.text), _clean(child.tail)
            waiting.append((child, made))
    return copied


def _clean(text: str | None) -> str | None:
    """Return text without the characters that lxml takes from a page but does not give to an element."""
    return _FORBIDDEN.sub("\ufffd", text) if text else text


def _append_text(target: Any, text: str | None) -> None:
    text = _clean(text)
    if not text:
        return
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text


def _author(own: Sequence[Any]) -> str | None:
    for one in own:
        if one.get("itemprop") in ("author", "creator", "name"):
            named = next((inner for inner in one.iter() if inner.get("itemprop") == "name"), one)
            if text := _line(named):
                return text
    for name in _AUTHOR_CLASSES:
        for one in own:
            if name in _classes(one) and (text := _line(one)):
                return text
    cite = next((one for one in own if one.tag == "cite"), None)
    return (_line(cite) or None) if cite is not None else None


def _line(element: Any) -> str:
    text = " ".join("".join(element.itertext()).split())
    text = re.sub(r"\s+(?:says|said|sagt|schreibt|dice|dit|zegt)\s*:?$", "", text)
    return text if len(text) <= 120 else ""


def _time(own: Sequence[Any]) -> str | None:
    for one in own:
        if one.tag == "time" and one.get("datetime"):
            return str(one.get("datetime"))
        if one.get("itemprop") in ("dateCreated", "datePublished", "commentTime"):
            return str(one.get("content") or one.get("datetime") or _line(one))
    return None


def _votes(own: Sequence[Any]) -> int | None:
    for one in own:
        if one.get("itemprop") == "upvoteCount":
            text = one.get("content") or _line(one)
            return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None
    return None


def _ids(
    rows: Sequence[dict[str, Any]], nodes: Sequence[Node], thread: str
) -> tuple[list[str], list[str | None]]:
    made, _ = tree_ids(
        thread,
        [node.parent for node in nodes],
        [row["author"] for row in rows],
        [row["text"] for row in rows],
    )
    ids: list[str] = []
    for node, generated in zip(nodes, made, strict=True):
        found = _COMMENT_ID.match(node.element.get("id") or "")
        ids.append(found[1] if found and found[1] not in ids else generated)
    return ids, [ids[node.parent] if node.parent >= 0 else None for node in nodes]


def _classes(element: Any) -> set[str]:
    return set((element.get("class") or "").split())


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
