"""Scoring Arrow batches from anywhere: the function for Spark's `mapInArrow`, Ray's `map_batches`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import pyarrow as pa

from moderation.classify.model import DEFAULT_MODEL, Model, load_model


def score_batches(
    batches: Iterable[pa.RecordBatch],
    model: str = DEFAULT_MODEL,
    any_language: bool = False,
    tier: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Score batches with a column `text`; a pure function of text and model, row by row in order.

    Parameters
    ----------
    batches : iterable of RecordBatch
        Any columns beside `text`; they are passed on.
    model : str
        Name or folder of a bundle, which each process loads once.
    any_language : bool
        Score texts in languages that the model was not trained on.
    tier : {"fast", "cascade", "deep"}, optional
        As of `load_model`. A cascade looks again at all comments in its bands: a budget needs a run.

    Yields
    ------
    RecordBatch
        The same columns, then `p_<label>`, `flags` by the model's own policy, `language`, `not_scored` and
        `tier`.
    """
    loaded = _load(model, tier)
    policy = loaded.policy().resolve()
    for batch in batches:
        scored = loaded.score_table(pa.Table.from_batches([batch]), any_language=any_language)
        scored = scored.append_column("flags", policy.flags(scored))
        yield from scored.combine_chunks().to_batches()


def scored_schema_of(schema: pa.Schema, model: str = DEFAULT_MODEL) -> pa.Schema:
    """Return the schema of what `score_batches` yields, as such engines ask for it beforehand."""
    empty = pa.RecordBatch.from_pylist([], schema=schema)
    loaded = _load(model)
    scored = loaded.score_table(pa.Table.from_batches([empty]))
    return scored.append_column("flags", loaded.policy().resolve().flags(scored)).schema


@lru_cache(maxsize=1)
def _load(model: str, tier: str | None = None) -> Model:
    return load_model(model, tier)
