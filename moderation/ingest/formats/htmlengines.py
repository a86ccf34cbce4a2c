"""Comment systems and forums whose markup names its parts: a table of them, and how a page is read by it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cssselect import HTMLTranslator
from lxml import etree

from moderation.ingest.formats.commentheads import is_date
from moderation.ingest.formats.htmlelements import line, plain

FEWEST_NAMED = 0.5
"""Share of comments with an author from which on a page is believed to be of an engine."""

LOOSE = "loose"
_TABLE = Path(__file__).with_suffix(".toml")

Selectors = tuple[str, ...]
"""CSS selectors, best first; `…@name` is an attribute of what is found, `@name` one of the comment itself."""

Numbers = dict[int, re.Match[str]]
"""Where ids of comments and of their parents were found, by the place of the comment."""


@dataclass(frozen=True, slots=True)
class Engine:
    """How the pages of a system mark their comments.

    Parameters
    ----------
    mark : str
        What stands in the source of every such page.
    comment : str
        Selector of a comment.
    text, author : tuple of str
        Selectors within it.
    time, likes : tuple of str
        As these; none where the page has it not.
    drop : str
        Selector of what stands in the text and is none of it.
    level : str
        Selector of containers of which there is one more a level; without it comments stand in each other.
    depth : str
        Selector and attribute of an indent, where neither does.
    parent : str
        Attribute of a comment that holds its parent's id, or `""`.
    id : tuple of str
        Selectors of what holds a comment's id.
    number : str
        Regular expression that finds the id there, and as a second group its parent's.
    lines : bool
        True where a line break in the source of a text is one.
    carried : bool
        True where a comment without an author is by that of the one before.
    """

    mark: str
    comment: str
    text: Selectors
    author: Selectors
    time: Selectors = ("time@datetime",)
    likes: Selectors = ()
    drop: str = ""
    level: str = ""
    depth: str = ""
    parent: str = ""
    id: Selectors = ("@id",)
    number: str = r"(\d+)$"
    lines: bool = False
    carried: bool = False


@dataclass(slots=True)
class Found:
    """A comment on a page: what its parts say, and the number of the comment that it answers, or -1."""

    element: Any
    text: str
    author: str | None
    comment_id: str | None
    created_at: str | None = None
    likes: int | None = None
    parent: int = -1


@cache
def engines() -> dict[str, Engine]:
    """Return the known systems by name; `loose` is what many of one site call their parts."""
    read = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: _engine(one) for name, one in read.items()}


def engine_comments(page: Any, source: bytes) -> list[Found]:
    """Return the comments of a page in reading order by the first engine whose parts it has.

    Parameters
    ----------
    page : lxml.html.HtmlElement
    source : bytes
        The page as it was.
    """
    for name, engine in engines().items():
        if name != LOOSE and engine.mark.encode() in source and (found := _read(page, engine)):
            return found
    return []


def loose_comments(page: Any) -> list[Found]:
    """Return the comments of a page by the names that many systems of one site give to their parts."""
    return _read(page, engines()[LOOSE])


def _engine(described: dict[str, Any]) -> Engine:
    values: Any = {key: tuple(one) if isinstance(one, list) else one for key, one in described.items()}
    return Engine(**values)


def _read(page: Any, engine: Engine) -> list[Found]:
    elements = list(_select(page, engine.comment))
    owners = dict(zip(elements, range(len(elements)), strict=True))
    texts = _parts(page, owners, engine.text)
    if not texts:
        return []
    names = {place: line(one) for place, one in _parts(page, owners, engine.author, filled=True).items()}
    authors = {place: name for place, name in names.items() if name and not is_date(name)}
    if len(authors) < FEWEST_NAMED * len(texts) and not engine.carried:
        return []
    times, likes = _parts(page, owners, engine.time), _parts(page, owners, engine.likes)
    numbers = _numbers(page, engine, owners)
    others = {*elements, *(_select(page, engine.drop) if engine.drop else ())}
    comments: list[Found] = []
    kept: dict[int, int] = {}
    for place, element in enumerate(elements):
        if place not in texts:
            continue
        kept[place] = len(comments)
        author = authors.get(place) or (comments[-1].author if engine.carried and comments else None)
        number = numbers.get(place)
        text = plain(texts[place], others - {texts[place]}, engine.lines)
        comments.append(Found(element, text, author, number[1] if number else None))
        comments[-1].created_at = line(time) or None if (time := times.get(place)) is not None else None
        comments[-1].likes = _count(likes.get(place))
    for one, parent in zip(comments, _parents(page, engine, owners, kept, numbers), strict=True):
        one.parent = parent
    return comments


class _Value:
    """An attribute in the place of an element."""

    def __init__(self, value: str) -> None:
        self._value = value

    def itertext(self) -> Iterator[str]:
        """Yield the attribute's value."""
        yield self._value


