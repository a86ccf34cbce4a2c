"""What a server counts about itself, for Prometheus; nothing of what it is sent is in a label."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable: where worker processes keep their counts, so that each can tell the sum."""

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Metrics:
    """The counts of one server process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "moderation_requests", "Answered requests.", ("endpoint", "code"), registry=self._registry
        )
        self._seconds = Histogram(
            "moderation_request_seconds",
            "Time from a request's headers to its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._batches = Histogram(
            "moderation_batch_texts", "Texts scored in one batch.", buckets=_SIZES, registry=self._registry
        )
        self._waiting = Gauge(
            "moderation_waiting_texts",
            "Texts that wait to be scored.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._suggestions = Counter(
            "moderation_suggestions", "Suggested scores by what became of them.", ("fate",),
            registry=self._registry,
        )  # fmt: skip
        self._counters: dict[tuple[str, int], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def answered(self, endpoint: str, code: int, seconds: float) -> None:
        """Count an answer.

        Parameters
        ----------
        endpoint : str
            One of our own paths, never the client's words.
        code : int
            HTTP status.
        seconds : float
        """
        key = endpoint, code
        if key not in self._counters:
            self._counters[key] = self._requests.labels(endpoint, str(code))
        if endpoint not in self._timers:
            self._timers[endpoint] = self._seconds.labels(endpoint)
        self._counters[key].inc()
        self._timers[endpoint].observe(seconds)

    def batch(self, size: int) -> None:
        """Count a batch of texts."""
        self._batches.observe(size)

    def suggestion(self, fate: str) -> None:
        """Count a suggestion: "kept", "not_kept" or "failed"."""
        self._suggestions.labels(fate).inc()

    def page(self, waiting: int) -> bytes:
        """Return all counts in Prometheus' text format, of all worker processes.

        Parameters
        ----------
        waiting : int
            Texts that wait in this process.
        """
        self._waiting.set(waiting)
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self._registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)
