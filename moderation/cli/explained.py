"""An explanation on the terminal: probabilities, and the words behind them in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from moderation.cli.console import console, harmless

if TYPE_CHECKING:
    from moderation.classify.explain import Explanation, Span

FAINT: Final = 0.25
"""Spans that move the log-odds by less are left plain: a quarter moves .50 to .56."""

STRONG: Final = 1.0
"""Spans that move the log-odds by more stand out: one moves .50 to .73."""

STYLES: Final = {
    "raises strongly": "bold white on red",
    "raises": "red",
    "lowers": "green",
}


def show_explanation(
    explanation: Explanation, thresholds: Mapping[str, float | None], flags: Sequence[str]
) -> None:
    """Print the probabilities of a text and, for what it is flagged with, the text in colours.

    Parameters
    ----------
    explanation : Explanation
        Of one text.
    thresholds : mapping of str to float or None
        Of the policy, by label; a label that is missing has a threshold only within a run.
    flags : sequence of str
        Labels that the text is flagged with; without any, the likeliest label is shown.
    """
    out = console()
    table = Table("label", "probability", "flagged from", "", box=None, pad_edge=False)
    ranked = sorted(explanation.probabilities.items(), key=lambda item: -item[1])
    for label, probability in ranked:
        threshold = thresholds.get(label)
        stated = "-" if threshold is None else f"{threshold:.3f}"
        mark = Text("flagged", style="bold red") if label in flags else Text("")
        table.add_row(label, f"{probability:.3f}", stated, mark)
    out.print(table)
    for label in flags or [ranked[0][0]]:
        out.print()
        out.print(Text(f"{label}: ", style="bold") + Text("what raises it in red, what lowers it in green"))
        out.print(_coloured(explanation, label))
        out.print(_list_of_spans(explanation, label))


def _coloured(explanation: Explanation, label: str) -> Text:
    text = Text()
    at = 0
    for span in explanation.spans:
        text.append(harmless(explanation.text[at : span.begin]))
        text.append(harmless(explanation.text[span.begin : span.end]), _style(span.shares[label]))
        at = span.end
    text.append(harmless(explanation.text[at:]))
    return text


def _style(share: float) -> str:
    if abs(share) < FAINT:
        return ""
    if share < 0:
        return STYLES["lowers"]
    return STYLES["raises strongly" if share >= STRONG else "raises"]


def _list_of_spans(explanation: Explanation, label: str) -> Text:
    """The strongest words as text, for those who see no colours."""

    def said(span: Span) -> str:
        words = harmless(explanation.text[span.begin : span.end], one_line=True)
        return f"{words} {span.shares[label]:+.2f}"

    strongest = explanation.strongest(label)
    if not strongest:
        return Text("no word raises it", style="dim")
    return Text("strongest: " + ", ".join(map(said, strongest)), style="dim")
