"""Comments between bylines that stand in no list: blocks of a page, nested by their indent or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from moderation.ingest.formats import commentheads as heads
from moderation.ingest.formats.bylines import ABOVE, Byline, find_bylines, has_letters, one_family
from moderation.ingest.formats.furniture import LONGEST, kind_of
from moderation.ingest.formats.textitems import unwrap

FEWEST = 3
MOST_ANSWERS = 5
"""Answers to one comment beside which a thread has others."""

CLOSED = 0.9
"""Share of comments with buttons from which on a text without any is the article."""

ANSWERED = 0.8
"""Share of comments with a button to reply where dates have no year: calendars have none."""

TAIL_SHARE = 0.3
"""Share of comments below which a line of the page stands: only replies have a button "Parent"."""

_PICTURE = re.compile(r"!?\[[^\[\]]{0,80}\](?:\([^()]*\))?$")
MARKERS = "•*+-–□☆▪◦·○●■ "


@dataclass(slots=True)
class Record:
    """A comment: what its byline and its lines say, and where it stands."""

    author: str | None
    text: str
    parent: int
    first: int
    last: int


def line_records(
    lines: Sequence[str], width: int | None, marked: Sequence[str] | None = None
) -> list[Record]:
    """Return the comments of a text whose bylines recur; none where fewer than `FEWEST` do.

    Parameters
    ----------
    lines : sequence of str
    width : int or None
        At which they were wrapped.
    marked : sequence of str, optional
        The same lines with doubtful dates written so that they are seen, see `commentheads.with_years`.
        Such bylines count only where the comments have a button to reply.
    """
    seen = lines if marked is None else marked
    filled = [number for number, line in enumerate(lines) if has_letters(line) or any(map(str.isdigit, line))]
    dates = [place for place, number in enumerate(filled) if _may_be_byline(seen[filled[place]])]
    if len(dates) < FEWEST:
        return []
    dated = {filled[place] for place in dates}
    behind = [lines[filled[place + 1]] if place + 1 < len(filled) else "" for place in dates]
    dates = [dates[one] for one in one_family([seen[filled[place]] for place in dates], behind)]
    recurring = _recurring([lines[number] for number in filled], len(dates))
    groups: list[list[int]] = []
    previous = -1
    for place in dates:
        between = filled[previous + 1 : place]
        above = [n for n in between if n not in dated and kind_of(lines[n]) not in recurring]
        groups.append([*above[-ABOVE:], filled[place]])
        previous = place
    bylines = find_bylines(
        [[seen[n].strip().lstrip(MARKERS) for n in group] for group in groups], shared=True
    )
    starts = [(group, byline) for group, byline in zip(groups, bylines, strict=True) if byline]
    headings = [n for n in filled if kind_of(lines[n]) not in recurring]
    starts = starts[heads.above_heading(lines, headings, [group[byline.first] for group, byline in starts]) :]
    if marked is not None:
        buttons = sum(heads.answers(line) for line in lines)
        starts = starts if buttons >= ANSWERED * len(starts) else []
    records = _records(lines, starts, width) if len(starts) >= FEWEST else []
    return records if _is_thread(records) else []


def _is_thread(records: Sequence[Record]) -> bool:
    """Return True where most records have a text, and not all one name: articles have dates too."""
    names = Counter(record.author for record in records)
    texts = sum(bool(record.text) for record in records)
    return texts >= 0.7 * len(records) > 0 and names.most_common(1)[0][1] <= 0.7 * len(records)


def _may_be_byline(line: str) -> bool:
    return len(line.strip()) <= 200 and heads.dated(heads.plain(line.strip()))


def _recurring(lines: Sequence[str], wholes: int) -> set[str]:
    """Return the kinds of the short lines that recur with most bylines: buttons, labels, counts."""
    counted = Counter(kind_of(line) for line in lines if len(line.strip()) <= LONGEST)
    return {
        kind
        for kind, count in counted.items()
        if count >= max(FEWEST, 0.5 * wholes) and not kind.endswith((".", "!", "?")) and not heads.dated(kind)
    }


def _records(
    lines: Sequence[str], starts: Sequence[tuple[list[int], Byline]], width: int | None
) -> list[Record]:
    begins = [group[byline.first] for group, byline in starts]
    ends = [*begins[1:], len(lines)]
    bodies = [
        [number for number in range(group[byline.last] + 1, end) if lines[number].strip()]
        for (group, byline), end in zip(starts, ends, strict=True)
    ]
    _leave_out_pictures(lines, bodies)
    common = _common(lines, bodies)
    if _begins_with_article(lines, bodies, common):
        starts, begins, bodies = starts[1:], begins[1:], bodies[1:]
    bodies[-1] = _cut(lines, bodies, common)
    parents = _parents([_indent(lines[number]) for number in begins])
    inner = [_inner(lines, body, common) for body in bodies]
    below_first = len(parents) > MOST_ANSWERS and not any(parents[1:])
    # Where all others stand in the first, that is the article by its byline, not what they answer.
    if below_first or not _is_set_in(lines, begins, inner):
        parents = [-1] * len(begins)
    records = []
    for (group, byline), body, kept, parent in zip(starts, bodies, inner, parents, strict=True):
        text = unwrap(lines[kept[0] : kept[-1] + 1], width) if kept else ""
        last = body[-1] if body else group[byline.last]
        records.append(Record(byline.author, text, parent, group[byline.first], last))
    return records


def _leave_out_pictures(lines: Sequence[str], bodies: Sequence[list[int]]) -> None:
    """Take what describes the picture of the next author from the ends of the bodies, where most end so."""
    ends = [body for body in bodies[:-1] if body and _PICTURE.match(lines[body[-1]].strip())]
    if len(ends) >= max(FEWEST, 0.5 * (len(bodies) - 1)):
        for body in ends:
            body.pop()


def _begins_with_article(lines: Sequence[str], bodies: Sequence[list[int]], common: set[str]) -> bool:
    """Return True where the first text lacks the buttons that stand below nearly all others."""
    closed = [kind_of(lines[body[-1]]) in common for body in bodies[1:-1] if body]
    if len(closed) < FEWEST or sum(closed) < CLOSED * len(closed):
        return False
    return bool(bodies[0]) and kind_of(lines[bodies[0][-1]]) not in common


def _common(lines: Sequence[str], bodies: Sequence[Sequence[int]]) -> set[str]:
    counted = Counter(
        kind
        for body in bodies
        for kind in {kind_of(lines[number]) for number in body if len(lines[number].strip()) <= LONGEST}
    )
    least = max(FEWEST, TAIL_SHARE * len(bodies))
    return {kind for kind, count in counted.items() if count >= least and not kind.endswith((".", "!", "?"))}


def _inner(lines: Sequence[str], body: Sequence[int], common: set[str]) -> list[int]:
    """Return a body without the page's lines at its ends."""
    kept = list(body)
    while kept and kind_of(lines[kept[-1]]) in common:
        kept.pop()
    while len(kept) > 1 and (kind_of(lines[kept[0]]) in common or heads.is_addressee(lines[kept[0]])):
        kept.pop(0)
    while kept and kind_of(lines[kept[0]]) in common:
        kept.pop(0)
    ends = list(kept)
    while ends and heads.is_button(lines[ends[-1]]):
        ends.pop()
    while ends and heads.is_button(lines[ends[0]]):
        ends.pop(0)
    # Where nothing else is left, someone wrote the word.
    return ends or [number for number in kept if has_letters(lines[number])]


