"""Corpora of every shape are read as the registry says: imitations here, the real files where they are."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from imitated_abuse import ABUSE, SIX
from imitated_conspiracy import CONSPIRACY, WEAK

from moderation.errors import DataError, UsageError
from moderation.schema import LABELS
from moderation.train.corpora import COLUMNS, check_corpus, load_corpora, load_corpus, registry

CASES = ABUSE | CONSPIRACY


def put(folder: Path, corpus: str, files: dict[str, str]) -> None:
    for name, content in files.items():
        path = folder / registry()[corpus].folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def known(frame: pd.DataFrame) -> list[tuple[str, dict[str, float]]]:
    """Return texts with the labels that they carry."""
    return [
        (row["text"], {label: pytest.approx(row[label]) for label in LABELS if pd.notna(row[label])})
        for row in frame.to_dict("records")
    ]


@pytest.mark.parametrize("corpus", CASES)
def test_labels_follow_from_the_columns_and_stay_unknown_where_nobody_asked(
    corpus: str, tmp_path: Path
) -> None:
    files, expected = CASES[corpus]
    put(tmp_path, corpus, files)
    frame = load_corpus(corpus, tmp_path)
    assert known(frame) == expected
    assert tuple(frame.columns) == COLUMNS
    assert set(frame["corpus"]) == {corpus}
    assert all(frame[label].dtype == "float32" for label in LABELS)


@pytest.mark.parametrize("corpus", WEAK)
def test_vocabulary_corpora_keep_their_texts_and_lend_their_labels_on_request_only(
    corpus: str, tmp_path: Path
) -> None:
    files, expected = WEAK[corpus]
    put(tmp_path, corpus, files)
    plain, weak = load_corpus(corpus, tmp_path), load_corpus(corpus, tmp_path, weak=True)
    assert plain[list(LABELS)].isna().all(axis=None)
    assert list(plain["text"]) == [text for text, _ in expected]
    assert known(weak) == [(text, {} if said is None else {"conspiracy": said}) for text, said in expected]


def test_every_corpus_has_an_imitation_here() -> None:
    here = {*CASES, *WEAK, "jigsaw_train_first20k_6labels", "jigsaw_hieunt91_2k", "pan2024_oppositional"}
    here |= {"partisanlens_headlines_es_it_pt", "written"}
    assert here == {name for name, spec in registry().items() if spec.use != "lexicon"}


def test_pan_is_put_back_together_and_keeps_its_languages(tmp_path: Path) -> None:
    for language, text in (("en", 'We wo n\'t " comply " , see https :// t . me / y'), ("es", "¿ Por qué ?")):
        records = [
            {"id": "1", "text": text, "category": "CONSPIRACY"},
            {"id": "2", "text": "-", "category": "CRITICAL"},
        ]
        put(tmp_path, "pan2024_oppositional", {f"dataset_{language}_dev.json": json.dumps(records)})
    frame = load_corpus("pan2024_oppositional", tmp_path)
    said = frame[frame["conspiracy"] == 1].set_index("language")["text"].to_dict()
    assert said == {"en": 'We won\'t "comply", see https://t.me/y', "es": "¿Por qué?"}


def test_a_column_may_state_the_language(tmp_path: Path) -> None:
    head = "text,language,prct_gold_label\n"
    put(
        tmp_path,
        "partisanlens_headlines_es_it_pt",
        {"train.csv": head + "Ciao,ITA,0.0\nHola,SPA,1.0\n", "test.csv": head + "Olá,PT,0.0\n"},
    )
    frame = load_corpus("partisanlens_headlines_es_it_pt", tmp_path)
    assert list(frame["language"]) == ["it", "es", "pt"]
    assert list(frame["source_split"]) == ["train", "train", "test"]
    assert list(frame["conspiracy"]) == [0, 1, 0]


def test_rewrites_and_counterparts_follow_the_text_they_come_from(tmp_path: Path) -> None:
    put(tmp_path, "paradetox", CASES["paradetox"][0])
    frame = load_corpus("paradetox", tmp_path).set_index("text")
    assert frame.loc["You err.", "leader"] == frame.loc["you oaf!", "near"] != frame.loc["You err.", "near"]
    assert frame.loc["oaf.", "leader"] == frame.loc["oaf.", "near"]
    assert list(frame["weight"]) == [1, 1, 0.5, 0.5]


def test_gzipped_files_are_the_same_files(tmp_path: Path) -> None:
    files, expected = CASES["ucc"]
    put(tmp_path, "ucc", files)
    plain = tmp_path / registry()["ucc"].folder / "val.csv"
    plain.with_name("val.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    assert known(load_corpus("ucc", tmp_path)) == expected


def test_hostile_characters_do_not_get_into_texts(tmp_path: Path) -> None:
    put(tmp_path, "ucc", {"val.csv": 'comment,hostile,antagonize\n"a\x00b\r\nc",0,0\n'})
    put(tmp_path, "psycomark_semeval2026t10", {"train.jsonl": '{"text": "x\\ud800y", "conspiracy": "No"}'})
    texts = load_corpora(["ucc", "psycomark_semeval2026t10"], tmp_path)["text"]
    assert all("\x00" not in text and text.encode("utf-8") for text in texts)
    assert texts[1] == "x\ufffdy"


def test_exam_rows_are_not_loaded_and_rows_are_numbered_without_them(tmp_path: Path) -> None:
    # SHA-256 of "text 6", as an integer, is divisible by 5; that of the others is not.
    rows = "".join(f"{n},Text -- {n}!,3\n" for n in range(8))
    put(tmp_path, "mediaeval2020_fakenews", {"data.csv": "ID,Text,Label\n" + rows})
    frame = load_corpus("mediaeval2020_fakenews", tmp_path)
    kept = [n for n in range(8) if int(hashlib.sha256(f"text {n}".encode()).hexdigest(), 16) % 5]
    assert 0 < len(kept) < 8
    assert list(frame["text"]) == [f"Text -- {n}!" for n in kept]
    assert list(frame["row"]) == list(range(len(kept)))


def test_texts_of_an_official_test_file_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "toxic_spans", CASES["toxic_spans"][0] | {"tsd_test.csv": "spans,text\n[],Who knows?\n"})
    assert list(load_corpus("toxic_spans", tmp_path)["text"]) == ["you are a fool"]


def test_parts_of_a_corpus_are_not_counted_twice(tmp_path: Path) -> None:
    put(tmp_path, "jigsaw_train_any_label", CASES["jigsaw_train_any_label"][0])
    rows = f"train_row,comment_text,{SIX}\n0,You OAF,1,0,0,0,1,0\n1,only here,0,0,0,0,0,0\n"
    put(tmp_path, "jigsaw_train_first20k_6labels", {"jigsaw_train_rows_00000_19999.csv": rows})
    both = load_corpora(["jigsaw_train_first20k_6labels", "jigsaw_train_any_label"], tmp_path)
    assert sorted(both["text"]) == ["fine day", "only here", "you lump", "you oaf!"]
    assert len(load_corpus("jigsaw_train_first20k_6labels", tmp_path)) == 2


def test_the_written_corpus_knows_every_label_of_every_text() -> None:
    frame = load_corpus("written")
    assert frame[list(LABELS)].isin((0, 1)).all(axis=None)
    assert {"abusive", "conspiracy"} <= {label for label in LABELS if frame[label].sum() > 100}
    assert frame["source_split"].str.match("abuse_|conspiracy_").all()


def test_the_folder_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, expected = CASES["ucc"]
    put(tmp_path, "ucc", files)
    monkeypatch.setenv("MODERATION_CORPORA", str(tmp_path))
    assert known(load_corpus("ucc")) == expected
    monkeypatch.delenv("MODERATION_CORPORA")
    with pytest.raises(UsageError, match="MODERATION_CORPORA"):
        load_corpus("ucc")


@pytest.mark.parametrize(
    ("corpus", "files", "message"),
    [
        ("ucc", {}, r"val\.csv is missing; download it"),
        ("ucc", {"val.csv": "comment,hostile\na,0\n"}, r"val\.csv has no column 'antagonize'"),
        ("ucc", {"val.csv": "text,hostile,antagonize\na,0,0\n"}, r"val\.csv has no column 'comment'"),
        ("ucc", {"val.csv.gz": "not gzip"}, r"val\.csv\.gz cannot be read"),
        (
            "davidson",
            {"labeled_data.csv": "tweet,count,hate_speech,offensive_language\na,x,0,0\n"},
            "column 'count': Unable",
        ),
        ("ruddit", {"ruddit_with_text.csv": "offensiveness_score,comment_body\n7,a\n"}, "outside 0 to 1"),
        ("psycomark_semeval2026t10", {"train.jsonl": '{"text": "a"}\n{'}, "line 2: not JSON"),
        (
            "prct_youtube_telegram",
            {"gold_standard.csv": "CommentText,Model_Classification,Annotation\na,PRCT,?\n"},
            "Ann",
        ),
    ],
)
def test_errors_name_the_file_and_the_place(
    corpus: str, files: dict[str, str], message: str, tmp_path: Path
) -> None:
    put(tmp_path, corpus, files)
    with pytest.raises(DataError, match=message):
        load_corpus(corpus, tmp_path)


def test_labels_that_do_not_belong_to_their_lines_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "tweeteval", CASES["tweeteval"][0] | {"hate_test_labels.txt": "0\n1\n"})
    with pytest.raises(DataError, match=r"hate_test_text\.txt has 1 lines, hate_test_labels\.txt has 2"):
        load_corpus("tweeteval", tmp_path)


def test_unknown_names_are_told_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no corpus 'davison'; known: .*davidson"):
        load_corpora(["davison"], tmp_path)
    with pytest.raises(UsageError, match="no such folder"):
        load_corpus("davidson", tmp_path / "away")
    with pytest.raises(UsageError, match="load_lexicon"):
        load_corpus("ldnoobw", tmp_path)


@pytest.mark.samples
@pytest.mark.parametrize(
    "corpus",
    [
        "pan2024_oppositional",
        "psycomark_semeval2026t10",
        "prct_youtube_telegram",
        "toxic_spans",
        "kaggle_insults",
        "ethos",
        "hatemoji",
        "caves",
    ],
)
def test_real_files_are_those_that_the_registry_describes(corpora: Path, corpus: str) -> None:
    check = check_corpus(corpus, corpora)
    assert check.ok, check


@pytest.mark.samples
def test_real_texts_are_plain(corpora: Path) -> None:
    frame = load_corpora(
        ["pan2024_oppositional", "caves", "kaggle_insults", "mediaeval2020_fakenews"], corpora
    )
    assert not frame["text"].str.contains(r"\w n't\b|\\xa0|https :", regex=True).any()
    assert (frame["text"].str.strip() == frame["text"]).all()
