"""Training with decisions: what is learnt, held out, compared and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moderation import load_model
from moderation.classify.bundle import read_bundle, write_bundle
from moderation.classify.model import Model
from moderation.cli import run
from moderation.decisions import Decision, text_digest
from moderation.decisions.exchange import write_decisions
from moderation.errors import DataError
from moderation.schema import LABELS
from moderation.train import learn, pipeline
from moderation.train.decided import DECISIONS, decided_rows, with_decisions
from moderation.train.recipe import read_recipe
from moderation.train.splits import near_groups, split_by_group, text_groups

RUDE = (
    "you are a stupid idiot and a {0} {1}",
    "shut up you {0} idiot of a {1}",
    "what a stupid {0} {1} liar",
)
KIND = ("thank you for the {0} {1}", "what a lovely {0} by the {1}", "the {0} was late for the {1} today")
FIRST = ("lamp", "river", "stone", "cloud", "bread", "chair", "glass", "horse")
SECOND = ("wall", "coat", "fish", "tree", "door", "ship", "hill", "rope")


def texts(kinds: tuple[str, ...]) -> list[str]:
    return [kind.format(first, second) for kind in kinds for first in FIRST for second in SECOND]


def corpus(name: str, rude: list[str], kind: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({"text": [*rude, *kind]})
    for label in LABELS:
        frame[label] = np.repeat([1, 0], [len(rude), len(kind)]).astype(np.float32)
    frame["weight"], frame["corpus"], frame["language"] = np.float32(1), name, "en"
    frame["group"] = text_groups(frame["text"])
    frame["near"] = frame["leader"] = near_groups(frame["text"])
    return frame


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe over two small corpora that need no download."""
    frame = pd.concat([corpus(name, texts(RUDE), texts(KIND)) for name in (pipeline.BACKGROUND, "written")],
                      ignore_index=True)  # fmt: skip
    for module in (pipeline, learn):
        monkeypatch.setattr(module, "training_frame", lambda recipe, corpora: frame.copy())
    monkeypatch.setattr(pipeline, "rude_words", lambda *_: ())
    path = tmp_path / "recipe.toml"
    label = (
        "[labels.{0}]\nprevalence = 0.05\nstrength = 1.0\ncalibrate = ['written']\n"
        "[labels.{0}.corpora]\nwritten = 1\njigsaw_train_any_label = 1\n"
    )
    path.write_text(
        "name = 'tiny'\nseed = 1\n[vectorizer]\nmin_count = 1\n" + "".join(map(label.format, LABELS))
    )
    return path


def decided(path: Path, rude: Callable[[str], bool], words: tuple[str, ...]) -> Path:
    """Decisions on texts about things that no corpus knows."""
    made = []
    for number, text in enumerate(f"that {word} {first} again" for word in words for first in FIRST):
        made.append(
            Decision(
                comment_id=str(number),
                text_digest=text_digest(text),
                text=text,
                decision="remove" if rude(text) else "approve",
                labels=LABELS if rude(text) else (),
                checked=None,
                note="",
                reviewer="Rae",
                created_at=datetime(2024, 5, 1, tzinfo=UTC),
                model="",
                policy="",
            )
        )
    write_decisions(made, path)
    return path


NEW = (
    "gronk", "snarf", "blick", "plomp", "wozzle", "frumple", "dorble", "mizzen", "tackle", "bimble",
    "quaffle", "zonker", "brindle", "clobber", "dimple", "fettle",
)  # fmt: skip


def says(text: str) -> bool:
    return any(word in text for word in NEW[::2])


