"""How many visitors are served at a time, and the waiting page for the others.

A visitor who arrives when all places are taken (see `dashboard.cache.visitors`) waits on a page that explains the
project and opens the app as soon as a place is free.
"""

from __future__ import annotations

import streamlit as st

from core import settings
from dashboard import cache
from dashboard.session import state

_IN = "_let-in"


def admitted() -> bool:
    """Whether this visitor is served; called once per rerun of a page."""
    served = cache.server.visitors().admit(state.visitor(), inside=bool(state.get(_IN)))
    state.put(_IN, served)
    return served


@st.fragment(run_every=10)
def _wait() -> None:
    if admitted():
        st.rerun()


def waiting_page() -> None:
    """The page shown while all places are taken; it opens the app when a place is free."""
    st.title("Point or Cloud", anchor=False)
    st.markdown(
        "An autoencoder turns an image into a **point**, a variational autoencoder turns it into a **cloud**. "
        "This dashboard lets you see, touch and measure what that one change does."
    )
    most = cache.server.visitors().most
    st.info(
        f"All places are taken at the moment: this server admits {most} {'visitor' if most == 1 else 'visitors'} at a "
        "time. The dashboard will open here automatically as soon as a place is free.",
        icon=":material/group:",
    )
    if site := settings.value("SITE"):
        st.markdown(f"[The static site]({site}) shows the same pages to any number of visitors.")
    st.image(
        str(settings.ROOT / "docs" / "start.png"),
        width="stretch",
        alt="The Start page: one handwritten digit through both models.",
    )
    st.markdown("You can also run it on your own machine, in a copy of the project:")
    st.code("pip install -r requirements.txt && streamlit run dashboard/app.py", language="bash")
    _wait()


def relieve() -> None:
    """Drop cached results when server and workers exceed their memory limit; they are computed again when needed."""
    most = settings.value("MEMORY_MB")
    if most is not None and cache.server.memory_mb() > most:
        cache.drop_results()
