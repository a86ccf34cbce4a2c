"""Which chunks come often in training texts: a model carries what they add, so that scoring knows it."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

FREQUENT: Final = 1 << 16
"""Chunks carried, some 5 MB."""


def frequent_chunks(texts: pa.StringArray, count: int = FREQUENT) -> pa.StringArray:
    """Return the most frequent chunks of texts, the most frequent one first, at most `count`."""
    chunks = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts)).flatten()
    found = pa.Table.from_struct_array(pc.value_counts(chunks.filter(pc.not_equal(chunks, ""))))
    # Those that come equally often in an order of their own, so that a model is made again as it was.
    return (
        found.sort_by([("counts", "descending"), ("values", "ascending")])
        .slice(0, count)["values"]
        .combine_chunks()
    )
