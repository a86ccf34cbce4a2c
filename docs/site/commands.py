"""A Sphinx directive that writes out every command with its options, from the command line's own code."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from moderation.cli.app import app


def command_pages() -> str:
    """Return all commands as Markdown, each under a heading of its own."""
    command = get_command(app)
    text: str = get_docs_for_click(
        obj=command, ctx=Context(command, info_name="moderation"), name="moderation"
    )
    # The page has a title of its own, and help texts of the terminal end lines where it does.
    text = re.sub(r"^# .*\n", "", text)
    return re.sub(r"^```console$", "```text", text, flags=re.MULTILINE)


class Commands(SphinxDirective):
    """Every command with its help, arguments and options."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        return self.parse_text_to_nodes(command_pages(), allow_section_headings=True)


def setup(sphinx: Sphinx) -> dict[str, Any]:
    """Add the directive."""
    sphinx.add_directive("moderation-commands", Commands)
    return {"version": "1", "parallel_read_safe": True}
