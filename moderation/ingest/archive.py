"""Zip archives: which of their files are inputs, and reading one as far as it is sound."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from moderation.errors import DataError
from moderation.ingest.decompress import BOMB_RATIO, BOMB_SIZE

ZIP_MAGIC = b"PK\x03\x04"
BLOCK = 1 << 20

_OFFICE = "[Content_Types].xml"


class Member(io.RawIOBase):
    """A file in a zip archive, read as far as it is sound; see `Decompressed` for `damage`."""

    def __init__(self, archive: zipfile.ZipFile, member: str) -> None:
        self.damage: str | None = None
        self.position = 0
        self._archive = archive
        self._packed = max(archive.getinfo(member).compress_size, 1)
        self._file = archive.open(member)

    def readable(self) -> bool:
        """Return True: this stream can only be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with unpacked bytes; 0 at the end or where the archive is damaged."""
        if self.damage:
            return 0
        try:
            data = self._file.read(min(len(buffer), BLOCK))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            self.damage = f"the zip archive is damaged ({error})"
            return 0
        buffer[: len(data)] = data
        self.position += len(data)
        if self.position > BOMB_SIZE and self.position > BOMB_RATIO * self._packed:
            self.damage = f"the zip archive grows more than {BOMB_RATIO}-fold: a decompression bomb"
        return len(data)

    def close(self) -> None:
        """Close the file and the archive."""
        self._file.close()
        self._archive.close()
        super().close()


def member_names(path: Path) -> list[str] | None:
    """Return the files of an archive worth reading; None for an office document, which is one file.

    Raises
    ------
    DataError
        It holds none.
    """
    with zipfile.ZipFile(path) as archive:
        names = kept_names(archive.namelist())
    if names == []:
        raise DataError(f"{path}: the zip archive holds no files")
    return names


def kept_names(names: Sequence[str]) -> list[str] | None:
    """Return the files of an archive worth reading; None for an office document, which is one file."""
    if _OFFICE in names:
        return None
    return sorted(name for name in names if not name.endswith("/") and not _is_clutter(name))


def _is_clutter(name: str) -> bool:
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".")
