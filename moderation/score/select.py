"""Which rows of a dump a run is about: a share of the threads, a span of time, the first so many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from moderation.errors import UsageError

_SAMPLE_KEY: Final = b"moderation.sample"
# A sample must be the same threads in every run and in every worker, so the key is fixed.


@dataclass(frozen=True, slots=True)
class Selection:
    """What to keep; the default keeps everything.

    Parameters
    ----------
    limit : int or None
        Keep the first `limit` rows in reading order, at least 1.
    sample : float or None
        Share of the threads to keep, in (0, 1]; a thread is kept or left out as a whole.
    since, until : datetime or None
        Keep rows with `since <= created_at < until`; both aware. Rows without a time are left out.
    """

    limit: int | None = None
    sample: float | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"--limit {self.limit}: give at least 1")
        if self.sample is not None and not 0 < self.sample <= 1:
            raise UsageError(f"--sample {self.sample}: give a share above 0 and up to 1, such as 0.05")
        if self.since and self.until and self.since >= self.until:
            raise UsageError(f"--since {self.since:%Y-%m-%d} is not before --until {self.until:%Y-%m-%d}")

    def apply(self, table: pa.Table) -> tuple[pa.Table, Counter[str]]:
        """Return the rows to keep of one chunk, and the counts of those left out by reason."""
        left_out: Counter[str] = Counter()
        for reason, mask in self._tests():
            kept = table.filter(mask(table))
            left_out[reason] += table.num_rows - kept.num_rows
            table = kept
        if self.limit is not None and table.num_rows > self.limit:
            left_out["limit"] += table.num_rows - self.limit
            table = table.slice(0, self.limit)
        return table, +left_out

    def _tests(self) -> Iterator[tuple[str, Callable[[pa.Table], pa.ChunkedArray]]]:
        if self.sample is not None and self.sample < 1:
            yield "outside the sample", self._in_sample
        if self.since is not None or self.until is not None:
            yield "outside the time span", self._in_span

    def _in_sample(self, table: pa.Table) -> pa.ChunkedArray:
        encoded = pc.dictionary_encode(table["thread_id"]).combine_chunks()
        bound = int((self.sample or 1) * 2**64)
        kept = pa.array([_draw(thread) < bound for thread in encoded.dictionary.to_pylist()], pa.bool_())
        return pa.chunked_array([kept.take(encoded.indices)])

    def _in_span(self, table: pa.Table) -> pa.ChunkedArray:
        times = table["created_at"]
        inside = times.is_valid()
        if self.since is not None:
            inside = pc.and_(inside, pc.greater_equal(times, pa.scalar(self.since, times.type)))
        if self.until is not None:
            inside = pc.and_(inside, pc.less(times, pa.scalar(self.until, times.type)))
        return pc.fill_null(inside, False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for `run.json`."""
        return {
            "limit": self.limit,
            "sample": self.sample,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Selection:
        """Return the selection that `to_dict` wrote."""
        since, until = values["since"], values["until"]
        return cls(
            limit=values["limit"],
            sample=values["sample"],
            since=datetime.fromisoformat(since) if since else None,
            until=datetime.fromisoformat(until) if until else None,
        )


def _draw(thread: str) -> int:
    digest = blake2b(thread.encode("utf-8", "surrogatepass"), digest_size=8, key=_SAMPLE_KEY).digest()
    return int.from_bytes(digest, "big")
