"""Charset: which one an input has, and its bytes as clean UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable
from typing import BinaryIO

SENTINEL = "\ufdd0"
"""Stands for a byte or character that could not be kept until its row is known.

A Unicode noncharacter: no real text holds it. `mend` turns it into U+FFFD and counts the row.
"""

BLOCK = 1 << 20

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# What people really type in cp1252: an accented letter beside another letter, or a typographic sign.
_WESTERN = re.compile(
    rb"(?:(?<=[A-Za-z])[\xc0-\xff]|[\xc0-\xff](?=[A-Za-z]))|[\x80\x82-\x8c\x8e\x91-\x9c\x9e\xa0-\xbf]"
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})|<meta[^>]{0,200}?charset=["']?([\w-]{2,40})""",
    re.I,
)
_CONTROLS = re.compile("[\x00\ud800-\udfff]")


def detect(head: bytes, complete: bool = True) -> str:
    """Return the charset of an input from its first bytes.

    A byte order mark decides; then valid UTF-8; then the pattern of zeros that UTF-16 leaves; then what
    an XML or HTML head declares; then statistics. Bytes that fit nothing leave UTF-8, to be repaired.

    Parameters
    ----------
    head : bytes
        The beginning of the input.
    complete : bool, default True
        False where more follows, so that a character may be cut at its end.

    Returns
    -------
    str
        A Python codec name.

    Examples
    --------
    >>> detect("café".encode("cp1252"))
    'cp1252'
    >>> detect("café".encode("utf-16"))
    'utf-16'
    """
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    if wide := _wide_without_mark(head):
        return wide
    if _is_utf8(head, complete):
        return "utf-8"
    if declared := _DECLARED.search(head[:4096]):
        name = (declared[1] or declared[2]).decode("ascii").lower()
        if name not in ("utf-8", "utf8") and _is_text_codec(name):
            # Browsers read Latin-1 as its superset cp1252, and pages rely on it.
            return "cp1252" if name in ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii") else name
    return _by_statistics(head)


def decode(data: bytes, encoding: str, final: bool = True) -> str:
    """Return text with `SENTINEL` in place of what cannot be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="moderation-sentinel")
    return decoder.decode(data, final)


def mend(text: str) -> str:
    """Return text with sentinels, NULs and lone surrogates replaced by U+FFFD."""
    return _CONTROLS.sub("\ufffd", text).replace(SENTINEL, "\ufffd")


def needs_mending(text: str) -> bool:
    """Return True where `mend` would change the text."""
    return SENTINEL in text or _CONTROLS.search(text) is not None


class Utf8Stream(io.RawIOBase):
    """A binary stream that gives another one's text as clean UTF-8.

    Without a byte order mark; undecodable bytes and NULs become `SENTINEL`. UTF-8 that is already clean
    passes through untouched.

    Parameters
    ----------
    stream : binary file
        Decompressed bytes.
    encoding : str
        As `detect` names it.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="moderation-sentinel")
        self._plain = encoding == "utf-8"
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """Return True: this stream can only be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with UTF-8; 0 at the end."""
        while not self._ready:
            if self._ended:
                return 0
            self._ready = memoryview(self._next_block())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _next_block(self) -> bytes:
        data = self._stream.read(BLOCK)
        self._ended = not data
        if self._plain and data and b"\0" not in data and not self._decoder.getstate()[0] and data.isascii():
            return data
        text = self._decoder.decode(data, self._ended).replace("\0", SENTINEL)
        return text.encode("utf-8", "surrogatepass")


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Return a buffered stream of clean UTF-8; see `Utf8Stream`."""
    return io.BufferedReader(Utf8Stream(stream, encoding), BLOCK)


def mend_all(values: Iterable[str | None]) -> list[str | None]:
    """Return `mend` of every value that is not None."""
    return [None if value is None else mend(value) for value in values]


def _sentinel_handler(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return SENTINEL, error.end


codecs.register_error("moderation-sentinel", _sentinel_handler)


def _is_utf8(head: bytes, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, complete)
    except UnicodeDecodeError:
        return False
    return True


def _is_text_codec(name: str) -> bool:
    try:
        return codecs.lookup(name)._is_text_encoding
    except LookupError:
        return False


def _wide_without_mark(head: bytes) -> str | None:
    # Western text in UTF-16 has a zero in nearly every other byte.
    sample = head[:4096]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.7 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.7 * half and odd < 0.1 * half:
        return "utf-16-be"
    return None


def _by_statistics(head: bytes) -> str:
    high = sum(head.translate(_HIGH))
    multibyte = sum(len(match) for match in _MULTIBYTE.findall(head))
    if multibyte > high - multibyte:
        return "utf-8"
    letters = sum(head.translate(_LETTERS))
    if high <= 0.4 * (letters + high):
        western = len(_WESTERN.findall(head))
        return "cp1252" if western >= 0.8 * high else "utf-8"
    return _by_library(head)


def _by_library(head: bytes) -> str:
    from charset_normalizer import from_bytes

    # Mostly non-ASCII letters: Cyrillic, Greek, Hebrew, East Asian. 16 KiB are plenty and keep it quick.
    best = from_bytes(head[:16384], cp_exclusion=["utf_8", "utf_16", "utf_32", "utf_7"]).best()
    if best is None or best.chaos > 0.2:
        return "utf-8"
    return best.encoding


_HIGH = bytes(1 if byte >= 0x80 else 0 for byte in range(256))
_LETTERS = bytes(1 if chr(byte).isalpha() and byte < 0x80 else 0 for byte in range(256))
