"""Giving freed memory back to the system, which the allocator would keep for later."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import pyarrow as pa


def release() -> None:
    """Return free pages: a process that passes chunks of megabytes on would grow to twice what it needs."""
    pa.default_memory_pool().release_unused()
    _trim()


@cache
def _malloc_trim() -> Callable[[int], int] | None:
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None  # not the GNU C library: others keep less
    return found


def _trim() -> None:
    trim = _malloc_trim()
    if trim is not None:
        trim(0)
