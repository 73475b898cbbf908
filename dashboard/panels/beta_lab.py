"""The KL-weight lab for a pair: its multi-rate model, its trained KL weights, and a training in progress."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from core.config import RunConfig
from core.jobs.limits import limits_from_settings
from core.runs.run import RunError
from dashboard import cache
from dashboard.components import page_training
from dashboard.components.assets import not_in_page, weights_url
from dashboard.components.beta_lab import CODES, InPage, Lab, Prediction, TrainedBeta, Training
from dashboard.content import catalog
from dashboard.content.catalog import Entry, Pair
from dashboard.plots import images, theme

STILLS = 5  # without networks in the browser: number of KL weights shown, and samples per row
ADDRESSES = 24  # most trained networks that the browser can load: those nearest to the KL weight shown


def lab_of(pair: Pair, trained: Mapping[float, Entry], beta: float) -> Lab:
    """What the lab shows for a pair around a KL weight; `trained` is from `catalog.over_beta`."""
    entries = cache.trained.entries()
    near = catalog.nearest_betas(trained, beta, ADDRESSES)
    runs = [
        TrainedBeta(
            b,
            e.run_id,
            _address(e) if b in near else "",
            cache.trained.evaluation(e.run_id),
            [cache.trained.evaluation(o.run_id) for o in catalog.other_seeds(entries, e)],
            e.run.shipped,
        )
        for b, e in trained.items()
    ]
    several = catalog.multirate(entries, pair)
    prediction = None
    if several is not None and not not_in_page(several.config):
        curve = cache.trained.evaluation(several.run_id)["curve"]
        prediction = Prediction(several.run_id, weights_url(several.run), curve)
    data = cache.trained.dataset(pair.data)
    n = min(CODES, len(data.test_labels))
    colors = {
        f"{kind}{suffix}": theme.color(kind, dark)
        for kind in ("ae", "vae")
        for suffix, dark in (("", False), ("_dark", True))
    }
    return Lab(
        f"lab-{pair.vae.run_id}",
        pair.latent_dim,
        prediction,
        runs,
        data.test_labels[:n],
        theme.CLASSES,
        cache.trained.png_of_test_images(pair.data, n),
        colors,
        cache.trained.evaluation(pair.ae.run_id)["distortion"],
    )


def _address(entry: Entry) -> str:
    """Address of a network for the browser; "" if its file is damaged, so that the others can still be shown."""
    try:
        return weights_url(entry.run)
    except RunError:
        return ""


def training_of(run_id: str, beta: float, fraction: float) -> Training:
    """The progress of a run that is being trained; `fraction` is from its job's status."""
    run = cache.trained.store().run(run_id)
    return Training(beta, run_id, fraction, run.history(), run.preview())


def training_in_page(pair: Pair, config: RunConfig, auto: bool) -> InPage:
    """Training of the network of a config in the page; `auto` says whether releasing the knob starts it."""
    images = cache.trained.png_of_training(pair.data, config.held_out_class, config.train_size)
    return InPage(page_training.training(config, *images), auto, server=limits_from_settings().trains)


def without_networks(trained: Mapping[float, Entry], beta: float, why: str) -> None:
    """Draw samples at the trained KL weights near `beta`, where the browser cannot run the networks of the lab.

    Args:
        trained: see `catalog.over_beta`.
        why: the sentence of `assets.not_in_page`.
    """
    st.info(why)
    near = sorted(catalog.nearest_betas(trained, beta, STILLS))
    for column, b in zip(st.columns(STILLS), near, strict=False):
        evaluation = cache.trained.evaluation(trained[b].run_id)
        with column:
            st.markdown(f"β = {b:g}")
            st.image(
                images.grid(cache.decoded.samples(trained[b].run_id, "prior")[: STILLS**2], STILLS),
                width="stretch",
                alt=f"Samples of the network trained with β = {b:g}",
            )
            st.caption(f"R = {evaluation['rate']:.1f}, D = {evaluation['distortion']:.1f} nats")
