"""Numbers, shares, times and counts in words: the same in every rendering."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from moderation.report.safe import one_line
from moderation.report.summary import Summary


def number(value: Any) -> str:
    """Return a count with thousands separated: `12,345`."""
    return f"{int(value):,}"


def percent(share: Any) -> str:
    """Return a share with two significant digits where it is small: `0.042 %`, `3.1 %`, `47 %`.

    Examples
    --------
    >>> [percent(share) for share in (0, 0.0000001, 0.00042, 0.031, 0.47, 1)]
    ['0 %', '<0.01 %', '0.042 %', '3.1 %', '47 %', '100 %']
    """
    value = 100 * float(share)
    if value == 0:
        return "0 %"
    if value < 0.01:
        return "<0.01 %"
    if value < 0.995:
        return f"{value:.2g} %"
    return f"{value:.1f} %" if value < 9.95 else f"{value:.0f} %"


def interval(low: Any, high: Any) -> str:
    """Return an interval of shares: `1.2–3.4 %`."""
    return f"{percent(low).removesuffix(' %')}–{percent(high)}"


def probability(value: Any) -> str:
    """Return a probability with two digits, never rounded up to certainty: `.07`, `.99`.

    Examples
    --------
    >>> [probability(value) for value in (0.0, 0.004, 0.934, 0.998)]
    ['.00', '.00', '.93', '.99']
    """
    return f"{min(float(value), 0.99):.2f}"[1:]


def threshold(value: Any) -> str:
    """Return a threshold: two digits, three where two would make it 0 or 1, never rounded up to certainty.

    Examples
    --------
    >>> [threshold(value) for value in (0.5, 0.9964, 0.99996, 0.004)]
    ['0.50', '0.996', '0.999', '0.004']
    """
    if 0.01 <= value <= 0.99:
        return f"{value:.2f}"
    return f"{value if value >= 1 else min(value, 0.999):.3f}"


def moment(value: datetime | None) -> str:
    """Return a UTC time to the minute; empty where unknown."""
    return "" if value is None or pd.isna(value) else f"{value.year:04}-{value:%m-%d %H:%M}"


def span_of_time(first: datetime, last: datetime) -> str:
    """Return the days from a first to a last time: `2024-01-03 to 2024-02-01`."""
    begin, end = (f"{value.year:04}-{value:%m-%d}" for value in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def step(start: datetime, unit: str) -> str:
    """Return the name of a step of time: `2024`, `2024-03`, `2024-03-09`, `2024-03-09 14:00`."""
    form = {"year": "", "month": "-%m", "hour": "-%m-%d %H:00"}.get(unit, "-%m-%d")
    return f"{start.year:04}{start.strftime(form) if form else ''}"


def accounting_lines(summary: Summary) -> list[str]:
    """Return what became of every record, in one or two sentences with reasons."""
    counts = summary.accounting
    skipped = sum(counts["skipped"].values())
    lines = [
        f"Read {number(counts['read'])} records: {number(counts['rows'])} comments, "
        f"{number(skipped)} skipped{_reasons(counts['skipped'])}, {number(counts['rejected'])} rejected"
        + (" (see rejects.jsonl)." if counts["rejected"] else ".")
    ]
    withheld = sum(counts["not_scored"].values())
    line = (
        f"Scored {number(counts['scored'])}, not scored {number(withheld)}{_reasons(counts['not_scored'])}."
    )
    if counts["repaired"]:
        line += f" Repaired {number(counts['repaired'])} with undecodable characters."
    return [*lines, line]


def prevalence_line(policy: Mapping[str, Any]) -> str | None:
    """Return what a resolved policy assumes about how common labels are; None where that is the reference.

    Examples
    --------
    >>> prevalence_line({"prevalence": {"threat": {"reference": 0.02, "assumed": 0.004, "source": "stated"}}})
    'Assumed to be as common as: threat 0.4 % (stated; the scores are for 2.0 %).'
    """
    stated = policy.get("prevalence", {})
    if not stated:
        return None
    said = [
        f"{label} {percent(found['assumed'])} ({found['source']}"
        + (
            ""
            if found["assumed"] == found["reference"]
            else f"; the scores are for {percent(found['reference'])}"
        )
        + ")"
        for label, found in stated.items()
    ]
    return f"Assumed to be as common as: {', '.join(said)}."


def _reasons(counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return f" ({', '.join(f'{one_line(reason, 60)} {number(count)}' for reason, count in ranked)})"
