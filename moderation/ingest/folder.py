"""Folders that are one dump: a comment system that keeps each comment in a file of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

FILE_MARK = b"--- # file "
"""Line before each file's content in the joined stream: it parts YAML documents, and names the file."""

SAMPLED = 5
_YAML = frozenset([".yml", ".yaml"])


def is_one_dump(files: Sequence[Path]) -> bool:
    """Return True for the files of a Staticman folder: all YAML, or all JSON with its fields."""
    suffixes = {file.suffix.lower() for file in files}
    if len(files) < 2 or not (suffixes <= _YAML or suffixes == {".json"}):
        return False
    try:
        return all(_is_comment(file) for file in files[:: max(len(files) // SAMPLED, 1)])
    except OSError:
        return False


class Joined(io.RawIOBase):
    """The files of a folder as one stream of documents, each behind a line that names it."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self._parts = self._contents(folder, files)
        self._rest = b""

    def readable(self) -> bool:
        """Return True: this stream can only be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`; 0 at the end."""
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = part
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size

    @staticmethod
    def _contents(folder: Path, files: Sequence[Path]) -> Iterator[bytes]:
        for file in files:
            name = str(file.relative_to(folder)).replace("\n", " ").encode("utf-8", "replace")
            yield FILE_MARK + name + b"\n" + file.read_bytes().removeprefix(b"\xef\xbb\xbf") + b"\n"


def _is_comment(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(64 << 10)
    return b"message" in head and any(mark in head for mark in (b"_id", b"_parent", b"replying_to", b"name"))
