"""Chunks of whole lines: complete, in order, bounded."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from moderation.ingest.base import Refused
from moderation.ingest.linesplit import Lines, split_lines


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(1, 40), st.integers(10, 50), st.booleans())
def test_every_line_is_in_a_chunk_or_refused(lengths: list[int], size: int, limit: int, ends: bool) -> None:
    lines = [b"x" * length for length in lengths]
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    expected = data.split(b"\n")[: -1 if data.endswith(b"\n") or not data else None]
    size = min(size, limit)
    number, refused, kept = 1, [], []
    for chunk in split_lines(io.BytesIO(data), size, limit):
        assert chunk.start == number
        if isinstance(chunk.payload, Refused):
            refused.append(number)
            number += 1
            continue
        assert isinstance(chunk.payload, Lines)
        found = chunk.payload.data.split(b"\n")[: chunk.payload.count]
        kept.extend(found)
        number += len(found)
    too_long = [place for place, line in enumerate(expected, 1) if len(line) + 1 > limit]
    last_fits = expected and not data.endswith(b"\n") and len(expected[-1]) == limit
    assert refused == [place for place in too_long if not (last_fits and place == len(expected))]
    assert kept == [line for place, line in enumerate(expected, 1) if place not in refused]


def test_chunks_do_not_depend_on_how_the_stream_delivers() -> None:
    data = b"".join(b"line %d\n" % n for n in range(1000))

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 7, 7))

    assert list(split_lines(Slow(data), 100)) == list(split_lines(io.BytesIO(data), 100))
