"""What the second tier says of training texts: soft labels that a linear model learns beside those of people.

People judged each corpus for some labels only, and a linear model takes what is peculiar to a corpus for the
label. The second tier has read all corpora, so that what it says of one label in all of them carries over.
Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network".
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

from moderation.classify.bundle import find_bundle
from moderation.classify.deep.bundle import read_deep
from moderation.classify.deep.model import DeepModel, sigmoid
from moderation.train.fit import Design
from moderation.train.recipe import LabelRecipe, Recipe, Say, Teacher
from moderation.train.splits import near_groups, text_groups
from moderation.train.templates import written_by_people

Bool = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

TAUGHT, SENTENCES = "taught", "taught_sentences"
"""Names that whole texts, and short sentences out of texts, have among the corpora of a training."""

_SENTENCE_ENDS: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_FEWEST_WORDS, _MOST_WORDS, _MOST_CHARACTERS = 2, 12, 90

FILE: Final = "taught.parquet"
"""Beside a recipe: what the teacher said, by the hash of a text, so that it need not be asked again."""

_TEACHER: Final = b"teacher"
_STEPS: Final = 255


def with_teacher(
    data: Design,
    learn: Bool,
    recipe: Recipe,
    teacher: Teacher,
    folders: tuple[Path, Path],
    jobs: int,
    say: Say,
) -> tuple[Design, Bool, dict[str, LabelRecipe]]:
    """Add what a teacher says of some training texts, and of sentences out of them, as rows of more corpora.

    Parameters
    ----------
    data : Design, n rows
    learn : ndarray of bool, shape (n,)
        Rows that may be learnt from, and shown to the teacher.
    recipe : Recipe
    teacher : Teacher
    folders : (Path, Path)
        Where `taught.parquet` is read, if it is there, and where it is written.
    jobs : int
    say : callable

    Returns
    -------
    data : Design, n + t rows
    learn : ndarray of bool, shape (n + t,)
    labels : dict of str to LabelRecipe
        Those of the recipe, with the weights of the new corpora.

    Raises
    ------
    UsageError
        There is no such teacher, or it has to be asked and what it needs is not installed.
    """
    rows = asked(data.frame, learn, teacher)
    texts, short = data.frame.iloc[rows], sentences(data.frame, learn, teacher)
    more = pd.concat((texts.assign(corpus=TAUGHT), short.assign(corpus=SENTENCES)), ignore_index=True)
    answers = _answers(more, teacher, *folders, jobs, say)
    # What people said of the texts stands in rows of its own.
    more = more.assign(weight=1.0, **dict.fromkeys(recipe.labels, np.nan))
    for label in teacher.labels:
        more[label] = (answers[label] / np.float32(_STEPS)).astype(np.float32)
    frame = pd.concat([data.frame, more], ignore_index=True)
    matrices = [data.matrix, data.matrix[rows]]
    if len(short):
        matrices.append(data.vectorizer.transform(short["text"]))
    labels = {label: _with_weights(stated, label, teacher) for label, stated in recipe.labels.items()}
    learnt = np.append(learn, np.ones(len(more), bool))
    return Design(frame, data.vectorizer, sp.vstack(matrices, format="csr")), learnt, labels


def _with_weights(stated: LabelRecipe, label: str, teacher: Teacher) -> LabelRecipe:
    given = ((TAUGHT, teacher.weights), (SENTENCES, teacher.sentence_weights))
    more = {name: weights[label] for name, weights in given if label in weights}
    return replace(stated, corpora={**stated.corpora, **more})


def taught_by(path: Path) -> str:
    """Return the SHA-256 of the teacher's graph, hex, whose answers a file holds."""
    return str((pq.read_schema(path).metadata or {})[_TEACHER].decode())


def asked(frame: pd.DataFrame, learn: Bool, teacher: Teacher) -> I64:
    """Return the rows whose texts a teacher is asked about: of each corpus those with the lowest hashes.

    Parameters
    ----------
    frame : DataFrame, n rows
        `text`, `corpus`, `group`.
    learn : ndarray of bool, shape (n,)
    teacher : Teacher
    """
    short = (frame["text"].str.len() <= teacher.longest).to_numpy()
    chosen = frame[learn & short & written_by_people(frame)]
    chosen = chosen.sort_values(["group", "corpus"]).drop_duplicates("group")
    most = chosen["corpus"].map(lambda name: teacher.texts.get(name, teacher.texts_of_others))
    kept = chosen[chosen.groupby("corpus").cumcount() < most]
    return np.sort(frame.index.get_indexer(kept.index)).astype(np.int64)


