"""The dashboard for a public server: the same pages, with everything imported before the first visitor arrives.

    streamlit run dashboard/server.py

`streamlit run dashboard/app.py` is meant for a personal machine: it imports slow modules after the first page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import settings
from dashboard.middleware import MIDDLEWARE

if TYPE_CHECKING:
    from dashboard.content.catalog import Pair


def make_ready() -> None:
    """Import the modules of all pages, read the runs and the images, and compute what pages show at first.

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
        load_dataset(STANDARD.dataset)
        for pair in [*cache.trained.pairs().values()][:1]:
            with no_page():
                compute_first(pair)


@contextlib.contextmanager
def no_page() -> Iterator[None]:
    """Without Streamlit's warnings that what is computed here cannot show a spinner."""
    log = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def compute_first(pair: Pair) -> None:
    """Compute what all pages about a pair need, seconds in all: its networks, pictures, baselines and judge.

    Raises:
        UserFacingError: something is not available; the page that needs it shows why.
    """
    from core.metrics.judge_training import find_judge, load_judge
    from dashboard import cache
    from dashboard.components.assets import weights_url
    from dashboard.panels.denoising import SIGMA

    images = cache.trained.dataset(pair.data)
    cache.trained.png_of_training_images(pair.data)
    cache.trained.png_of_training(pair.data, pair.vae.config.held_out_class, pair.vae.config.train_size)
    for entry in pair.entries:
        cache.trained.model(entry.run_id)  # first, as it notes in the file's time that the run was used
        weights_url(entry.run)
        cache.trained.stacked_previews(entry.run_id)
    for entry in cache.trained.entries():
        cache.trained.evaluation(entry.run_id)
    cache.uses.simple_denoisers(pair.data, SIGMA)
    cache.measured.scorecards()
    cache.measured.verdicts(pair.dataset, pair.latent_dim, pair.data.digest)
    if find_judge(images) is not None:
        reference = load_judge(images).reference(images)
        _ = reference.radii, reference.floor


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
