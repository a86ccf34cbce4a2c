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
        self._held: dict[str, tuple[str, float, str]] = {}
        self._lock = threading.Lock()

    def take(self, reviewer: str, keys: Iterable[str], page: str = "") -> set[str]:
        """Take or renew what nobody else has; return the keys that are the reviewer's now.

        Parameters
        ----------
        page : str
            On which page they are: the latest one that took a key has it.
        """
        with self._lock:
            now = self._sweep()
            mine = {key for key in keys if self._held.get(key, (reviewer,))[0] == reviewer}
            self._held |= dict.fromkeys(mine, (reviewer, now + self._seconds, page))
            return mine

    def give_back(self, reviewer: str, keys: Iterable[str], page: str = "") -> None:
        """Free those of the keys that the reviewer has on a page: one that is reloaded is left late."""
        with self._lock:
            for key in keys:
                holder, _, on = self._held.get(key, ("", 0.0, ""))
                if (holder, on) == (reviewer, page):
                    del self._held[key]

    def of_others(self, reviewer: str) -> dict[str, str]:
        """Return the keys that others have, and who."""
        with self._lock:
            self._sweep()
            return {key: holder for key, (holder, _, _) in self._held.items() if holder != reviewer}

    def _sweep(self) -> float:
        now = self._clock()
        for key in [key for key, (_, until, _) in self._held.items() if until <= now]:
            del self._held[key]
        return now
