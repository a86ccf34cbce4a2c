"""The frames of a summary: SQL over the facts of a run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pandas as pd

from moderation.report.facts import BINS, Facts
from moderation.report.stats import next_step, time_unit, with_rates

TOP: Final = 20
"""Threads and authors in a ranking."""

MOST_BARS: Final = 120
"""Steps of time in a chart, where even years are too many."""

_STRAY: Final = 0.02
# Share of comments at either end that may be left out of a chart over time ...
_STRETCH: Final = 3
# ... where they make it so many times as long: one comment dated 1970 must not squeeze a month into one bar.

_PAIRS: Final = """
WITH one AS (SELECT flagged_row, unnest(flags) AS label FROM facts WHERE flagged_row IS NOT NULL)
SELECT a.label AS label, b.label AS other, count(*) AS comments
FROM one a JOIN one b USING (flagged_row) GROUP BY ALL
"""
_STEP: Final = """
SELECT date_trunc('{unit}', posted)::TIMESTAMP AS start, count(*) AS comments,
    count(*) FILTER (scored) scored, count(flagged_row) flagged
FROM facts WHERE posted BETWEEN ? AND ? GROUP BY ALL ORDER BY start
"""
_TOP: Final = """
SELECT {columns}, count(*) AS comments, count(*) FILTER (scored) scored, count(flagged_row) flagged
FROM facts WHERE {key} IS NOT NULL GROUP BY {key} HAVING count(flagged_row) > 0
ORDER BY flagged DESC, count(*) FILTER (scored), {key} LIMIT {count}
"""


def flags_together(facts: Facts, policy: Mapping[str, Any]) -> pd.DataFrame:
    """Return how many comments have two flags: a square frame, each flag's own count on the diagonal.

    Parameters
    ----------
    facts : Facts
    policy : mapping
        Resolved policy. Its labels come first, flagged or not; then what house rules flagged.
    """
    pairs = facts.query(_PAIRS)
    known = list(policy.get("thresholds", {}))
    names = known + sorted(set(pairs["label"]) - set(known))
    table = pairs.pivot_table(index="label", columns="other", values="comments", fill_value=0, aggfunc="sum")
    overlap = table.reindex(index=names, columns=names, fill_value=0).astype(np.int64)
    return overlap.rename_axis(index=None, columns=None)


def labels(facts: Facts, policy: Mapping[str, Any], overlap: pd.DataFrame, scored: int) -> pd.DataFrame:
    """Return the frame `Summary.labels`: a row per flag of `overlap`, with what the policy says of it."""
    names = list(overlap.index)
    flagged = np.diag(overlap.to_numpy()).astype(np.int64) if names else np.zeros(0, np.int64)

    def stated(kind: str) -> list[Any]:
        return [policy.get(kind, {}).get(name) for name in names]

    sums = np.array([facts.flagged_probability.get(name, np.nan) for name in names], np.float64)
    counts = pd.DataFrame({"flagged": flagged, "scored": np.full(len(names), scored)})
    rates = with_rates(counts)
    return pd.DataFrame(
        {
            "label": names,
            "threshold": pd.array(stated("thresholds"), dtype="Float64"),
            "target": stated("targets"),
            "flagged": flagged,
            **{name: rates[name] for name in ("rate", "low", "high")},
            "expected_precision": pd.array(stated("expected_precision"), dtype="Float64"),
            "mean_probability": np.where(flagged > 0, sums / np.maximum(flagged, 1), np.nan),
        }
    )


def histogram(facts: Facts) -> pd.DataFrame:
    """Return the frame `Summary.histogram`: `begin`, `end`, and a count of comments per label."""
    edges = np.arange(BINS + 1) / BINS
    counts = {label: facts.histogram[number] for number, label in enumerate(facts.labels)}
    return pd.DataFrame({"begin": edges[:-1], "end": edges[1:], **counts})


def over_time(facts: Facts, first: datetime | None, last: datetime | None) -> tuple[str, pd.DataFrame, int]:
    """Return comments and flags per step of time.

    Parameters
    ----------
    facts : Facts
    first, last : datetime or None
        UTC times of the first and last comment; None where none has a time.

    Returns
    -------
    unit : str
        Step: hour, day, week, month or year.
    steps : DataFrame
        The frame `Summary.over_time`; steps without comments included.
    outside : int
        Comments whose time lies before or after those steps.
    """
    columns = ["start", "comments", "scored", "flagged"]
    if first is None or last is None:
        return "day", with_rates(pd.DataFrame(columns=columns)), 0
    begin, end, dated = _usual_span(facts, first, last)
    unit = time_unit(begin, end, dated)
    found = facts.query(_STEP.format(unit=unit), [begin, end])
    found["start"] = [moment.to_pydatetime() for moment in found["start"]]
    starts = [found["start"].iloc[0]]
    while starts[-1] < found["start"].iloc[-1]:
        starts.append(next_step(starts[-1], unit))
    steps = found.set_index("start").reindex(starts[-MOST_BARS:], fill_value=0)
    steps = steps.astype(np.int64).rename_axis("start").reset_index()
    return unit, with_rates(steps), dated - int(steps["comments"].sum())


def top(facts: Facts, key: str, more: str = "") -> pd.DataFrame:
    """Return the threads or authors with most flagged comments: the key, `more`, counts and rates."""
    columns = f"{key}, {more}" if more else key
    return with_rates(facts.query(_TOP.format(columns=columns, key=key, count=TOP)))


def _usual_span(facts: Facts, first: datetime, last: datetime) -> tuple[datetime, datetime, int]:
    """Return the span of time worth a chart, and how many comments have a time at all."""
    days = facts.query(
        "SELECT date_trunc('day', posted)::TIMESTAMP AS start, count(*) AS comments FROM facts "
        "WHERE posted IS NOT NULL GROUP BY ALL ORDER BY start"
    )
    share = days["comments"].cumsum().to_numpy(np.float64)
    dated, most = int(share[-1]), len(days) - 1
    low = days["start"].iloc[min(int(np.searchsorted(share, _STRAY * dated, side="right")), most)]
    high = days["start"].iloc[min(int(np.searchsorted(share, (1 - _STRAY) * dated)), most)]
    low, high = low.to_pydatetime(), high.to_pydatetime()
    # The day after 9999-12-31 is no date.
    end = high + timedelta(days=1, microseconds=-1) if high < datetime.max - timedelta(days=1) else last
    if last - first <= _STRETCH * (end - low):
        return first, last, dated
    return max(first, low), min(last, end), dated
