"""A database that lies in a temporary folder, so that memory stays bounded, and goes when it is closed."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from moderation.closing import Closing
from moderation.duck import open_scratch
from moderation.errors import ModerationError
from moderation.score.writer import hold

_MEMORY: Final = "384MB"
# DuckDB spills to disk beyond it; the rest of a gibibyte is for Arrow's batches and Python.

_LOCK: Final = ".lock"


class Scratch(Closing):
    """Base of classes that work in a DuckDB file of their own.

    Parameters
    ----------
    name : str
        Of the folder, `moderation-<name>-…`, and of the file in it.
    """

    def __init__(self, name: str) -> None:
        prefix = f"moderation-{name}-"
        sweep(prefix)
        self._temporary = tempfile.TemporaryDirectory(prefix=prefix)
        self._folder = Path(self._temporary.name)
        self._held = ExitStack()
        self._held.enter_context(hold(self._folder / _LOCK, "a new folder is held by another process"))
        self._connection = open_scratch(self._folder / f"{name}.duckdb", memory=_MEMORY)

    def close(self) -> None:
        """Remove the temporary folder."""
        self._connection.close()
        self._held.close()
        self._temporary.cleanup()


def sweep(prefix: str) -> None:
    """Remove the temporary folders of processes that were killed: our own ones, whose lock nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        # What is new has no lock yet; what is somebody else's, or goes meanwhile, is none of our business.
        with suppress(OSError, ModerationError):
            if (folder / _LOCK).is_file() and folder.lstat().st_uid == os.getuid():
                with hold(folder / _LOCK, "in use"):
                    shutil.rmtree(folder)
