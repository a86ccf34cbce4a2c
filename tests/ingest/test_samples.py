"""Real dumps, where this machine has them: as many rows, replies and orphans as they are known to hold."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from moderation.errors import DataError
from moderation.ingest.base import Accounting
from moderation.ingest.reader import ingest

pytestmark = pytest.mark.samples

TABLE = Path(__file__).parent / "samples.csv"
"""What each sample holds, in counts alone.

Ids, parents, authors and words were compared with the raw files by other means than our readers. `letters`
counts the letters and digits of all texts: a text that is cut shows there.
"""


def counted(table: pa.Table, accounting: Accounting) -> list[str]:
    """Return the columns of the table behind the name of the file."""
    states = Counter(table["parent_state"].to_pylist())
    texts = table["text"].to_pylist()
    counts = [
        table.num_rows,
        states["ok"],
        states["missing"],
        len(set(table["thread_id"].to_pylist())),
        max(table["depth"].to_pylist(), default=0),
        sum(status != "visible" for status in table["status"].to_pylist()),
        sum(not text for text in texts),
        sum(character.isalnum() for text in texts for character in text),
        accounting.skipped.total(),
    ]
    sources = set(table["source"].to_pylist())
    return ["+".join(sorted(sources)), *map(str, counts)]


def _expected() -> list[list[str]]:
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))[1:]


@pytest.mark.parametrize("expected", _expected(), ids=lambda row: row[0])
def test_real_dumps_hold_what_they_are_known_to(expected: list[str], samples: Path) -> None:
    name, format, *_ = expected
    path = samples / name
    if not path.exists():
        pytest.skip(f"{name} is not among the samples")
    if format == "refused":
        with pytest.raises(DataError, match=r"looks like no known dump|no column looks like the text"):
            ingest(path)
        return
    table, accounting = ingest(path)
    assert counted(table, accounting) == expected[1:]
    assert accounting.rejected == accounting.repaired == 0


def test_every_sample_is_in_the_table(samples: Path) -> None:
    known = {row[0] for row in _expected()}
    files = {str(path.relative_to(samples)) for path in samples.rglob("*") if path.is_file()}
    apart = ("plaintext/", "staticman/", "FORMATS.md")
    assert {name for name in files if not name.startswith(apart)} <= known


def test_a_folder_of_forum_topics(samples: Path) -> None:
    folder = samples / "discourse"
    if not folder.exists():
        pytest.skip("no Discourse topics among the samples")
    table, accounting = ingest(folder)
    assert max(table["depth"].to_pylist()) == 47
    assert set(table["source"].to_pylist()) == {"discourse"} and not accounting.rejected


def test_the_seed_page_is_exact(samples: Path) -> None:
    folder = samples / "plaintext" / "seed"
    truth = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    table, _ = ingest(next(folder.glob("*.txt")))
    rows = table.to_pylist()
    ids = {row["comment_id"]: place for place, row in enumerate(rows)}
    found = [
        (
            row["author"],
            row["text"],
            row["depth"],
            None if row["parent_id"] is None else str(ids[row["parent_id"]]),
        )
        for row in rows
    ]
    assert found == [(row["author"], row["text"], row["depth"], row["parent_id"]) for row in truth]
    assert {row["thread_title"] for row in rows} == {
        "Syrian Forces Developing Security Operation Against ISIS Cells In Deir Ezzor Province (Maps)"
    }
    assert all(row["parse_confidence"] >= 0.9 for row in rows)
