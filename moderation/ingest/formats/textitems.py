"""The list items of a text: markers, indents, who stands under whom, which lines belong to which."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

TAB = 4

_MARKER = re.compile(r"^( *)((?:[•*+\-–□☆▪◦‣·○●■◆◇★]|o(?=[ ]))|\d{1,3}[.)])(?: +(.*)|)$")
_RULE = re.compile(r"^\W*(?:[*_\-–—=] ?){3,}\W*$")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_MARKDOWN_HEADING = re.compile(r"^#{1,6} ")


@dataclass(slots=True)
class Item:
    """One list item.

    Parameters
    ----------
    line : int
        Number of its line.
    start, end : int
        Columns at which its marker begins and ends.
    head : str
        Text on the line of the marker.
    numbered : bool
        True for `1.`, False for a bullet.
    parent : int
        Number of the item that it stands under, or -1.
    body : list of (int, str)
        Its own further lines with their numbers; blank ones are empty.
    crooked : bool
        True where its indent fits none of the levels around it.
    """

    line: int
    start: int
    end: int
    head: str
    numbered: bool
    parent: int
    body: list[tuple[int, str]] = field(default_factory=list)
    crooked: bool = False


@dataclass(slots=True)
class Outline:
    """A text as list items and the lines outside of them.

    Parameters
    ----------
    lines : list of str
        All lines, tabs expanded, without trailing space.
    items : list of Item
        In order.
    outside : list of int
        Numbers of the lines that are not blank and belong to no item.
    flush : bool
        True where bodies stand at the left margin, only markers being indented (html2text).
    """

    lines: list[str]
    items: list[Item]
    outside: list[int]
    flush: bool


def read_outline(text: str) -> Outline:
    """Find the list items of a text.

    The indent is compared, not counted: a step may be one column or eight. Numbers may be aligned on
    either side.
    """
    lines = [line.rstrip() for line in _unescaped(text).split("\n")]
    marks = {number: mark for number, line in enumerate(lines) if (mark := _mark(line)) is not None}
    flush = _bodies_are_flush(lines, marks)
    items: list[Item] = []
    stack: list[int] = []
    outside: list[int] = []
    for number, line in enumerate(lines):
        if number in marks:
            _push(items, stack, marks[number], number)
        elif not line:
            if stack:
                items[stack[-1]].body.append((number, ""))
        else:
            _place(items, stack, outside, number, line, flush)
    return Outline(lines, items, outside, flush)


def wrap_width(lines: Sequence[str]) -> int | None:
    """Return the width at which a text was wrapped, or None where its lines end where they will."""
    lengths = sorted((len(line) for line in lines if line), reverse=True)
    if len(lengths) < 8 or not 40 <= lengths[0] <= 132:
        return None
    width = lengths[0]
    near = sum(1 for length in lengths if length > width - 16)
    return width if near >= max(4, len(lengths) // 12) else None


def unwrap(lines: Sequence[str], width: int | None) -> str:
    """Return lines as text, joining those that were broken only because the next word did not fit."""
    out: list[str] = []
    previous = ""
    for line in lines:
        text = line.strip()
        word = text.split(" ", 1)[0]
        broken = width is not None and previous and text and len(previous) + 1 + len(word) > width
        if broken and out:
            out[-1] += " " + text
        else:
            out.append(text)
        previous = line
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")


def _unescaped(text: str) -> str:
    text = text.expandtabs(TAB).replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")
    # Markdown writers escape what might be markup: "29\. Mai", "aud\_the\_fraud".
    return _ESCAPED.sub(r"\1", text) if len(_ESCAPED.findall(text)) > 2 else text


def _mark(line: str) -> tuple[int, int, str, bool] | None:
    found = _MARKER.match(line)
    if found is None or _RULE.match(line):
        return None
    start = len(found[1])
    return start, start + len(found[2]), (found[3] or "").strip(), found[2][0].isdigit()


def _bodies_are_flush(lines: Sequence[str], marks: dict[int, tuple[int, int, str, bool]]) -> bool:
    left = total = 0
    for number, (start, _, _, _) in marks.items():
        following = next((place for place in range(number + 1, len(lines)) if lines[place]), None)
        if following is None or following in marks or not start:
            continue
        total += 1
        left += not lines[following].startswith(" ")
    return total >= 2 and left >= 0.6 * total


def _push(items: list[Item], stack: list[int], mark: tuple[int, int, str, bool], number: int) -> None:
    start, end, head, numbered = mark
    popped = None
    while stack and not _is_below(start, end, items[stack[-1]]):
        popped = items[stack.pop()]
    crooked = popped is not None and abs(popped.start - start) > 1 and popped.end != end
    items.append(Item(number, start, end, head, numbered, stack[-1] if stack else -1, crooked=crooked))
    stack.append(len(items) - 1)


def _is_below(start: int, end: int, above: Item) -> bool:
    # "10." may begin one column before " 9." and is yet its sibling.
    return start >= above.start + 2 or (start == above.start + 1 and end > above.end)


def _place(
    items: list[Item], stack: list[int], outside: list[int], number: int, line: str, flush: bool
) -> None:
    """Give a line to the deepest item that it can belong to."""
    indent = len(line) - len(line.lstrip(" "))
    if stack and _is_head_of(items[stack[-1]], number):
        # The head may stand on the next line, even further left (lynx puts images there).
        items[stack[-1]].body.append((number, line))
        return
    if flush and stack and not _MARKDOWN_HEADING.match(line) and not _is_last_of_tight_list(items):
        items[stack[-1]].body.append((number, line))
        return
    while stack and not _holds(items[stack[-1]], indent):
        stack.pop()
    if stack:
        items[stack[-1]].body.append((number, line))
    else:
        outside.append(number)


def _is_head_of(item: Item, number: int) -> bool:
    return not item.head and number == item.line + 1


def _is_last_of_tight_list(items: Sequence[Item]) -> bool:
    # What follows a list without blank lines is the page's text, not its last item's.
    return len(items) > 1 and items[-2].line == items[-1].line - 1


def _holds(item: Item, indent: int) -> bool:
    """Return True where a line of that indent may belong to the item.

    inscriptis sets paragraphs as far left as the marker, but the line after the head never.
    """
    return indent > item.start or (indent == item.start > 0 and any(text for _, text in item.body))
