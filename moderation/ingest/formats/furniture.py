"""What a page prints with every comment, learnt from the page itself: buttons, images, `says:`.

No list of words covers the languages and themes of the web. But a line with which most comments end, or
begin, is the page's and not the commenters'.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from moderation.ingest.formats.commentheads import (
    dated,
    is_addressee,
    is_button,
    is_date,
    is_name,
    mark_date,
    read_head,
)
from moderation.ingest.formats.textitems import Item

FEWEST = 3
"""Comments that must agree: two may really end alike."""

SHARE = 0.5
END_SHARE = 0.5
"""Of the comments; only replies have a button "Parent"."""

SENTENCE_SHARE = 0.8
MOST_SENTENCES = 5
"""So many comments alike, and so large a share, even a sentence is the page's: "3 found this helpful."."""

LONGEST = 60
LONGEST_SENTENCE = 120
MOST_BELOW = 9
"""Lines that forums set between a name and a text: rank, place, number of posts, subject."""

NAMELESS_SHARE = 0.8
ROUNDS = 3
"""Lines of buttons that may stand below one another."""

_CLOCK = re.compile(r"\b\d{1,2}[:.h]\d{2}(?::\d{2})?(?:\s?[ap]m\b)?")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*(?:[kKmM]\b)?")


def bare_furniture(items: Sequence[Item]) -> tuple[set[int], set[int]]:
    """Return the lines of items that are no list items but dates, and of those that are buttons.

    Some pages make a list of the buttons below each comment, and some separate by `•`.
    """
    dates: set[int] = set()
    buttons: set[int] = set()
    inner = Counter(item.parent for item in items)
    left = set(range(len(items)))
    for _ in range(ROUNDS):
        bare = [place for place in left if not inner[place] and not _places(items[place])]
        recurring = Counter(_label(items[place].head) for place in bare)
        least = max(FEWEST + 1, 0.25 * (len(left) - len(bare)))
        gone = []
        for place in bare:
            head = items[place].head
            if is_date(head):
                dates.add(items[place].line)
            elif recurring[_label(head)] >= least and not head.endswith((".", "!", "?")):
                buttons.add(items[place].line)
            else:
                continue
            gone.append(place)
        if not gone:
            break
        inner.subtract(items[place].parent for place in gone)
        left.difference_update(gone)
    return dates, buttons


def clear_furniture(items: Sequence[Item]) -> None:
    """Take the lines that most items begin or end with out of them, in place."""
    filled = [item for item in items if _places(item)]
    for _ in range(ROUNDS):
        if not (_clear_ends(filled) or _clear_heads(filled)):
            return
        filled = [item for item in filled if _places(item)]


def common_lines(lines: Iterable[str], wholes: int, share: float = SHARE) -> set[str]:
    """Return the short lines, as `kind_of` writes them, that recur for most of `wholes` comments."""
    short = (line.strip() for line in lines if len(line.strip()) <= LONGEST_SENTENCE)
    counted = Counter(map(kind_of, short))
    return {kind for kind, count in counted.items() if kind and count >= _fewest(kind, wholes, share)}


def _fewest(kind: str, wholes: int, share: float) -> float:
    """Return how many comments must have a line of a kind: what ends like a sentence may be someone's."""
    if len(kind) > LONGEST or kind.endswith((".", "!", "?")):
        # A count in it shows that it is none of many copies of one text.
        return max(MOST_SENTENCES, SENTENCE_SHARE * wholes) if "0" in kind else math.inf
    return max(FEWEST, share * wholes)


def clear_below_heads(items: Sequence[Item]) -> None:
    """Take the lines of the page that stand between heads and texts out of the items, in place.

    Such are the rest of a date, a badge, the number of someone's posts. Where heads bear no name, a name
    that such lines follow is the author's.
    """
    _take_names(items)
    for _ in range(MOST_BELOW):
        first = [(item, places[0]) for item in items if len(places := _places(item)) > 1]
        common = common_lines((_undated(item.body[place][1]) for item, place in first), len(items))
        lines = [(item, place, item.body[place][1]) for item, place in first]
        found = [
            (item, place)
            for item, place, line in lines
            if kind_of(_undated(line)) in common or is_addressee(line)
        ]
        if not found:
            return
        for item, place in found:
            item.body[place] = (item.body[place][0], "")


def _take_names(items: Sequence[Item]) -> None:
    nameless = [item for item in items if item.is_known and not item.head and len(_places(item)) > 2]
    if len(nameless) < max(FEWEST, NAMELESS_SHARE * len(items)):
        return
    lines = [[item.body[place][1] for place in _places(item)[:2]] for item in nameless]
    common = common_lines((below for _, below in lines), len(nameless))
    if sum(is_name(name) and kind_of(below) in common for name, below in lines) < NAMELESS_SHARE * len(
        nameless
    ):
        return
    for item in nameless:
        number, name = item.body[place := _places(item)[0]]
        if is_name(name):
            item.head, item.body[place] = name.strip(), (number, "")


def _undated(line: str) -> str:
    """Return a line with one mark for its date and the time beside it."""
    return _CLOCK.sub("", mark_date(line, "0")) if dated(line) else line


def kind_of(line: str) -> str:
    """Return a line without what differs from comment to comment: numbers, case, space."""
    return " ".join(_NUMBER.sub("0", line).casefold().split())


def _label(head: str) -> str:
    """Return a button without its count; any other head as it is, for names may differ by a number."""
    return kind_of(head) if is_button(head) else head.casefold()


def _places(item: Item) -> list[int]:
    return [place for place, (_, text) in enumerate(item.body) if text.strip()]


def _clear_ends(items: Sequence[Item]) -> bool:
    ends = [(item, _places(item)[-1]) for item in items]
    common = common_lines((item.body[place][1] for item, place in ends), len(items), END_SHARE)
    cleared = False
    for item, place in ends:
        if kind_of(item.body[place][1]) in common:
            item.body[place] = (item.body[place][0], "")
            item.is_cleared = cleared = True
    return cleared


def _clear_heads(items: Sequence[Item]) -> bool:
    """Clear heads that most items share and that a name follows; the name becomes their head.

    Where a text or a date follows, the head is the name, however many are called Anonymous.
    """
    common = common_lines((item.head for item in items if not any(map(str.isdigit, item.head))), len(items))
    for kind in list(common):
        following = [item.body[_places(item)[0]][1] for item in items if kind_of(item.head) == kind]
        named = sum(bool(read_head(line).author) and not is_date(line) for line in following)
        if 2 * named < len(following) or len(set(following)) == 1:
            common.discard(kind)
    cleared = False
    for item in items:
        places = _places(item)
        if kind_of(item.head) in common and places:
            number, text = item.body[places[0]]
            item.head = text.strip()
            item.body[places[0]] = (number, "")
            cleared = True
    return cleared
