"""Freed memory: kept for the next batch while there is one, given back to the system when there is none."""

from __future__ import annotations

import ctypes
import mmap
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

KEPT: Final = 1 << 26
"""Bytes of freed memory that a process keeps. A batch takes less for its intermediate results."""

LARGE_PAGE: Final = 1 << 21

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST_KEPT: Final = 1 << 25
_CHOSEN: Final = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


@cache
def keep() -> None:
    """Keep up to `KEPT` bytes of freed memory in this process; whoever has tuned the allocator is heeded.

    The GNU C library would give the arrays of each batch back and ask for them anew, and the system clears
    every page of them again.
    """
    library = _library()
    if hasattr(library, "mallopt") and not any(name in os.environ for name in _CHOSEN):
        library.mallopt(_TRIM_THRESHOLD, KEPT)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)


def release() -> None:
    """Return free pages: a process that passes chunks of megabytes on would grow to twice what it needs."""
    pa.default_memory_pool().release_unused()
    library = _library()
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def wide(shape: tuple[int, ...], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return an array of zeros in large pages, where the system has them.

    Tables that are looked at in no order cost less in them: the processor finds a page of 2 MiB at once, and
    for each of 4 KiB has to ask where it lies.
    """
    kind = np.dtype(kind)
    size = int(np.prod(shape)) * kind.itemsize
    if size < LARGE_PAGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.zeros(shape, kind)
    # A page more, because large ones begin at multiples of their size.
    space = mmap.mmap(-1, size + LARGE_PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    begin = -np.frombuffer(space, np.uint8).ctypes.data % LARGE_PAGE
    # Not all systems are built with large pages.
    with suppress(OSError):
        space.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(space, kind, int(np.prod(shape)), begin).reshape(shape)


def unread(array: npt.NDArray[Any]) -> None:
    """Give back the pages that reading an array has brought, if it is a file's."""
    if isinstance(array.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        array.base.madvise(mmap.MADV_DONTNEED)


def rest(library: str) -> None:
    """Give back the pages of a shared library's code (Linux): they come again when it runs.

    Parameters
    ----------
    library : str
        What the name of its file begins with.
    """
    maps = Path("/proc/self/maps")
    if not maps.exists() or not hasattr(_library(), "madvise"):
        return
    for line in maps.read_text().splitlines():
        place, rights, *_, name = line.split(maxsplit=5)
        # What may not be written to and is run is as it stands in the file.
        if rights == "r-xp" and Path(name).name.startswith(library):
            begin, end = (int(edge, 16) for edge in place.split("-"))
            _library().madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), mmap.MADV_DONTNEED)


@cache
def _library() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None  # not a system whose C library can be asked; others keep what they need
