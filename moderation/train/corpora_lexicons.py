"""Word lists of the registry: terms with language, categories and severity."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from moderation.errors import UsageError
from moderation.train.corpora import place_of, spec_of
from moderation.train.corpora_read import find_file, read_bytes, read_csv

SEVERITY: Final = "severity_rating"
_CATEGORIES: Final = ("category_1", "category_2", "category_3")
_CANONICAL: Final = ("canonical_form_1", "canonical_form_2", "canonical_form_3")


def load_lexicon(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Load a word list.

    Parameters
    ----------
    name : str
        Name of a lexicon in the registry.
    folder : Path, optional
        Folder of all corpora; `MODERATION_CORPORA` by default.

    Returns
    -------
    DataFrame
        `term` · `language` (ISO 639 or BCP 47) · `categories`, list of str, empty where the list has none ·
        `canonical`, list of str: the words that the term is a form of · `severity` float32, 1 (mild) to 3,
        NaN where the list has none.

    Raises
    ------
    UsageError
        The name is unknown or not a lexicon.
    DataError
        A file is missing or damaged.
    """
    spec = spec_of(name)
    if spec.use != "lexicon":
        raise UsageError(f"corpus {name!r} is not a lexicon: load it with load_corpus")
    place = place_of(spec, folder)
    parts = [
        _rated(find_file(place, source.name), spec.language)
        if source.name.endswith(".csv")
        else _plain(find_file(place, source.name), source.name)
        for source in spec.files
    ]
    terms = pd.concat(parts, ignore_index=True)
    terms["severity"] = terms["severity"].astype("float32")
    return terms


def _rated(path: Path, language: str) -> pd.DataFrame:
    frame = read_csv(path)
    return pd.DataFrame(
        {
            "term": frame["text"],
            "language": language,
            "categories": _lists(frame, _CATEGORIES),
            "canonical": _lists(frame, _CANONICAL),
            "severity": pd.to_numeric(frame[SEVERITY]),
        }
    )


def _plain(path: Path, language: str) -> pd.DataFrame:
    lines = read_bytes(path).decode("utf-8").split("\n")
    terms = [line.strip() for line in lines if line.strip()]
    return pd.DataFrame(
        {
            "term": terms,
            "language": language,
            "categories": [[] for _ in terms],
            "canonical": [[] for _ in terms],
            "severity": float("nan"),
        }
    )


def _lists(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[list[str]]:
    return [[value for value in row if value] for row in frame[list(columns)].to_numpy().tolist()]
