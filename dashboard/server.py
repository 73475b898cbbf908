"""The dashboard for a public server: the same pages, with everything imported before the first visitor arrives.

    streamlit run dashboard/server.py

`streamlit run dashboard/app.py` is meant for a personal machine: it imports slow modules after the first page.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import streamlit as st

from core import settings
from dashboard.middleware import MIDDLEWARE


def make_ready() -> None:
    """Import the modules of all pages, and read the runs and the images.

    Otherwise the first visitors would wait for this, and longer the more of them arrive together.
    """
    import pandas  # noqa: F401 - Streamlit imports it for the first component that it sends data to
    import scipy.ndimage
    import scipy.spatial.distance  # noqa: F401
    from PIL import Image

    from core.data.datasets import load_dataset
    from core.errors import UserFacingError
    from core.jobs import from_settings  # noqa: F401
    from core.metrics import denoising_and_anomalies, scorecard, scores  # noqa: F401
    from dashboard import cache
    from dashboard.components import chart, pad, picker, presenter, scrubber, source, traverse  # noqa: F401
    from dashboard.content.catalog import STANDARD
    from dashboard.panels import (  # noqa: F401
        anomalies,
        beta_conventions,
        beta_lab,
        compression,
        denoising,
        on_demand,
        pictures,
    )
    from dashboard.plots import charts, verdict_cards  # noqa: F401

    cache.server.load_networks()
    charts.kl_bars([1.0], 0.1)  # plotly imports its modules when they are first used
    Image.init()  # so does Pillow with its file formats
    with contextlib.suppress(UserFacingError):  # the page will show it
        cache.server.scenes(pictures())
        cache.trained.pairs()
        load_dataset(STANDARD.dataset)


@contextlib.asynccontextmanager
async def life(_: Any) -> AsyncIterator[None]:
    """Make the server ready before it accepts requests; its health check succeeds only then."""
    from core.jobs import limits

    limits.spare_memory()
    with contextlib.suppress(settings.SettingError):  # the page will show it
        if settings.value("WARM"):
            await asyncio.to_thread(make_ready)
    yield


app = st.App("app.py", lifespan=life, middleware=MIDDLEWARE)
