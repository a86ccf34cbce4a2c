"""What is read from a page of text: its comments, and what else stood on it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SURE = 1.0
"""Confidence in a comment whose borders and parent are plain to see."""


@dataclass(slots=True)
class Comment:
    """One comment of a page.

    Parameters
    ----------
    author : str or None
        None where the extractor lost it.
    text : str
        May be empty.
    parent : int
        Number of the comment that it answers, or -1.
    kind : {"comment", "pingback"}
        As in the comment table.
    confidence : float
        How sure its borders and parent are, in [0, 1].
    """

    author: str | None
    text: str
    parent: int = -1
    kind: str = "comment"
    confidence: float = SURE


@dataclass(slots=True)
class Page:
    """The comments of a page, and what else stood on it.

    Parameters
    ----------
    title : str or None
        Of the page, as far as its text shows.
    comments : list of Comment
        In reading order.
    nested : bool
        True where list items carried them.
    skipped : Counter of str
        Lines that are no comment, by reason.
    read : int
        Comments and such lines.
    """

    title: str | None
    comments: list[Comment]
    nested: bool
    skipped: Counter[str] = field(default_factory=Counter)
    read: int = 0
