"""Corrected rates as a table of all of them and as a terminal summary."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from moderation.cells import cell
from moderation.report.estimate import Estimate
from moderation.report.files import replace_file
from moderation.report.safe import terminal
from moderation.report.wording import interval, number, percent

FILE: Final = "estimate.csv"
_SHOWN: Final = 24
_NAME: Final = 50


def write_estimate(found: Estimate, folder: Path) -> Path:
    """Write all rates as `estimate.csv`, in which no cell is a formula.

    Raises
    ------
    DataError
        The file could not be written.
    """
    path = folder / FILE

    def write(draft: Path) -> None:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([found.per if name == "part" else name for name in found.rates.columns])
            writer.writerows(map(_cell, row) for row in found.rates.itertuples(index=False, name=None))

    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, write)
    return path


def render(found: Estimate) -> RenderableType:
    """Return corrected rates for `rich.console.Console.print`; of parts only those of the sample's label."""
    parts: list[RenderableType] = [
        Text(f"{number(found.decided)} of {number(found.drawn)} comments of the sample are judged.")
    ]
    if found.ignored:
        line = f"{number(found.ignored)} decided comments are not in the sample and do not count."
        parts.append(Text(line, style="dim"))
    parts += ["", _table("All comments", "Label", found.whole, "label")]
    single = found.single
    if not single.empty:
        parts += [
            "",
            _table(f"{found.label} per {found.per}", found.per.capitalize(), single.head(_SHOWN), "part"),
        ]
        if len(single) > _SHOWN:
            parts.append(Text(f"and {number(len(single) - _SHOWN)} more in {FILE}", style="dim"))
    parts += [Text(line, style="yellow") for line in found.remarks()]
    return Group(*parts)


def _table(title: str, heading: str, frame: Any, name: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(heading)
    for column in ("Comments", "Judged", "Flagged", "Corrected rate", "95 % interval"):
        table.add_column(column, justify="right")
    for row in frame.to_dict("records"):
        shown = row["title"] if name == "part" and isinstance(row["title"], str) else row[name]
        table.add_row(
            Text(terminal(str(shown), _NAME)),
            number(row["comments"]),
            number(row["judged"]),
            percent(row["flagged"]),
            percent(row["rate"]),
            interval(row["low"], row["high"]),
        )
    return table


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return cell(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return value