def sentences(frame: pd.DataFrame, learn: Bool, teacher: Teacher) -> pd.DataFrame:
    """Cut short sentences out of texts: of each corpus those with the lowest hashes.

    What people post under a video or in a chat is often no longer, and corpora of long comments say little of
    it: the fewer words a text has, the more each of them counts.

    Parameters
    ----------
    frame : DataFrame, n rows
        `text`, `corpus`, `group`, `near`.
    learn : ndarray of bool, shape (n,)
    teacher : Teacher

    Returns
    -------
    DataFrame
        `text`, `corpus`, `group`, each text once, none that is among those of `frame` or nearly one that is
        held out.
    """
    none = frame[["text", "corpus", "group"]].iloc[:0]
    if not (teacher.sentences or teacher.sentences_of_others):
        return none
    known = frame[learn & written_by_people(frame)]
    cut = known["text"].map(_cut).explode().dropna()
    if cut.empty:
        return none
    found = pd.DataFrame({"text": cut, "corpus": known["corpus"].reindex(cut.index)})
    found = found.assign(group=text_groups(found["text"]), near=near_groups(found["text"]))
    found = found[~found["group"].isin(frame["group"]) & ~found["near"].isin(frame["near"][~learn])]
    found = found.sort_values(["group", "corpus"]).drop_duplicates("group")
    most = found["corpus"].map(lambda name: teacher.sentences.get(name, teacher.sentences_of_others))
    kept = found[found.groupby("corpus").cumcount() < most]
    return kept.drop(columns="near").reset_index(drop=True)


def _cut(text: str) -> list[str]:
    parts = (part.strip() for part in _SENTENCE_ENDS.split(text))
    return [
        part
        for part in parts
        if len(part) <= _MOST_CHARACTERS and _FEWEST_WORDS <= len(part.split()) <= _MOST_WORDS
    ]


def _answers(
    rows: pd.DataFrame, teacher: Teacher, known_in: Path, out: Path, jobs: int, say: Say
) -> dict[str, npt.NDArray[np.uint8]]:
    """Return what the teacher says of rows, in steps from 0 to 255, and keep it in a file.

    Answers that were kept count whoever gave them, as long as none is lacking: a linear model is made again
    from what it was made from, also where the second tier has been trained anew since.
    """
    groups = pa.array(rows["group"].to_numpy(np.uint64))
    found, graph = _kept(known_in / FILE, groups, teacher)
    if found is None or found["group"].null_count:
        found, graph = _asked_anew(rows, groups, teacher, found, graph, jobs, say)
    table = found.sort_by("group").replace_schema_metadata({_TEACHER: graph})
    pq.write_table(table, out / FILE, compression="zstd")
    return {label: found[label].to_numpy() for label in teacher.labels}


def _kept(path: Path, groups: pa.Array, teacher: Teacher) -> tuple[pa.Table | None, bytes]:
    """Return a file's answers about texts, null where it has none, and the graph of who gave them."""
    if not path.is_file():
        return None, b""
    table = pq.read_table(path)
    if not {"group", *teacher.labels} <= set(table.column_names):
        return None, b""
    graph = (table.schema.metadata or {}).get(_TEACHER, b"")
    return table.replace_schema_metadata(None).take(pc.index_in(groups, table["group"])), graph


def _asked_anew(
    rows: pd.DataFrame,
    groups: pa.Array,
    teacher: Teacher,
    found: pa.Table | None,
    by: bytes,
    jobs: int,
    say: Say,
) -> tuple[pa.Table, bytes]:
    """Ask the teacher about the texts that it has not yet answered, and return all its answers."""
    bundle = read_deep(find_bundle(teacher.bundle))
    graph = str(bundle.config["files"]["model.onnx"]).encode()
    labels = tuple(bundle.config["labels"])
    # Two teachers' answers are not mixed.
    known = found.drop_null() if found is not None and by == graph else None
    new = np.flatnonzero(~np.isin(groups.to_numpy(), known["group"].to_numpy() if known else ()))
    say(f"asking {teacher.bundle!r} about {len(new):,} texts")
    model = DeepModel(bundle)
    # In small steps, so that a processor of another kind arrives at the same numbers.
    shares = np.rint(sigmoid(model.logits(rows["text"].iloc[new], jobs).astype(np.float64)) * _STEPS)
    fresh = {name: shares[:, at].astype(np.uint8) for at, name in enumerate(labels)}
    table = pa.table({"group": groups.take(pa.array(new)), **fresh})
    table = pa.concat_tables((known, table)) if known else table
    return table.take(pc.index_in(groups, table["group"])), graph
