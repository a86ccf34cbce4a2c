"""Which list items of a page are comments because they bear a date, and which name stands beside it."""

from __future__ import annotations

from moderation.ingest.formats import commentheads as heads
from moderation.ingest.formats.bylines import find_bylines
from moderation.ingest.formats.textitems import Item, Outline

FURTHER = 1.5
"""How many times as many comments as list items show bylines must show to be believed in their stead."""

HEAD_LINES = 5
"""Lines below an item's first in which its byline may end."""


def known_items(outline: Outline, width: int | None) -> list[int]:
    """Return the items that begin with a byline as this page writes them; the name becomes their head."""
    groups = [_first_lines(outline, item, width) for item in outline.items]
    bylines = find_bylines([[text for text, _ in group] for group in groups])
    found = [place for place, byline in enumerate(bylines) if byline]
    dated = dated_items(outline)
    plain = sum(_is_plain(outline.items[place]) for place in dated)
    if len(found) < len(dated) or (2 * plain > len(dated) and len(found) < FURTHER * len(dated)):
        return []
    for place in found:
        item, byline = outline.items[place], bylines[place]
        for at in range(groups[place][byline.last][1] if byline else 0):
            item.body[at] = (item.body[at][0], "")
        item.head, item.is_known = (byline.author if byline else None) or "", True
    return found


def _is_plain(item: Item) -> bool:
    """Return True where the first line alone says who wrote the comment: nothing need be learnt."""
    head = heads.read_head(item.head)
    return head.strong and bool(head.author)


def _first_lines(outline: Outline, item: Item, width: int | None) -> list[tuple[str, int]]:
    """Return the first lines of an item, wrapped ones joined, each with the number of body lines up to it."""
    lines = [(item.head, 0)]
    previous = outline.lines[item.line]
    for place, (_, text) in enumerate(item.body):
        if not text.strip():
            previous = ""
            continue
        word = text.split(maxsplit=1)[0]
        if width and previous and len(previous) + 1 + len(word) > width:
            lines[-1] = (f"{lines[-1][0]} {text.strip()}", place + 1)
        elif len(lines) > HEAD_LINES:
            break
        else:
            lines.append((text.strip(), place + 1))
        previous = text
    return lines


def dated_items(outline: Outline) -> list[int]:
    """Return the items whose heads can be nothing but those of comments, where a page has such."""
    found = [place for place, item in enumerate(outline.items) if _is_dated(item)]
    named = [place for place, item in enumerate(outline.items) if is_named(item)]
    return found if len(found) >= 2 and 2 * len(found) >= len(named) else []


def _is_dated(item: Item) -> bool:
    lines = [item.head] if heads.plain(item.head) else []
    lines += [text.strip() for _, text in item.body if text.strip()]
    if not lines or (heads.is_sentence(heads.plain(lines[0])) and not heads.read_head(lines[0]).strong):
        return False
    own = [line for line in lines[1:] if not heads.is_date(line) and not heads.is_says(line)]
    if heads.read_head(lines[0]).strong:
        return bool(own) or heads.is_says(heads.plain(lines[0]))
    return bool(own) and any(heads.is_date(line) or heads.is_says(line) for line in lines[1:3])


def is_named(item: Item) -> bool:
    """Return True for an item that may be a name with a text below."""
    return bool(heads.read_head(item.head).author) and any(
        text.strip() and not heads.is_button(text) for _, text in item.body
    )
