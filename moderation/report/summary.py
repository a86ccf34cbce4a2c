"""A run becomes frames and plain values: everything that a rendering shows, nothing about how."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from moderation.report.explained import Word, explainer, words
from moderation.report.facts import Facts
from moderation.report.frames import flags_together, histogram, labels, over_time, top
from moderation.report.shown import Near, Shown, choose, nearest
from moderation.report.stats import wilson

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

SHOWN: Final = 1_500
"""Flagged comments that a page shows: more than anyone reads, few enough to open at once."""

_TOTALS: Final = """
SELECT count(*) AS comments, count(DISTINCT thread_id) threads, count(DISTINCT author) authors,
    count(*) FILTER (scored) scored, count(flagged_row) flagged, min(posted) AS first, max(posted) AS last,
    count(*) FILTER (author IS NULL) nameless,
    count(flagged_row) FILTER (author IS NULL) nameless_flagged,
    count(*) FILTER (posted IS NULL) undated,
    count(DISTINCT thread_id) FILTER (flagged_row IS NOT NULL) flagged_threads,
    count(DISTINCT author) FILTER (flagged_row IS NOT NULL) flagged_authors
FROM facts
"""
_COUNTS: Final = (
    "comments",
    "threads",
    "authors",
    "scored",
    "flagged",
    "undated",
    "flagged_threads",
    "flagged_authors",
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run holds, as far as people want to know.

    Parameters
    ----------
    name : str
        Name of the run's folder.
    digest : str
        Names the scored comments and the policy: equal where the same flags were made.
    manifest : dict
        What `run.json` says.
    policy : dict
        Resolved policy; empty for a run without scores.
    policy_digest : str
        Names the thresholds and rules.
    comments, threads, authors, scored, flagged : int
        Counts; `scored` includes comments that a house rule flagged without a score.
    without_author : dict of str to int
        `comments` and `flagged` among comments whose author is unknown.
    first, last : datetime or None
        UTC times of the first and the last comment.
    low, high : float
        95 % interval of the share of flagged comments.
    labels : DataFrame
        label, threshold, target, flagged, rate, low, high, expected_precision, mean_probability.
    histogram : DataFrame
        begin, end, and a count per label.
    unit : str
        Step of `over_time`.
    over_time : DataFrame
        start, comments, scored, flagged, rate, low, high; steps without comments included.
    undated, outside : int
        Comments without a time, and those before or after the steps shown.
    top_threads : DataFrame
        thread_id, title, comments, scored, flagged, rate, low, high.
    top_authors : DataFrame
        author, comments, scored, flagged, rate, low, high.
    flagged_threads, flagged_authors : int
        How many have at least one flagged comment.
    overlap : DataFrame
        Comments by two flags; the diagonal counts each flag.
    languages : dict of str to int
        Comments per language, most first.
    nearest : list of Near
        The highest scores of each label among comments without any flag.
    words : list of Word
        Words behind the flags of the comments shown.
    shown : list of Shown
        Flagged comments, strongest first.
    unexplained : str or None
        Why nothing is highlighted.
    """

    name: str
    digest: str
    manifest: dict[str, Any]
    policy: dict[str, Any]
    policy_digest: str
    comments: int
    threads: int
    authors: int
    scored: int
    flagged: int
    without_author: dict[str, int]
    first: datetime | None
    last: datetime | None
    low: float
    high: float
    labels: pd.DataFrame
    histogram: pd.DataFrame
    unit: str
    over_time: pd.DataFrame
    undated: int
    outside: int
    top_threads: pd.DataFrame
    top_authors: pd.DataFrame
    flagged_threads: int
    flagged_authors: int
    overlap: pd.DataFrame
    languages: dict[str, int]
    nearest: list[Near] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    unexplained: str | None = None

    @property
    def rate(self) -> float:
        """Share of the scored comments that are flagged, in [0, 1]."""
        return self.flagged / self.scored if self.scored else 0.0

    @property
    def accounting(self) -> dict[str, Any]:
        """What became of every record, as `run.json` counts it."""
        accounting: dict[str, Any] = self.manifest["accounting"]
        return accounting

    @property
    def problems(self) -> list[str]:
        """Inputs that could not be read, or not to their end: one line each."""
        return [entry["problem"] for entry in self.manifest.get("inputs", ()) if entry.get("problem")]

    @property
    def model(self) -> str | None:
        """Name and digest of the model, `fast@3f9c…`; None for a run without scores."""
        model = self.manifest.get("model")
        return f"{model['name']}@{model['digest']}" if model else None


def summarise(
    run: Run,
    policy: ResolvedPolicy | None = None,
    *,
    shown: int = 0,
    facts: Facts | None = None,
    explain: Callable[[str], Explanation] | None = None,
) -> Summary:
    """Summarise a run.

    Parameters
    ----------
    run : Run
        A finished run.
    policy : ResolvedPolicy, optional
        Flags by these thresholds; default: those of the run.
    shown : int, default 0
        Most flagged comments to take along with parents and highlights; 0 = counts only, which is quick.
    facts : Facts, optional
        Facts of this run under this policy, where they are there already.
    explain : callable, optional
        Text to explanation; default: the model of the run, where it is still there.

    Returns
    -------
    Summary
    """
    if facts is None:
        with Facts(run, policy) as own:
            return summarise(run, policy, shown=shown, facts=own, explain=explain)
    unexplained = None
    comments: list[Shown] = []
    found: list[Word] = []
    if shown and facts.flagged:
        if explain is None:
            explain, unexplained = explainer(run)
        comments = choose(facts, shown, explain)
        found = words(comments)
    resolved = policy or run.policy
    stated = resolved.to_dict() if resolved is not None else {}
    counts = _counted(facts)
    unit, steps, outside = over_time(facts, counts["first"], counts["last"])
    overlap = flags_together(facts, stated)
    return Summary(
        name=run.path.resolve().name,
        digest=_digest(
            [run.manifest.get("model"), run.manifest.get("inputs"), run.manifest.get("created"), stated]
        ),
        manifest=dict(run.manifest),
        policy=stated,
        policy_digest=_digest(stated) if stated else "",
        labels=labels(facts, stated, overlap, counts["scored"]),
        histogram=histogram(facts),
        unit=unit,
        over_time=steps,
        outside=outside,
        top_threads=top(facts, "thread_id", "min(thread_title) title"),
        top_authors=top(facts, "author"),
        overlap=overlap,
        languages=dict(facts.languages.most_common()),
        nearest=nearest(facts),
        words=found,
        shown=comments,
        unexplained=unexplained,
        **counts,
    )


def policy_digest(policy: ResolvedPolicy) -> str:
    """Return by what a decision names the thresholds and rules that flagged a comment: 16 hex digits."""
    return _digest(policy.to_dict())


def _counted(facts: Facts) -> dict[str, Any]:
    """Return the fields of a summary that are counted over all comments."""
    totals = facts.query(_TOTALS).iloc[0]
    counted = {name: int(totals[name]) for name in _COUNTS}
    low, high = wilson([counted["flagged"]], [counted["scored"]])
    return {
        **counted,
        "without_author": {"comments": int(totals["nameless"]), "flagged": int(totals["nameless_flagged"])},
        "first": _moment(totals["first"]),
        "last": _moment(totals["last"]),
        "low": float(low[0]),
        "high": float(high[0]),
    }


def _digest(value: Any) -> str:
    stated = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(stated.encode()).hexdigest()[:16]


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()
