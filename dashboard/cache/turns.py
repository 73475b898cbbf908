"""Page scripts take turns, so that each is short instead of all being slow.

Python runs one thread at a time. If twenty visitors click at once and their scripts share the interpreter, all of them
are finished at the end, and the event loop, which answers every request for a file, waits for each of them again and
again. One after another, the same scripts are finished after half that time on average. Measured with
`tests.faults.load` on two cores of an AMD EPYC, after the first 30 s: 95 % of the pages in 0.33 s instead of 1.55 s.

A script that takes long, as it computes or downloads something for the first time, keeps nobody waiting: its turn is
over after `LEASE` seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator

AT_ONCE = 2  # while one script reads a file or waits for another thread, the other computes
LEASE = 0.5  # seconds


class Turns:
    """Lets a few threads in at a time, in the order in which they come.

    Args:
        at_once: number of threads.
        lease: seconds after which a thread that is still in does not count any more.
    """

    def __init__(self, at_once: int = AT_ONCE, lease: float = LEASE):
        self.at_once, self.lease = at_once, lease
        self._lock = threading.Lock()
        self._waiting: deque[threading.Condition] = deque()
        self._ends: dict[threading.Condition, float] = {}  # of the turns of the threads that are in

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, which ends with the block."""
        me = threading.Condition(self._lock)
        with self._lock:
            self._waiting.append(me)
            while self._waiting[0] is not me:
                me.wait()
            while (seconds := self._until_room()) > 0:
                me.wait(seconds)
            self._waiting.popleft()
            self._ends[me] = time.monotonic() + self.lease
            self._wake()
        try:
            yield
        finally:
            with self._lock:
                del self._ends[me]
                self._wake()

    def _until_room(self) -> float:
        """Seconds until so many turns are over that the next thread may come in, even if none leaves before."""
        now = time.monotonic()
        ends = sorted((end for end in self._ends.values() if end > now), reverse=True)
        return ends[self.at_once - 1] - now if len(ends) >= self.at_once else 0.0

    def _wake(self) -> None:
        """Let the first of the waiting threads look again."""
        if self._waiting:
            self._waiting[0].notify()


_pages = Turns()
take = _pages.take
