"""A database that lies in a temporary folder, so that memory stays bounded, and goes when it is closed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import duckdb

from moderation.closing import Closing

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
        self._connection = duckdb.connect(str(self._folder / f"{name}.duckdb"))
        spill = str(self._folder / "spill").replace("'", "''")
        for setting in (
            # Nothing may be fetched or read but what is handed over; all functions in use are built in.
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
            f"memory_limit = '{_MEMORY}'",
            f"temp_directory = '{spill}'",
            "preserve_insertion_order = false",
            "enable_progress_bar = false",
            "TimeZone = 'UTC'",
        ):
            self._connection.execute(f"SET {setting}")

    def close(self) -> None:
        """Remove the temporary folder."""
        self._connection.close()
        self._temporary.cleanup()
