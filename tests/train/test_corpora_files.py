"""The registry, the files that it names, word lists and the README of the corpora."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.errors import ConfigError, DataError, UsageError
from moderation.train.corpora import check_corpus, load_corpus, registry
from moderation.train.corpora_files import file_states, held_texts
from moderation.train.corpora_lexicons import load_lexicon
from moderation.train.corpora_spec import CorpusSpec, Exam, SourceFile, registry_path
from moderation.train.corpora_table import END, START, corpora_table, measured, write_readme
from moderation.train.corpora_text import detokenise, unescape_python

CORPUS = """
[corpus.small]
title = "t"
folder = "small"
language = "en"
licence = "CC0-1.0"
licence_class = "free"
citation = "c"
use = "train"
weight = 1.0
files = [{name = "a.csv"}]
[[corpus.small.tables]]
file = "a.csv"
labels.abusive = {column = "y", positive = ["1"], negative = ["0"]}
"""


def stated(tmp_path: Path, text: str) -> dict[str, CorpusSpec]:
    path = tmp_path / "registry.toml"
    path.write_text(text, "utf-8")
    return registry(path)


def served(tmp_path: Path, content: bytes, name: str = "a.csv") -> SourceFile:
    origin = tmp_path / "origin" / name
    origin.parent.mkdir(exist_ok=True)
    origin.write_bytes(content)
    return SourceFile(name, len(content), hashlib.sha256(content).hexdigest(), origin.as_uri())


def small(*files: SourceFile, exam: Exam = Exam()) -> CorpusSpec:
    return dataclasses.replace(registry()["ucc"], name="small", files=files, exam=exam)


def test_a_registry_is_read(tmp_path: Path) -> None:
    spec = stated(tmp_path, CORPUS)["small"]
    assert spec.tables[0].labels["abusive"].positive == ("1",)
    assert spec.labels == ("abusive",)
    assert spec.tables[0].format == "csv"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "t"', 'titel = "t"', "corpus 'small': unknown field 'titel'"),
        ('title = "t"', "", "title"),
        ("labels.abusive", "labels.rude", "unknown label 'rude'; known: abusive"),
        ('use = "train"', 'use = "fun"', "unknown use 'fun'"),
        (', positive = ["1"], negative = ["0"]', "", "exactly one of positive"),
        ('positive = ["1"]', 'positive = ["1"], range = [0, 1]', "exactly one of positive"),
        ('column = "y", ', "", "state the column"),
        ('use = "train"', 'use = "train"\npart_of = "big"', "part of 'big', which is not there"),
        ('file = "a.csv"', 'file = "a.csv"\nunescape = "rot13"', "unknown unescape 'rot13'"),
        ('file = "a.csv"', 'file = "a.pdf"', "unknown format 'pdf'"),
        ("[corpus.small]", "[corpus.small", "not a registry"),
    ],
)
def test_mistakes_in_a_registry_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CORPUS
    with pytest.raises(ConfigError, match=re.escape(message)):
        stated(tmp_path, CORPUS.replace(old, new, 1))


def test_every_file_of_the_registry_can_be_had_and_verified() -> None:
    for spec in registry().values():
        for source in spec.files:
            assert bool(source.url) != bool(source.derived), (spec.name, source.name)
            assert re.fullmatch("[0-9a-f]{64}", source.sha256), (spec.name, source.name)
            assert source.url.startswith("https://raw.githubusercontent.com/") or not source.url
        names = {name for table in spec.tables for name in (*table.file, table.labels_file) if name}
        assert names <= {source.name for source in spec.files} or spec.inside, spec.name


def test_what_may_not_be_sold_does_not_train() -> None:
    for spec in registry().values():
        assert spec.licence_class != "non-commercial" or spec.use == "evaluate", spec.name
        assert (spec.weight > 0) == (spec.use in ("train", "vocabulary") or spec.name == "conda_game_chat"), (
            spec.name
        )


def test_official_test_files_are_not_read() -> None:
    for spec in registry().values():
        assert not {name for table in spec.tables for name in table.file} & set(spec.exam.files), spec.name


def test_the_state_of_files_is_told(tmp_path: Path) -> None:
    published = served(tmp_path, b"one\ntwo\n")
    source = dataclasses.replace(published, cut_sha256=hashlib.sha256(b"one\n").hexdigest())
    states = []
    for content in (None, b"one\ntwo\n", b"one\n", b"three\n"):
        if content is not None:
            (tmp_path / "a.csv").write_bytes(content)
        states.append(file_states(small(source), tmp_path)[0].state)
    assert states == ["missing", "published", "cut", "changed"]


def test_a_check_tells_a_missing_corpus_from_a_whole_one(tmp_path: Path) -> None:
    check = check_corpus("ucc", tmp_path)
    assert not check.ok
    assert [file.state for file in check.files] == ["missing"]
    assert check_corpus("written").ok


def test_published_files_need_the_test_file_that_tells_what_to_leave_out(tmp_path: Path) -> None:
    source = dataclasses.replace(served(tmp_path, b"text\nA b!\nc\n"), cut_sha256="0" * 64)
    spec = small(source, exam=Exam(texts_of="test.csv", url="https://example.org/test.csv"))
    assert held_texts(spec, tmp_path) == frozenset()
    (tmp_path / "a.csv").write_bytes(b"text\nA b!\nc\n")
    with pytest.raises(
        DataError, match=r"test\.csv, which is not in it; download it from https://example\.org"
    ):
        held_texts(spec, tmp_path)
    (tmp_path / "test.csv").write_text("spans,text\n[],A b?\n", "utf-8")
    assert held_texts(spec, tmp_path) == {"a b"}


def test_word_lists_keep_categories_and_severity(tmp_path: Path) -> None:
    place = tmp_path / "abuse" / "surge_profanity"
    place.mkdir(parents=True)
    (place / "profanity_en.csv").write_text(
        "text,canonical_form_1,canonical_form_2,canonical_form_3,category_1,category_2,category_3,"
        "severity_rating,severity_description\noafs,oaf,,,mental disability,animal references,,1.4,Mild\n",
        "utf-8",
    )
    row = load_lexicon("surge_profanity", tmp_path).iloc[0]
    assert (row["term"], row["language"]) == ("oafs", "en")
    assert (row["categories"], row["canonical"]) == (["mental disability", "animal references"], ["oaf"])
    assert row["severity"] == pytest.approx(1.4)


def test_plain_word_lists_are_one_language_a_file(tmp_path: Path) -> None:
    place = tmp_path / "abuse" / "ldnoobw"
    place.mkdir(parents=True)
    for source in registry()["ldnoobw"].files:
        (place / source.name).write_text("two words\n\nörtlich\n" if source.name == "de" else "x\n", "utf-8")
    terms = load_lexicon("ldnoobw", tmp_path)
    assert list(terms.loc[terms["language"] == "de", "term"]) == ["two words", "örtlich"]
    assert terms["language"].nunique() == len(registry()["ldnoobw"].files)
    assert terms["severity"].isna().all()


def test_a_corpus_is_no_word_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="load_corpus"):
        load_lexicon("davidson", tmp_path)


@pytest.mark.parametrize(
    ("spaced", "plain"),
    [
        ("We 've said : do n't , ca n't !", "We've said: don't, can't!"),
        ("It 's ( so it seems ) 100 % true ...", "It's (so it seems) 100% true..."),
        ('He said " stop " twice .', 'He said "stop" twice.'),
        ("`` Yes '' -LRB- no -RRB-", '"Yes" (no)'),
        ("COVID - 19 and / or flu", "COVID-19 and/or flu"),
        ("https :// t . me / some _ name / 12 now", "https://t.me/some_name/12 now"),
        ("Join t . me / place", "Join t.me/place"),
        ("a - b :)", "a-b :)"),
    ],
)
def test_texts_are_put_back_together(spaced: str, plain: str) -> None:
    assert detokenise(spaced) == plain


@given(st.text(alphabet="ab n't's.,!?()\"-/:;…“”¿@#%", max_size=40))
def test_putting_together_moves_spaces_only(text: str) -> None:
    assert detokenise(text).replace(" ", "").replace('"', "'") == (
        text.replace("''", '"').replace(" ", "").replace('"', "'")
    )


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        (r'"one\ntwo"', "one\ntwo"),
        (r'"one\\\\ntwo"', "one\ntwo"),
        (r'"caf\xc3\xa9 or caf\xe9"', "café or café"),
        (r'"\u0111i"', "đi"),
        ('"she said "no""', 'she said "no"'),
        ("no quotes", "no quotes"),
    ],
)
def test_quoted_strings_are_undone(quoted: str, plain: str) -> None:
    assert unescape_python(quoted) == plain


def test_the_readme_lists_every_corpus_with_its_rows() -> None:
    text = (registry_path().parent / "README.md").read_text("utf-8")
    block = text[text.index(START) : text.index(END)]
    for name, spec in registry().items():
        if spec.use == "lexicon":
            continue
        row = re.search(rf"^\| `{name}` \| {spec.use} \|.*$", block, re.MULTILINE)
        assert row, name
        assert f"| {spec.rows:,} |" in row[0] or not spec.rows, row[0]


def test_measuring_counts_known_rows_and_positives(tmp_path: Path) -> None:
    table = corpora_table(tmp_path, ["written"])
    written = load_corpus("written")
    assert set(table["rows"]) == {len(written)}
    counted = table.set_index("label").loc["threat"]
    assert counted["positives"] == written["threat"].sum()
    assert counted["mean"] == pytest.approx(written["threat"].mean())


def test_the_readme_holds_numbers_and_no_texts() -> None:
    written = load_corpus("written")
    block = measured({"written": written})
    assert f"| `written` | train | en | free | {len(written):,} |" in block
    assert not any(text in block for text in written["text"] if len(text) > 20)


def test_a_readme_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("hand-written", "utf-8")
    with pytest.raises(DataError, match="must hold the marks"):
        write_readme(tmp_path, path)
    assert path.read_text("utf-8") == "hand-written"
