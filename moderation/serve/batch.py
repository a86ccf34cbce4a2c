"""Scoring many requests at once: those that arrive one behind another share one call of the model.

A call costs as much for one text as for thirty, so a busy server scores in batches and a quiet one at
once: nobody waits for a batch to fill, only for a round of the event loop that brings no one else. The model
works in one thread, since its memo is not to be shared: the event loop's own, where a turn is short, or
beside it, where a second tier makes it long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.classify.model import Model
from moderation.classify.tiers import FAST
from moderation.serve.errors import ApiError

TOGETHER: Final = 512
TOGETHER_BYTES: Final = 1 << 16
"""Most of one batch: about 20 ms of strange words, so that others are not kept waiting."""

TOGETHER_DEEP: Final = 32
"""Of two tiers: the transformer gains little from more, and those who come later wait for all of them."""

_Found = TypeVar("_Found")

Rescale = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]


class Rating(NamedTuple):
    """What was found out about one text.

    Parameters
    ----------
    values : list of float
        On the server's scale, in the order of the model's labels; empty where there is nothing to score.
    language : str or None
        ISO 639-1 code; None where nothing can be said.
    """

    values: list[float]
    language: str | None


class Batcher:
    """Scores texts of many requests together; belongs to one event loop.

    Parameters
    ----------
    model : Model
    max_queue : int
        Texts that may wait.
    mapping : callable, optional
        Probabilities, shape (n, labels), to values of another scale.
    observe : callable, optional
        Is told the size of each batch.
    """

    def __init__(
        self,
        model: Model,
        max_queue: int,
        mapping: Rescale | None = None,
        observe: Callable[[int], None] | None = None,
    ) -> None:
        self._model = model
        self._max_queue = max_queue
        self._mapping = mapping
        self._observe = observe
        self._queue: deque[tuple[Sequence[str], asyncio.Future[list[Rating]]]] = deque()
        self._awaited = False
        self._together = TOGETHER if model.tier == FAST else TOGETHER_DEEP
        self._beside = None if model.tier == FAST else ThreadPoolExecutor(1, "moderation-score")
        self.waiting = 0
        """Texts that wait to be scored."""

    async def rate(self, texts: Sequence[str]) -> list[Rating]:
        """Return the ratings of texts, whatever their language, in their order.

        Raises
        ------
        ApiError
            429: too many texts wait.
        """
        self._take_places(len(texts))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Rating]] = loop.create_future()
        self._queue.append((texts, future))
        if not self._awaited:
            self._awaited = True
            loop.call_soon(self._look)
        return await future

    async def tables(self, texts: Sequence[str], *, any_language: bool) -> AsyncIterator[pa.Table]:
        """Yield the scored tables of texts, a part at a time, on the model's own scale.

        Raises
        ------
        ApiError
            429: too many texts wait.
        """
        self._take_places(len(texts))
        left = len(texts)
        try:
            for part in _parts(texts, self._together):
                given = pa.table({"text": part})
                yield await self.work(partial(self._model.score_table, given, any_language=any_language))
                self.waiting -= len(part)
                left -= len(part)
        finally:
            self.waiting -= left

    async def work(self, ask: Callable[..., _Found], *given: Any) -> _Found:
        """Return what the model answers, asked in the thread where it works; others have their turn first."""
        if self._beside is not None:
            return await asyncio.get_running_loop().run_in_executor(self._beside, ask, *given)
        await asyncio.sleep(0)
        return ask(*given)

    def _take_places(self, count: int) -> None:
        if self.waiting and self.waiting + count > self._max_queue:
            raise ApiError(429, "Too many texts are waiting to be scored; try again in a moment.")
        self.waiting += count

    def _look(self, seen: int = 0) -> None:
        """Begin a turn as soon as a round of the event loop has brought nobody else."""
        waiting = len(self._queue)
        if seen < waiting < self._together:
            asyncio.get_running_loop().call_soon(self._look, waiting)
        else:
            self._turn()

    def _turn(self) -> None:
        taken: list[tuple[Sequence[str], asyncio.Future[list[Rating]]]] = []
        texts: list[str] = []
        size = 0
        while self._queue and len(texts) < self._together and size < TOGETHER_BYTES:
            taken.append(self._queue.popleft())
            texts.extend(taken[-1][0])
            size += sum(map(len, taken[-1][0]))
        if self._observe is not None:
            self._observe(len(texts))
        if self._beside is None:
            self._settle(taken, len(texts), partial(self._rate, texts))
            return
        rated = asyncio.get_running_loop().run_in_executor(self._beside, self._rate, texts)
        rated.add_done_callback(lambda done: self._settle(taken, len(texts), done.result))

    def _settle(
        self,
        taken: Sequence[tuple[Sequence[str], asyncio.Future[list[Rating]]]],
        count: int,
        rated: Callable[[], list[Rating]],
    ) -> None:
        """Hand ratings out to those who wait for them, and see to who came later."""
        self._awaited = bool(self._queue)
        if self._awaited:
            asyncio.get_running_loop().call_soon(self._look)
        self.waiting -= count
        try:
            ratings = rated()
        except Exception as error:
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        start = 0
        for asked, future in taken:
            if not future.done():
                future.set_result(ratings[start : start + len(asked)])
            start += len(asked)

    def _rate(self, texts: list[str]) -> list[Rating]:
        probabilities, languages = self._model.rate(texts)
        values = probabilities.astype(np.float64)
        scored = ~np.isnan(values[:, 0])
        if self._mapping is not None:
            values = self._mapping(values)
        return [
            Rating(row if good else [], language or None)
            for row, good, language in zip(values.tolist(), scored.tolist(), languages.tolist(), strict=True)
        ]


def _parts(texts: Sequence[str], most: int) -> list[list[str]]:
    parts: list[list[str]] = []
    size = TOGETHER_BYTES
    for text in texts:
        if size >= TOGETHER_BYTES or len(parts[-1]) >= most:
            parts.append([])
            size = 0
        parts[-1].append(text)
        size += len(text)
    return parts
