"""Labelled corpora as one frame: texts, labels (unknown where a corpus does not carry them), groups.

>>> registry()["davidson"].labels
('abusive', 'identity_attack')
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from moderation.errors import DataError, UsageError
from moderation.schema import LABELS
from moderation.train.adapters import ADAPTERS
from moderation.train.corpora_files import FileState, file_states, held_texts
from moderation.train.corpora_labels import label_column
from moderation.train.corpora_read import FILE, read_table
from moderation.train.corpora_spec import CorpusSpec, Table, registry, registry_path
from moderation.train.corpora_text import clean_texts
from moderation.train.splits import exam_rows, near_groups, text_groups

__all__ = [
    "COLUMNS",
    "CorpusCheck",
    "CorpusSpec",
    "check_corpus",
    "corpora_folder",
    "load_corpora",
    "load_corpus",
    "place_of",
    "registry",
    "spec_of",
]

VARIABLE: Final = "MODERATION_CORPORA"
"""Environment variable that names the folder of the corpora."""

COLUMNS: Final = (
    "text",
    *LABELS,
    "weight",
    "corpus",
    "language",
    "source_split",
    "group",
    "near",
    "leader",
    "row",
)
"""Columns of a loaded corpus, in order."""


@dataclass(frozen=True, slots=True)
class CorpusCheck:
    """Whether the files of a corpus are those that the registry describes.

    Parameters
    ----------
    corpus : str
    files : tuple of FileState
    rows : int
        Rows that loading it gives; 0 where a file that it needs is missing or is something else.
    expected : int
        Rows that it should give; 0 where that is not fixed.
    """

    corpus: str
    files: tuple[FileState, ...]
    rows: int
    expected: int

    @property
    def ok(self) -> bool:
        """Whether every file and the number of rows are right."""
        return all(file.usable for file in self.files) and (not self.expected or self.rows == self.expected)


def corpora_folder(folder: Path | None = None, *, make: bool = False) -> Path:
    """Return the folder of the corpora: the one given, else the one that `MODERATION_CORPORA` names.

    Parameters
    ----------
    folder : Path, optional
    make : bool
        Whether to make it where it is not there.

    Raises
    ------
    UsageError
        None is given, or it is not there.
    """
    named = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        raise UsageError(f"name the folder of the labelled corpora (--corpora DIR or {VARIABLE}=DIR)")
    if make:
        named.mkdir(parents=True, exist_ok=True)
    if not named.is_dir():
        raise UsageError(f"{named}: no such folder of corpora; fill one by: moderation corpora fetch")
    return named


def spec_of(name: str) -> CorpusSpec:
    """Return the registry entry of a corpus.

    Raises
    ------
    UsageError
        There is none of this name.
    """
    if name not in registry():
        raise UsageError(f"no corpus {name!r}; known: {', '.join(registry())}")
    return registry()[name]


def place_of(spec: CorpusSpec, folder: Path | None) -> Path:
    """Return the folder that holds the files of a corpus."""
    return (registry_path().parent if spec.inside else corpora_folder(folder)) / spec.folder


def load_corpus(name: str, folder: Path | None = None, *, weak: bool = False) -> pd.DataFrame:
    """Load one corpus without its exam rows.

    Parameters
    ----------
    name : str
        Name in the registry.
    folder : Path, optional
        Folder of all corpora; `MODERATION_CORPORA` by default.
    weak : bool
        Whether vocabulary corpora carry their labels, which say where a text comes from.

    Returns
    -------
    DataFrame
        `text` (plain) · a float32 column per label, 0 to 1, NaN where it is not known · `weight` float32, of
        a row within its corpus · `corpus` · `language` · `source_split`, the official part or "" · `group`
        uint64, the same for texts that are equal when normalised · `near` uint64, the same for near
        duplicates · `leader` uint64, `near` of the text that it was derived from · `row` int64, number among
        the rows of the corpus that are not kept for the exam. Rows that carry no label are left out, but for
        vocabulary corpora.

    Raises
    ------
    UsageError
        The name or folder is unknown, or the corpus is a lexicon.
    DataError
        A file is missing, damaged or another version than the registry describes.
    """
    spec = spec_of(name)
    if spec.use == "lexicon":
        raise UsageError(f"corpus {name!r} is a lexicon: load it with load_lexicon")
    place = place_of(spec, folder)
    frame = pd.concat([_load_table(spec, table, place, weak) for table in spec.tables], ignore_index=True)
    frame["row"] = np.arange(len(frame), dtype=np.int64)
    kept = frame["text"] != ""
    if spec.use != "vocabulary":
        kept &= frame[list(LABELS)].notna().any(axis=1)
    frame = frame[kept].reset_index(drop=True)
    frame["group"] = text_groups(frame["text"])
    frame["near"] = near_groups(frame["text"])
    frame["leader"] = (
        near_groups(frame["leader"]) if any(table.leader for table in spec.tables) else frame["near"]
    )
    return frame[list(COLUMNS)]


def load_corpora(names: Iterable[str], folder: Path | None = None, *, weak: bool = False) -> pd.DataFrame:
    """Load several corpora into one frame; see `load_corpus`.

    A corpus that is part of another is left with the rows that the other lacks, where both are named.
    Texts that independent corpora share stay, each with its own corpus's labels: `group` tells.
    """
    frames = {name: load_corpus(name, folder, weak=weak) for name in dict.fromkeys(names)}
    if not frames:
        raise UsageError(f"name at least one corpus; known: {', '.join(registry())}")
    for name, frame in frames.items():
        whole = frames.get(spec_of(name).part_of)
        if whole is not None:
            frames[name] = frame[~frame["near"].isin(whole["near"])]
    return pd.concat(frames.values(), ignore_index=True)


def check_corpus(name: str, folder: Path | None = None) -> CorpusCheck:
    """Check the files of a corpus against the digests and the number of rows in the registry.

    Parameters
    ----------
    name : str
        Name in the registry.
    folder : Path, optional
        Folder of all corpora; `MODERATION_CORPORA` by default.
    """
    spec = spec_of(name)
    files = file_states(spec, place_of(spec, folder))
    readable = spec.use != "lexicon" and all(file.usable for file in files)
    return CorpusCheck(name, files, len(load_corpus(name, folder)) if readable else 0, spec.rows)


def _load_table(spec: CorpusSpec, table: Table, place: Path, weak: bool) -> pd.DataFrame:
    where = f"{place}/{', '.join(table.file)}"
    frame = read_table(place, table)
    for column, values in table.keep.items():
        frame = frame[frame[_known(frame, column, where)].isin(values)]
    if table.adapter:
        frame = ADAPTERS[table.adapter](frame.reset_index(drop=True), place)
    frame = frame.assign(text=_joined(frame, table, where)).reset_index(drop=True)
    frame = frame[~exam_rows(spec, frame, held_texts(spec, place))].reset_index(drop=True)
    loaded = pd.DataFrame(
        {"text": clean_texts(frame["text"].mask(frame["text"].isin(table.drop_texts), ""), table)}
    )
    for label in LABELS:
        known = label in table.labels and (weak or spec.use != "vocabulary")
        loaded[label] = label_column(frame, table.labels[label], where) if known else np.float32("nan")
    loaded["weight"] = np.float32(table.weight)
    loaded["corpus"] = spec.name
    loaded["language"] = _languages(frame, spec, table, where)
    loaded["source_split"] = _splits(frame, table, where)
    loaded["leader"] = clean_texts(frame[table.leader], table) if table.leader else loaded["text"]
    return loaded


def _joined(frame: pd.DataFrame, table: Table, where: str) -> pd.Series[str]:
    columns = [frame[_known(frame, name, where)].fillna("").astype(str).str.strip() for name in table.text]
    text = columns[0]
    for more in columns[1:]:
        text = (text + "\n\n" + more).str.strip()
    return text


def _languages(frame: pd.DataFrame, spec: CorpusSpec, table: Table, where: str) -> pd.Series[str] | str:
    if table.language_column is None:
        return table.language or spec.language
    return frame[_known(frame, table.language_column.column, where)].map(table.language_column.codes)


def _splits(frame: pd.DataFrame, table: Table, where: str) -> pd.Series[str] | str:
    if table.split_from_file:
        return frame[FILE]
    return frame[_known(frame, table.split_column, where)] if table.split_column else table.split


def _known(frame: pd.DataFrame, column: str, where: str) -> str:
    if column not in frame:
        raise DataError(
            f"{where} has no column {column!r}; it is not the version that the registry describes"
        )
    return column
