"""Highlights that a reviewer confirmed or rejected: spans of a comment's text, and what was said of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from moderation.errors import DataError

MOST_SPANS: Final = 200
"""Of one decision; a comment has a dozen highlights."""

LABEL: Final = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z")
"""What a label may be called."""

_LONGEST_TEXT: Final = 2**31 - 1
# Parquet keeps places in 32 bits.
_CELL: Final = re.compile(r"(\d{1,10})-(\d{1,10}) (\S+) (yes|no)\Z")


@dataclass(frozen=True, slots=True)
class JudgedSpan:
    """A span of a comment, and whether it is a reason for a label.

    Parameters
    ----------
    begin, end : int
        Characters `text[begin:end]`, counted in code points.
    label : str
    confirmed : bool
        False: the reviewer rejected it.
    """

    begin: int
    end: int
    label: str
    confirmed: bool

    def __post_init__(self) -> None:
        places = (self.begin, self.end)
        if any(isinstance(place, bool) or not isinstance(place, int) for place in places):
            raise DataError("a span needs whole numbers for 'begin' and 'end'")
        if not 0 <= self.begin < self.end <= _LONGEST_TEXT:
            raise DataError(f"a span from {self.begin} to {self.end} is none")
        if not isinstance(self.label, str) or not LABEL.match(self.label):
            raise DataError(f"{str(self.label)[:40]!r} is no label")
        if not isinstance(self.confirmed, bool):
            raise DataError(f"confirmed must be true or false, not {str(self.confirmed)[:40]!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {"begin": self.begin, "end": self.end, "label": self.label, "confirmed": self.confirmed}


def read_spans(stated: Any) -> tuple[JudgedSpan, ...]:
    """Return the spans that a JSON array states, or a cell that `spans_cell` wrote, in reading order.

    Raises
    ------
    DataError
        It is neither.
    """
    if isinstance(stated, str):
        stated = _of_cell(stated)
    if isinstance(stated, Mapping) or not hasattr(stated, "__iter__"):
        raise DataError(f"spans must be a list, not {str(stated)[:40]!r}")
    found = {}
    for one in stated:
        if not isinstance(one, Mapping):
            raise DataError(f"a span must be an object, not {str(one)[:40]!r}")
        span = JudgedSpan(one.get("begin"), one.get("end"), one.get("label"), one.get("confirmed"))  # type: ignore[arg-type] # checked there
        found[span.begin, span.end, span.label] = span
    if len(found) > MOST_SPANS:
        raise DataError(f"a decision judges at most {MOST_SPANS} spans, not {len(found):,}")
    return tuple(found[place] for place in sorted(found))


def spans_cell(spans: Iterable[JudgedSpan]) -> str:
    """Return spans as a cell of a table.

    Examples
    --------
    >>> spans_cell([JudgedSpan(4, 9, "insult", True), JudgedSpan(12, 20, "threat", False)])
    '4-9 insult yes;12-20 threat no'
    """
    return ";".join(f"{s.begin}-{s.end} {s.label} {'yes' if s.confirmed else 'no'}" for s in spans)


def _of_cell(text: str) -> list[dict[str, Any]]:
    spans = []
    for part in filter(None, map(str.strip, text.split(";"))):
        match = _CELL.match(part)
        if match is None:
            raise DataError(f"spans: {part[:40]!r} is not written as '4-9 insult yes'")
        begin, end, label, word = match.groups()
        spans.append({"begin": int(begin), "end": int(end), "label": label, "confirmed": word == "yes"})
    return spans
