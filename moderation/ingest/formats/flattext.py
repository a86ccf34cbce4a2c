"""Text without structure: comments between their author lines, or block by block; never a parent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from moderation.ingest.formats import commentheads as heads
from moderation.ingest.formats.textitems import unwrap

BY_HEADS = 0.6
BY_BLOCKS = 0.3
FEWEST_HEADS = 2


@dataclass(slots=True)
class Flat:
    """Comments as (author, text, confidence), the lines that they take up, and the first such line."""

    comments: list[tuple[str | None, str, float]] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    first: int = 0


def flat_comments(lines: Sequence[str], width: int | None) -> Flat:
    """Return the comments of a flat text.

    Parameters
    ----------
    lines : sequence of str
        The text.
    width : int or None
        At which it was wrapped.
    """
    starts = _author_lines(lines)
    starts = starts[heads.above_heading(lines, range(len(lines)), [first for first, *_ in starts]) :]
    return _between_heads(lines, starts, width) if len(starts) >= FEWEST_HEADS else _blocks(lines, width)


def _author_lines(lines: Sequence[str]) -> list[tuple[int, int, str | None]]:
    """Return (first line, first line of the text, author) of each head that is beyond doubt."""
    filled = [number for number, line in enumerate(lines) if line.strip()]
    found: list[tuple[int, int, str | None]] = []
    place = 0
    while place < len(filled):
        size, author = _head_at([lines[number].strip() for number in filled[place : place + 4]])
        if size:
            behind = filled[place + size] if place + size < len(filled) else len(lines)
            found.append((filled[place], behind, author))
        place += size or 1
    return found


def _without_closing_dates(bodies: Sequence[list[str]]) -> None:
    """Take the dates from below the texts, where most have one there."""
    closing = [body for body in bodies if body and heads.is_date(body[-1])]
    if 2 * len(closing) > len(bodies):
        for body in closing:
            body.pop()


def _head_at(lines: Sequence[str]) -> tuple[int, str | None]:
    """Return how many lines a head takes that begins here (0: none does), and its author."""
    first = lines[0].lstrip("-*• ")
    head = heads.read_head(first)
    if heads.is_says(heads.plain(first)) and head.author:
        return 1 + (len(lines) > 1 and heads.is_date(lines[1])), head.author
    if not head.author or len(lines) < 2:
        return 0, None
    if heads.is_says(lines[1]) and not heads.read_head(lines[1]).author:
        return 2 + (len(lines) > 2 and heads.is_date(lines[2])), head.author
    if head.strong and not heads.is_button(lines[1]) and "  " not in first:
        return 1, head.author
    if not head.strong and heads.is_date(lines[1]) and len(lines) > 2 and not heads.is_button(first):
        return 2, head.author
    return 0, None


def _between_heads(
    lines: Sequence[str], starts: Sequence[tuple[int, int, str | None]], width: int | None
) -> Flat:
    flat = Flat(first=starts[0][0])
    ends = [start for start, _, _ in starts[1:]] + [len(lines)]
    bodies: list[list[str]] = []
    for (start, behind, _), end in zip(starts, ends, strict=True):
        flat.lines.update(range(start, behind))
        kept: list[str] = []
        for number in range(behind, end):
            line = lines[number]
            if heads.ends_comments(line) or (end == len(lines) and heads.is_button(line) and any(kept)):
                break
            flat.lines.add(number)
            if not (line.strip() and heads.is_button(line)):
                kept.append(line)
        while kept and not kept[-1].strip():
            kept.pop()
        bodies.append(kept)
    _without_closing_dates(bodies)
    for (_, _, author), body in zip(starts, bodies, strict=True):
        flat.comments.append((author, unwrap(body, width), BY_HEADS))
    return flat


def _blocks(lines: Sequence[str], width: int | None) -> Flat:
    """Return each block of text below the heading of the comments, or of the whole text without one."""
    heading = max(
        (number for number, line in enumerate(lines) if line and heads.is_heading(line)), default=-1
    )
    begin = heading + 1 if any(line.strip() for line in lines[heading + 1 :]) else 0
    flat = Flat(first=begin)
    block: list[int] = []
    for number in range(begin, len(lines) + 1):
        line = lines[number] if number < len(lines) else ""
        if line.strip():
            block.append(number)
            continue
        kept = [place for place in block if not _is_furniture(lines[place])]
        if kept and not heads.ends_comments(lines[kept[0]]):
            flat.comments.append((None, unwrap([lines[place] for place in kept], width), BY_BLOCKS))
            flat.lines.update(kept)
        block = []
    return flat


def _is_furniture(line: str) -> bool:
    return heads.is_button(line) or heads.is_date(line) or heads.is_heading(line)