def _parts(page: Any, owners: dict[Any, int], selectors: Selectors, filled: bool = False) -> dict[int, Any]:
    """Return by the number of its comment the first element, or attribute, that the best selector finds."""
    parts: dict[int, Any] = {}
    for selector in selectors:
        path, _, name = selector.partition("@")
        found: dict[int, Any] = {}
        for element in _select(page, path) if path else owners:
            owner = next((owners[one] for one in (element, *element.iterancestors()) if one in owners), None)
            part = _Value(element.get(name) or "") if name else element
            there = element.get(name) if name else not filled or line(part)
            if owner is not None and owner not in found and there:
                found[owner] = part
        parts = {**found, **parts}
    return parts


def _count(part: Any) -> int | None:
    found = re.search(r"-?\d{1,9}", line(part)) if part is not None else None
    return int(found[0]) if found else None


def _parents(
    page: Any, engine: Engine, owners: dict[Any, int], kept: dict[int, int], numbers: Numbers
) -> list[int]:
    """Return the number of each kept comment's parent, or -1: as named, as it stands, or by its indent."""
    elements = [element for element, place in owners.items() if place in kept]
    named = _named_parents(engine, elements, [numbers.get(place) for place in kept])
    around = [
        next((kept[owners[above]] for above in one.iterancestors() if owners.get(above) in kept), -1)
        for one in elements
    ]
    parents = [one if one >= 0 else other for one, other in zip(named, around, strict=True)]
    if any(parent >= 0 for parent in parents):
        return parents
    if engine.depth:
        indents = _parts(page, owners, (engine.depth,))
        return _by_depth([_count(indents.get(owners[one])) or 0 for one in elements])
    if engine.level:
        levels = set(_select(page, engine.level))
        return _by_depth([sum(outer in levels for outer in one.iterancestors()) for one in elements])
    return parents


def _numbers(page: Any, engine: Engine, owners: dict[Any, int]) -> Numbers:
    # A link with an id in it is longer than a name.
    found = {place: "".join(one.itertext()) for place, one in _parts(page, owners, engine.id).items()}
    return {place: number for place, one in found.items() if (number := re.search(engine.number, one))}


def _named_parents(
    engine: Engine, elements: Sequence[Any], numbers: Sequence[re.Match[str] | None]
) -> list[int]:
    """Return the parents that comments name themselves, -1 where they do not."""
    ids = {one[1]: place for place, one in enumerate(numbers) if one}
    if engine.parent:
        return [ids.get((one.get(engine.parent) or "").rpartition("_")[2], -1) for one in elements]
    return [ids.get(one[2], -1) if one and len(one.groups()) > 1 else -1 for one in numbers]


def _by_depth(depths: Sequence[int]) -> list[int]:
    """Return parents of comments in reading order: the last one before that stands one step further out."""
    steps = sorted(set(depths))
    last: dict[int, int] = {}
    parents = []
    for place, depth in enumerate(depths):
        level = steps.index(depth)
        parents.append(last.get(level - 1, -1))
        last = {one: row for one, row in last.items() if one < level}
        last[level] = place
    return parents


def _select(page: Any, selector: str) -> Any:
    return _compiled(selector)(page)


@cache
def _compiled(selector: str) -> etree.XPath:
    return etree.XPath(HTMLTranslator().css_to_xpath(selector))
