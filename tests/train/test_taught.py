"""Learning from a second tier: which texts it is asked about, and what its answers do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from moderation.errors import ConfigError
from moderation.text.vectorizer import ChunkVectorizer
from moderation.train import taught
from moderation.train.fit import Design, fit_label
from moderation.train.recipe import LabelRecipe, Recipe, Teacher, read_recipe
from moderation.train.splits import text_groups

TEACHER = Teacher("second", 200, {"large": 10}, 1000, {"threat": 4.0})


class Second:
    """A second tier that finds a threat wherever it reads "thunder"."""

    def __init__(self, graph: str = "a1") -> None:
        self.config = {"files": {"model.onnx": graph}, "labels": ["abusive", "threat"]}
        self.asked: list[str] = []

    def logits(self, texts: pd.Series[str], threads: int) -> npt.NDArray[np.float32]:
        self.asked += texts.tolist()
        return np.array([(0.0, 4.0 if "thunder" in text else -4.0) for text in texts], np.float32)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the holder of the teacher that is found; another may be put into it."""
    holder = SimpleNamespace(model=Second())
    monkeypatch.setattr(taught, "find_bundle", Path)
    monkeypatch.setattr(taught, "read_deep", lambda folder: SimpleNamespace(config=holder.model.config))
    monkeypatch.setattr(taught, "DeepModel", lambda bundle: holder.model)
    return holder


def data() -> Design:
    """Return two corpora: a large one whose threats say "knife", and one that no one judged for threats."""
    words = ("river", "ferry", "bread", "window", "garden", "station")
    rng = np.random.default_rng(3)
    rows = []
    for number in range(120):
        said = " ".join(rng.choice(words, 4)) + f" {number:x}"
        rows.append(("large", said + (" knife" if number % 3 == 0 else ""), float(number % 3 == 0)))
        rows.append(("other", said + (" thunder" if number % 2 else " sunshine"), np.nan))
    frame = pd.DataFrame(rows, columns=["corpus", "text", "threat"]).assign(weight=1.0)
    frame["group"] = frame["near"] = text_groups(frame["text"])
    vectorizer = ChunkVectorizer(min_count=1).fit(frame["text"])
    return Design(frame, vectorizer, vectorizer.transform(frame["text"]))


def recipe() -> Recipe:
    stated = LabelRecipe(0.05, 1.0, {"large": 1.0}, ("large",))
    return Recipe("made", 1, {}, {"threat": stated}, teacher=TEACHER)


def test_few_of_a_large_corpus_are_asked_about_and_none_held_out() -> None:
    frame = data().frame
    learn = np.ones(len(frame), bool)
    learn[:40] = False
    frame.loc[41, "text"] = "long " * 100
    rows = taught.asked(frame, learn, TEACHER)
    names = frame["corpus"].iloc[rows].value_counts()
    assert names["large"] == 10
    assert names["other"] == 99
    assert rows.min() >= 40
    assert 41 not in rows


def test_a_word_is_learnt_that_no_one_judged(second: SimpleNamespace, tmp_path: Path) -> None:
    given = data()
    learn = np.ones(len(given.frame), bool)
    alone = fit_label(given, "threat", recipe().labels["threat"], learn, 1)
    whole, rows, labels = taught.with_teacher(
        given, learn, recipe(), TEACHER, (tmp_path, tmp_path), 1, lambda _: None
    )
    both = fit_label(whole, "threat", labels["threat"], rows, 1)
    word, plain = given.vectorizer.transform(["thunder", "sunshine"])
    assert float((word @ alone)[0]) < 0.1
    assert float((word @ both)[0]) > float((plain @ both)[0]) + 0.5
    # What people said stays as it is.
    assert whole.frame["threat"].iloc[: len(given.frame)].equals(given.frame["threat"])


def test_sentences_are_cut_out_of_texts_to_learn_from_alone() -> None:
    texts = (
        "A dog barks. One. Two words! This sentence has more words than anyone would ever post in a chat.",
        "a DOG barks\nCome in? No, held out.",
        "No, held out!",
        "Held back. Not cut from this.",
    )
    frame = pd.DataFrame({"text": texts, "corpus": ["large", "other", "other", "other"]})
    frame["group"] = frame["near"] = text_groups(frame["text"])
    learn = np.array([True, True, False, False])
    teacher = replace(TEACHER, sentences={"large": 10, "other": 10})
    cut = taught.sentences(frame, learn, teacher)
    assert set(cut["text"]) == {"A dog barks.", "Two words!", "Come in?"}
    assert cut["corpus"].value_counts().to_dict() == {"large": 2, "other": 1}
    assert len(taught.sentences(frame, learn, replace(teacher, sentences={"large": 1}))) == 1
    assert len(taught.sentences(frame, learn, TEACHER)) == 0


