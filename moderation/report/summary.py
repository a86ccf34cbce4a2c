"""A run becomes frames and plain values: everything that a rendering shows, nothing about how."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from moderation.report.explained import Word, explainer, words
from moderation.report.facts import BINS, Facts
from moderation.report.shown import Shown, choose
from moderation.report.stats import next_step, time_unit, wilson, with_rates

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

SHOWN: Final = 1_500
"""Flagged comments that a page shows: more than anyone reads, few enough to open at once."""

TOP: Final = 20
"""Threads and authors in a ranking."""

MOST_BARS: Final = 120
"""Steps of time in a chart; a single wrong date centuries ago must not make thousands."""

LABEL_COLUMNS: Final = (
    "label",
    "threshold",
    "target",
    "flagged",
    "rate",
    "low",
    "high",
    "expected_precision",
    "mean_probability",
)

_TOTALS: Final = """
SELECT count(*) comments, count(DISTINCT thread_id) threads, count(DISTINCT author) authors,
    count(*) FILTER (scored) scored, count(flagged_row) flagged, min(posted) first, max(posted) last,
    count(*) FILTER (author IS NULL) nameless,
    count(flagged_row) FILTER (author IS NULL) nameless_flagged,
    count(*) FILTER (posted IS NULL) undated,
    count(DISTINCT thread_id) FILTER (flagged_row IS NOT NULL) flagged_threads,
    count(DISTINCT author) FILTER (flagged_row IS NOT NULL) flagged_authors
FROM facts
"""
_PAIRS: Final = """
WITH one AS (SELECT flagged_row, unnest(flags) label FROM facts WHERE flagged_row IS NOT NULL)
SELECT a.label label, b.label other, count(*) comments
FROM one a JOIN one b USING (flagged_row) GROUP BY ALL
"""


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
    undated, early : int
        Comments without a time, and those before the first step shown.
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
    early: int
    top_threads: pd.DataFrame
    top_authors: pd.DataFrame
    flagged_threads: int
    flagged_authors: int
    overlap: pd.DataFrame
    languages: dict[str, int]
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
    totals = facts.query(_TOTALS).iloc[0]
    first, last = _moment(totals["first"]), _moment(totals["last"])
    scored, flagged = int(totals["scored"]), int(totals["flagged"])
    low, high = wilson([flagged], [scored])
    unit, over_time, early = _over_time(facts, first, last, int(totals["comments"] - totals["undated"]))
    overlap = _overlap(facts, stated)
    return Summary(
        name=run.path.resolve().name,
        digest=_digest(
            [run.manifest.get("model"), run.manifest.get("inputs"), run.manifest.get("created"), stated]
        ),
        manifest=dict(run.manifest),
        policy=stated,
        policy_digest=_digest(stated) if stated else "",
        comments=int(totals["comments"]),
        threads=int(totals["threads"]),
        authors=int(totals["authors"]),
        scored=scored,
        flagged=flagged,
        without_author={"comments": int(totals["nameless"]), "flagged": int(totals["nameless_flagged"])},
        first=first,
        last=last,
        low=float(low[0]),
        high=float(high[0]),
        labels=_labels(facts, stated, overlap, scored),
        histogram=_histogram(facts),
        unit=unit,
        over_time=over_time,
        undated=int(totals["undated"]),
        early=early,
        top_threads=_top(facts, "thread_id", "min(thread_title) title, "),
        top_authors=_top(facts, "author", ""),
        flagged_threads=int(totals["flagged_threads"]),
        flagged_authors=int(totals["flagged_authors"]),
        overlap=overlap,
        languages=dict(facts.languages.most_common()),
        words=found,
        shown=comments,
        unexplained=unexplained,
    )


def _digest(value: Any) -> str:
    stated = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return sha256(stated.encode()).hexdigest()[:16]


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _overlap(facts: Facts, policy: Mapping[str, Any]) -> pd.DataFrame:
    pairs = facts.query(_PAIRS)
    known = list(policy.get("thresholds", {}))
    names = known + sorted(set(pairs["label"]) - set(known))
    # What a policy states and what it flagged, so that a label without a flag still has its row of zeros.
    table = pairs.pivot_table(index="label", columns="other", values="comments", fill_value=0, aggfunc="sum")
    overlap = table.reindex(index=names, columns=names, fill_value=0).astype(np.int64)
    return overlap.rename_axis(index=None, columns=None)


def _labels(facts: Facts, policy: Mapping[str, Any], overlap: pd.DataFrame, scored: int) -> pd.DataFrame:
    names = list(overlap.index)
    flagged = np.diag(overlap.to_numpy()).astype(np.int64) if names else np.zeros(0, np.int64)

    def stated(kind: str) -> list[Any]:
        return [policy.get(kind, {}).get(name) for name in names]

    sums = np.array([facts.flagged_probability.get(name, np.nan) for name in names], np.float64)
    frame = pd.DataFrame(
        {
            "label": names,
            "threshold": pd.array(stated("thresholds"), dtype="Float64"),
            "target": stated("targets"),
            "flagged": flagged,
            "scored": scored,
            "expected_precision": pd.array(stated("expected_precision"), dtype="Float64"),
            "mean_probability": np.where(flagged > 0, sums / np.maximum(flagged, 1), np.nan),
        }
    )
    order = [
        "label",
        "threshold",
        "target",
        "flagged",
        "rate",
        "low",
        "high",
        "expected_precision",
        "mean_probability",
    ]
    return with_rates(frame)[order]


def _histogram(facts: Facts) -> pd.DataFrame:
    edges = np.arange(BINS + 1) / BINS
    counts = {label: facts.histogram[number] for number, label in enumerate(facts.labels)}
    return pd.DataFrame({"begin": edges[:-1], "end": edges[1:], **counts})


def _over_time(
    facts: Facts, first: datetime | None, last: datetime | None, dated: int
) -> tuple[str, pd.DataFrame, int]:
    columns = ["start", "comments", "scored", "flagged"]
    if first is None or last is None:
        return "day", with_rates(pd.DataFrame(columns=columns)), 0
    unit = time_unit(first, last, dated)
    found = facts.query(
        f"SELECT date_trunc('{unit}', posted)::TIMESTAMP start, count(*) comments, "
        "count(*) FILTER (scored) scored, count(flagged_row) flagged "
        "FROM facts WHERE posted IS NOT NULL GROUP BY ALL ORDER BY start"
    )
    found["start"] = [moment.to_pydatetime() for moment in found["start"]]
    late = found.tail(MOST_BARS) if unit == "year" else found
    steps = [late["start"].iloc[0]]
    while steps[-1] < late["start"].iloc[-1]:
        steps.append(next_step(steps[-1], unit))
    steps = steps[-MOST_BARS:]
    early = int(found.loc[found["start"] < steps[0], "comments"].sum())
    full = found.set_index("start").reindex(steps, fill_value=0).rename_axis("start").reset_index()
    full[columns[1:]] = full[columns[1:]].astype(np.int64)
    return unit, with_rates(full), early


def _top(facts: Facts, key: str, more: str) -> pd.DataFrame:
    found = facts.query(
        f"SELECT {key}, {more}count(*) comments, count(*) FILTER (scored) scored, count(flagged_row) flagged "
        f"FROM facts WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(flagged_row) > 0 "
        f"ORDER BY flagged DESC, count(*) FILTER (scored), {key} LIMIT {TOP}"
    )
    return with_rates(found)
