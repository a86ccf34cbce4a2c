"""Folders that are one dump: one file a comment, or one file with the comments and others about them."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import TypeVar

FILE_MARK = b"--- # file "
"""Line before each file's content in the joined stream: it parts YAML documents, and names the file."""

_CONVOKIT = ("speakers.json", "users.json", "conversations.json", "corpus.json", "index.json", "*.bin")
_MASTODON = ("actor.json", "likes.json", "bookmarks.json", "avatar.*", "header.*", "media_attachments/*")
BESIDE = {"utterances.jsonl": _CONVOKIT, "outbox.json": _MASTODON}
"""Files with the comments of a dump, and those beside them that hold none."""

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


P = TypeVar("P", bound=PurePath)


def with_comments(files: Sequence[P]) -> list[P]:
    """Return the files of a folder or archive without those that a known dump has beside its comments."""
    left_out = {
        file
        for kept in files
        for pattern in BESIDE.get(kept.name, ())
        for file in files
        if file.is_relative_to(kept.parent) and fnmatch(str(file.relative_to(kept.parent)), pattern)
    }
    return [file for file in files if file not in left_out]


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
