"""Who uses this server now, and how many visitors it serves at a time.

A visitor who has been admitted stays admitted. A place becomes free when its visitor has done nothing for `REST`
seconds.
"""

from __future__ import annotations

import threading
import time

REST = 120.0


class Visitors:
    """The visitors who were active in the last `REST` seconds.

    Args:
        most: how many are served at a time; None is no limit.
    """

    def __init__(self, most: int | None):
        self.most = most
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def admit(self, visitor: str, inside: bool = False, now: float | None = None) -> bool:
        """Whether this visitor is served now; one who is already `inside` always is."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._seen = {who: at for who, at in self._seen.items() if now - at < REST}
            served = inside or self.most is None or visitor in self._seen or len(self._seen) < self.most
            if served:
                self._seen[visitor] = now
            return served

    def __len__(self) -> int:
        return len(self._seen)
