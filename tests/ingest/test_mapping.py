"""Descriptions of formats in TOML: a user's own are found, and wrong ones are refused with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.errors import ConfigError
from moderation.ingest import mapping
from moderation.ingest.mapping import mappings, read_mapping


def test_a_users_own_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ntitle = "Ours"\nrecords = ["log[].entries[]"]\nrequires = ["words", "who"]\n'
        '[columns]\ntext = "words"\nauthor = "who"\nthread_id = "^.day"\n'
    )
    monkeypatch.setenv(mapping.FOLDER_VARIABLE, str(tmp_path))
    mappings.cache_clear()
    try:
        assert mappings()["mine"].columns["text"] == ("words",)
    finally:
        monkeypatch.undo()
        mappings.cache_clear()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not a readable TOML"),
        ('name = "x"', "needs 'title'"),
        ('name="x"\ntitle="x"\nrecords=[]\nrequires=[]', "needs 'columns.text'"),
        ('name="x"\ntitle="x"\nrecords=[]\nrequires=[]\nsize=3\n[columns]\ntext="a"', "unknown 'size'"),
        ('name="x"\ntitle="x"\nrecords=[]\nrequires=[]\n[columns]\ntext="a"\nbody="b"', "unknown 'body'"),
        ('name="x"\ntitle="x"\nrecords=[]\nrequires=[]\nmarkup="tex"\n[columns]\ntext="a"', "unknown 'tex'"),
    ],
)
def test_wrong_descriptions_are_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_mapping(path)
