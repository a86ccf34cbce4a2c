"""`doctor`: what is installed and works."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from moderation.cli.console import complain, show, show_table


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The same, for programs.")] = False,
) -> None:
    """Show what is installed, which models load and which extras work; exit code 1 if something is broken."""
    from moderation.doctor import examine

    found = examine()
    if as_json:
        show(json.dumps([finding.to_dict() for finding in found], ensure_ascii=False))
    else:
        show_table(
            ("part", "name", "state", "detail"),
            [(finding.part, finding.name, finding.state, finding.detail) for finding in found],
        )
    broken = [finding.name for finding in found if finding.state == "broken"]
    if broken:
        complain(f"broken: {', '.join(broken)}")
        raise typer.Exit(1)