def test_a_model_learns_from_decisions(
    recipe: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = decided(tmp_path / "decisions.jsonl", says, NEW)
    out = tmp_path / "after"
    arguments = [
        "train",
        recipe,
        "-o",
        out,
        "--corpora",
        tmp_path,
        "--decisions",
        made,
        "--before",
        tiny_model,
    ]
    assert run([*map(str, arguments), "-q"]) == 0
    said, remarks = capsys.readouterr()
    assert "held-out decisions are judged better" in remarks
    assert said.splitlines()[0].startswith("held-out decisions\tcomments")
    label, rows, _, old, new = said.splitlines()[1].split("\t")[:5]
    assert (label, int(rows) >= learn.FEWEST) == ("all", True)
    assert float(new) < float(old)
    model = load_model(out)
    fresh = [f"that {NEW[0]} whatever", f"that {NEW[1]} whatever"]
    rude, kind = model.predict_proba(fresh)[:, 0]
    assert rude > kind
    facts = json.loads((out / "decisions.json").read_text("utf-8"))
    assert (facts["comments"], facts["weight"]) == (128, 4)
    assert "decisions | 128" in (out / "MODEL_CARD.md").read_text("utf-8")
    assert not any(NEW[0] in path.read_text("utf-8") for path in out.glob("*.json"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_model_that_got_worse_is_refused(
    recipe: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def make_worse(recipe: Path, draft: Path, corpora: Path, **_: object) -> Model:
        """What insults raised a score lowers it now."""
        bundle = read_bundle(tiny_model)
        config = bundle.config | {
            "calibration": {
                name: found | {"slope": -1.0} for name, found in bundle.config["calibration"].items()
            }
        }
        write_bundle(draft, config, bundle.weights)
        return load_model(draft)

    monkeypatch.setattr(learn, "train", make_worse)
    frame = corpus("any", texts(RUDE), texts(KIND))
    made = [
        Decision(str(n), text_digest(text), "remove" if rude else "approve", LABELS if rude else (), None, "",
                 "Rae", datetime(2024, 5, 1, tzinfo=UTC), "", "", text=text)
        for n, (text, rude) in enumerate(zip(frame["text"], frame["abusive"], strict=True))
    ]  # fmt: skip
    write_decisions(made, tmp_path / "decisions.jsonl")
    out = tmp_path / "after"
    arguments = [
        "train", recipe, "-o", out, "--corpora", tmp_path, "--decisions", tmp_path / "decisions.jsonl",
        "--before", tiny_model, "-q",
    ]  # fmt: skip
    assert run([str(argument) for argument in arguments]) == 1
    err = capsys.readouterr().err
    assert "got worse, nothing is written: the log loss on held-out decisions grew" in err
    assert "on the standard validation" in err
    assert [path.name for path in tmp_path.glob("*after*")] == []
    assert run([str(argument) for argument in [*arguments, "--even-if-worse"]]) == 0
    assert load_model(out).labels == LABELS


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.2, -0.1, "judged better"), (0.1, 0.2, "judged worse"), (-0.1, 0.1, "neither better nor worse"),
     (np.nan, np.nan, "too few decisions")],
)  # fmt: skip
def test_what_the_interval_says_is_said(low: float, high: float, said: str) -> None:
    assert said in learn.Comparison(pd.DataFrame(), low, high, pd.DataFrame()).verdict


def test_held_out_decisions_are_on_the_side_of_their_text(recipe: Path) -> None:
    stated = read_recipe(recipe)
    frame = pipeline.training_frame(stated, recipe)
    rows = pd.DataFrame({"text": texts(RUDE) + texts(KIND), **dict.fromkeys(LABELS, 1.0)})
    extended, whole = with_decisions(stated, frame, learn.decision_corpus(rows), 2.5)
    assert extended.labels["insult"].corpora[DECISIONS] == 2.5
    side = split_by_group(whole, seed=stated.seed)
    # The same text is on the same side, whoever brings it.
    assert whole.assign(side=side).groupby("near")["side"].nunique().max() == 1
    unknown = rows.assign(insult=np.nan)
    assert (
        DECISIONS
        not in with_decisions(stated, frame, learn.decision_corpus(unknown))[0].labels["insult"].corpora
    )


def test_what_cannot_be_learnt_from_is_refused(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="0 decided comments are too few"):
        learn.decision_corpus(decided_rows([], LABELS)[0])
    common = ["train", str(recipe), "-o", str(tmp_path / "out"), "--corpora", str(tmp_path)]
    assert run([*common, "--even-if-worse"]) == 2
    made = str(decided(tmp_path / "few.jsonl", says, NEW[:1]))
    assert run([*common, "--decisions", made, "--before", "fast"]) == 1
    assert "8 decided comments are too few" in capsys.readouterr().err
    assert run([*common, "--decisions", made, "--weight", "0"]) == 2
