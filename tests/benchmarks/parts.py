"""A benchmark in parts: one that fails or takes too long is told at the end, and the others still print what they measured.

parts = Parts()
with parts("training"):
    ...
return parts.status()        # 0, or 1 after a line on each part that did not finish
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator


class Unfinished(Exception):
    """A limit was reached; the message says which."""


class Parts:
    """Which parts of a benchmark did not finish, and why.

    Args:
        limit: seconds for all parts together; None is no limit. Parts that have not begun by then are left out.
    """

    def __init__(self, limit: float | None = None):
        self.end = None if limit is None else time.monotonic() + limit
        self.limit, self.unfinished, self.interrupted = limit, list[str](), False

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Run the body; whatever ends it early is noted under this name."""
        try:
            yield
        except KeyboardInterrupt:
            self.interrupted = True
            self.unfinished.append(f"{name}: interrupted")
        except (
            Exception
        ) as error:  # a limit, a server that does not start, a package that is missing: all end this part alone
            self.unfinished.append(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}")

    def begin(self, name: str) -> bool:
        """Whether there is still time for this part; where not, that is noted."""
        if self.interrupted or (self.end is not None and time.monotonic() > self.end):
            why = "interrupted" if self.interrupted else f"not begun: the limit of {self.limit:g} s was reached"
            self.unfinished.append(f"{name}: {why}")
            return False
        return True

    def status(self) -> int:
        """Print what did not finish; the exit status."""
        for line in self.unfinished:
            print(f"not finished: {line}")
        return int(bool(self.unfinished))
