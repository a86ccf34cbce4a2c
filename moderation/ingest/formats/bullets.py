"""Reading nested bullets: which lines are comments, who wrote them, what they answer."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

_BULLET = re.compile(r"^([ \t]*)([•*+o\-–□☆▪◦‣·○●])(?:[ \t]+(.*)|)$")


@dataclass(slots=True)
class Comment:
    author: str | None
    text: str
    parent: int
    kind: str = "comment"
    confidence: float = 1.0


@dataclass(slots=True)
class Page:
    title: str | None
    comments: list[Comment]
    read: int
    nested: bool
    skipped: Counter[str] = field(default_factory=Counter)


def read_page(text: str) -> Page:
    lines = text.expandtabs(4).replace("\r", "").split("\n")
    items: list[tuple[int, str, list[str]]] = []
    above: list[str] = []
    for line in lines:
        match = _BULLET.match(line)
        if match:
            items.append((len(match[1]), (match[3] or "").strip(), []))
        elif items:
            items[-1][2].append(line)
        elif line.strip():
            above.append(line.strip())
    comments = []
    stack: list[tuple[int, int]] = []
    for indent, head, body in items:
        while stack and stack[-1][0] >= indent:
            stack.pop()
        text = "\n".join(line.strip() for line in body).strip()
        comments.append(Comment(head or None, text, stack[-1][1] if stack else -1))
        stack.append((indent, len(comments) - 1))
    skipped = Counter({"article text": len(above)}) if above else Counter()
    return Page(above[0] if above else None, comments, len(comments) + len(above), bool(comments), skipped)
