"""The lines that announce the comments of one page, learnt from the page: what recurs around dates and names.

No list of words covers the themes of the web: `by ANN ( 31 ) on DATE`, `Posté par ANN le DATE. Évalué à 3.`,
a name above `12 • 16 days ago`. But a page writes all its bylines alike: the words that recur in them are the
page's, and what remains beside the date is the name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from moderation.ingest.formats import commentheads as heads

FEWEST = 3
"""Bylines that must agree before a page's way of writing them is learnt."""

SHARE = 0.5
"""Share of bylines in which a word recurs that is the page's."""

ABOVE = 4
"""Lines of a head above its date: picture, name, badge, subject."""

BESIDE_SHARE = 0.6
MOST_BESIDE = 4
"""Share of authors beside whose names a word of the page stands, and how many such words there may be."""

FAMILY_SHARE = 0.4
"""Share of the lines with dates that each of two kinds must have to be told apart."""

LONGEST_LINE = 80
MOST_WORDS = 22
MOST_TITLE = 12
LONGEST_NAME = 8
"""Words."""

_WEEKDAY = re.compile(
    r"\(?\b(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\b[,.)]*"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|"
    r"dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)\b,?",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"@?\b\d{1,2}[:.h]\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|\b\d{1,2}\s?[ap]m\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]")
