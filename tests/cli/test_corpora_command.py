"""`moderation corpora` shows what is known, copies what is at hand and finds what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation.cli import run
from moderation.train.corpora import registry

Captured = pytest.CaptureFixture[str]


def test_list_names_every_corpus(capsys: Captured) -> None:
    assert run(["corpora", "list"]) == 0
    header, *rows = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert [row[0] for row in rows] == list(registry())
    found = dict(zip(header, next(row for row in rows if row[0] == "davidson"), strict=True))
    assert found["licence"] == "free"
    assert found["labels"] == "abusive, identity_attack"
    assert found["rows"] == "24,783"


def test_list_by_licence_for_programs(capsys: Captured) -> None:
    assert run(["corpora", "list", "--licences", "non-commercial, share-alike", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {spec["licence_class"] for spec in found} == {"non-commercial", "share-alike"}
    assert all(spec["use"] == "evaluate" for spec in found if spec["licence_class"] == "non-commercial")


def test_show_tells_source_licence_and_files(capsys: Captured) -> None:
    assert run(["corpora", "show", "pan2024_oppositional"]) == 0
    shown = capsys.readouterr().out
    spec = registry()["pan2024_oppositional"]
    for part in (spec.title, spec.licence, spec.citation, "leaves 0 modulo 2", spec.files[0].sha256):
        assert part in shown


def test_unknown_corpora_are_told_with_those_known(capsys: Captured) -> None:
    assert run(["corpora", "show", "nothing"]) == 2
    assert "no corpus 'nothing'; known: jigsaw_train_any_label, " in capsys.readouterr().err


def test_fetching_nothing_in_particular_is_wrong(tmp_path: Path, capsys: Captured) -> None:
    assert run(["corpora", "fetch", "--corpora", str(tmp_path)]) == 2
    assert "name the corpora to fetch, or --recipe FILE" in capsys.readouterr().err


def test_what_no_copy_is_at_hand_of_makes_the_exit_code_1(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine").mkdir()
    arguments = ["corpora", "fetch", "ucc", "written", "--corpora", str(tmp_path / "corpora")]
    assert run([*arguments, "--from", str(tmp_path / "mine")]) == 1
    said = capsys.readouterr().err
    assert "ucc: val.csv is missing: not in" in said
    assert "written comes with this tool" in said


def test_check_of_the_projects_own_corpus(tmp_path: Path, capsys: Captured) -> None:
    assert run(["corpora", "check", "--corpora", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("written\t(rows)\t")


def test_check_finds_missing_and_changed_files(tmp_path: Path, capsys: Captured) -> None:
    place = tmp_path / "abuse" / "ucc"
    place.mkdir(parents=True)
    assert run(["corpora", "check", "--corpora", str(tmp_path)]) == 1
    assert "ucc\tval.csv\tmissing" in capsys.readouterr().out
    (place / "val.csv").write_text("comment\n", "utf-8")
    assert run(["corpora", "check", "ucc", "--corpora", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "ucc\tval.csv\tchanged" in captured.out
    assert captured.err.startswith("error: some corpora are not as the registry describes them")


@pytest.mark.samples
def test_copies_of_a_real_corpus_pass_the_check(corpora: Path, tmp_path: Path, capsys: Captured) -> None:
    assert run(["corpora", "fetch", "ucc", "--corpora", str(tmp_path), "--from", str(corpora)]) == 0
    assert run(["corpora", "check", "ucc", "--corpora", str(tmp_path)]) == 0
    assert "ucc\t(rows)\t4,427\n" in capsys.readouterr().out
