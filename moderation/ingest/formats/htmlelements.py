"""Elements of HTML pages: their classes, their text without what is none of it, a line of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from lxml import etree, html

from moderation.ingest.formats.commentheads import is_button
from moderation.ingest.markup import html_to_text

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"[a-z][a-z0-9]*$")
_DROPPED = frozenset(
    ["script", "style", "form", "noscript", "button", "svg", "iframe", "template", "input", "select"]
)
_NEVER_TEXT = frozenset(["comment-reply-link", "comment-likes", "sharedaddy", "comment-awaiting-moderation"])
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


_SAYS = re.compile(r"\s+(?:says|said|sagt|schreibt|dice|dit|zegt)\s*:?$")

LONGEST_NAME = 120
"""Characters of the longest text that may be a name."""


def classes(element: Any) -> set[str]:
    """Return the classes of an element."""
    return set((element.get("class") or "").split())


def line(element: Any) -> str:
    """Return an element's text in one line without a "says" behind it; nothing where it is no name."""
    text = " ".join("".join(element.itertext()).split())
    text = _SAYS.sub("", text)
    return text if len(text) <= LONGEST_NAME else ""


def plain(element: Any, others: Collection[Any], lines: bool = False) -> str:
    """Return an element's text without the `others` in it, buttons and forms; its line breaks if `lines`."""
    copied = _copy(element, others, False)
    if lines:
        copied.tag = "pre"
    return html_to_text(html.tostring(copied, encoding="unicode", with_tail=False)).strip("\n")


def rendered(element: Any, others: Collection[Any], strip_sides: bool) -> str:
    """Return an element's text without nested comments, buttons and, where asked, name and date."""
    element = _copy(element, others, strip_sides)
    lines = html_to_text(html.tostring(element, encoding="unicode", with_tail=False)).split("\n")
    while lines and (not lines[-1].strip() or is_button(lines[-1])):
        lines.pop()
    while lines and (not lines[0].strip() or is_button(lines[0])):
        lines.pop(0)
    return "\n".join(lines)


def _is_left_out(element: Any, others: Collection[Any], strip_sides: bool) -> bool:
    if element in others or element.tag in _DROPPED:
        return True
    named = classes(element)
    if ("children" in named and element.tag in ("ol", "ul")) or "reply" in named or named & _NEVER_TEXT:
        return True
    return strip_sides and (bool(named & _SIDE_CLASSES) or element.tag in ("cite", "time", "footer"))


def _copy(element: Any, others: Collection[Any], strip_sides: bool) -> Any:
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
