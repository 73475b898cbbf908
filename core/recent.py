"""Values that were used last, limited by the bytes that they take: images of 64x64 in colour are sixteen times as large
as grey ones of 28x28, so that a limited number of them is no limit of memory.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

Asked = ParamSpec("Asked")
Made = TypeVar("Made")
IMAGES = 250_000_000  # bytes of the data sets that a process keeps: named ones, folders and copies of folders, each
OBJECT = 200  # bytes that any other object counts for


def size_of(value: Any) -> int:
    """Bytes of the arrays, bytes and texts in a value, which may be nested in containers and dataclasses."""
    if isinstance(value, np.ndarray):
        return value.nbytes + OBJECT
    if isinstance(value, (bytes, str)):
        return len(value) + OBJECT
    if isinstance(value, Mapping):
        return OBJECT + sum(size_of(key) + size_of(part) for key, part in value.items())
    if isinstance(value, (list, tuple)):
        return OBJECT + sum(map(size_of, value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return OBJECT + sum(size_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    return OBJECT


class Recent:
    """A cache of the values used last. The newest stays even if it is larger than the limit.

    Args:
        most: bytes, as `size_of` counts them.
    """

    def __init__(self, most: int):
        self.most, self.bytes = most, 0
        self.hits, self.misses = 0, 0
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def _found(self, key: Hashable) -> tuple[Any, int] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The value of a key, made now if it is not kept; threads that ask for the same key at once wait for one.

        What `make` raises is not kept.
        """
        found = self._found(key)
        if found is not None:
            self.hits += 1
            return found[0]
        with self._lock:
            self.misses += 1
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._found(key)
            if found is None:
                try:
                    found = (value := make()), size_of(value)
                finally:
                    with self._lock:
                        self._making.pop(key, None)
                self._keep(key, found)
        return found[0]

    def _keep(self, key: Hashable, entry: tuple[Any, int]) -> None:
        with self._lock:
            self.bytes += entry[1] - self._kept.pop(key, (None, 0))[1]
            self._kept[key] = entry
            while self.bytes > self.most and len(self._kept) > 1:
                self.bytes -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._kept.clear()
            self.bytes = 0


class Remembered(Generic[Asked, Made]):
    """A function whose values are kept; see `remembered`."""

    def __init__(self, function: Callable[Asked, Made], most: int):
        functools.update_wrapper(self, function)
        self._function, self._recent = function, Recent(most)

    def __call__(self, *args: Asked.args, **kwargs: Asked.kwargs) -> Made:
        """The value for these arguments, which is kept."""
        key = args, tuple(sorted(kwargs.items()))
        return self._recent.get(key, lambda: self._function(*args, **kwargs))

    def cache_info(self) -> tuple[int, int]:
        """How often a value was asked for that was kept, and that was not."""
        return self._recent.hits, self._recent.misses

    def cache_clear(self) -> None:
        """Forget all values."""
        self._recent.clear()


def remembered(most: int) -> Callable[[Callable[Asked, Made]], Remembered[Asked, Made]]:
    """A decorator like `functools.lru_cache`, limited by the bytes of the values instead of their number."""
    return lambda function: Remembered(function, most)
