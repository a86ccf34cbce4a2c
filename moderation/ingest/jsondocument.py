"""One JSON document: the array of records in it, cut out without building all of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import ijson
import msgspec

from moderation.errors import DataError
from moderation.ingest.base import Chunk, Head, Refused
from moderation.ingest.linesplit import CHUNK_SIZE

WHOLE_LIMIT = 256 << 20
"""Documents up to this size are cut in memory, ten times as fast as the event parser reads longer ones."""

CHUNK_RECORDS = 10_000

_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_DICT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def head_records(head: Head, most: int = 20) -> list[dict[str, Any]]:
    """Return the first objects of a document's array, as far as its beginning shows them."""
    path = array_path(head.data if head.text.lstrip().startswith(("[", "{")) else b"", head.text)
    if path is None:
        return []
    records: list[dict[str, Any]] = []
    try:
        for record in ijson.items(io.BytesIO(head.text.encode("utf-8", "replace")), path, use_float=True):
            if isinstance(record, dict):
                records.append(record)
            if len(records) >= most:
                break
    except (ijson.JSONError, UnicodeDecodeError, RecursionError):
        pass
    return records


def array_path(data: bytes, text: str | None = None) -> str | None:
    """Return the ijson path of the items of the first array of objects: `item`, `comments.item`, or None.

    Only the top level and the values of a top-level object are looked at.
    """
    if text is not None:
        data = text.encode("utf-8", "replace") if data else b""
    previous = ("", "")
    try:
        for number, (prefix, event, _) in enumerate(ijson.parse(io.BytesIO(data))):
            if event == "start_map" and previous[0] == "start_array" and prefix.count(".") <= 1:
                return str(prefix)
            if number == 0 and event not in ("start_map", "start_array"):
                return None
            previous = (event, prefix)
    except (ijson.JSONError, UnicodeDecodeError, RecursionError):
        return None
    return None


def split_records(stream: BinaryIO, input_name: str) -> Iterator[Chunk]:
    """Yield chunks of the records of a document's array as JSON bytes, numbered from 1.

    Where the document breaks off, the records before that place are kept, and a `Refused` names it.

    Raises
    ------
    DataError
        It holds no array of objects.
    """
    data = stream.read(WHOLE_LIMIT + 1)
    if len(data) <= WHOLE_LIMIT:
        records = _cut(data)
        if records is not None:
            yield from _chunks(iter(records))
            return
    yield from _chunks(_events(data, stream, input_name))


def _cut(data: bytes) -> list[bytes] | None:
    """Return the records of a sound document, or None."""
    try:
        if data.lstrip()[:1] == b"[":
            return [bytes(raw) for raw in _RAW_LIST.decode(data)]
        path = array_path(data)
        if path is None or not path.endswith(".item"):
            return None
        return [bytes(raw) for raw in _RAW_LIST.decode(_RAW_DICT.decode(data)[path.removesuffix(".item")])]
    except (msgspec.MsgspecError, KeyError, RecursionError):
        return None


def _events(data: bytes, stream: BinaryIO, input_name: str) -> Iterator[bytes | Refused]:
    path = array_path(data[: 4 << 20])
    if path is None:
        raise DataError(f"{input_name}: the JSON document holds no list of objects")
    number = 0
    try:
        for record in ijson.items(_Joined(data, stream), path, use_float=True):
            number += 1
            yield msgspec.json.encode(record)
    except (ijson.JSONError, UnicodeError, RecursionError, OverflowError) as error:
        yield Refused(f"record {number + 1}", f"the JSON document is damaged: {str(error).strip()}")


def _chunks(records: Iterator[bytes | Refused]) -> Iterator[Chunk]:
    batch: list[bytes] = []
    size, start = 0, 1
    for record in records:
        if isinstance(record, Refused):
            if batch:
                yield Chunk(batch, start)
            yield Chunk(record, start + len(batch))
            return
        batch.append(record)
        size += len(record)
        if size >= CHUNK_SIZE or len(batch) >= CHUNK_RECORDS:
            yield Chunk(batch, start)
            start += len(batch)
            batch, size = [], 0
    if batch:
        yield Chunk(batch, start)


class _Joined(io.RawIOBase):
    """Bytes that were read already, then the rest of their stream."""

    def __init__(self, data: bytes, rest: BinaryIO) -> None:
        self._data = io.BytesIO(data)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(size) or self._rest.read(size)
