"""Shows a message instead of a traceback when a page fails.

Errors with a message for visitors derive from `core.errors.UserFacingError`; for all others there is a general message.
Used around every page in app.py, and inside fragments, which rerun without app.py.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import streamlit as st

from core.data.dataset import DataError
from core.errors import UserFacingError
from dashboard.content.catalog import STANDARD
from dashboard.session import state
from dashboard.session.controls import DATA

log = logging.getLogger("point_or_cloud")


@contextlib.contextmanager
def guard() -> Iterator[None]:
    """Turn an exception into a message on the page; those of Streamlit's control flow derive from BaseException."""
    try:
        yield
    except UserFacingError as error:
        log.warning("%s: %s", type(error).__name__, error)
        st.error(str(error), icon=":material/error:")
        if isinstance(error, DataError) and state.get(DATA) != STANDARD.dataset:
            st.button(
                f"Show {STANDARD.dataset} instead", type="primary", on_click=state.put, args=(DATA, STANDARD.dataset)
            )
    except Exception:
        log.exception("unexpected error on a page")
        st.error(
            "Sorry, an unexpected error occurred. Reload the page; if it happens again, open the Start page or choose "
            "another data set in the sidebar. The details are in the server's log.",
            icon=":material/error:",
        )
