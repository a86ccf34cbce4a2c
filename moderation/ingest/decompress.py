"""Decompression by content: gzip, bzip2, xz and zstd as one stream that survives damage."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import zstandard

FEED = 2 << 10
"""Compressed bytes given to a decoder at once.

zstd cannot be told to stop after so many output bytes, and 4 bytes of it may stand for 128 KiB: this
bounds what one step can produce to 64 MiB.
"""

BOMB_SIZE = 256 << 20
BOMB_RATIO = 2000
"""More than `BOMB_SIZE` bytes out of a stream `BOMB_RATIO` times smaller is no dump.

Real archives of comments shrink to a fifth or a fiftieth; gzip cannot exceed 1,032.
"""

MAX_WINDOW = 1 << 31
"""Window of the monthly Reddit archives; libzstd refuses more than 2^27 by default."""


class Decoder(Protocol):
    """What zlib, bz2, lzma and zstandard decoders have in common."""

    @property
    def eof(self) -> bool:
        """True once a member or frame is complete."""

    @property
    def unused_data(self) -> bytes:
        """What was given beyond its end."""

    def decompress(self, data: bytes, /) -> bytes:
        """Return what the next bytes stand for."""


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()


_XZ_MAGIC = b"\xfd7zXZ\0"
_DECODERS: tuple[tuple[str, Callable[[bytes], bool], Callable[[], Any]], ...] = (
    ("gzip", lambda head: head[:3] == b"\x1f\x8b\x08", _gzip),
    (
        "bzip2",
        lambda head: head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"),
        bz2.BZ2Decompressor,
    ),
    ("xz", lambda head: head.startswith(_XZ_MAGIC), lzma.LZMADecompressor),
    ("zstd", lambda head: head[1:4] == b"\xb5/\xfd" and head[0] == 0x28, _zstd),
    ("zstd", lambda head: len(head) >= 8 and head[0] >> 4 == 5 and head[1:4] == b"*M\x18", _zstd),
)
MAGIC_LENGTH = 10


def compression(head: bytes) -> str | None:
    """Return the name of the compression that a stream's first bytes show, or None."""
    return next((name for name, matches, _ in _DECODERS if matches(head)), None)


class Decompressed(io.RawIOBase):
    """The content of a compressed stream, however many members or frames it has.

    Where the stream is damaged or breaks off, what was readable is given and `damage` says what happened:
    nothing is raised, so that the good part of an archive is kept.

    Parameters
    ----------
    stream : binary file
        Compressed bytes.
    name : str
        Compression, as `compression` names it.

    Attributes
    ----------
    damage : str or None
        One sentence on what is wrong with the stream, known at its end.
    position : int
        Decompressed bytes given so far.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.damage: str | None = None
        self.position = 0
        self._stream = stream
        self._name = name
        self._make = next(make for known, _, make in _DECODERS if known == name)
        self._decoder: Decoder | None = None
        self._pending = b""
        self._taken = 0
        self._ready = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        """Return True: this stream can only be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with decompressed bytes; 0 at the end."""
        filled = 0
        # Filled to the brim: a buffered reader above would ask again for every few kilobytes.
        while filled < len(buffer) and (self._ready or not self._ended):
            if not self._ready:
                self._ready = memoryview(self._step())
            size = min(len(buffer) - filled, len(self._ready))
            buffer[filled : filled + size] = self._ready[:size]
            self._ready = self._ready[size:]
            filled += size
            self.position += size
        return filled

    def _step(self) -> bytes:
        data = self._pending or self._stream.read(FEED)
        self._pending = b""
        if not data:
            self._end(None if self._decoder is None else f"the {self._name} stream breaks off")
            return b""
        self._taken += len(data)
        if self._decoder is None:
            # Between members: padding is allowed, and another member may follow.
            data = data.lstrip(b"\0")
            if not data:
                return b""
            if self._taken > len(data) and compression(data + self._peek(data)) != self._name:
                self._end(f"something that is not {self._name} follows the {self._name} stream")
                return b""
            data, self._pending = data + self._pending, b""
            self._decoder = self._make()
        return self._decode(data)

    def _peek(self, data: bytes) -> bytes:
        if len(data) < MAGIC_LENGTH:
            self._pending = self._stream.read(FEED)
            self._taken += len(self._pending)
        return self._pending

    def _decode(self, data: bytes) -> bytes:
        assert self._decoder is not None
        try:
            out = self._decoder.decompress(data)
        except (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError, EOFError, ValueError) as error:
            self._end(f"the {self._name} stream is damaged ({error})")
            return b""
        if self._decoder.eof:
            self._pending = self._decoder.unused_data
            self._taken -= len(self._pending)
            self._decoder = None
        produced = self.position + len(out)
        if produced > BOMB_SIZE and produced > BOMB_RATIO * self._taken:
            self._end(f"the {self._name} stream grows more than {BOMB_RATIO}-fold: a decompression bomb")
            return b""
        return out

    def _end(self, damage: str | None) -> None:
        self._ended = True
        self.damage = damage
