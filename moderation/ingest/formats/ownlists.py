"""Lists that commenters wrote into their texts: items that look like empty comments and are none."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import takewhile

from moderation.ingest.formats import commentheads as heads
from moderation.ingest.formats.textitems import Item


def is_list_in_text(items: Sequence[Item], place: int, inner: Mapping[int, Sequence[int]]) -> bool:
    """Return True for an item of a list that a commenter wrote: no item of the run has text of its own."""
    item = items[place]
    if item.parent < 0 or has_text(item) or inner.get(place):
        return False
    if item.numbered and not items[item.parent].numbered:
        return True
    siblings = inner[item.parent]
    if _is_announced(items, siblings, place):
        return True
    # One sibling with text shows that bare ones are empty comments; most lists show it at once.
    bare = all(not has_text(items[other]) for other in siblings)
    return len(siblings) > 1 and (
        bare or (heads.is_sentence(item.head) and _bare_beside(items, siblings, place))
    )


def has_text(item: Item) -> bool:
    """Return True for an item with more of its own than its head and buttons."""
    return any(text.strip() and not heads.is_button(text) for _, text in item.body)


def _is_announced(items: Sequence[Item], siblings: Sequence[int], place: int) -> bool:
    """Return True for an item of the list that the parent's text announces: "Bring:", tea, cups."""
    bare = list(takewhile(lambda other: not has_text(items[other]), siblings))
    first = items[siblings[0]].line
    above = [text for number, text in items[items[place].parent].body if number < first and text.strip()]
    return len(bare) > 1 and place <= bare[-1] and bool(above) and above[-1].rstrip().endswith(":")


def _bare_beside(items: Sequence[Item], siblings: Sequence[int], place: int) -> bool:
    """Return True where the item before or behind among its siblings has no text either."""
    at = bisect_left(siblings, place)
    return any(
        not has_text(items[other]) for other in (*siblings[max(at - 1, 0) : at], *siblings[at + 1 : at + 2])
    )
