"""Peak memory of a command and all processes that it starts, summed at one moment.

Sampled: what lives for less than `INTERVAL` can be missed. PSS ("proportional set size") shares a page that
several processes map among them, so that a sum counts it once; RSS counts it in each.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import psutil

INTERVAL = 0.1
"""Seconds between two looks."""

MIB = 1 << 20


@dataclass(slots=True)
class Peak:
    """The highest sums that were seen, in MiB, and what they were made of.

    Parameters
    ----------
    pss_mib, rss_mib : float
        Highest sum over all processes; not always at the same moment.
    pss_mib_each : tuple of float
        The processes at the moment of the highest PSS, the command itself first.
    seconds_in : float
        When that was, since the start.
    pss_mib_command : float
        Highest PSS of the command alone, whenever that was.
    """

    pss_mib: float = 0.0
    rss_mib: float = 0.0
    pss_mib_each: tuple[float, ...] = ()
    seconds_in: float = 0.0
    pss_mib_command: float = 0.0

    def look(self, sizes: Sequence[tuple[float, float]], seconds: float) -> None:
        """Take note of one moment: PSS and RSS of every process, in MiB."""
        pss = sum(size for size, _ in sizes)
        if pss > self.pss_mib:
            self.pss_mib, self.seconds_in = pss, seconds
            self.pss_mib_each = tuple(size for size, _ in sizes)
        self.rss_mib = max(self.rss_mib, sum(size for _, size in sizes))
        if sizes:
            self.pss_mib_command = max(self.pss_mib_command, sizes[0][0])

    def to_dict(self) -> dict[str, float | list[float]]:
        """Return plain values, rounded to a tenth of a MiB."""
        return {
            name: [round(each, 1) for each in value] if isinstance(value, tuple) else round(value, 1)
            for name, value in asdict(self).items()
        }


def run_and_watch(command: Sequence[str]) -> tuple[str, Peak]:
    """Run a command to its end and return its standard output and its peak.

    Raises
    ------
    subprocess.CalledProcessError
        It failed.
    """
    start = time.monotonic()
    peak = Peak()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            peak.look(_sizes(root), time.monotonic() - start)
            time.sleep(INTERVAL)
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return said, peak


def _sizes(root: psutil.Process) -> list[tuple[float, float]]:
    found = []
    try:
        processes = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return found
    for process in processes:
        try:
            memory = process.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it ended meanwhile
        found.append((memory.pss / MIB, memory.rss / MIB))
    return found
