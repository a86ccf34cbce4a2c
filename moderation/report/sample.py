"""A random sample of a run's comments, stratified by score: drawn, written as a sheet to fill in, read back.

Few comments of a dump carry a label, so a plain random sample finds hardly any. Here each band of scores is
sampled at random by itself, densely where the outcome is uncertain, so that an estimate can weight it back.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from moderation.cells import cell, uncell
from moderation.decisions import DECISIONS, Decision, text_digest
from moderation.errors import DataError, UsageError
from moderation.report.files import replace_file
from moderation.schema import probability_column

if TYPE_CHECKING:
    from moderation.score.run import Run

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

EDGES: Final = (0.0, 0.01, 0.05, 0.2, 0.5, 0.8, 1.0)
"""Borders of the bands of scores; the last band includes 1."""

LEAST: Final = 20
"""Comments drawn from each band at least, where it holds them and the sample is large enough."""

COLUMNS: Final = (
    "comment_id", "thread_id", "text_digest", "thread_title", "url", "text",
    "decision", "labels", "note", "reviewer",
    "band_label", "band_from", "band_to", "band_comments",
)  # fmt: skip
"""Columns of the sheet: the comment, what a reviewer fills in, and the band that it was drawn from.

Scores are left out and bands come last, so that nobody judges by them.
"""

_READ: Final = ("comment_id", "thread_id", "thread_title", "url", "text")
_LONGEST_CELL: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Band:
    """A band of scores.

    Parameters
    ----------
    low, high : float
        It holds scores from `low` to below `high`, or to 1 where that is `high`.
    comments : int
        Scored comments of the run in it.
    """

    low: float
    high: float
    comments: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample of a run's scored comments.

    Parameters
    ----------
    label : str
        The label by whose score the bands are made.
    bands : tuple of Band
        Those that hold comments, by rising score.
    rows : DataFrame
        comment_id, thread_id, text_digest, band (its place in `bands`), and where it was just drawn also
        thread_title, url and text.
    decisions : tuple of Decision
        What was filled in.
    """

    label: str
    bands: tuple[Band, ...]
    rows: pd.DataFrame
    decisions: tuple[Decision, ...] = ()


def draw(run: Run, label: str, size: int, seed: int = 1) -> Sample:
    """Draw a sample.

    Parameters
    ----------
    run : Run
        A finished run.
    label : str
        Bands are made by its score; rates of other labels can be estimated as well, only less precisely.
    size : int
        Comments to draw, at most.
    seed : int
        The same seed draws the same comments of a run.

    Raises
    ------
    UsageError
        The run has no such label.
    DataError
        The run has no scored comment.
    """
    if label not in run.labels:
        raise UsageError(f"{run.path} has no scores for {label!r}; it has {', '.join(run.labels) or 'none'}")
    generator = np.random.default_rng(seed)
    kept: dict[int, pa.Table] = {}
    counts = np.zeros(len(EDGES) - 1, np.int64)
    sums = np.zeros(len(EDGES) - 1)
    for batch in run.batches([*_READ, probability_column(label)]):
        scores = batch[probability_column(label)].to_numpy(zero_copy_only=False).astype(np.float64)
        bands = band_of(scores)
        draws = generator.random(batch.num_rows)
        known = bands >= 0
        counts += np.bincount(bands[known], minlength=len(counts))
        sums += np.bincount(bands[known], scores[known], len(counts))
        table = pa.Table.from_batches([batch]).select(_READ).append_column("draw", pa.array(draws))
        for band in np.unique(bands[known]).tolist():
            found = table.filter(pa.array(bands == band))
            held = pa.concat_tables([kept[band], found]) if band in kept else found
            kept[band] = held.sort_by("draw").slice(0, size).combine_chunks()
    if not counts.any():
        raise DataError(f"{run.path} has no scored comment to draw from")
    shares = allocate(counts, sums / np.maximum(counts, 1), size)
    return _sample(label, counts, kept, shares, seed)


def band_of(scores: F64) -> I64:
    """Return the number of each score's band among all of `EDGES`, -1 where there is no score."""
    place = np.searchsorted(EDGES[1:-1], scores, side="right")
    bands: I64 = np.where(np.isnan(scores), -1, place)
    return bands


