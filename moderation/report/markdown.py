"""The report as Markdown, for a ticket or a wiki: the counts, then the strongest flagged comments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from moderation.report.safe import link, markdown
from moderation.report.shown import Shown
from moderation.report.summary import Summary
from moderation.report.wording import (
    accounting_lines,
    interval,
    moment,
    number,
    percent,
    prevalence_line,
    probability,
    threshold,
)

SHOWN: Final = 50
_TEXT: Final = 600
_NAME: Final = 80


def render_markdown(summary: Summary) -> str:
    """Return a summary as Markdown (CommonMark with tables); comments appear as text, never as markup."""
    lines = [
        f"# Moderation report: {markdown(summary.name, _NAME)}",
        "",
        f"{number(summary.comments)} comments in {number(summary.threads)} threads by "
        f"{number(summary.authors)} authors; {number(summary.flagged)} flagged"
        + (
            f" ({percent(summary.rate)}, 95 % interval {interval(summary.low, summary.high)})."
            if summary.scored
            else "."
        ),
        "",
        *(markdown(line) for line in accounting_lines(summary)),
        *(f"\n**Not read to the end:** {markdown(line, 400)}" for line in summary.problems),
    ]
    if not summary.labels.empty:
        lines += ["", "## Flags", "", *_labels(summary)]
    assumed = prevalence_line(summary.policy)
    if assumed is not None:
        lines += ["", markdown(assumed, 1_000)]
    for title, frame, name, fallback in (
        ("Threads with most flags", summary.top_threads, "title", "thread_id"),
        ("Authors with most flags", summary.top_authors, "author", "author"),
    ):
        if not frame.empty:
            lines += ["", f"## {title}", "", *_ranking(frame, name, fallback)]
    if summary.shown:
        count = min(SHOWN, len(summary.shown))
        lines += ["", f"## Flagged comments ({number(count)} of {number(summary.flagged)}, strongest first)"]
        for place, comment in enumerate(summary.shown[:SHOWN], 1):
            lines += ["", *_comment(place, comment)]
    return "\n".join(lines) + "\n"


def _labels(summary: Summary) -> list[str]:
    rows = []
    for row in summary.labels.to_dict("records"):
        off = pd.isna(row["threshold"]) and not str(row["label"]).startswith("rule:")
        precision = row["expected_precision"]
        rows.append(
            (
                markdown(str(row["label"]), _NAME),
                "not flagged" if off else number(row["flagged"]),
                "" if off else percent(row["rate"]),
                "" if off else interval(row["low"], row["high"]),
                "" if pd.isna(row["threshold"]) else threshold(row["threshold"]),
                "" if pd.isna(precision) else percent(precision),
            )
        )
    heading = ("Label", "Flagged", "Rate", "95 % interval", "Threshold", "Expected right")
    return _table(heading, rows)


def _ranking(frame: pd.DataFrame, name: str, fallback: str) -> list[str]:
    rows = []
    for row in frame.to_dict("records"):
        shown = row[fallback] if pd.isna(row[name]) else row[name]
        rows.append(
            (
                markdown(str(shown), _NAME),
                number(row["comments"]),
                number(row["flagged"]),
                percent(row["rate"]),
            )
        )
    return _table(("", "Comments", "Flagged", "Rate"), rows)


def _comment(place: int, comment: Shown) -> list[str]:
    flags = ", ".join(
        f"{markdown(flag, _NAME)} {probability(comment.probabilities[flag])}"
        if flag in comment.probabilities
        else markdown(flag, _NAME)
        for flag in comment.flags
    )
    facts = [markdown(comment.author or "unknown author", _NAME), moment(comment.created_at)]
    facts.append(markdown(comment.thread_title or comment.thread_id, _NAME))
    lines = [f"### {place}. {flags}", "", " · ".join(fact for fact in facts if fact), ""]
    if comment.parent is not None:
        answered = markdown(comment.parent.text, 200) or "(empty)"
        lines += [f"In reply to {markdown(comment.parent.author or 'unknown author', _NAME)}: {answered}", ""]
    lines += [f"> {markdown(comment.text, _TEXT) or '(empty)'}"]
    address = link(comment.url)
    # In angle brackets an address ends at the first bracket; escaping would change it.
    if address and not set(address) & set("<>`\\"):
        lines += ["", f"<{address}>"]
    return lines


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(heading) - 1)]
    return [f"| {' | '.join(row)} |" for row in (heading, rule, *rows)]
