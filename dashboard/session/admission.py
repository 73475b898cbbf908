"""How many people are served at a time, and the page that others read meanwhile.

A visitor who comes when all places are taken (see `dashboard.cache.visitors`) reads what this is, and gets in as
soon as there is room.
"""

from __future__ import annotations

import streamlit as st

from core import settings
from dashboard import cache
from dashboard.session import state

_IN = "_let-in"


def admitted() -> bool:
    """Whether the visitor at hand is served; asked once a rerun of a page."""
    served = cache.server.crowd().admit(state.visitor(), inside=bool(state.get(_IN)))
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
        f"Just now {len(cache.server.crowd())} people are using this page, as many as it can serve. It opens here "
        "by itself as soon as there is room.",
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
    """Drop cached results when server and workers exceed their memory limit; they are computed again when needed."""
    most = settings.value("MEMORY_MB")
    if most is not None and cache.server.memory_mb() > most:
        cache.drop_results()
