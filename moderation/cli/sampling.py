"""`decisions sample`: comments drawn at random to judge, so that rates can be estimated."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.console import remark, show


def sample(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that scan or score wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="CSV file to fill in.")],
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            metavar="LABEL",
            help="By whose score to divide the comments. Default: the model's first label.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[int, typer.Option("--size", metavar="N", min=1, help="Comments to draw.")] = 400,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", help="Another number draws other comments.")
    ] = 1,
) -> None:
    """Draw comments at random from every band of scores, as a sheet to judge them in.

    Fill in the column decision (approve or remove) and, separated by spaces, the labels that apply; then:
    moderation report RUN --estimate FILE
    """
    from moderation.report.sample import draw, write_sample
    from moderation.score.run import Run

    opened = Run.open(run)
    drawn = draw(opened, label or next(iter(opened.labels), ""), size, seed)
    write_sample(drawn, out)
    counts = drawn.rows["band"].value_counts()
    for place, band in enumerate(drawn.bands):
        remark(
            f"{drawn.label} from {band.low:g} to {band.high:g}: "
            f"{counts.get(place, 0):,} of {band.comments:,} comments"
        )
    show(str(out))
