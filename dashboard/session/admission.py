"""How many people are served at a time, and the page that others read meanwhile.

Somebody who is in stays in. A place is free again when its owner has done nothing for `REST` seconds; a visitor who comes
when all are taken reads what this is, and gets in as soon as there is room.
"""

from __future__ import annotations

import threading
import time

import streamlit as st

from core import settings
from dashboard import cache
from dashboard.session import state

REST = 120.0
_IN = "_let-in"


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


def admitted() -> bool:
    """Whether the visitor at hand is served; asked once a rerun of a page."""
    served = cache.crowd().admit(state.visitor(), inside=bool(state.get(_IN)))
    state.put(_IN, served)
    return served


@st.fragment(run_every=10)
def _wait() -> None:
    if admitted():
        st.rerun()


def full_page() -> None:
    """What a visitor reads while all places are taken; it opens by itself when there is room."""
    st.title("Point or Cloud", anchor=False)
    st.markdown(
        "An autoencoder turns an image into a **point**, a variational autoencoder turns it into a **cloud**. "
        "This dashboard lets you see, touch and measure what that one change does."
    )
    st.info(
        f"Just now {len(cache.crowd())} people are using this page, as many as it can serve. It opens here by itself as soon as there is room.",
        icon=":material/group:",
    )
    st.image(
        str(settings.ROOT / "docs" / "start.png"),
        width="stretch",
        alt="The Start page: one handwritten digit through both models.",
    )
    st.markdown("Or run it on your own machine, where there is no queue. In a copy of the project:")
    st.code("pip install -r requirements.txt && streamlit run dashboard/app.py", language="bash")
    _wait()


def relieve() -> None:
    """Drop the shared results when server and workers use more memory than they may; they are made again when needed."""
    most = settings.value("MEMORY_MB")
    if most is not None and cache.memory_mb() > most:
        cache.drop_results()
