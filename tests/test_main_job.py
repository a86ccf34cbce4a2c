"""The main job with the shipped model, as a moderator would do it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import moderation

SAMPLES = Path(__file__).resolve().parents[1] / "datasets" / "samples"


def test_bundled_dump_becomes_a_report(tmp_path: Path) -> None:
    run = moderation.scan([SAMPLES / "harbour-bridge.txt"], tmp_path / "run", jobs=1)
    table = run.to_table().to_pandas()
    assert len(table) == 25
    flagged = table[table["flags"].map(len) > 0]
    assert 0 < len(flagged) < 12
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert all(comment in page for comment in flagged["comment_id"])


def test_shipped_model_tells_abuse_from_friendly_talk() -> None:
    model = moderation.load_model()
    scored = model.score(
        [
            "you are a worthless idiot and everybody hates you",
            "I will find you and break your legs",
            "thanks, that photo of the harbour is lovely",
            "My wife is a Muslim nurse and she agrees with the article",
        ]
    )
    assert [bool(len(flags)) for flags in scored["flags"]] == [True, True, False, False]
    assert scored["p_threat"][1] > 0.5 > scored["p_threat"][0]


@pytest.mark.samples
def test_real_news_thread(samples: Path, tmp_path: Path) -> None:
    folder = samples / "plaintext" / "seed"
    truth = pd.DataFrame(map(json.loads, (folder / "truth.jsonl").read_text("utf-8").splitlines()))
    run = moderation.scan(sorted(folder.glob("*.txt")), tmp_path / "run", jobs=1)
    table = run.to_table().to_pandas()
    assert table["text"].tolist() == truth["text"].tolist()
    assert table["author"].tolist() == truth["author"].tolist()
    position = {comment: n for n, comment in enumerate(table["comment_id"])}
    parents = [None if pd.isna(p) else str(position[p]) for p in table["parent_id"]]
    assert parents == [None if pd.isna(p) else p for p in truth["parent_id"]]

    staged = table.index[table["text"].str.contains("excuse the US needs")][0]
    slur = table.index[table["text"].str.contains("satanic")][0]
    assert "conspiracy" in table["flags"][staged]
    ranks = table[["p_abusive", "p_identity_attack"]].rank(ascending=False).loc[slur]
    assert ranks.min() <= 2
    others = table.drop(index=[staged, slur])
    assert (others["flags"].map(len) > 0).sum() <= 1
