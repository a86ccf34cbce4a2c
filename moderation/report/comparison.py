"""A comparison of two runs as a page, a table of changes and a terminal summary."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from moderation.errors import DataError
from moderation.report.compare import KINDS, Comparison, Pairing
from moderation.report.files import replace_file
from moderation.report.html import render_comparison
from moderation.report.safe import cell, terminal
from moderation.report.wording import number

if TYPE_CHECKING:
    from moderation.classify.policy import ResolvedPolicy
    from moderation.score.run import Run

FILES: Final = {"html": "comparison.html", "csv": "comparison.csv"}
"""Name of each rendering and of its file."""

_COLUMNS: Final = ("comment_id", "thread_id", "author", "text")
_NAME: Final = 60
_TOP: Final = 5


def write_comparison(
    before: Run,
    after: Run,
    out: str | Path,
    policies: tuple[ResolvedPolicy | None, ResolvedPolicy | None] = (None, None),
    *,
    to: Iterable[str] = tuple(FILES),
) -> tuple[Comparison, dict[str, Path]]:
    """Compare two runs and write what changed.

    Parameters
    ----------
    before, after : Run
        Finished runs, matched by thread and comment id; or one run twice, under two policies.
    out : path
        Folder of `comparison.html` (the strongest changes) and `comparison.csv` (all of them).
    policies : pair of (ResolvedPolicy or None)
        Flags by these thresholds; None = those of the run.
    to : iterable of str
        Which of the files to write, by their names in `FILES`.

    Returns
    -------
    comparison : Comparison
    files : dict of str to Path

    Raises
    ------
    DataError
        A file could not be written.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} could not be made: {error.strerror or error}") from error
    files = {name: folder / FILES[name] for name in to}
    with Pairing(before, after, policies) as pairing:
        comparison = pairing.compare()
        if "html" in files:
            page = render_comparison(comparison)
            replace_file(files["html"], lambda path: path.write_text(page, "utf-8", newline="\n"))
        if "csv" in files:
            replace_file(files["csv"], lambda path: _write_changes(pairing, path))
    return comparison, files


def render(comparison: Comparison) -> RenderableType:
    """Return a comparison for `rich.console.Console.print`."""
    totals = comparison.totals
    line = Text.assemble(
        (number(totals["common"]), "bold"),
        " comments in both runs, flagged before ",
        (number(totals["flagged_before"]), "bold"),
        ", now ",
        (number(totals["flagged_after"]), "bold"),
        f": {number(totals['added'])} newly, {number(totals['removed'])} no longer, "
        f"{number(totals['changed'])} by other labels",
    )
    parts: list[RenderableType] = [line]
    if totals["only_before"] or totals["only_after"]:
        only = (
            f"{number(totals['only_before'])} comments only before, {number(totals['only_after'])} only now"
        )
        parts.append(Text(only, style="dim"))
    for title, frame, name in (
        ("Labels", comparison.labels, "label"),
        ("Threads with most changes", comparison.threads.head(_TOP), "title"),
        ("Authors with most changes", comparison.authors.head(_TOP), "author"),
    ):
        if not frame.empty:
            parts += ["", _table(title, frame, name)]
    return Group(*parts)


def _table(title: str, frame: pd.DataFrame, name: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column({"title": "Thread"}.get(name, name.capitalize()))
    for heading in ("Before", "Now", "Newly", "No longer"):
        table.add_column(heading, justify="right")
    for row in frame.to_dict("records"):
        shown = row["thread_id"] if name == "title" and pd.isna(row[name]) else row[name]
        counts = (row[column] for column in ("before", "after", "added", "removed"))
        table.add_row(Text(terminal(str(shown), _NAME) or "(no name)"), *map(number, counts))
    return table


def _write_changes(pairing: Pairing, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        before, after = ("flags_before", "rank_before"), ("flags_after", "rank_after")
        writer.writerow(["change", before[0], after[0], before[1], after[1], *_COLUMNS])
        for kind in KINDS:
            for change in pairing.changes(kind):
                flags = (cell(" ".join(names)) for names in (change.before, change.after))
                ranks = (f"{rank:.6g}" for rank in (change.rank_before, change.rank_after))
                texts = (cell(change.record[name] or "") for name in _COLUMNS)
                writer.writerow([kind, *flags, *ranks, *texts])
