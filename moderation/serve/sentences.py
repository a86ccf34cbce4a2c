"""Where the sentences of a comment are, and offsets as the Perspective API counts them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MOST_SENTENCES: Final = 256
"""Spans of one comment; the last one holds whatever is left."""

_END: Final = re.compile(
    r"""
    (?: (?<![.!?\u2026]) [.!?\u2026]++ ["'\u201d\u2019»)\]]*+ (?=\s)   # marks, closing quotes, then a space
      | [。！？]++ [」』”’）]*+                                  # no space follows these
      | (?=[\n\r\u2028\u2029])                              # a line is a sentence of its own
    ) \s*+
    """,
    re.VERBOSE,
)
_ABBREVIATION: Final = re.compile(
    r"\b(?:mrs?|ms|dr|prof|st|vs|etc|e\.g|i\.e|jr|sr|[^\W\d_])\.\Z", re.IGNORECASE
)
_LONGEST_ABBREVIATION: Final = 6


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the sentences of a text, without the white space between them.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of tuple of int
        `text[begin:end]` in code points, in order, none of them empty.

    Examples
    --------
    >>> text = "What kind of idiot name is foo? Sorry, I like your name."
    >>> [text[begin:end] for begin, end in sentences(text)]
    ['What kind of idiot name is foo?', 'Sorry, I like your name.']
    """
    spans: list[tuple[int, int]] = []
    begin = len(text) - len(text.lstrip())
    for match in _END.finditer(text, begin):
        after = match.end()
        if len(spans) == MOST_SENTENCES - 1:
            break
        if after <= begin or _goes_on(text, begin, match):
            continue
        spans.append((begin, begin + len(text[begin:after].rstrip())))
        begin = after
    end = len(text.rstrip())
    if begin < end:
        spans.append((begin, end))
    return spans


def utf16_offsets(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    r"""Turn offsets in code points into offsets in UTF-16 code units.

    So the original counts them, and JavaScript, Java and .NET their strings; they differ after the first
    character outside the basic plane, such as an emoji.

    Parameters
    ----------
    text : str
    spans : list of tuple of int
        In order, none overlapping another.

    Examples
    --------
    >>> utf16_offsets("\N{GRINNING FACE} a", [(2, 3)])
    [(3, 4)]
    """
    if text.isascii():
        return spans
    counted, at, units = [], 0, 0
    for begin, end in spans:
        start = units + _units(text[at:begin])
        at, units = end, start + _units(text[begin:end])
        counted.append((start, units))
    return counted


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _goes_on(text: str, begin: int, match: re.Match[str]) -> bool:
    """Return whether what looks like an end is none: an abbreviation, a mark on the space after it."""
    after = match.end()
    if after < len(text) and unicodedata.category(text[after]).startswith("M"):
        # A combining mark belongs to what stands before it, be it a space.
        return True
    if match.group().splitlines() != [match.group()]:
        return False
    word = text[max(begin, match.start() - _LONGEST_ABBREVIATION) : after].rstrip()
    return _ABBREVIATION.search(word) is not None
