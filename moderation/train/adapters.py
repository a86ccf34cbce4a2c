"""What a declaration in the registry cannot say: tables that are joined, pivoted or decoded first.

An adapter takes a table of strings as read and the folder of the corpus, and returns a table whose columns
the registry's rules can look at. It never drops rows of texts that carry a label.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from moderation.errors import DataError
from moderation.train.corpora_read import FILE, find_file, read_csv
from moderation.train.splits import near_form

Adapter = Callable[[pd.DataFrame, Path], pd.DataFrame]

JIGSAW: Final = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
JIGSAW_FILES: Final = (
    ("jigsaw_train_first20k_6labels", "jigsaw_train_rows_00000_19999.csv"),
    ("jigsaw_hieunt91_2k", "toxic_comments.csv"),
    ("jigsaw_hieunt91_2k", "toxic_comments_older_version.csv"),
)

SPAN_TYPES: Final = {
    "insult": ("Insult", "Insu"),
    "threat": ("Threat",),
    "identity": ("Identity based Attack", "Identity based"),
    "obscene": ("Profane/Obscene",),
}
"""Types of spans as the annotators' form names them, with the forms that the file cuts off."""

_SEXISM_UNCLEAR: Final = ("3.1", "3.3", "3.4")
"""Slurs in passing, backhanded compliments, condescension: sexist, but not always an attack on women."""


def jigsaw_six(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add Jigsaw's six labels: all "0" where none applies, else those of the same text in a sister corpus.

    Texts are compared as near duplicates, because this copy has lost its links.
    """
    known = pd.concat([read_csv(find_file(folder.parent / place, name)) for place, name in JIGSAW_FILES])
    known.index = pd.Index([near_form(text) for text in known["comment_text"]])
    known = known.loc[~known.index.duplicated(), list(JIGSAW)]
    marked = frame["any_label"] == "1"
    six = pd.DataFrame("0", index=frame.index, columns=list(JIGSAW))
    found = known.reindex([near_form(text) for text in frame.loc[marked, "text"]]).fillna("")
    # A text whose copies disagree on "any" says nothing about which.
    found[(found == "1").sum(axis=1) == 0] = ""
    six.loc[marked] = found.to_numpy()
    return pd.concat((frame, six), axis=1)


def toxic_spans(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add the share of annotators who marked any span, and a span of each type."""
    asked = read_csv(find_file(folder, "annotations.csv"))
    spans = read_csv(find_file(folder, "spans.csv"))
    spans = spans[spans["type"].str.strip() != ""]
    marks = {"any": asked["annotation"].isin(set(spans["annotation"]))}
    for kind, names in SPAN_TYPES.items():
        marks[kind] = asked["annotation"].isin(set(spans.loc[spans["type"].isin(names), "annotation"]))
    shares = pd.DataFrame(marks).groupby(asked["comment_id"]).mean()
    return frame.join(shares, on="comment_id")


def implicit_hate(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add whether the second stage found a threat; unknown for implicit hate that it did not look at."""
    fine = read_csv(find_file(folder, "implicit_hate_v1_stg2_posts.tsv"), "\t")
    classes = fine["implicit_class"] + " " + fine["extra_implicit_class"]
    threatening = classes.str.contains("threatening").groupby(fine["post"]).max()
    looked = frame["post"].map(threatening.astype(int).astype(str))
    frame["threatening"] = looked.fillna("").mask(frame["class"] == "not_hate", "0")
    return frame


def edos(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add `sexism`: attack, none, or unclear for kinds that do not always attack women."""
    unclear = frame["label_vector"].str.startswith(_SEXISM_UNCLEAR)
    sexist = frame["label_sexist"] == "sexist"
    frame["sexism"] = np.select((unclear, sexist), ("unclear", "attack"), "none")
    return frame


def guest_misogyny(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Fold the findings of a comment into one row: misogyny, attack (on a person), threat."""
    levels = frame["level_2"] + " " + frame["level_3"]
    found = pd.DataFrame(
        {
            "misogyny": frame["level_1"] == "Misogynistic",
            "attack": levels.str.contains("personal_attack"),
            "threat": levels.str.contains("Threatening"),
        }
    )
    found = found.groupby(frame["entry_id"], sort=False).max()
    kinds = pd.Series([" ".join(found.columns[row]) for row in found.to_numpy()], found.index)
    frame = frame.drop_duplicates("entry_id", ignore_index=True)
    frame["finding"] = frame["entry_id"].map(kinds)
    return frame


def paradetox(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Turn each pair into rows: the toxic sentence, then its rewrites."""
    long = frame.rename_axis("pair").reset_index()
    long["text"] = long["toxic"]
    long = long.melt(["pair", "toxic", FILE], ["text", "neutral1", "neutral2", "neutral3"], "side", "text_")
    long = long.sort_values("pair", kind="stable", ignore_index=True).rename(columns={"text_": "text"})
    long["side"] = np.where(long["side"] == "text", "toxic", "neutral")
    return long[long["text"].str.strip() != ""].drop_duplicates(["pair", "text"], ignore_index=True)


def ethos(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add `violence`, which only hateful comments were asked about; empty for the others."""
    fine = read_csv(find_file(folder, "Ethos_Dataset_Multi_Label.csv"), ";").drop_duplicates("comment")
    frame["violence"] = frame["comment"].map(fine.set_index("comment")["violence"]).fillna("")
    return frame


def cat_small(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add the mean of the annotators' codes without context, written as `[0.  0.5 1. ]`."""
    codes = frame["tox_codes_oc"].str.strip("[] ").str.split()
    frame["out_of_context"] = [str(np.mean([float(code) for code in row])) if row else "" for row in codes]
    return frame


def prct(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Add the human label: the model's class where the annotator confirmed it, else the opposite."""
    if not set(frame["Annotation"]) <= {"True", "False"}:
        raise DataError(f"{folder}: column Annotation must be True or False; download the file again")
    said = frame["Model_Classification"] == "PRCT"
    frame["prct"] = (said ^ (frame["Annotation"] == "False")).astype(int).astype(str)
    return frame


ADAPTERS: Final[dict[str, Adapter]] = {
    adapter.__name__: adapter
    for adapter in (
        jigsaw_six,
        toxic_spans,
        implicit_hate,
        edos,
        guest_misogyny,
        paradetox,
        ethos,
        cat_small,
        prct,
    )
}
