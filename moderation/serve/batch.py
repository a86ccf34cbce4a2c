"""Scoring many requests at once: those that arrive in one turn of the event loop share one call of the model.

A call costs as much for one text as for thirty, so a busy server scores in batches and a quiet one at
once; nobody waits for a batch to fill. The model works in the event loop's own thread: its memo is not to
be shared, and a turn is short, because a batch is small.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moderation.classify.model import Model
from moderation.schema import probability_column
from moderation.serve.errors import ApiError

TOGETHER: Final = 512
TOGETHER_BYTES: Final = 1 << 16
"""Most of one batch: about 20 ms of strange words, so that others are not kept waiting."""

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
        self._columns = [probability_column(label) for label in model.labels]
        self._max_queue = max_queue
        self._mapping = mapping
        self._observe = observe
        self._queue: deque[tuple[Sequence[str], asyncio.Future[list[Rating]]]] = deque()
        self._awaited = False
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
            loop.call_soon(self._turn)
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
            for part in _parts(texts):
                # Between two parts, others have their turn.
                await asyncio.sleep(0)
                yield self._model.score_table(pa.table({"text": part}), any_language=any_language)
                self.waiting -= len(part)
                left -= len(part)
        finally:
            self.waiting -= left

    def _take_places(self, count: int) -> None:
        if self.waiting and self.waiting + count > self._max_queue:
            raise ApiError(429, "Too many texts are waiting to be scored; try again in a moment.")
        self.waiting += count

    def _turn(self) -> None:
        taken: list[tuple[Sequence[str], asyncio.Future[list[Rating]]]] = []
        texts: list[str] = []
        size = 0
        while self._queue and len(texts) < TOGETHER and size < TOGETHER_BYTES:
            taken.append(self._queue.popleft())
            texts.extend(taken[-1][0])
            size += sum(map(len, taken[-1][0]))
        self._awaited = bool(self._queue)
        if self._awaited:
            asyncio.get_running_loop().call_soon(self._turn)
        self.waiting -= len(texts)
        try:
            ratings = self._rate(texts)
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
        if self._observe is not None:
            self._observe(len(texts))
        table = self._model.score_table(pa.table({"text": texts}), any_language=True)
        values = np.stack([table[column].to_numpy() for column in self._columns], axis=1).astype(np.float64)
        scored = ~np.isnan(values[:, 0])
        if self._mapping is not None:
            values = self._mapping(values)
        languages = table["language"].to_pylist()
        return [
            Rating(row if good else [], language)
            for row, good, language in zip(values.tolist(), scored.tolist(), languages, strict=True)
        ]


def _parts(texts: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = []
    size = TOGETHER_BYTES
    for text in texts:
        if size >= TOGETHER_BYTES or len(parts[-1]) >= TOGETHER:
            parts.append([])
            size = 0
        parts[-1].append(text)
        size += len(text)
    return parts
