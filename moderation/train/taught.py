"""What the second tier says of training texts: soft labels that a linear model learns beside those of people.

People judged each corpus for some labels only, and a linear model takes what is peculiar to a corpus for the
label. The second tier has read all corpora, so that what it says of one label in all of them carries over.
Hinton, Vinyals and Dean (2015), "Distilling the knowledge in a neural network".
"""

from __future__ import annotations

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
from moderation.train.templates import written_by_people

Bool = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]

TAUGHT: Final = "taught"
"""Name that the rows have among the corpora of a training."""

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
    """Add what a teacher says of some training texts as rows of one more corpus.

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
        Those of the recipe, with the weight of the new corpus.

    Raises
    ------
    UsageError
        There is no such teacher, or it has to be asked and what it needs is not installed.
    """
    rows = asked(data.frame, learn, teacher)
    answers = _answers(data.frame.iloc[rows], teacher, *folders, jobs, say)
    more = data.frame.iloc[rows].assign(corpus=TAUGHT, weight=1.0, **dict.fromkeys(recipe.labels, np.nan))
    for label in teacher.weights:
        more[label] = (answers[label] / np.float32(_STEPS)).astype(np.float32)
    frame = pd.concat([data.frame, more], ignore_index=True)
    matrix = sp.vstack((data.matrix, data.matrix[rows]), format="csr")
    labels = {
        label: replace(stated, corpora={**stated.corpora, TAUGHT: teacher.weights[label]})
        if label in teacher.weights
        else stated
        for label, stated in recipe.labels.items()
    }
    return Design(frame, data.vectorizer, matrix), np.append(learn, np.ones(len(rows), bool)), labels


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
    return {label: found[label].to_numpy() for label in teacher.weights}


def _kept(path: Path, groups: pa.Array, teacher: Teacher) -> tuple[pa.Table | None, bytes]:
    """Return a file's answers about texts, null where it has none, and the graph of who gave them."""
    if not path.is_file():
        return None, b""
    table = pq.read_table(path)
    if not {"group", *teacher.weights} <= set(table.column_names):
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
