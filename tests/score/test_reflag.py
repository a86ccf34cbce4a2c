"""Flags of a run under another policy: the same whichever columns are asked for."""

from __future__ import annotations

from pathlib import Path

from moderation.score.engine import scan


def test_a_section_rule_needs_no_column_asked_for(tiny_model: Path, tmp_path: Path) -> None:
    dump = tmp_path / "dump.csv"
    dump.write_text("text,url\nnice photo,https://x.example/kids/1\nnice photo,https://x.example/news/2\n")
    policy = tmp_path / "policy.toml"
    policy.write_text('[[rules]]\nname = "kids"\naction = "flag"\nsection = "/kids/"\n')
    run = scan(dump, tmp_path / "run", model=tiny_model, report=False)
    flags = run.to_table(["flags"], run.reflag(policy))["flags"].to_pylist()
    assert flags == [["rule:kids"], []]
    assert run.to_table(None, run.reflag(policy))["flags"].to_pylist() == flags
