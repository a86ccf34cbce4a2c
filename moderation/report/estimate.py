"""Corrected rates: how common a label really is, from decisions on a sample stratified by score.

The share of flagged comments is not the share of comments that people would flag: a model misses some and
flags others wrongly. A random sample of every band of scores, judged by people, says how often a comment of
that band carries the label; weighted by how many comments of a month or thread lie in which band, that gives
the rate there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from moderation.decisions import Decision
from moderation.decisions.judged import judged
from moderation.decisions.truth import opinions
from moderation.errors import DataError
from moderation.report.population import Population, count
from moderation.report.sample import Sample

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

FEWEST: Final = 5
"""Judged comments that each band needs, or all of it: fewer say nothing about the others."""

ALL: Final = "all"
"""The part that is the whole run."""

UNEVEN: Final = 0.05
"""p-value below which differences between parts are worth a warning."""

_DRAWS: Final = 4_000
_PERMUTATIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Corrected rates of a run.

    Parameters
    ----------
    per : {"month", "thread"}
    label : str
        The label that the sample was drawn by.
    rates : DataFrame
        label, part (`all`, then the months or threads), title (of a thread), comments (scored), judged,
        positive (of the judged), flagged (share, by the run's thresholds), expected (mean score), rate, low,
        high: the corrected rate and its 95 % interval.
    drawn, decided : int
        Comments of the sample, and those of them that someone judged.
    ignored : int
        Decided comments that are not in the sample: chosen for their scores, they would bias the rates.
    uneven : dict of str to float
        Per label the p-value of the hypothesis that a comment of a band carries the label equally often in
        each part; a small one means that rates of single parts may be off.
    left_out : dict of str to str
        Labels that too few were judged on, and where.
    """

    per: str
    label: str
    rates: pd.DataFrame
    drawn: int
    decided: int
    ignored: int
    uneven: dict[str, float]
    left_out: dict[str, str]

    @property
    def whole(self) -> pd.DataFrame:
        """Rates of the whole run, a row per label."""
        return self.rates[self.rates["part"] == ALL]

    @property
    def single(self) -> pd.DataFrame:
        """Rates of months or threads, for the label that the sample was drawn by."""
        return self.rates[(self.rates["part"] != ALL) & (self.rates["label"] == self.label)]

    def remarks(self) -> list[str]:
        """Return in words what the rates do not say of themselves."""
        said = [f"{name} is left out: {reason}." for name, reason in self.left_out.items()]
        return said + [
            f"{name}: comments with equal scores carry it more often in some {self.per}s than in others "
            f"(p = {chance:.3f}): rates of single {self.per}s may be off by more than their intervals."
            for name, chance in self.uneven.items()
            if chance < UNEVEN
        ]


def estimate(
    run: Run,
    sample: Sample,
    decisions: Iterable[Decision],
    per: str = "month",
    seed: int = 1,
    policy: ResolvedPolicy | None = None,
) -> Estimate:
    """Estimate corrected rates.

    Parameters
    ----------
    run : Run
        The run that the sample was drawn from.
    sample : Sample
    decisions : iterable of Decision
        On comments of the sample; others are ignored. Where several people judged, the latest counts.
    per : {"month", "thread"}
    seed : int
        Of the simulated intervals.
    policy : ResolvedPolicy, optional
        The share of flags is by these thresholds; default: those of the run.

    Raises
    ------
    UsageError
        The run has no scores for the sample's label, or cannot be divided like this.
    DataError
        The sample was drawn from another run, or too few of a band are judged for any label.
    """
    population = count(run, sample, per, policy)
    truth, ignored = _truth(run, sample, decisions)
    decided = int(truth.notna().any(axis=1).sum())
    frames = []
    uneven: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for label in run.labels:
        if not truth[label].notna().any():
            continue
        known = truth[label].notna().to_numpy()
        at = (population.places[known], sample.rows["band"].to_numpy(np.int64)[known])
        positive = truth[label].to_numpy(np.float64)[known]
        counted = np.zeros(population.comments.shape, np.int64)
        found = np.zeros(population.comments.shape, np.int64)
        np.add.at(counted, at, 1)
        np.add.at(found, at, positive.astype(np.int64))
        lacking = _lacking(sample, counted.sum(axis=0))
        if lacking is not None:
            left_out[label] = lacking
            continue
        frames.append(_frame(population, label, counted, found, seed))
        uneven[label] = unevenness(*at, positive, seed)
    if not frames:
        label, reason = next(iter(left_out.items()), (sample.label, "none of the sample is judged"))
        raise DataError(f"no rate can be estimated; {label}: {reason}")
    rates = pd.concat(frames, ignore_index=True)
    return Estimate(per, sample.label, rates, len(sample.rows), decided, ignored, uneven, left_out)


