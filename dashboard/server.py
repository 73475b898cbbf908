"""The dashboard as a public server runs it: the same pages, warm before the first visitor comes.

    streamlit run dashboard/server.py

`streamlit run dashboard/app.py` shows the same on one's own machine, and imports what is slow behind the first page.
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
    """What the first visitors of a public server would wait for: the imports of all pages, the runs and the images.

    All at once they would be in each other's way: fifty visitors who arrive together run all ten pages within seconds.
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
    from dashboard.panels import beta_conventions, beta_lab, on_demand, pictures  # noqa: F401
    from dashboard.plots import charts, verdict_cards  # noqa: F401

    cache.server.load_networks()
    charts.kl_bars([1.0], 0.1)  # plotly imports its parts when they are first used
    Image.init()  # as Pillow does its file formats
    with contextlib.suppress(UserFacingError):  # the page will say what is wrong
        cache.server.scenes(pictures())
        cache.trained.pairs()
        load_dataset(STANDARD.dataset)


@contextlib.asynccontextmanager
async def life(_: Any) -> AsyncIterator[None]:
    """Import and read what takes seconds before anybody is served: the server is well only then."""
    from core.jobs import limits

    limits.spare_memory()
    with contextlib.suppress(settings.SettingError):  # the page will say what is wrong
        if settings.value("WARM"):
            await asyncio.to_thread(make_ready)
    yield


app = st.App("app.py", lifespan=life, middleware=MIDDLEWARE)
