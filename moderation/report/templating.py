"""What templates of the report and of the review pages share: every text they print is made harmless."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from moderation.report import wording
from moderation.report.explained import Mark
from moderation.report.safe import displayable, link, one_line
from moderation.report.shown import NAME_SHOWN

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}\Z")


class Marked(Protocol):
    """A comment's text, and the words to highlight in it."""

    @property
    def text(self) -> str:
        """Return the text as it is."""

    @property
    def marks(self) -> Sequence[Mark]:
        """Return the highlights, in order and apart."""


def environment(folder: Path, names: dict[str, Any]) -> Environment:
    """Return the templates of a folder.

    Parameters
    ----------
    folder : Path
    names : dict
        What its templates may call beyond what all may.
    """
    found = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= _COMMON | names
    return found


def highlighted(comment: Marked) -> Markup:
    """Return a comment's text with its marks; both escaped and made displayable piece by piece."""
    pieces, done = [], 0
    for mark in comment.marks:
        pieces.append(escape(displayable(comment.text[done : mark.begin])))
        label, inside = escape(mark.label), escape(displayable(comment.text[mark.begin : mark.end]))
        title = f"{label} +{mark.share:.1f}"
        pieces.append(
            Markup(
                f'<mark class="m{mark.level}" data-label="{label}" data-at="{mark.begin}-{mark.end}" '
                f'title="{title}">{inside}</mark>'
            )
        )
        done = mark.end
    pieces.append(escape(displayable(comment.text[done:])))
    return Markup("").join(pieces)


def _finalize(value: Any) -> Any:
    # Every text that a template prints comes through here, so none can forget it.
    return displayable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _name(value: str | None, otherwise: str) -> str:
    return one_line(value, NAME_SHOWN) if value and value.strip() else otherwise


def _is_language(code: str | None) -> bool:
    return bool(code and _LANGUAGE.match(code))


_COMMON: Final[dict[str, Callable[..., object]]] = {
    "number": wording.number,
    "percent": wording.percent,
    "interval": wording.interval,
    "probability": wording.probability,
    "threshold": wording.threshold,
    "moment": wording.moment,
    "name": _name,
    "link": link,
    "excerpt": one_line,
    "highlighted": highlighted,
    "language": _is_language,
}