def corrected(comments: I64, judged: I64, positive: I64, seed: int = 1) -> tuple[F64, F64, F64]:
    """Return the rate of each part of a population and its 95 % interval.

    Parameters
    ----------
    comments, judged, positive : ndarray of int64, shape (parts, bands)
        Comments of each part and band, how many of them were judged, and how many of those carry the label.
        Every band that holds comments has judged ones.
    seed : int

    Returns
    -------
    rate, low, high : ndarray of float64, shape (parts,)

    Notes
    -----
    Post-stratification (Cochran 1977, "Sampling Techniques", chapter 5A): judged comments count as they are,
    of the others in a band as many carry the label as of the judged ones of all parts together. The interval
    is that of the finite population (Ericson 1969): shares of a band are drawn from their posterior under the
    prior of Jeffreys, which stays honest where none of the judged carries the label (Brown, Cai and DasGupta
    2001), and the comments that nobody judged are drawn with them.
    """
    size, hits = judged.sum(axis=0), positive.sum(axis=0)
    rest = comments - judged
    share = hits / np.maximum(size, 1)
    total = np.maximum(comments.sum(axis=1), 1)
    rate = (positive.sum(axis=1) + rest @ share) / total
    generator = np.random.default_rng(seed)
    shares = generator.beta(hits + 0.5, size - hits + 0.5, (_DRAWS, len(size)))
    low, high = np.empty(len(rate)), np.empty(len(rate))
    for part, (unknown, known) in enumerate(zip(rest, positive.sum(axis=1), strict=True)):
        drawn = known + generator.binomial(unknown, shares).sum(axis=1)
        low[part], high[part] = np.quantile(drawn, (0.025, 0.975)) / total[part]
    return rate, np.minimum(low, rate), np.maximum(high, rate)


def unevenness(part: I64, band: I64, positive: F64, seed: int = 1) -> float:
    """Return how likely differences between parts as large as these are by chance, within bands.

    Parameters
    ----------
    part, band : ndarray of int64, shape (n,)
        Of each judged comment.
    positive : ndarray of float64, shape (n,)
        1 where it carries the label.
    seed : int

    Returns
    -------
    float
        p-value of a permutation test: labels change places within their band.
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(band, kind="stable")
    band, part, positive = band[order], part[order], positive[order]
    ends = np.flatnonzero(np.append(np.diff(band) != 0, True)) + 1
    pieces = list(zip(np.append(0, ends[:-1]), ends, strict=True))
    mean = np.concatenate([np.full(end - begin, positive[begin:end].mean()) for begin, end in pieces])
    variance = np.bincount(part, mean * (1 - mean))

    def distance(values: F64) -> float:
        gap = np.bincount(part, values - mean)
        return float((gap[variance > 0] ** 2 / variance[variance > 0]).sum())

    seen, larger = distance(positive), 1
    for _ in range(_PERMUTATIONS):
        mixed = np.concatenate([generator.permutation(positive[begin:end]) for begin, end in pieces])
        larger += distance(mixed) >= seen - 1e-9
    return larger / (_PERMUTATIONS + 1)


def _frame(population: Population, label: str, judged: I64, positive: I64, seed: int) -> pd.DataFrame:
    def with_all(values: I64) -> I64:
        return np.vstack((values.sum(axis=0), values))

    rate, low, high = corrected(with_all(population.comments), with_all(judged), with_all(positive), seed)
    total = with_all(population.comments).sum(axis=1)
    flagged, scores = population.flagged[label], population.scores[label]
    return pd.DataFrame(
        {
            "label": label,
            "part": [ALL, *population.parts],
            "title": [None, *(population.titles.get(name) for name in population.parts)],
            "comments": total,
            "judged": with_all(judged).sum(axis=1),
            "positive": with_all(positive).sum(axis=1),
            "flagged": np.append(flagged.sum(), flagged) / total,
            "expected": np.append(scores.sum(), scores) / total,
            "rate": rate,
            "low": low,
            "high": high,
        }
    )


def _truth(run: Run, sample: Sample, decisions: Iterable[Decision]) -> tuple[pd.DataFrame, int]:
    """Return 1, 0 or NaN per comment of the sample and label, and how many other comments were decided on."""
    truth = pd.DataFrame(np.nan, index=sample.rows.index, columns=list(run.labels))
    places: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    keys = zip(sample.rows["comment_id"], sample.rows["text_digest"], sample.rows["thread_id"], strict=True)
    for row, (comment_id, digest, thread) in enumerate(keys):
        places[comment_id, digest].append((thread, row))
    ignored = 0
    for comment in judged(decisions):
        there = places.get((comment.comment_id, comment.text_digest), [])
        rows = [row for thread, row in there if comment.thread_id in ("", thread)]
        ignored += not rows
        for label, opinion in opinions(comment, run.labels).items():
            truth.loc[rows, label] = float(opinion)
    return truth, ignored


def _lacking(sample: Sample, counts: I64) -> str | None:
    for band, done in zip(sample.bands, counts.tolist(), strict=True):
        needed = min(FEWEST, band.comments)
        if done < needed:
            return (
                f"{done} of {band.comments:,} comments with scores from {band.low:g} to {band.high:g} are "
                f"judged; judge at least {needed} of the sample in every band"
            )
    return None
