"""Real dumps, where this machine has them: as many rows, replies and orphans as they are known to hold."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from moderation.ingest.reader import ingest

pytestmark = pytest.mark.samples

# (rows, replies found, orphans, greatest depth)
EXPECTED = {
    "disqus_xml/tl3shi_disqus.xml": ("disqus-xml", 2693, 439, 0, 5),
    "disqus_xml/remark42_disqus.xml": ("disqus-xml", 6, 0, 0, 0),
    "isso/disqus.xml": ("disqus-xml", 6, 2, 0, 1),
    "reddit_pushshift/RC_2005-12.zst": ("reddit", 1075, 314, 15, 10),
    "youtube_csv/BSKanoje_GBcomments.csv": ("csv", 999, 0, 0, 0),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_real_dumps_hold_what_they_are_known_to(name: str, samples: Path) -> None:
    path = samples / name
    if not path.exists():
        pytest.skip(f"{name} is not among the samples")
    table, accounting = ingest(path)
    states = Counter(table["parent_state"].to_pylist())
    source = table["source"][0].as_py()
    found = (source, table.num_rows, states["ok"], states["missing"], max(table["depth"].to_pylist()))
    assert found == EXPECTED[name]
    assert accounting.rejected == accounting.repaired == 0


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
