"""A DuckDB file to sort and join in what does not fit into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb


def open_scratch(path: Path, *, memory: str) -> duckdb.DuckDBPyConnection:
    """Make a database that spills beside its file, and neither fetches nor prints anything.

    Parameters
    ----------
    path : Path
        Where the database is to lie. Its folder exists; what is spilled goes there as well.
    memory : str
        What DuckDB may hold before it goes to disk, such as `384MB`.

    Returns
    -------
    duckdb.DuckDBPyConnection
        For the caller to close.
    """
    database = duckdb.connect(str(path))
    for setting, value in _settings(path.parent / "spill", memory):
        database.execute(f"SET {setting} = ?", [value])
    # A Python without a script passes for a person at a terminal, to whom DuckDB shows a bar. A notebook that
    # cannot show one has none, and refuses the setting.
    if database.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        database.execute("SET enable_progress_bar = false")
    return database


def _settings(spill: Path, memory: str) -> list[tuple[str, Any]]:
    return [
        # Nothing may be fetched or read but what is handed over; all functions in use are built in.
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("memory_limit", memory),
        ("temp_directory", str(spill)),
        ("preserve_insertion_order", False),
        ("TimeZone", "UTC"),
    ]
