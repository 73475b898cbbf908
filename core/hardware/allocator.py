"""The C library's memory allocator, told how to serve this process; where it is not glibc's, nothing is done."""

from __future__ import annotations

import ctypes
import sys

# What `mallopt` can set, by glibc's numbers (malloc.h).
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, ARENA_MAX = -1, -2, -3, -8


def mallopt(values: dict[int, int]) -> None:
    """Set what the names above stand for."""
    call = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if call is not None:
        for parameter, value in values.items():
            call(parameter, value)


def trim() -> None:
    """Give memory that was freed back to the system; glibc keeps what lies between blocks that are still in use."""
    call = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if call is not None:
        call(0)
