"""HTML pages as people see them: what their text tells where their markup does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from moderation.ingest.formats.bullets import read_page
from moderation.ingest.formats.textpage import Comment, Page

FEWEST_NAMED = 2
"""Comments with an author from which on the text of a page counts as a thread."""

LONGEST_HEAD = 160
"""Characters of what may stand above a comment: name, address, date, subject."""

_SPACES = re.compile(r"\s+")
_DIGITS = re.compile(r"\d+")


def as_people_see_it(page: Any) -> Page | None:
    """Read a page whose markup names no comment by its text; None where no thread shows in that.

    Parameters
    ----------
    page : lxml.html.HtmlElement
    """
    # Only here: what it brings takes longer to load than most pages to read.
    from inscriptis.html_engine import Inscriptis

    try:
        read = read_page(Inscriptis(page).get_text())
    except RecursionError:
        return None
    # Paragraphs of an article have no authors.
    named = sum(comment.author is not None for comment in read.comments)
    return read if named >= FEWEST_NAMED and 2 * named >= len(read.comments) else None


def clear(rows: Sequence[dict[str, Any]], comments: Sequence[Comment]) -> None:
    """Take authors and texts from the page's text, where all that goes with that is a head and buttons.

    Parameters
    ----------
    rows : sequence of dict
        What the markup gives, with `author` and `text`, which are changed.
    comments : sequence of Comment
        What the page's text gives.
    """
    if len(rows) != len(comments):
        return
    around = [_around(row["text"], comment.text) for row, comment in zip(rows, comments, strict=True)]
    behind = Counter(found[1] for found in around if found)
    for row, comment, found in zip(rows, comments, around, strict=True):
        if found and len(found[0]) <= LONGEST_HEAD and (not found[1] or 2 * behind[found[1]] >= len(rows)):
            row["author"], row["text"] = comment.author, comment.text


def _around(whole: str, text: str) -> tuple[str, str] | None:
    """Return what stands before and behind a text in a longer one, without white space and digits."""
    whole, text = _SPACES.sub("", whole), _SPACES.sub("", text)
    before, there, behind = whole.rpartition(text)
    return (_DIGITS.sub("", before), _DIGITS.sub("", behind)) if there and text else None
