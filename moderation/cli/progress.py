"""Progress of long work on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from moderation.cli.console import remark

if TYPE_CHECKING:
    from moderation.score.progress import Progress, Watcher

LINE_EVERY: Final = 30.0
"""Seconds between lines where no terminal shows a bar: a log stays readable over a day."""


def watcher(quiet: bool) -> Any:
    """Return what shows the progress of a run, as a context manager over a `Watcher`."""
    if quiet:
        return _Quiet()
    return _Bar() if sys.stderr.isatty() else _Lines()


def download_watcher(quiet: bool) -> Any:
    """Return what shows the progress of a download, as a context manager over a `corpora_fetch.Watcher`."""
    return _Download(not quiet and sys.stderr.isatty())


class _Download:
    """A bar by bytes on a terminal, nothing elsewhere: each file is told once it is there."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

        console = Console(stderr=True, highlight=False)
        columns = (BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns, console=console, transient=True, disable=not self._shown)
        self._bar.start()
        self._task = self._bar.add_task("", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    @property
    def total(self) -> int:
        """Bytes of the file, 0 where the server did not say."""
        return int(self._bar.tasks[0].total or 0)

    @total.setter
    def total(self, size: int) -> None:
        self._bar.reset(self._task, total=size or None)

    def update(self, size: int) -> None:
        self._bar.advance(self._task, size)

    def reset(self) -> None:
        self._bar.reset(self._task)

    def close(self) -> None:
        self._bar.refresh()


class _Quiet:
    def __enter__(self) -> Watcher:
        from moderation.score.progress import Silent

        return Silent()

    def __exit__(self, *_: object) -> None:
        return None


class _Lines:
    """A line every so often."""

    def __enter__(self) -> Self:
        self._start = self._said = time.monotonic()
        self._first: int | None = None
        self._again: tuple[int, float] | None = None
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def note(self, text: str) -> None:
        remark(text)

    def advance(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = progress.rows
        if now - self._said >= LINE_EVERY:
            self._said = now
            remark(describe(progress, progress.rows - self._first, now - self._start))

    def look_again(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._again is None:
            self._again = (done, now)
        if now - self._said >= LINE_EVERY:
            self._said = now
            first, start = self._again
            rate = _rate(done - first, now - start)
            left = f", {_duration((total - done) / rate)} left" if rate else ""
            remark(f"second look: {done:,} of {total:,} comments, {rate:,.0f}/s{left}")


class _Bar:
    """A bar by bytes, with rate, flagged so far and the time left."""

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            BarColumn(bar_width=30),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("reading", total=None)
        self._start = time.monotonic()
        self._first: int | None = None
        self._looking = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def note(self, text: str) -> None:
        remark(text)

    def advance(self, progress: Progress) -> None:
        if self._first is None:
            self._first = progress.rows
        rate = _rate(progress.rows - self._first, time.monotonic() - self._start)
        self._bar.update(
            self._task,
            total=progress.bytes_total,
            completed=progress.bytes_done,
            description=f"{progress.rows:,} comments, {rate:,.0f}/s, {progress.flagged:,} flagged",
        )

    def look_again(self, done: int, total: int) -> None:
        if not self._looking:
            self._looking = True
            self._bar.reset(self._task, total=total)
        self._bar.update(self._task, completed=done, description=f"second look: {done:,} of {total:,}")


def describe(progress: Progress, rows: int, seconds: float) -> str:
    """Return progress as one line.

    Parameters
    ----------
    progress : Progress
        How far the run has come.
    rows : int
        Comments done since the clock was started.
    seconds : float
        What the clock shows.

    Returns
    -------
    str
        Comments done, rate, share done and the time left where they are known, flagged so far.
    """
    parts = [f"{progress.rows:,} comments", f"{_rate(rows, seconds):,.0f}/s"]
    if progress.bytes_total:
        share = min(1.0, progress.bytes_done / progress.bytes_total)
        parts.append(f"{share:.0%} of the input")
        if 0 < share < 1:
            parts.append(f"{_duration(seconds * (1 - share) / share)} left")
    else:
        parts.append(f"{progress.bytes_done / 1e6:,.0f} MB read")
    return ", ".join([*parts, f"{progress.flagged:,} flagged"])


def _rate(rows: int, seconds: float) -> float:
    return rows / seconds if seconds > 0 else 0.0


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
