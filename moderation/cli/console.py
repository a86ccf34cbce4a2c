"""What is printed: harmless whatever a comment holds, in colour only on a terminal."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from rich.console import Console

_DANGEROUS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1: terminal commands
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # bidi controls: text that reads otherwise than it is
    "|[\ud800-\udfff]"  # lone surrogates: no terminal can be sent them
)


def harmless(text: str, *, one_line: bool = False) -> str:
    r"""Return text that changes nothing on a terminal but what it shows.

    Parameters
    ----------
    text : str
        Anything, from a file name to a hostile comment.
    one_line : bool
        Also turn line breaks and tabs into spaces.

    Examples
    --------
    >>> harmless("red \x1b[31m alert")
    'red [31m alert'
    """
    text = _DANGEROUS.sub("", text)
    return re.sub(r"\s+", " ", text) if one_line else text


def complain(message: str) -> None:
    """Print an error as one line on stderr."""
    print(f"error: {harmless(message, one_line=True)}", file=sys.stderr, flush=True)


def remark(message: str, *, one_line: bool = True) -> None:
    """Print a remark on stderr."""
    print(harmless(message, one_line=one_line), file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Print a result on stdout; whoever reads it decides what it does."""
    print(text, flush=True)


class BinaryOutput:
    """Stdout for bytes; a write to it is whole, or fails."""

    def write(self, data: bytes) -> None:
        """Write all of `data`."""
        # With PYTHONUNBUFFERED there is no buffer, and a raw file may write less than it was given.
        rest = memoryview(data)
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) :]

    def flush(self) -> None:
        """Hand over what was written."""
        sys.stdout.buffer.flush()


def console(**options: Any) -> Console:
    """Return a rich console on stdout."""
    from rich.console import Console

    return Console(highlight=False, **options)


def show_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout: with lines on a terminal, tab-separated for a program."""
    if not sys.stdout.isatty():
        for row in (titles, *rows):
            show("\t".join(harmless(cell, one_line=True) for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(*titles)
    for row in rows:
        table.add_row(*(Text(harmless(cell, one_line=True)) for cell in row))
    console().print(table)
