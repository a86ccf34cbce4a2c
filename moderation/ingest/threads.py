"""Thread structure: depth, reading order, orphans, cycles and duplicates, for all formats alike.

Comments form a forest given by ids. Everything here works on arrays of row numbers without recursion:
depth by pointer doubling (Wyllie 1979), reading order by subtree sizes, so that a chain of a hundred
thousand replies costs no more than a broad thread.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from moderation.schema import THREAD_SCHEMA

INFERRED_BELOW = 0.75
"""A parent that a parser is less sure of than this is marked as inferred."""

MAX_DEPTH = np.iinfo(np.int16).max
NO_PARENT = -1


def resolve(table: pa.Table) -> pa.Table:
    """Resolve the thread structure of a whole dump.

    Parameters
    ----------
    table : pyarrow.Table
        With `comment_id`, `thread_id`, `parent_id` and perhaps `parse_confidence`.

    Returns
    -------
    pyarrow.Table
        `THREAD_SCHEMA`, row for row. A comment whose parent is missing, in another thread or part of a
        cycle heads its own subtree at depth 0, and `parent_state` says why. In a cycle the link of its
        first row is cut. A repeated id within a thread is a duplicate of its first row and stands where
        that one stands; replies belong to the first.
    """
    rows = table.num_rows
    if not rows:
        return THREAD_SCHEMA.empty_table()
    threads, keys, parent_keys, elsewhere = _keys(table)
    first = _first_rows(keys)
    parents, state = _parents(keys, parent_keys, elsewhere, first)
    duplicate = first != np.arange(rows)
    parents[duplicate] = NO_PARENT
    cut = _cut_cycles(parents)
    state[cut] = "cut"
    depth = _depths(parents)
    position = _positions(parents, depth, threads, duplicate)
    sure = _is_sure(table)
    state[(state == "ok") & ~sure] = "inferred"
    for column in (depth, position, state):
        column[duplicate] = column[first[duplicate]]
    return pa.table(
        [
            pa.array(np.minimum(depth, MAX_DEPTH).astype(np.int16)),
            pa.array(position.astype(np.int32)),
            pa.array(state.tolist(), pa.string()),
            _where(duplicate, table["comment_id"]),
        ],
        schema=THREAD_SCHEMA,
    )


def _keys(table: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return thread codes, keys of (thread, id) and (thread, parent), -1 for no parent, and whether the
    parent's id occurs anywhere in the dump.
    """
    ids = table["comment_id"].combine_chunks()
    parents = table["parent_id"].combine_chunks()
    both = pa.chunked_array([ids, parents]).dictionary_encode().combine_chunks()
    indices = both.indices.fill_null(NO_PARENT).to_numpy(zero_copy_only=False).astype(np.int64)
    codes, parent_codes = indices[: len(ids)], indices[len(ids) :]
    threads = table["thread_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    distinct = len(both.dictionary)
    known = np.zeros(distinct + 1, dtype=bool)
    known[codes] = True
    known[NO_PARENT] = False
    parent_keys = np.where(parent_codes >= 0, threads * distinct + parent_codes, NO_PARENT)
    return threads, threads * distinct + codes, parent_keys, known[parent_codes]


def _first_rows(keys: np.ndarray) -> np.ndarray:
    """Return for each row the first row that has its key."""
    codes, uniques = pd.factorize(keys)
    first = np.full(len(uniques), len(keys), dtype=np.int64)
    np.minimum.at(first, codes, np.arange(len(keys)))
    return first[codes]


def _parents(
    keys: np.ndarray, parent_keys: np.ndarray, elsewhere: np.ndarray, first: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return each row's parent row, or -1, and the state of that link."""
    heads = np.flatnonzero(first == np.arange(len(keys)))
    found = pd.Index(keys[heads]).get_indexer(parent_keys)
    has = found >= 0
    parents = np.where(has, heads[found], NO_PARENT)
    given = parent_keys >= 0
    state = np.select([~given, has, elsewhere], ["root", "ok", "other_thread"], default="missing").astype(
        object
    )
    return parents, state


def _cut_cycles(parents: np.ndarray) -> np.ndarray:
    """Cut in each cycle the link of its first row, in place; return those rows."""
    far = parents.copy()
    for _ in range(max(len(parents) - 1, 1).bit_length()):
        far = np.where(far >= 0, far[far], NO_PARENT)
        if (far < 0).all():
            return np.empty(0, dtype=np.int64)
    # After so many steps only rows on a cycle are still reached.
    waiting = set(np.unique(far[far >= 0]).tolist())
    cuts = []
    while waiting:
        start = row = waiting.pop()
        lowest = start
        while (row := int(parents[row])) != start:
            waiting.discard(row)
            lowest = min(lowest, row)
        cuts.append(lowest)
    rows = np.array(cuts, dtype=np.int64)
    parents[rows] = NO_PARENT
    return rows


def _depths(parents: np.ndarray) -> np.ndarray:
    """Return the number of ancestors of each row, by pointer doubling."""
    depth = (parents >= 0).astype(np.int64)
    ancestor = parents.copy()
    while True:
        going = np.flatnonzero(ancestor >= 0)
        if not len(going):
            return depth
        step = ancestor[going]
        depth[going] += depth[step]
        ancestor[going] = ancestor[step]


def _positions(
    parents: np.ndarray, depth: np.ndarray, threads: np.ndarray, duplicate: np.ndarray
) -> np.ndarray:
    """Return each row's place in its thread: depth first, siblings in the order of the dump."""
    size = np.where(duplicate, 0, 1).astype(np.int64)
    order = np.argsort(depth, kind="stable")
    borders = np.searchsorted(depth[order], np.arange(int(depth.max()) + 2))
    for level in range(len(borders) - 2, 0, -1):
        rows = order[borders[level] : borders[level + 1]]
        np.add.at(size, parents[rows], size[rows])
    # Before a comment stand its parent and the subtrees of its earlier siblings; roots have theirs in
    # their thread.
    group = np.where(parents >= 0, parents, len(parents) + threads)
    by_group = np.argsort(group, kind="stable")
    running = np.cumsum(size[by_group]) - size[by_group]
    starts = np.flatnonzero(np.diff(group[by_group], prepend=-1))
    lengths = np.diff(np.append(starts, len(group)))
    before = np.empty_like(size)
    before[by_group] = running - np.repeat(running[starts], lengths)
    offset = before + (parents >= 0)
    ancestor = parents.copy()
    while len(going := np.flatnonzero(ancestor >= 0)):
        step = ancestor[going]
        offset[going] += offset[step]
        ancestor[going] = ancestor[step]
    return offset


def _is_sure(table: pa.Table) -> np.ndarray:
    if "parse_confidence" not in table.column_names:
        return np.ones(table.num_rows, dtype=bool)
    sure = pc.greater_equal(table["parse_confidence"], INFERRED_BELOW).fill_null(True)
    return np.asarray(sure.to_numpy())


def _where(mask: np.ndarray, column: pa.ChunkedArray) -> pa.Array:
    return pc.if_else(pa.array(mask), column.combine_chunks(), pa.scalar(None, pa.string()))
