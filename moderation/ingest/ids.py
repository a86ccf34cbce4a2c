"""Stable ids for comments of formats that have none."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

GENERATED = "~"
"""First character of a generated id: no dump's own ids begin with it."""


def stable_id(*parts: str | None) -> str:
    """Return an id that depends on the parts alone.

    Parameters
    ----------
    *parts : str or None
        For a comment: thread (title or URL, not the file's path), parent id, author, text and the number
        of its occurrence. The same comment in next week's dump gets the same id.

    Examples
    --------
    >>> stable_id("Harbour bridge", None, "ann", "Hello") == stable_id("Harbour bridge", None, "ann", "Hello")
    True
    """
    joined = "\x1f".join("\x1e" if part is None else part for part in parts)
    digest = hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=9)
    return GENERATED + digest.hexdigest()


def number_occurrences(
    threads: Sequence[str],
    parents: Sequence[str | None],
    authors: Sequence[str | None],
    texts: Sequence[str],
    scope: str = "",
) -> list[str]:
    """Return a stable id per comment; equal comments differ by the number of their occurrence.

    Parameters
    ----------
    threads, parents, authors, texts : sequences of equal length
        The columns of the comments in their order.
    scope : str, default ""
        What further tells equal comments apart: the chunk, where a dump has several.
    """
    seen: Counter[str] = Counter()
    ids = []
    for parts in zip(threads, parents, authors, texts, strict=True):
        base = stable_id(*parts)
        count = seen[base]
        seen[base] += 1
        ids.append(base if not count and not scope else stable_id(base, str(count), scope))
    return ids


def tree_ids(
    thread: str, parents: Iterable[int], authors: Sequence[str | None], texts: Sequence[str]
) -> tuple[list[str], list[str | None]]:
    """Return ids and parent ids of a thread whose parents are given as row numbers.

    Parameters
    ----------
    thread : str
        Title or URL of the thread.
    parents : iterable of int
        Row number of each comment's parent, always smaller than its own; -1 for none.
    authors, texts : sequences
        As in `number_occurrences`.
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    parent_ids: list[str | None] = []
    for parent, author, text in zip(parents, authors, texts, strict=True):
        parent_id = ids[parent] if parent >= 0 else None
        base = stable_id(thread, parent_id, author, text)
        count = seen[base]
        seen[base] += 1
        ids.append(stable_id(base, str(count)) if count else base)
        parent_ids.append(parent_id)
    return ids, parent_ids
