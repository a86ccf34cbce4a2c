"""Batches of other engines get the scores that a run gets, whatever their borders."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from moderation.score.arrow import score_batches, scored_schema_of
from moderation.score.engine import scan

TEXTS = ["you stupid idiot", "thank you for the photo", "", "they staged it all", "see you soon", "Идиот"]


def test_batches_get_the_scores_of_a_run(tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "dump.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    run = scan(
        tmp_path / "dump.jsonl", tmp_path / "run", model=tiny_model, report=False, any_language=True, jobs=1
    )
    table = pa.table({"n": range(len(TEXTS)), "text": TEXTS})
    for size in (1, 2, 6):
        batches = table.to_batches(max_chunksize=size)
        scored = pa.Table.from_batches(score_batches(batches, str(tiny_model), any_language=True))
        assert scored.schema == scored_schema_of(table.schema, str(tiny_model))
        assert scored["n"].to_pylist() == list(range(len(TEXTS)))
        for name in ("p_abusive", "p_conspiracy", "flags", "not_scored"):
            assert scored[name].to_pylist() == run.to_table()[name].to_pylist()
