"""What a run tells while it works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Parameters
    ----------
    rows : int
        Comments done, by this process and by those before it.
    flagged : int
        Comments flagged among those that this process scored.
    bytes_done : int
        Bytes of the inputs, as stored, that were taken so far.
    bytes_total : int or None
        All of them; None where a size is unknown, as of standard input.
    """

    rows: int
    flagged: int
    bytes_done: int
    bytes_total: int | None


class Watcher(Protocol):
    """Whoever shows the progress of a run."""

    def note(self, text: str) -> None:
        """Take a sentence on what is happening."""
        ...

    def advance(self, progress: Progress) -> None:
        """Take how far the run has come, after each part."""
        ...

    def look_again(self, done: int, total: int) -> None:
        """Take how many comments got their second look, of how many, while that is under way."""
        ...


class Silent:
    """Shows nothing."""

    def note(self, text: str) -> None:
        """Ignore the sentence."""

    def advance(self, progress: Progress) -> None:
        """Ignore the progress."""

    def look_again(self, done: int, total: int) -> None:
        """Ignore the progress."""
