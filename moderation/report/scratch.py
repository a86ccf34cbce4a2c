"""A database that lies in a temporary folder, so that memory stays bounded, and goes when it is closed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from moderation.closing import Closing
from moderation.duck import open_scratch

_MEMORY: Final = "384MB"
# DuckDB spills to disk beyond it; the rest of a gibibyte is for Arrow's batches and Python.


class Scratch(Closing):
    """Base of classes that work in a DuckDB file of their own.

    Parameters
    ----------
    name : str
        Of the folder, `moderation-<name>-…`, and of the file in it.
    """

    def __init__(self, name: str) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix=f"moderation-{name}-")
        self._folder = Path(self._temporary.name)
        self._connection = open_scratch(self._folder / f"{name}.duckdb", memory=_MEMORY)

    def close(self) -> None:
        """Remove the temporary folder."""
        self._connection.close()
        self._temporary.cleanup()
