"""Texts become chunks: what stands between white space, each distinct one once per batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

I64 = npt.NDArray[np.int64]
Texts: TypeAlias = "Sequence[str] | pd.Series[str] | pa.Array | pa.ChunkedArray"


@dataclass(frozen=True, slots=True)
class Chunked:
    """A batch of texts, split.

    Parameters
    ----------
    distinct : pyarrow.StringArray, shape (d,)
        Distinct chunks.
    tokens : ndarray of int32, shape (t,)
        Index into `distinct` of every chunk, texts one after the other.
    offsets : ndarray of int64, shape (n + 1,)
        Text `i` owns `tokens[offsets[i]:offsets[i + 1]]`.
    """

    distinct: pa.StringArray
    tokens: npt.NDArray[np.int32]
    offsets: I64


def as_strings(texts: Texts) -> pa.StringArray:
    """Return texts as one Arrow string array; nulls become empty texts, lone surrogates U+FFFD.

    Raises
    ------
    TypeError
        An element is neither a string nor missing.
    """
    if isinstance(texts, str):
        raise TypeError("a sequence of texts is needed, not one text")
    if not isinstance(texts, pa.Array | pa.ChunkedArray):
        values = list(texts)
        try:
            texts = pa.array(values, pa.string(), from_pandas=True)
        except UnicodeEncodeError:
            texts = pa.array([_scrub(v) if isinstance(v, str) else v for v in values], pa.string())
        except pa.ArrowInvalid as error:
            raise TypeError(f"texts must be strings: {error}") from error
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
    if pa.types.is_dictionary(texts.type):
        texts = texts.dictionary_decode()
    if not pa.types.is_string(texts.type):
        texts = texts.cast(pa.string())
    return pc.fill_null(texts, "") if texts.null_count else texts


def batches(texts: pa.StringArray, size: int) -> Iterator[tuple[int, pa.StringArray]]:
    """Cut texts into batches of about so many bytes, each with the number of its first text."""
    if not len(texts):
        return
    sizes = np.cumsum(pc.binary_length(texts).to_numpy().astype(np.int64))
    edges = np.searchsorted(sizes, np.arange(size, sizes[-1], size)) + 1
    edges = np.unique(np.concatenate(([0], edges, [len(texts)])))
    for start, stop in pairwise(edges.tolist()):
        yield start, texts.slice(start, stop - start)


def split(texts: pa.StringArray) -> Chunked:
    """Split texts at white space and number their distinct chunks.

    Parameters
    ----------
    texts : pyarrow.StringArray, shape (n,)
        No nulls.
    """
    # Trimmed first, because Arrow yields an empty chunk before leading and after trailing white space.
    lists = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(texts))
    encoded = lists.flatten().dictionary_encode()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    tokens = encoded.indices.to_numpy()
    offsets -= offsets[0]
    distinct = encoded.dictionary
    empty = pc.index(distinct, "").as_py()
    if empty >= 0:
        keep = tokens != empty
        kept = np.concatenate(([0], np.cumsum(keep)))
        tokens, offsets = tokens[keep], kept[offsets]
        tokens = tokens - (tokens > empty).astype(np.int32)
        distinct = distinct.filter(pc.not_equal(distinct, ""))
    return Chunked(distinct, tokens, offsets)


def _scrub(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
