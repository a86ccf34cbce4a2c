"""The summary on a terminal: how bad it is, which flags, which threads and authors."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from moderation.report.safe import terminal
from moderation.report.summary import Summary
from moderation.report.wording import (
    accounting_lines,
    interval,
    number,
    percent,
    prevalence_line,
    span_of_time,
    threshold,
)

TOP: Final = 5
_NAME: Final = 60


def render(summary: Summary) -> RenderableType:
    """Return a summary for `rich.console.Console.print`.

    Parameters
    ----------
    summary : Summary
        From `summarise(run, shown=0)`: counts are enough.

    Returns
    -------
    rich renderable
        Text of comments, names and titles changes nothing on the terminal but what it shows.
    """
    parts: list[RenderableType] = [_headline(summary)]
    if not summary.labels.empty:
        parts += ["", _labels(summary)]
    assumed = prevalence_line(summary.policy)
    if assumed is not None:
        parts.append(Text(terminal(assumed, 1_000), style="dim"))
    if not summary.top_threads.empty:
        more = f"{number(summary.flagged_threads)} of {number(summary.threads)} threads have flagged comments"
        parts += ["", _ranking(summary.top_threads, "Threads with most flags", "title", "thread_id")]
        parts.append(Text(more, style="dim"))
    if not summary.top_authors.empty:
        more = f"{number(summary.flagged_authors)} of {number(summary.authors)} authors have flagged comments"
        parts += ["", _ranking(summary.top_authors, "Authors with most flags", "author", "author")]
        parts.append(Text(more, style="dim"))
    parts += ["", *(Text(line, style="dim") for line in accounting_lines(summary))]
    parts += [
        Text(terminal(f"Not read to the end: {line}", 400), style="yellow") for line in summary.problems
    ]
    return Group(*parts)


def _headline(summary: Summary) -> Text:
    line = Text()
    for count, one, many in (
        (summary.comments, "comment", "comments"),
        (summary.threads, "thread", "threads"),
        (summary.authors, "author", "authors"),
    ):
        line.append(number(count), "bold").append(f" {one if count == 1 else many}, ")
    line.append(number(summary.flagged), "bold").append(" flagged")
    if summary.scored:
        line.append(f" ({percent(summary.rate)}, 95 % interval {interval(summary.low, summary.high)})")
    if summary.first is not None and summary.last is not None:
        line.append(f"\n{span_of_time(summary.first, summary.last)}", "dim")
    return line


def _labels(summary: Summary) -> RenderableType:
    table = _table("Flags")
    widest = max(len(terminal(str(label), _NAME)) for label in summary.labels["label"])
    # A narrow terminal wraps headings, not names.
    table.add_column("Label", no_wrap=True, min_width=min(widest, 30))
    for name in ("Flagged", "Rate", "95 % interval", "Threshold"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Expected right", justify="right")
    off = []
    for row in summary.labels.to_dict("records"):
        name = terminal(str(row["label"]), _NAME)
        # A house rule has no threshold; a label has none where its target cannot be reached.
        if pd.isna(row["threshold"]) and not name.startswith("rule:"):
            off.append(name)
            continue
        table.add_row(
            Text(name),
            number(row["flagged"]),
            percent(row["rate"]),
            interval(row["low"], row["high"]),
            "" if pd.isna(row["threshold"]) else threshold(row["threshold"]),
            "" if pd.isna(row["expected_precision"]) else percent(row["expected_precision"]),
        )
    unreached = Text(f"Not flagged, as the policy or the model gives no threshold: {', '.join(off)}", "dim")
    return Group(table, unreached) if off else table


def _ranking(frame: pd.DataFrame, title: str, name: str, fallback: str) -> Table:
    table = _table(title)
    table.add_column(name.capitalize().replace("Title", "Thread"), ratio=1)
    for heading in ("Comments", "Flagged", "Rate"):
        table.add_column(heading, justify="right", no_wrap=True)
    for row in frame.head(TOP).to_dict("records"):
        shown: Any = row[fallback] if pd.isna(row[name]) else row[name]
        table.add_row(
            Text(terminal(str(shown), _NAME) or "(no name)"),
            number(row["comments"]),
            number(row["flagged"]),
            percent(row["rate"]),
        )
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