def test_sentences_teach_what_no_whole_text_does(second: SimpleNamespace, tmp_path: Path) -> None:
    given = data()
    frame = given.frame.assign(text=given.frame["text"] + ". And there was thunder.")
    given = Design(frame, given.vectorizer, given.matrix)
    learn = np.ones(len(frame), bool)
    teacher = replace(TEACHER, weights={}, sentences_of_others=9, sentence_weights={"threat": 4.0})
    folders = (tmp_path, tmp_path)
    whole, rows, labels = taught.with_teacher(given, learn, recipe(), teacher, folders, 1, lambda _: None)
    assert labels["threat"].corpora == {"large": 1.0, taught.SENTENCES: 4.0}
    said = whole.frame[whole.frame["corpus"] == taught.SENTENCES]
    assert said["text"].tolist() == ["And there was thunder."]
    assert said["threat"].tolist() == pytest.approx([0.98], abs=0.01)
    assert whole.matrix.shape[0] == len(whole.frame) == len(rows)
    cut, _, _ = taught.with_teacher(given, learn, recipe(), teacher, folders, 1, lambda _: None)
    assert cut.frame.equals(whole.frame)


def test_the_teacher_is_asked_once_about_a_text(second: SimpleNamespace, tmp_path: Path) -> None:
    given = data()
    learn = np.ones(len(given.frame), bool)
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    told: list[str] = []
    one, *_ = taught.with_teacher(given, learn, recipe(), TEACHER, (first, first), 1, told.append)
    asked = len(second.model.asked)
    two, *_ = taught.with_teacher(given, learn, recipe(), TEACHER, (first, again), 1, told.append)
    assert len(second.model.asked) == asked == 130
    assert told == ["asking 'second' about 130 texts"]
    assert one.frame.equals(two.frame)
    assert (first / taught.FILE).read_bytes() == (again / taught.FILE).read_bytes()
    assert taught.taught_by(again / taught.FILE) == "a1"


def test_answers_hold_when_the_teacher_has_changed_since(second: SimpleNamespace, tmp_path: Path) -> None:
    given = data()
    learn = np.ones(len(given.frame), bool)
    folders = (tmp_path, tmp_path)
    taught.with_teacher(given, learn, recipe(), TEACHER, folders, 1, lambda _: None)
    before = (tmp_path / taught.FILE).read_bytes()
    second.model = Second("b2")
    taught.with_teacher(given, learn, recipe(), TEACHER, folders, 1, lambda _: None)
    assert second.model.asked == []
    assert (tmp_path / taught.FILE).read_bytes() == before
    assert taught.taught_by(tmp_path / taught.FILE) == "a1"


def test_answers_of_two_teachers_are_not_mixed(second: SimpleNamespace, tmp_path: Path) -> None:
    given = data()
    learn = np.ones(len(given.frame), bool)
    folders = (tmp_path, tmp_path)
    taught.with_teacher(given, learn, recipe(), TEACHER, folders, 1, lambda _: None)
    second.model = Second("b2")
    more = replace(TEACHER, texts={"large": 11})
    taught.with_teacher(given, learn, recipe(), more, folders, 1, lambda _: None)
    assert len(second.model.asked) == 131
    assert taught.taught_by(tmp_path / taught.FILE) == "b2"
    # The same teacher is asked about what is new alone.
    taught.with_teacher(
        given, learn, recipe(), replace(more, texts={"large": 12}), folders, 1, lambda _: None
    )
    assert len(second.model.asked) == 132


RECIPE = """
name = "made"
seed = 1
[teacher]
bundle = "deep"
longest = 600
texts_of_others = 4000
[teacher.weights]
{label} = 1.0
[labels.threat]
prevalence = 0.02
calibrate = ["ethos"]
[labels.threat.corpora]
ethos = 1
"""


def test_a_recipe_under_licences_has_no_teacher(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(label="threat"), "utf-8")
    whole = read_recipe(path)
    assert whole.teacher is not None
    assert whole.teacher.weights == {"threat": 1.0}
    assert whole.under(["free", "share-alike", "non-commercial", "unclear"]).teacher is None


def test_a_label_that_is_not_trained_cannot_be_taught(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(label="insult"), "utf-8")
    with pytest.raises(ConfigError, match=r"\[teacher.weights\] names 'insult'"):
        read_recipe(path)
