"""Inputs: files, directories, globs, URLs and standard input, decompressed, with their beginnings."""

from __future__ import annotations

import glob
import hashlib
import io
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from moderation.errors import DataError, UsageError
from moderation.ingest import charset
from moderation.ingest.archive import ZIP_MAGIC, Member, kept_names, member_names
from moderation.ingest.base import Head
from moderation.ingest.decompress import MAGIC_LENGTH, Decompressed, compression
from moderation.ingest.folder import Joined, is_one_dump, with_comments

HEAD_SIZE = 256 << 10
BUFFER = 1 << 20
MAX_LAYERS = 3
"""Compressions inside one another (`dump.json.gz` in a `.zip`): more is an attack, not a dump."""

STDIN = "-"
MEMBER = "!"
"""Between the name of an archive and that of a file in it: `dump.zip!comments.csv`."""

_URL = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """One input before it is opened; picklable.

    Parameters
    ----------
    name : str
        As messages and `rejects.jsonl` call it.
    location : str
        Path, URL or `-`.
    member : str or None
        File inside a zip archive.
    """

    name: str
    location: str
    member: str | None = None


def expand(inputs: Sequence[str | Path]) -> list[Item]:
    """Return every input that the arguments name, in a stable order.

    Parameters
    ----------
    inputs : sequence of str or Path
        Files, directories (read recursively, hidden files left out), globs, fsspec URLs, `-`.

    Raises
    ------
    UsageError
        A file does not exist, or a directory or glob holds none.
    """
    items: list[Item] = []
    for given in inputs:
        text = str(given)
        if text == STDIN:
            items.append(Item("standard input", STDIN))
            continue
        if _URL.match(text):
            items.extend(Item(url, url) for url in _urls(text))
            continue
        path = Path(given)
        if path.is_dir():
            files = files_below(path)
            if not files:
                raise UsageError(f"{text}: the directory holds no files")
            if is_one_dump(files):
                items.append(Item(text, text))
                continue
            files = with_comments(files)
        elif path.exists():
            files = [path]
        elif glob.has_magic(text):
            found = (Path(name) for name in glob.glob(text, recursive=True))  # noqa: PTH207 - may be absolute
            files = sorted(file for file in found if file.is_file())
            if not files:
                raise UsageError(f"{text}: no file matches")
        else:
            raise UsageError(f"{text}: no such file or directory")
        items.extend(item for file in files for item in _members(file))
    return items


def files_below(folder: Path) -> list[Path]:
    """Return a folder's files, those in folders below it too, in a stable order; hidden ones are left out."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


class Source:
    """One opened input.

    Attributes
    ----------
    name : str
        As messages call it.
    stream : binary file
        Decompressed bytes from the beginning.
    head : Head
        The first 256 KiB of them.
    encoding : str
        Charset that the head shows.
    size, mtime : int or None, float or None
        Of the file as stored; None where there is no file.
    """

    def __init__(self, name: str, raw: BinaryIO, size: int | None = None, mtime: float | None = None) -> None:
        self.name = name
        self.size = size
        self.mtime = mtime
        self._raw = _Counted(raw)
        self._layers: list[Decompressed | Member] = [raw] if isinstance(raw, Member) else []
        self._opened: list[Any] = [raw]
        stream: BinaryIO = io.BufferedReader(self._raw, BUFFER)
        stream = self._decompress(stream)
        data = _read_up_to(stream, HEAD_SIZE)
        complete = len(data) < HEAD_SIZE
        self._plain = not self._layers and raw.seekable()
        self._rest = stream
        self.encoding = charset.detect(data, complete)
        text = charset.decode(data, self.encoding, final=complete)
        self.head = Head(name, data, text, complete)
        self.stream: BinaryIO = io.BufferedReader(Chained(data, stream), BUFFER)

    @property
    def position(self) -> int:
        """Bytes taken so far from the file as stored: progress against `size`."""
        return self._raw.position

    @property
    def digest(self) -> str:
        """SHA-256 of the stored bytes that were read so far: of the whole input, once it was read."""
        return self._raw.hash.hexdigest()

    def damage(self) -> tuple[int, str] | None:
        """Return decompressed offset and description of what is wrong with the stream, known at its end."""
        for layer in self._layers:
            if layer.damage:
                return self._layers[-1].position, layer.damage
        return None

    def seekable(self) -> BinaryIO:
        """Return the decompressed content as a file that can seek: itself, or a temporary copy."""
        if self._plain:
            raw = self._opened[0]
            raw.seek(0)
            return raw  # type: ignore[no-any-return]
        spool: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the source
        self._opened.append(spool)
        while block := self.stream.read(BUFFER):
            spool.write(block)
        spool.seek(0)
        return spool

    def close(self) -> None:
        """Close all files behind the stream."""
        for file in reversed(self._opened):
            if file is not sys.stdin.buffer:
                file.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decompress(self, stream: BinaryIO) -> BinaryIO:
        for _ in range(MAX_LAYERS):
            magic = _peek(stream, MAGIC_LENGTH)
            name = compression(magic)
            if name is None:
                return stream
            layer = Decompressed(stream, name)
            self._layers.append(layer)
            stream = io.BufferedReader(layer, BUFFER)
        if compression(_peek(stream, MAGIC_LENGTH)):
            raise DataError(f"{self.name}: compressed more than {MAX_LAYERS} times over; unpack it first")
        return stream


def open_source(given: str | Path | Item | BinaryIO, name: str | None = None) -> Source:
    """Open one input: a path, a URL, `-`, an `Item` of `expand` or an open binary file.

    Raises
    ------
    UsageError
        It does not exist or cannot be opened.
    DataError
        An archive holds several files where one was named.
    """
    if isinstance(given, (str, Path)):
        items = expand([given])
        if len(items) != 1:
            raise DataError(f"{given}: holds {len(items)} files; name one, or read it as several inputs")
        given = items[0]
    if not isinstance(given, Item):
        return Source(name or str(getattr(given, "name", "stream")), given)
    name = name or given.name
    if given.member is not None:
        return _open_member(given, name)
    if given.location == STDIN:
        return Source(name, _unzipped(sys.stdin.buffer, name))
    if _URL.match(given.location):
        return Source(name, open_url(given.location))
    path = Path(given.location)
    if path.is_dir():
        return Source(name, Joined(path, files_below(path)))  # type: ignore[arg-type]
    try:
        raw = path.open("rb")
        facts = path.stat()
    except OSError as error:
        raise UsageError(f"{name}: cannot be opened: {error.strerror or error}") from error
    return Source(name, raw, facts.st_size, facts.st_mtime)


class _Counted(io.RawIOBase):
    """Passes bytes on, counting and hashing them."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.position = 0
        self.hash = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.position += len(data)
        self.hash.update(data)
        return len(data)


