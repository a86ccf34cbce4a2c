"""The report as one HTML file: opens from disk, asks for nothing, runs nothing but its own script."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup, escape

from moderation.report import charts, templating, wording
from moderation.report.compare import Comparison
from moderation.report.safe import file_name
from moderation.report.shown import TEXT_SHOWN, Shown
from moderation.report.summary import Summary

if TYPE_CHECKING:
    from moderation.report.estimate import Estimate

MOST_BYTES: Final = 3_800_000
"""Of comments in a page: with everything else it stays under 5 MB, which mail and browsers take."""

VEILED: Final = frozenset({"threat", "severe"})
"""Flags whose text is blurred until a reader wants to see it."""

_FOLDER: Final = Path(__file__).parent
_THREADS_LISTED: Final = 200
_RATES_SHOWN: Final = 48
# Four years of months; estimate.csv holds all.
_LONGEST_ID: Final = 1_000
# A longer one is an attack on the page's size; its comment is left to the tables.


def render_html(summary: Summary, most_bytes: int = MOST_BYTES, corrected: Estimate | None = None) -> str:
    """Return a summary as a self-contained page.

    Parameters
    ----------
    summary : Summary
        From `summarise`, with the comments to show.
    most_bytes : int
        Most bytes that the flagged comments may take; the page says how many are left out.
    corrected : Estimate, optional
        Corrected rates of the run.

    Returns
    -------
    str
        HTML. A Content-Security-Policy in it allows its own style and script by their hashes and nothing
        else: no request, no inline handler, no frame, no form target.
    """
    environment = _environment()
    style, script = _asset("report.css"), _asset("report.js")
    shown = [comment for comment in summary.shown if len(comment.comment_id) <= _LONGEST_ID]
    threads = {thread: number for number, thread in enumerate(dict.fromkeys(c.thread_id for c in shown))}
    cards = _cards(environment, shown, threads, most_bytes)
    present = shown[: len(cards)]
    counts = Counter(comment.thread_id for comment in present).most_common(_THREADS_LISTED)
    titles = {comment.thread_id: comment.thread_title or comment.thread_id for comment in present}
    return environment.get_template("report.html.j2").render(
        summary=summary,
        policy_sources=_content_security_policy(style, script),
        style=Markup(style),
        script=Markup(script),
        cards=cards,
        flags=[name for name in summary.overlap.index if summary.overlap.loc[name, name]],
        labels=_records(summary.labels),
        histogram=summary.histogram,
        most=int(summary.histogram.iloc[:, 2:].to_numpy().max(initial=1)),
        threads=[(threads[thread], titles[thread], count) for thread, count in counts],
        listed={thread: threads[thread] for thread, _ in counts},
        authors={comment.author for comment in present},
        present={comment.anchor for comment in present},
        top_threads=_records(summary.top_threads),
        top_authors=_records(summary.top_authors),
        over_time=_records(summary.over_time),
        export_name=f"decisions-{file_name(summary.name)}.jsonl",
        accounting=wording.accounting_lines(summary),
        assumed=wording.prevalence_line(summary.policy),
        corrected=corrected,
        rates=_rates(corrected) if corrected is not None else [],
    )


def render_comparison(comparison: Comparison) -> str:
    """Return a comparison of two runs as a self-contained page without any script.

    Parameters
    ----------
    comparison : Comparison
        From `moderation.report.compare`.
    """
    style = _asset("report.css")
    return (
        _environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            policy_sources=_content_security_policy(style),
            style=Markup(style),
            tables=[
                ("Labels", "Label", "label", "label", _records(comparison.labels)),
                ("Threads with most changes", "Thread", "title", "thread_id", _records(comparison.threads)),
                ("Authors with most changes", "Author", "author", "author", _records(comparison.authors)),
            ],
            veiled=VEILED,
            most=TEXT_SHOWN,
        )
    )


def _cards(
    environment: Environment, shown: Sequence[Shown], threads: dict[str, int], most_bytes: int
) -> list[Markup]:
    """Render comments, strongest first, until the page is full."""
    template = environment.get_template("comment.html.j2")
    card = getattr(template.make_module({}), "card")  # noqa: B009 - a macro of the template
    while True:
        present = {comment.anchor for comment in shown}
        cards: list[Markup] = []
        size = 0
        for place, comment in enumerate(shown, 1):
            veiled = not VEILED.isdisjoint(comment.flags)
            cards.append(card(comment, place, threads[comment.thread_id], veiled, present))
            size += len(cards[-1].encode("utf-8"))
            if size > most_bytes:
                break
        else:
            return cards
        # Once more without those left out, so that no card links to one of them.
        shown = shown[: len(cards) - 1]


def _rates(found: Estimate) -> list[tuple[str, str, list[dict[str, Any]], int]]:
    """Return title, heading and rows of each table of corrected rates, and how many rows it leaves out."""
    tables = []
    for title, heading, frame in (
        ("All comments", "Label", found.whole.assign(name=found.whole["label"])),
        (f"{found.label} per {found.per}", found.per.capitalize(), _named(found.single)),
    ):
        rows = _records(frame.head(_RATES_SHOWN))
        if rows:
            tables.append((title, heading, rows, len(frame) - len(rows)))
    return tables


def _named(single: pd.DataFrame) -> pd.DataFrame:
    return single.assign(name=single["title"].fillna(single["part"]))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(key): value for key, value in row.items()} for row in plain.to_dict("records")]


def _exact(value: str) -> Markup:
    """Return an id as ASCII JSON: the script gets it back as it is, whatever characters it has."""
    return escape(json.dumps(value))


def _content_security_policy(style: str, script: str | None = None) -> str:
    rules = ["default-src 'none'", f"style-src {_hash(style)}", "base-uri 'none'", "form-action 'none'"]
    return "; ".join(rules if script is None else [*rules, f"script-src {_hash(script)}"])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _asset(name: str) -> str:
    return (_FOLDER / "assets" / name).read_text("utf-8").replace("\r\n", "\n")


@cache
def _environment() -> Environment:
    names = {
        "bar": charts.bar,
        "distribution": charts.distribution,
        "time_chart": charts.over_time,
        "rates_chart": charts.rates,
        "step": wording.step,
        "span_of_time": wording.span_of_time,
        "exact": _exact,
    }
    return templating.environment(_FOLDER / "templates", names)