_HOST = re.compile(r"(?<=\w)@(?=[\w-]+\.\w)")
_MARK = "\0"
_PARENTHESIS = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?$")
_BADGE = re.compile(
    r"(?<=\S)\s+(?:OP|Author|Autora?|Auteur|Staff|Mod|Moderator|Admin|Editor|Verified|Team)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Byline:
    """The head of one comment.

    Parameters
    ----------
    author : str or None
        The name.
    first, last : int
        The lines that it takes up, as numbers in the group of lines that it was found in.
    """

    author: str | None
    first: int
    last: int


def find_bylines(groups: Sequence[Sequence[str]], shared: bool = False) -> list[Byline | None]:
    """Return the byline of each group of lines, or None where it has none.

    Parameters
    ----------
    groups : sequence of sequences of str
        Lines without blank ones. The first of a group begins a comment if any does.
    shared : bool
        True where a group ends with the date and may begin with lines of the comment before; otherwise it
        begins with the byline, if it has one.

    Returns
    -------
    list of Byline or None
        All None where fewer than `FEWEST` groups have a date.
    """
    dated = [_date_line(group, shared) for group in groups]
    found = [number for number, place in enumerate(dated) if place is not None]
    nothing: list[Byline | None] = [None] * len(groups)
    if len(found) < FEWEST:
        return nothing
    lines = [_tokens(groups[number][dated[number] or 0]) for number in found]
    page_words = _recurring(lines)
    before = [_name(line[: line.index(_MARK)], page_words) for line in lines]
    behind = [_name(line[line.index(_MARK) + 1 :], page_words) for line in lines]
    named = max((before, behind), key=lambda names: sum(map(bool, names)))
    beside = sum(map(bool, named)) >= 0.6 * len(found)
    reach = _reach([groups[number][: dated[number]] for number in found], shared)
    above = [
        [
            _tokens(groups[number][(dated[number] or 0) - step])
            for number in found
            if (dated[number] or 0) >= step
        ]
        for step in range(1, ABOVE + 1)
    ]
    own_words = [_recurring(column) if len(column) > FEWEST else set() for column in above]
    signs = _recurring(lines) - {_MARK}
    for at, number in enumerate(found):
        if 2 * len(signs & set(map(_kind, lines[at]))) < len(signs):
            continue
        last = dated[number] or 0
        first = max(0, last - reach) if shared else 0
        name = named[at] if beside else ""
        for place in range(first, last):
            if name:
                break
            if not heads.is_button(groups[number][place]):
                name = _name(_tokens(groups[number][place]), own_words[last - place - 1])
        if len(name.split()) <= LONGEST_NAME and (name or not shared):
            nothing[number] = Byline(name or None, first, last)
    return nothing


def one_family(lines: Sequence[str], following: Sequence[str]) -> list[int]:
    """Return which of a page's lines with dates may be bylines, where each comment has two of them.

    Forums print with every post since when its author has been there. Such lines take turns with those of
    the posts; a text follows only these.

    Parameters
    ----------
    lines : sequence of str
        The lines with dates, in order.
    following : sequence of str
        The line that stands behind each.
    """
    words = [_tokens(line) for line in lines]
    recurring = {
        kind
        for kind, count in Counter(kind for line in words for kind in set(map(_kind, line))).items()
        if count >= max(FEWEST, FAMILY_SHARE * len(lines))
    }
    keys = [frozenset(recurring & set(map(_kind, line))) for line in words]
    families = [key for key, count in Counter(keys).most_common(2) if count >= FAMILY_SHARE * len(lines)]
    turns = [key for key in keys if key in families]
    changes = sum(one != other for one, other in pairwise(turns))
    if len(families) < 2 or len(turns) < 2 * FEWEST or changes < 0.8 * (len(turns) - 1):
        return list(range(len(lines)))
    lengths = {
        family: sum(len(text) for key, text in zip(keys, following, strict=True) if key == family)
        for family in families
    }
    return [place for place, key in enumerate(keys) if key == max(families, key=lengths.__getitem__)]


def has_letters(text: str) -> bool:
    """Return True for a text with a letter in it."""
    return _WORD.search(text) is not None


def clean_names(names: Sequence[str | None]) -> list[str | None]:
    """Return the names of a page's authors without the words that it sets before or behind most of them.

    Such are "#3", "Posted by", "(verified owner)", "5d", the initial that stands for a picture.
    """
    split = [name.split() if name else [] for name in names]
    least = max(FEWEST, BESIDE_SHARE * len(split))
    for place in (0, -1):
        for _ in range(MOST_BESIDE):
            longer = [words for words in split if len(words) > 1]
            kinds = Counter(_kind(words[place]) for words in longer)
            initials = [words for words in longer if place == 0 and words[1].startswith(words[0])]
            common = {kind for kind, count in kinds.items() if count >= least}
            if len(initials) >= least:
                common |= {_kind(words[0]) for words in initials if len(words[0]) == 1}
            gone = [words for words in longer if _kind(words[place]) in common]
            kept = {" ".join(words[1:] if place == 0 else words[:-1]) for words in gone}
            if len(kept) < FEWEST or not all(map(has_letters, kept)):
                break
            for words in gone:
                words.pop(place)
    joined = [" ".join(words) for words in split]
    cleaned = [
        name and _PARENTHESIS.sub("", new).strip(" ·•|–—,:") if new != name else name
        for new, name in zip(joined, names, strict=True)
    ]
    return [new or old for new, old in zip(cleaned, names, strict=True)]


def without_addressee(author: str | None, addressee: str | None) -> str | None:
    """Return a name without the name of who is answered, which some pages set beside it."""
    if author and addressee and author.endswith(f" {addressee}"):
        return author.removesuffix(f" {addressee}").rstrip(" ›>»→") or author
    return author


def _date_line(group: Sequence[str], last: bool) -> int | None:
    """Return the number of the line that bears the date, below name, picture and subject."""
    for place in [len(group) - 1] if last else range(min(len(group), ABOVE + 1)):
        line = heads.plain(group[place])
        if heads.dated(line) and _is_short(line):
            return place
        if not last and not _may_be_above(line):
            return None
    return None


def _may_be_above(line: str) -> bool:
    """Return True for what may be a name, a subject or a picture's description."""
    words = len(line.split())
    return (
        len(line) <= LONGEST_LINE
        and words <= MOST_TITLE
        and (words <= 5 or not line.endswith((".", "!", "…")))
    )


def _is_short(line: str) -> bool:
    return len(line) <= 200 and len(_tokens(line)) <= MOST_WORDS


def _tokens(line: str) -> list[str]:
    """Return the words of a head line, a mark in the place of its date."""
    plain = _WEEKDAY.sub(" ", heads.plain(line))
    marked = heads.mark_date(plain, f" {_MARK} ")
    return _HOST.sub(r" \g<0>", _CLOCK.sub(" ", marked)).split()


def _kind(word: str) -> str:
    return _NUMBER.sub("0", word).casefold()


def _recurring(lines: Sequence[Sequence[str]]) -> set[str]:
    counted = Counter(kind for line in lines for kind in {_kind(word) for word in line})
    return {kind for kind, count in counted.items() if count >= max(FEWEST, SHARE * len(lines))}


def _name(words: Sequence[str], page_words: set[str]) -> str:
    """Return the first run of words that are not the page's and bear a letter."""
    run: list[str] = []
    for word in words:
        if _kind(word) in page_words or word == _MARK:
            if has_letters(" ".join(run)):
                break
            run = []
        elif run or word.strip("-–—|·•,:()[]#»«/"):
            run.append(word)
    name = " ".join(run).replace(" @", "@").strip(" -–—|·•,:»«")
    name = _BADGE.sub("", _PARENTHESIS.sub("", name) or name)
    return name if has_letters(name) else ""


def _reach(above: Sequence[Sequence[str]], shared: bool) -> int:
    """Return how many lines above the date belong to the head, where others may stand above them."""
    if not shared:
        return ABOVE
    for step in range(1, ABOVE + 1):
        named = sum(len(lines) >= step and heads.is_name(lines[-step]) for lines in above)
        if named < 0.85 * len(above):
            return step - 1
    return ABOVE
