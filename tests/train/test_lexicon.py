"""Which words people mask, learnt from what people wrote."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from moderation.train.lexicon import FEWEST_USES, MANY_USES, rude_words
from moderation.train.templates import STANCES, SWEARING, TEMPLATES


def word_list(folder: Path, *terms: str) -> Path:
    """Write a word list as its publisher does."""
    place = folder / "abuse" / "surge_profanity"
    place.mkdir(parents=True)
    head = "text,canonical_form_1,canonical_form_2,canonical_form_3,category_1,category_2,category_3"
    lines = [f"{term},{term},,,other,,,1.4,Mild" for term in terms]
    head += ",severity_rating,severity_description"
    (place / "profanity_en.csv").write_text("\n".join((head, *lines, "")), "utf-8")
    return folder


def said(corpus: str, text: str, times: int, abusive: float) -> pd.DataFrame:
    return pd.DataFrame({"text": [text] * times, "corpus": corpus, "abusive": abusive})


def test_words_of_the_list_and_words_that_rude_texts_use_above_all(tmp_path: Path) -> None:
    folder = word_list(tmp_path, "gronk", "snarf", "blick")
    rows = pd.concat(
        [
            said("davidson", "you gronk", MANY_USES, 1),
            said("davidson", "you plomp again", MANY_USES, 1),
            said("davidson", "again", MANY_USES, 0),
            said("davidson", "snarf", FEWEST_USES - 1, 1),
            said("davidson", "blick", MANY_USES, float("nan")),
        ]
    )
    assert set(rude_words(rows, folder)) == {"gronk", "plomp", "you"}


def test_what_a_program_filled_in_does_not_count(tmp_path: Path) -> None:
    folder = word_list(tmp_path, "gronk")
    made = [
        said(corpus, "gronk wozzle", MANY_USES, 1)
        for corpus in (TEMPLATES, SWEARING, STANCES, "webimmunization_synth_tweets")
    ]
    people = said("davidson", "you dorble", MANY_USES, 1)
    assert set(rude_words(pd.concat([*made, people]), folder)) == {"you", "dorble"}
