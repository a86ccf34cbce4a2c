"""Text in a cell of a spreadsheet: never a formula, and back again."""

from __future__ import annotations

import re
from typing import Final

_NOT_IN_CELL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_FORMULA: Final = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
# With apostrophes before it, so that a text which has one of its own comes back as it was.
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\Z")


def cell(text: str) -> str:
    """Return text that a spreadsheet will not take for a formula when it opens a CSV file.

    A leading `=`, `+`, `-`, `@`, tab or line break (and the full-width forms of the signs) gets an
    apostrophe before it; plain numbers stay numbers.

    Examples
    --------
    >>> cell("=HYPERLINK(A1)"), cell("-3.5"), cell("fine")
    ("'=HYPERLINK(A1)", '-3.5', 'fine')
    """
    text = cell_text(text)
    return "'" + text if _FORMULA.match(text) and not _NUMBER.match(text) else text


def uncell(text: str) -> str:
    """Return the text that `cell` made safe.

    Examples
    --------
    >>> uncell("'=HYPERLINK(A1)"), uncell("'quoted'")
    ('=HYPERLINK(A1)', "'quoted'")
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text, 1) else text


def cell_text(text: str) -> str:
    """Return text as a cell of type text can hold it: characters that no cell can are U+FFFD."""
    return _NOT_IN_CELL.sub("\N{REPLACEMENT CHARACTER}", text)
