"""`train`: making a classifier from labelled comments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moderation.cli.console import show


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)


def train(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="What to train on and how (TOML).")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="MODEL", help="Folder of the new model.")],
    corpora: Annotated[
        Path | None,
        typer.Option("--corpora", metavar="DIR", help="Folder of the public corpora that the recipe names."),
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option("--decisions", metavar="FILE", help="Decisions of your reviewers, to learn from too."),
    ] = None,
) -> None:
    """Train a classifier from a recipe; the one that is installed was made this way."""
    from moderation.train.recipe import train as make

    show(str(make(recipe, out, corpora, decisions).path))
