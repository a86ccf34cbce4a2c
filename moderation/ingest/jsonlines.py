"""Decoding JSON records: fast where they are sound, one by one where they are not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from moderation.ingest.base import EXCERPT_LENGTH, Reject
from moderation.ingest.charset import mend

MAX_NESTING = 500
"""Deeper JSON is an attack: no record of a comment needs a tenth of it."""


class Decoded:
    """Records of a chunk, with what could not be decoded.

    Attributes
    ----------
    records : list
        Decoded records in order.
    rejects : list of Reject
        Lines that hold no record.
    skipped : Counter of str
        Blank lines.
    read : int
        Lines seen.
    """

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.rejects: list[Reject] = []
        self.skipped: Counter[str] = Counter()
        self.read = 0


def decode_lines(
    data: bytes, count: int, start: int, input_name: str, decoder: msgspec.json.Decoder[Any]
) -> Decoded:
    """Decode lines of JSON.

    Parameters
    ----------
    data : bytes
        Whole lines in UTF-8.
    count : int
        Number of lines.
    start : int
        Number of the first.
    input_name : str
        For rejects.
    decoder : msgspec.json.Decoder
        For the type that a record shall have.
    """
    decoded = Decoded()
    decoded.read = count
    try:
        decoded.records = decoder.decode_lines(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        _decode_each(data.split(b"\n")[:count], start, input_name, decoder, decoded)
        return decoded
    if len(decoded.records) != count:
        decoded.skipped["blank line"] = count - len(decoded.records)
    return decoded


def decode_records(
    records: Sequence[bytes], start: int, input_name: str, decoder: msgspec.json.Decoder[Any]
) -> Decoded:
    """Decode records that a splitter cut out of a document; as `decode_lines`."""
    decoded = Decoded()
    decoded.read = len(records)
    for number, data in enumerate(records, start):
        _decode_one(data, f"record {number}", input_name, decoder, decoded)
    return decoded


def loads_leniently(data: bytes) -> Any:
    """Decode JSON with lone surrogates, control characters and NaN, which strict decoders refuse.

    Raises
    ------
    ValueError
        It is no JSON, or nested deeper than `MAX_NESTING`.
    """
    try:
        return json.loads(data.decode("utf-8", "moderation-sentinel"), strict=False)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def encode(value: object) -> str:
    """Return a value as compact JSON text; lone surrogates become U+FFFD."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, msgspec.MsgspecError, OverflowError, RecursionError, TypeError):
        pass
    try:
        return mend(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))
    except RecursionError:
        return '"nested too deeply"'


def encode_each(values: Sequence[object], is_empty: Callable[[object], bool]) -> list[str | None]:
    """Return each value as JSON text, None for those that are empty."""
    return [None if is_empty(value) else encode(value) for value in values]


def _decode_each(
    lines: Sequence[bytes], start: int, input_name: str, decoder: msgspec.json.Decoder[Any], decoded: Decoded
) -> None:
    for number, line in enumerate(lines, start):
        if not line.strip():
            decoded.skipped["blank line"] += 1
        else:
            _decode_one(line, f"line {number}", input_name, decoder, decoded)


def _decode_one(
    data: bytes, place: str, input_name: str, decoder: msgspec.json.Decoder[Any], decoded: Decoded
) -> None:
    try:
        decoded.records.append(decoder.decode(data))
        return
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        reason = str(error)
    try:
        decoded.records.append(msgspec.convert(loads_leniently(data), decoder.type, strict=False))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if isinstance(error, msgspec.ValidationError):
            reason = str(error)
        excerpt = mend(data[: 4 * EXCERPT_LENGTH].decode("utf-8", "replace"))[:EXCERPT_LENGTH]
        decoded.rejects.append(Reject(input_name, place, f"no JSON record: {reason}", excerpt))
