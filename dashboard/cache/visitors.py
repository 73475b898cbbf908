"""Who uses this server now, and how many it serves at a time.

Somebody who is in stays in. A place is free again when its owner has done nothing for `REST` seconds.
"""

from __future__ import annotations

import threading
import time

REST = 120.0


class Crowd:
    """The visitors who did something lately.

    Args:
        most: as many as are served; None is no limit.
    """

    def __init__(self, most: int | None):
        self.most = most
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def admit(self, visitor: str, inside: bool = False, now: float | None = None) -> bool:
        """Whether this visitor is served now; who is `inside` already always is."""
        now = time.monotonic() if now is None else now
        with self._lock:
            self._seen = {who: at for who, at in self._seen.items() if now - at < REST}
            served = inside or self.most is None or visitor in self._seen or len(self._seen) < self.most
            if served:
                self._seen[visitor] = now
            return served

    def __len__(self) -> int:
        return len(self._seen)