class Chained(io.RawIOBase):
    """The head, then the rest of a stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the head, then from the rest."""
        if not self._head:
            return self._rest.readinto(buffer)  # type: ignore[attr-defined,no-any-return]
        size = min(len(buffer), len(self._head))
        buffer[:size] = self._head[:size]
        self._head = self._head[size:]
        return size


def _read_up_to(stream: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (data := stream.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def _peek(stream: BinaryIO, size: int) -> bytes:
    return stream.peek(size)[:size]  # type: ignore[attr-defined,no-any-return]


def _members(path: Path) -> Iterator[Item]:
    """Yield the file itself, or what a zip archive holds; an office document is one file."""
    try:
        with path.open("rb") as file:
            is_zip = file.read(4) == ZIP_MAGIC
        names = member_names(path) if is_zip else None
    except OSError as error:
        raise UsageError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except zipfile.BadZipFile as error:
        raise DataError(f"{path}: the zip archive is damaged: {error}") from error
    if names is None:
        yield Item(str(path), str(path))
        return
    kept = set(with_comments([PurePosixPath(name) for name in names]))
    for name in names:
        if PurePosixPath(name) in kept:
            yield Item(f"{path}{MEMBER}{name}", str(path), name)


def _open_member(item: Item, name: str) -> Source:
    assert item.member is not None
    try:
        archive = zipfile.ZipFile(item.location)
        raw = Member(archive, item.member)
    except (OSError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: cannot be unpacked: {error}") from error
    facts = Path(item.location).stat()
    return Source(name, raw, archive.getinfo(item.member).file_size, facts.st_mtime)  # type: ignore[arg-type]


def _unzipped(stream: BinaryIO, name: str) -> BinaryIO:
    """Return the one file of a zip archive that comes as a stream; any other stream as it is."""
    if _peek(stream, len(ZIP_MAGIC)) != ZIP_MAGIC:
        return stream
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the stream
    shutil.copyfileobj(stream, spool, BUFFER)
    try:
        archive = zipfile.ZipFile(spool)
    except zipfile.BadZipFile as error:
        raise DataError(f"{name}: the zip archive is damaged or cut off: {error}") from error
    names = kept_names(archive.namelist())
    if names is None:
        spool.seek(0)
        return spool
    if len(names) != 1:
        raise DataError(f"{name}: the zip archive holds {len(names)} files; unpack it, or give it as a file")
    return Member(archive, names[0])  # type: ignore[return-value]


def _urls(url: str) -> list[str]:
    fsspec = _fsspec(url)
    try:
        files, path = fsspec.core.url_to_fs(url)
        if glob.has_magic(path):
            found = files.glob(path)
        elif files.isdir(path):
            found = files.find(path)
        else:
            return [url]
    except Exception as error:  # fsspec backends raise whatever their client library raises
        raise UsageError(f"{url}: cannot be opened: {error}") from error
    if not found:
        raise UsageError(f"{url}: no file matches")
    return sorted(files.unstrip_protocol(name) for name in found)


def open_url(url: str, mode: str = "rb") -> BinaryIO:
    """Open an fsspec URL for reading or, with `wb`, for writing.

    Raises
    ------
    UsageError
        It cannot be opened, or fsspec is not installed.
    """
    fsspec = _fsspec(url)
    try:
        return fsspec.open(url, mode).open()  # type: ignore[no-any-return]
    except Exception as error:  # as above
        raise UsageError(f"{url}: cannot be opened: {error}") from error


def _fsspec(url: str) -> Any:
    try:
        import fsspec
    except ImportError as error:
        raise UsageError(f"{url}: URLs need an extra: pip install 'moderation[remote]'") from error
    return fsspec
