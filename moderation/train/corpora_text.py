"""Texts of corpora as their writers wrote them: references, escapes and a tokeniser's spaces undone."""

from __future__ import annotations

import codecs
import html
import re
from typing import Final

import pandas as pd

from moderation.train.corpora_spec import Table

_LINK = re.compile(r"\b(https?) ?: ?/ ?/ ?(\S+(?: [./?&=#:%~] ?\S+| ?[-_] ?\S+)*)")
_CHANNEL = re.compile(r"\bt ?\. ?me ?/ ?(\w+)")
_CLITIC = re.compile(r"(?<=\w) (['’] ?(?:s|re|ve|ll|d|m|t))\b", re.IGNORECASE)
_NEGATED: Final = "ca|do|does|did|is|are|was|were|wo|would|could|should|has|have|had|ai"
_NEGATION = re.compile(rf"\b({_NEGATED}) n['’]t\b", re.IGNORECASE)
# A colon or semicolon before anything but a space may be a smiley.
_BEFORE = re.compile(r" +(?=[.,!?%…)\]}”’](?:\W|$)|[;:](?:\s|$))")
_AFTER = re.compile(r"(?<=[(\[{“‘$£€@#¿¡]) +")
_QUOTED = re.compile(r'(?<!\S)" ([^"\n]*?) "(?!\w)')
_JOINED = re.compile(r"(?<=\w) ([-/]) (?=\w)")
MOST_QUOTED: Final = 3
"""Times that a text is found quoted within a quoted text, at most."""

_PENN: Final = {"``": '"', "''": '"', "-LRB-": "(", "-RRB-": ")"}
_ESCAPED = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[ntr'\"\\])")
_REPAIRED = re.compile("[\xc2-\xf4][\x80-\xbf]+")
_UNFIT = re.compile("[\ud800-\udfff\x00]")


def clean_texts(texts: pd.Series[str], table: Table) -> pd.Series[str]:
    """Return texts as plain text, the way a reader of the comment saw them.

    Parameters
    ----------
    texts : Series of str
    table : Table
        Says what to undo: `unescape`, `replace`, `detokenise`.
    """
    if table.unescape == "python":
        texts = texts.map(unescape_python)
    elif table.unescape == "html":
        texts = texts.map(html.unescape)
    elif table.unescape == "quotes":
        texts = texts.map(_unquote)
    for old, new in table.replace.items():
        texts = texts.str.replace(old, new, regex=False)
    if table.detokenise:
        texts = texts.map(detokenise)
    return texts.map(_plain)


def unescape_python(text: str) -> str:
    r"""Undo escapes of a quoted Python string, however often it was quoted, and bytes of UTF-8 in it.

    >>> unescape_python('"caf\\xe9 \\\\xc2\\\\xa0two\\\\nlines"')
    'café \xa0two\nlines'
    """
    text = _unquote(text)
    for _ in range(MOST_QUOTED):
        text = _ESCAPED.sub(_decode, text)
    return _REPAIRED.sub(lambda match: _utf8(match[0]), text)


def detokenise(text: str) -> str:
    """Remove the spaces that a tokeniser set around punctuation, clitics and in links.

    >>> detokenise("Wo n't they say so ? ( They did , see https :// t . me / x / 1 . )")
    "Won't they say so? (They did, see https://t.me/x/1.)"
    """
    for token, plain in _PENN.items():
        text = text.replace(token, plain)
    text = _LINK.sub(lambda match: f"{match[1]}://{match[2].replace(' ', '')}", text)
    text = _CHANNEL.sub(r"t.me/\1", text)
    text = _NEGATION.sub(lambda match: match[0].replace(" ", ""), text)
    text = _CLITIC.sub(lambda match: match[1].replace(" ", ""), text)
    text = _QUOTED.sub(r'"\1"', text)
    text = _JOINED.sub(r"\1", text)
    return _AFTER.sub("", _BEFORE.sub("", text))


def _decode(match: re.Match[str]) -> str:
    return codecs.decode(match[0], "unicode_escape")


def _utf8(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return text


def _unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _plain(text: str) -> str:
    return _UNFIT.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n").strip()
