"""The commands put together; nothing heavy is imported before a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from moderation import __version__
from moderation.cli import (
    corpora,
    decisions,
    doctor,
    looking,
    policy,
    reporting,
    review,
    scoring,
    serve,
    training,
)

app = typer.Typer(
    name="moderation",
    help=(
        "Finds abusive and conspiracy comments in a dump of comment threads.\n\n"
        "Start with: moderation scan DUMP -o RUN — it reads the dump in any common format, scores every "
        "comment and leaves a report in RUN/report.html."
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

for group in (scoring, reporting, looking, policy, serve, review, decisions, training, corpora, doctor):
    group.register(app)


def show_version(wanted: bool) -> None:
    """Show the version and leave."""
    if wanted:
        typer.echo(f"moderation {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Take the options that stand before a command."""
