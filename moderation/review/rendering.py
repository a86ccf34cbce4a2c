"""Templates of the review pages: every text that they print is made harmless on its way."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from moderation.report import wording
from moderation.report.safe import displayable, link, one_line
from moderation.report.shown import NAME_SHOWN
from moderation.review.cards import Card

_FOLDER: Final = Path(__file__).parent
ASSETS: Final = {
    "report.css": (_FOLDER.parent / "report" / "assets" / "report.css", "text/css"),
    "review.css": (_FOLDER / "assets" / "review.css", "text/css"),
    "review.js": (_FOLDER / "assets" / "review.js", "text/javascript"),
}
"""Files that pages load, with their types; the look is that of the report."""


@cache
def asset(name: str) -> tuple[bytes, str]:
    """Return the content and media type of an asset."""
    path, kind = ASSETS[name]
    return path.read_bytes(), kind


@cache
def version() -> str:
    """Return what changes with any of the assets, so that a browser does not keep old ones."""
    return sha256(b"".join(asset(name)[0] for name in ASSETS)).hexdigest()[:12]


@cache
def environment() -> Environment:
    """Return the templates with all that they may call."""
    found = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "number": wording.number,
        "percent": wording.percent,
        "interval": wording.interval,
        "probability": wording.probability,
        "threshold": wording.threshold,
        "moment": wording.moment,
        "name": _name,
        "link": link,
        "excerpt": one_line,
        "highlighted": _highlighted,
        "language": lambda code: bool(code and code.isascii() and code.isalpha() and len(code) in (2, 3)),
        "version": version(),
    }
    return found


def _finalize(value: Any) -> Any:
    # Every text that a template prints comes through here, so none can forget it.
    return displayable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _name(value: str | None, otherwise: str) -> str:
    return one_line(value, NAME_SHOWN) if value and value.strip() else otherwise


def _highlighted(card: Card) -> Markup:
    """Return a comment's text with its highlights; all of it escaped and made displayable piece by piece."""
    pieces, done = [], 0
    for mark in card.marks:
        pieces.append(escape(displayable(card.text[done : mark.begin])))
        inside = escape(displayable(card.text[mark.begin : mark.end]))
        reason = escape(f"{mark.label} +{mark.share:.1f}")
        pieces.append(
            Markup(f'<mark class="m{mark.level}" data-label="{escape(mark.label)}" title="{reason}">')
            + inside
            + Markup("</mark>")
        )
        done = mark.end
    pieces.append(escape(displayable(card.text[done:])))
    return Markup("").join(pieces)