def allocate(counts: I64, rates: F64, size: int) -> I64:
    """Divide a sample among bands.

    Each gets a few; the rest goes by Neyman's (1934) rule: by how many comments a band holds times how
    uncertain each is, the standard deviation of a coin that falls as its mean score says.

    Parameters
    ----------
    counts : ndarray of int64, shape (bands,)
    rates : ndarray of float64, shape (bands,)
        Mean score.
    size : int

    Returns
    -------
    ndarray of int64, shape (bands,)
        At most `counts`; adds up to `size` or to all comments.
    """
    occupied = int((counts > 0).sum())
    shares = np.minimum(counts, min(LEAST, size // (2 * occupied)))
    spread = counts * np.sqrt(np.clip(rates * (1 - rates), 1e-4, None))
    while (left := min(size, int(counts.sum())) - int(shares.sum())) > 0:
        open_ = shares < counts
        ideal = np.where(open_, spread, 0)
        ideal = ideal / ideal.sum() * left
        more = np.minimum(np.floor(ideal).astype(np.int64), counts - shares)
        if not more.any():
            # Less than one each: to those with the largest claim.
            order = np.argsort(-ideal, kind="stable")[: min(left, int(open_.sum()))]
            more = np.zeros_like(counts)
            more[order] = 1
        shares = shares + more
    return shares


def write_sample(sample: Sample, path: Path) -> None:
    """Write a sample as a CSV file with empty cells for decisions, in which no cell is a formula.

    Raises
    ------
    UsageError
        The file is no CSV file.
    DataError
        It could not be written.
    """
    if path.suffix.lower() != ".csv":
        raise UsageError(f"{path}: a sample is written to a .csv file")

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for row in sample.rows.to_dict("records"):
                band = sample.bands[row["band"]]
                comment = [cell(row[name]) for name in COLUMNS[:6]]
                bounds = [f"{band.low:g}", f"{band.high:g}", str(band.comments)]
                writer.writerow([*comment, "", "", "", "", sample.label, *bounds])

    replace_file(path, write)


def read_sample(path: Path) -> Sample:
    """Read a sheet that `write_sample` wrote, filled in or not.

    Raises
    ------
    UsageError
        There is no such file.
    DataError
        It is no such sheet, or a decision in it is none; names the line.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such sample; draw one with: moderation decisions sample RUN -o {path}")
    made = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    rows, decisions = [], []
    csv.field_size_limit(_LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if missing := sorted(set(COLUMNS) - set(reader.fieldnames or ())):
                raise DataError(
                    f"{path} has no column {missing[0]!r}: it was not made by: moderation decisions sample"
                )
            for line in reader:
                rows.append(line)
                if (decision := _filled_in(line, made, f"{path}, line {reader.line_num}")) is not None:
                    decisions.append(decision)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no CSV file in UTF-8: {error}") from error
    return _sheet(path, rows, tuple(decisions))


def _sample(label: str, counts: I64, kept: Mapping[int, pa.Table], shares: I64, seed: int) -> Sample:
    occupied = np.flatnonzero(counts).tolist()
    bands = tuple(Band(EDGES[n], EDGES[n + 1], int(counts[n])) for n in occupied)
    frames = []
    for place, number in enumerate(occupied):
        frame = kept[number].slice(0, int(shares[number])).to_pandas()
        frames.append(frame.assign(band=place))
    rows = pd.concat(frames, ignore_index=True).drop(columns="draw")
    rows[["thread_title", "url"]] = rows[["thread_title", "url"]].fillna("")
    # Nobody shall see by the order which band a comment is from.
    order = np.random.default_rng(seed).permutation(len(rows))
    rows = rows.iloc[order].reset_index(drop=True)
    rows["text_digest"] = [text_digest(text) for text in rows["text"]]
    return Sample(label, bands, rows)


def _sheet(path: Path, lines: list[dict[str, Any]], decisions: tuple[Decision, ...]) -> Sample:
    if not lines:
        raise DataError(f"{path} holds no comment")
    try:
        stated = [
            (float(line["band_from"]), float(line["band_to"]), int(line["band_comments"])) for line in lines
        ]
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: a band is no longer stated as it was drawn ({error})") from error
    bands = tuple(Band(*band) for band in sorted(set(stated)))
    labels = {line["band_label"] for line in lines}
    if len(labels) != 1 or len({band.low for band in bands}) != len(bands):
        raise DataError(f"{path} holds several samples; estimate from each by itself")
    place = {(band.low, band.high, band.comments): number for number, band in enumerate(bands)}
    rows = pd.DataFrame(
        {
            "comment_id": [uncell(line["comment_id"]) for line in lines],
            "thread_id": [uncell(line["thread_id"]) for line in lines],
            "text_digest": [line["text_digest"] for line in lines],
            "band": [place[band] for band in stated],
        }
    )
    return Sample(labels.pop(), bands, rows, decisions)


def _filled_in(line: Mapping[str, Any], made: datetime, where: str) -> Decision | None:
    word = (line["decision"] or "").strip().lower()
    labels = (line["labels"] or "").replace(";", " ").replace(",", " ").split()
    if not word and not labels:
        return None
    if not word:
        raise DataError(f"{where}: labels without a decision; write one of {', '.join(DECISIONS)}")
    try:
        return Decision(
            comment_id=uncell(line["comment_id"]),
            text_digest=line["text_digest"],
            decision=word,
            labels=tuple(dict.fromkeys(labels)),
            checked=None,
            note=uncell(line["note"] or ""),
            reviewer=uncell(line["reviewer"] or ""),
            created_at=made,
            model="",
            policy="",
            thread_id=uncell(line["thread_id"]),
            origin="import",
        )
    except DataError as error:
        raise DataError(f"{where}: {error}") from error
