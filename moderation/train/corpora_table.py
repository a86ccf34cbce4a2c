"""What corpora hold, in numbers, for their README: rows, positives per label, duplicates, shared texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from moderation.errors import DataError
from moderation.schema import LABELS
from moderation.train.corpora import load_corpus
from moderation.train.corpora_spec import registry, registry_path
from moderation.train.splits import overlap

START: Final = "<!-- measured: start -->"
END: Final = "<!-- measured: end -->"

SHARED: Final = 20
"""Shared near duplicates from which on a pair of corpora is reported."""


def corpora_table(folder: Path | None = None, names: Iterable[str] = ()) -> pd.DataFrame:
    """Measure what corpora hold.

    Parameters
    ----------
    folder : Path, optional
        Folder of all corpora; `MODERATION_CORPORA` by default.
    names : iterable of str
        Corpora; all but the lexicons by default.

    Returns
    -------
    DataFrame
        One row per corpus and label that it carries: `corpus`, `label`, `rows` (where the label is known),
        `positives` (at least .5) and `mean`.
    """
    return _label_rows(_load(folder, names))


def write_readme(folder: Path | None = None, path: Path | None = None) -> Path:
    """Measure all corpora and write the tables into their README, between its two marks.

    Parameters
    ----------
    folder : Path, optional
        Folder of all corpora; `MODERATION_CORPORA` by default.
    path : Path, optional
        The README; the one beside the registry by default.

    Raises
    ------
    DataError
        The README lacks the marks, or a corpus cannot be read.
    """
    path = path or registry_path().parent / "README.md"
    text = path.read_text("utf-8")
    if text.count(START) != 1 or text.count(END) != 1:
        raise DataError(f"{path} must hold the marks {START} and {END} once each")
    before, after = text.split(START)[0], text.split(END)[1]
    path.write_text(f"{before}{START}\n{measured(_load(folder))}{END}{after}", "utf-8")
    return path


def measured(frames: dict[str, pd.DataFrame]) -> str:
    """Return the tables of the README as Markdown: corpora, labels, shared texts."""
    corpora = [
        (
            f"`{name}`",
            registry()[name].use,
            registry()[name].language,
            registry()[name].licence_class,
            f"{len(frame):,}",
            f"{len(frame) - frame['group'].nunique():,}",
            f"{len(frame) - frame['near'].nunique():,}",
        )
        for name, frame in frames.items()
    ]
    labels = [
        (f"`{row.corpus}`", f"{row.label}", f"{row.rows:,}", f"{row.positives:,}", f"{row.mean:.3f}")
        for row in _label_rows(frames).itertuples(index=False)
    ]
    shared = [
        (f"`{row.corpus_a}`", f"`{row.corpus_b}`", f"{row.exact:,}", f"{row.near:,}")
        for row in _shared(frames).itertuples(index=False)
    ]
    return "\n".join(
        (
            "### Rows",
            "",
            _markdown(
                ("corpus", "use", "language", "licence", "rows", "repeated", "near duplicates"), corpora, 4
            ),
            "### Labels",
            "",
            "Positives are rows of at least .5; the mean counts soft labels. Vocabulary corpora carry none.",
            "",
            _markdown(("corpus", "label", "known", "positives", "mean"), labels, 2),
            "### Texts in two corpora",
            "",
            f"Pairs that share at least {SHARED} groups of near duplicates.",
            "",
            _markdown(("corpus", "other corpus", "equal texts", "near duplicates"), shared, 2),
        )
    )


def _load(folder: Path | None, names: Iterable[str] = ()) -> dict[str, pd.DataFrame]:
    wanted = list(names) or [name for name, spec in registry().items() if spec.use != "lexicon"]
    return {name: load_corpus(name, folder) for name in wanted}


def _label_rows(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = [
        (name, label, int(value.notna().sum()), int((value >= 0.5).sum()), float(value.mean()))
        for name, frame in frames.items()
        for label, value in frame[list(LABELS)].items()
        if value.notna().any()
    ]
    return pd.DataFrame(rows, columns=["corpus", "label", "rows", "positives", "mean"])


def _shared(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    everything = pd.concat([frame[["corpus", "group", "near"]] for frame in frames.values()])
    table = overlap(everything, everything)
    order = {name: number for number, name in enumerate(frames)}
    once = table["corpus_a"].map(order) < table["corpus_b"].map(order)
    return table[once & (table["near"] >= SHARED)]


def _markdown(header: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: int) -> str:
    marks = ["---" if column < left else "---:" for column in range(len(header))]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, tuple(marks), *rows))
