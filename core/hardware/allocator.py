"""Settings of the C library's memory allocator for this process; without glibc, nothing is done."""

from __future__ import annotations

import ctypes
import sys

# What `mallopt` can set, by glibc's numbers (malloc.h).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8


def mallopt(values: dict[int, int]) -> None:
    """Set parameters of the allocator: the constants above -> values."""
    call = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if call is not None:
        for parameter, value in values.items():
            call(parameter, value)


def trim() -> None:
    """Return freed memory to the system, as far as it is not between blocks that are still in use."""
    call = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if call is not None:
        call(0)
