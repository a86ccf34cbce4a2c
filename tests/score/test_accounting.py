"""Every record is accounted for, whatever the lines of a dump hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.errors import DataError
from moderation.ingest.base import Chunk, ReadOptions
from moderation.ingest.linesplit import Lines
from moderation.score.accounting import Accounting
from moderation.score.select import Selection
from moderation.score.work import Piece, Settings, score_pieces

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
RECORDS = st.dictionaries(st.sampled_from(["id", "text", "thread_id", "created_at", "parent_id"]), VALUES)
LINES = st.lists(RECORDS.map(json.dumps) | st.text(max_size=20) | st.just(""), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(lines=LINES, limit=st.none() | st.integers(1, 10))
def test_lines(lines: list[str], limit: int | None) -> None:
    lines = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    data = "".join(line + "\n" for line in lines).encode("utf-8", "replace")
    chunk = Chunk(Lines(data, len(lines)), 1)
    piece = Piece(chunk, "jsonl", ReadOptions("dump"))
    table, rejects, counts = score_pieces([piece], Settings(Path("run"), selection=Selection(limit)))
    assert counts.read == len(lines)
    assert counts.rows == table.num_rows == counts.not_scored.total()
    assert counts.rejected == len(rejects)
    assert counts.read == counts.rows + counts.rejected + counts.skipped.total()
    assert limit is None or table.num_rows <= limit


def test_loss_is_noticed() -> None:
    Accounting(read=3, rows=1, rejected=1, skipped=Counter(blank=1), scored=1).check("here")
    with pytest.raises(DataError, match="here: 4 records were read but 3 are accounted for"):
        Accounting(read=4, rows=1, rejected=1, skipped=Counter(blank=1), scored=1).check("here")
    with pytest.raises(DataError, match="2 rows, but 1 scored and 0 not scored"):
        Accounting(read=2, rows=2, scored=1).check("here")


def test_counts_survive_the_manifest() -> None:
    counts = Accounting(9, 4, 2, Counter(blank=3), 3, Counter(empty=1), 1)
    assert Accounting.from_dict(json.loads(json.dumps(counts.to_dict()))) == counts
