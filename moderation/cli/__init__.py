"""The command line: `moderation scan`, `report`, `explain`, ...; the only part that prints and exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main", "run"]


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    sys.exit(run())


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : sequence of str, optional
        What stands after `moderation`; default: those of the process.

    Returns
    -------
    int
        0 done; 1 some or all of the data was bad; 2 wrong usage; 130 interrupted.
    """
    from moderation.cli.app import app
    from moderation.cli.errors import guarded

    return guarded(app, arguments)