def _cut(lines: Sequence[str], bodies: Sequence[list[int]], common: set[str]) -> list[int]:
    """Return the last body without the page below it: it ends as the others do."""
    body = bodies[-1]
    for place, number in enumerate(body):
        if heads.ends_comments(lines[number]):
            body = body[:place]
            break
    closing = [kind_of(lines[other[-1]]) for other in bodies[:-1] if other]
    closed = sum(kind in common for kind in closing) >= 0.6 * len(closing) > 0
    if closed:
        begun = False
        for place, number in enumerate(body):
            is_page = kind_of(lines[number]) in common
            if begun and is_page:
                return body[: place + 1]
            begun = begun or not (is_page or heads.is_addressee(lines[number]))
    return body


def _is_set_in(lines: Sequence[str], begins: Sequence[int], bodies: Sequence[Sequence[int]]) -> bool:
    """Return True where the indent shows the nesting: no text stands further left than its byline."""
    left = [
        _indent(lines[number]) < _indent(lines[begin])
        for begin, body in zip(begins, bodies, strict=True)
        for number in body
    ]
    return _indent(lines[begins[0]]) == min(_indent(lines[n]) for n in begins) and sum(left) <= 0.02 * len(
        left
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parents(indents: Sequence[int]) -> list[int]:
    """Return whom each record stands further in than."""
    parents: list[int] = []
    stack: list[int] = []
    for number, indent in enumerate(indents):
        while stack and indents[stack[-1]] >= indent:
            stack.pop()
        parents.append(stack[-1] if stack else -1)
        stack.append(number)
    return parents
