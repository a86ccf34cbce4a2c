"""One JSON document: the array of records in it, cut out without building all of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO

import ijson
import msgspec
from ijson.common import ObjectBuilder

from moderation.errors import DataError
from moderation.ingest import jsonlines
from moderation.ingest.base import Chunk, Head, Refused
from moderation.ingest.linesplit import CHUNK_SIZE

WHOLE_LIMIT = 256 << 20
"""Documents up to this size are cut in memory, ten times as fast as the event parser reads longer ones."""

CHUNK_RECORDS = 10_000

_BROKEN = (ijson.JSONError, UnicodeError, RecursionError, OverflowError, ValueError)
_RAW_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_RAW_DICT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def head_records(head: Head, most: int = 20) -> list[dict[str, Any]]:
    """Return the first objects of a document's array, as far as its beginning shows them."""
    if not head.text.lstrip().startswith(("[", "{")):
        return []
    records: list[dict[str, Any]] = []
    try:
        for record in _records(io.BytesIO(head.text.encode("utf-8", "replace"))):
            if isinstance(record, dict):
                records.append(record)
            if len(records) >= most:
                break
    except _BROKEN:
        pass
    return records


def array_key(data: bytes) -> str | None:
    """Return the key of the first array of objects in a document: "" at the top level, None without one.

    Only the top level and the values of a top-level object are looked at.
    """
    try:
        return _find(_events(io.BytesIO(data)))
    except _BROKEN:
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
    yield from _chunks(_streamed(data, stream, input_name))


def _cut(data: bytes) -> list[bytes] | None:
    """Return the records of a sound document, or None."""
    try:
        if data.lstrip()[:1] == b"[":
            return [bytes(raw) for raw in _RAW_LIST.decode(data)]
        key = array_key(data)
        return [bytes(raw) for raw in _RAW_LIST.decode(_RAW_DICT.decode(data)[key])] if key else None
    except (msgspec.MsgspecError, KeyError, RecursionError):
        return None


def _streamed(data: bytes, stream: BinaryIO, input_name: str) -> Iterator[bytes | Refused]:
    number = 0
    try:
        for record in _records(_Joined(data, stream)):
            number += 1
            yield jsonlines.encode(record).encode()
    except _BROKEN as error:
        if not number and array_key(data[: 4 << 20]) is None:
            raise DataError(f"{input_name}: the JSON document holds no list of objects") from error
        yield Refused(f"record {number + 1}", f"the JSON document is damaged: {str(error).strip()}")
    if not number:
        raise DataError(f"{input_name}: the JSON document holds no list of objects")


def _records(stream: Any) -> Iterator[Any]:
    """Yield the values of the first array of objects, built from parser events."""
    events = _events(stream)
    if _find(events) is None:
        return
    builder, depth = ObjectBuilder(), 0
    for event, value in chain([("start_map", None)], events):
        if event == "end_array" and depth == 0:
            return
        builder.event(event, value)
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if depth == 0:
            yield builder.value
            builder = ObjectBuilder()


def _find(events: Iterator[tuple[str, Any]]) -> str | None:
    """Take events up to the first object of the first array of objects; return the array's key."""
    depth, key, array_depth = 0, "", -1
    for number, (event, value) in enumerate(events):
        if number == 0 and event not in ("start_map", "start_array"):
            return None
        if event == "start_map" and array_depth == depth:
            return key
        if event == "map_key" and depth == 1:
            key = str(value)
        array_depth = -1
        if event in ("start_map", "start_array"):
            depth += 1
            if event == "start_array" and depth <= 2:
                array_depth = depth
        elif event in ("end_map", "end_array"):
            depth -= 1
    return None


def _events(stream: Any) -> Iterator[tuple[str, Any]]:
    # Without ijson's own prefixes: they grow with the depth, so that deep nesting would fill all memory.
    depth = 0
    for event, value in ijson.basic_parse(stream, use_float=True):
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if depth > jsonlines.MAX_NESTING:
            raise ijson.JSONError(f"nested deeper than {jsonlines.MAX_NESTING}")
        yield event, value


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

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._data.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
