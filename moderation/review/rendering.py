"""Templates of the review pages: every text that they print is made harmless on its way."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from jinja2 import Environment

from moderation.report.templating import environment

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
def templates() -> Environment:
    """Return the templates of the review pages."""
    return environment(_FOLDER / "templates", {"version": version()})
