"""Who has which comment on the screen: none is handed to two people at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

MINUTES: Final = 10
"""How long a page that does not report any more keeps its comments."""


class Leases:
    """Comments that are on someone's screen.

    They live in the server's memory: a server that starts anew has handed out nothing.

    Parameters
    ----------
    seconds : float
        How long a lease lasts after it was last renewed.
    clock : callable
        Seconds that only grow.
    """

    def __init__(self, seconds: float = 60 * MINUTES, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._held: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def take(self, reviewer: str, keys: Iterable[str]) -> set[str]:
        """Take or renew what nobody else has; return the keys that are the reviewer's now."""
        with self._lock:
            now = self._sweep()
            mine = {key for key in keys if self._held.get(key, (reviewer, 0))[0] == reviewer}
            self._held |= dict.fromkeys(mine, (reviewer, now + self._seconds))
            return mine

    def give_back(self, reviewer: str, keys: Iterable[str]) -> None:
        """Free those of the keys that are the reviewer's."""
        with self._lock:
            for key in keys:
                if self._held.get(key, ("", 0))[0] == reviewer:
                    del self._held[key]

    def of_others(self, reviewer: str) -> dict[str, str]:
        """Return the keys that others have, and who."""
        with self._lock:
            self._sweep()
            return {key: holder for key, (holder, _) in self._held.items() if holder != reviewer}

    def _sweep(self) -> float:
        now = self._clock()
        for key in [key for key, (_, until) in self._held.items() if until <= now]:
            del self._held[key]
        return now
