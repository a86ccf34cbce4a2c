"""Comment text is hostile: what makes it harmless on a terminal, in HTML, in a spreadsheet, in Markdown.

Each rendering passes every text that is not ours through one of these. HTML is escaped by Jinja besides.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from moderation.cells import cell, cell_text

__all__ = [
    "REPLACEMENT",
    "cell",
    "cell_text",
    "displayable",
    "file_name",
    "link",
    "markdown",
    "one_line",
    "terminal",
]

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_CONTROL: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\ufff9-\ufffb"
_BIDI_OVERRIDE: Final = "\u202a-\u202e\u2066-\u2069"
_BIDI_MARK: Final = "\u061c\u200e\u200f"
_COMBINING: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_GAP = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_UNSHOWABLE = re.compile(f"[{_CONTROL}{_BIDI_OVERRIDE}]")
_TERMINAL = re.compile(f"[{_CONTROL}{_BIDI_OVERRIDE}{_BIDI_MARK}\u200b-\u200d\u2060\ufeff]")
_PILE = re.compile(f"([{_COMBINING}]{{4}})[{_COMBINING}]+")
# Vietnamese, Hebrew and Devanagari stack up to three marks on a letter; more is there to break the layout.
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&$@])|(^[-+#=]|(?<=^\d)[.)]|:(?=//)|(?<=\bwww)\.)")
# Signs that mean something anywhere in a line; then those that begin a list, heading or bare link.
_NOT_IN_FILE_NAME = re.compile(r"[^\w.-]+")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)")


def displayable(text: str) -> str:
    r"""Return text that a page can show: one kind of line break, no controls, no piles.

    Control characters, bidirectional overrides and lone surrogates become U+FFFD, so that a reader
    sees that something was there. Piles of combining marks and of empty lines are cut.

    Examples
    --------
    >>> displayable("a\x00b\r\nc\u202e")
    'a�b\nc�'
    """
    text = _UNSHOWABLE.sub(REPLACEMENT, _LINE_BREAK.sub("\n", text))
    return _PILE.sub(r"\1", _GAP.sub("\n\n", text))


def one_line(text: str, limit: int | None = None) -> str:
    """Return displayable text on one line, cut with an ellipsis after `limit` characters."""
    if limit is not None:
        # A megabyte of text need not be cleaned to show its first line.
        text = text[: 8 * limit]
    line = " ".join(displayable(text).split())
    return line if limit is None or len(line) <= limit else line[: limit - 1].rstrip() + "…"


def terminal(text: str, limit: int | None = None) -> str:
    r"""Return one line of text that changes nothing on a terminal but what it shows.

    Rich markup is not escaped: put the result into a `rich.text.Text`, which reads none.

    Parameters
    ----------
    text : str
    limit : int, optional
        Longest line, in characters.

    Examples
    --------
    >>> terminal("red \x1b[31m alert\n\x9b2J")
    'red [31m alert 2J'
    """
    if limit is not None:
        text = text[: 8 * limit]
    return one_line(_TERMINAL.sub("", _LINE_BREAK.sub(" ", text)), limit)


def markdown(text: str, limit: int | None = None) -> str:
    r"""Return one line of text in which Markdown sees no markup, no link and no HTML.

    Examples
    --------
    >>> markdown("[x](javascript:1) <b>")
    '\\[x\\](javascript:1) \\<b\\>'
    """
    return _MARKDOWN.sub(r"\\\g<0>", one_line(text, limit))


def file_name(text: str, fallback: str = "run") -> str:
    """Return a name that every file system takes and that leads nowhere else.

    Examples
    --------
    >>> file_name("../../etc/passwd"), file_name("NUL"), file_name("")
    ('etc-passwd', 'run-NUL', 'run')
    """
    name = _NOT_IN_FILE_NAME.sub("-", text).strip(".-_")[:80].rstrip(".-_")
    if not name:
        return fallback
    return f"{fallback}-{name}" if _RESERVED.match(name) else name


def link(url: str | None) -> str | None:
    r"""Return an address that is safe to link to: absolute, http or https; else None.

    Examples
    --------
    >>> link("https://example.org/a"), link(" java\tscript:alert(1)"), link("//example.org")
    ('https://example.org/a', None, None)
    """
    if not url or len(url) > 2000 or url != url.strip() or _TERMINAL.search(url) or re.search(r"\s", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme.lower() in ("http", "https") and parts.netloc else None
