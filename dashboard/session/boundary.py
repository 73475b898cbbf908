"""What a visitor sees when something fails: the message written for people, or a short apology. Never a traceback.

Every error whose message is written for people derives from `core.errors.UserFacingError`; pages catch it here.

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
    """Turns an exception into a message on the page. Streamlit's own control flow is no `Exception` and passes."""
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
            "Sorry, something went wrong here that should not have. Reload the page; if it happens again, open the "
            "Start page "
            "or choose another data set on the left. The details are in the server's log.",
            icon=":material/error:",
        )
