"""Watch it learn: both models trained in the visitor's browser, of any latent size and seed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.config import ModelName, RunConfig, quick
from core.jobs.limits import limits_from_settings
from dashboard import cache
from dashboard.components import page_training
from dashboard.components.assets import not_in_page
from dashboard.components.lanes import Images
from dashboard.components.space_training import TrainedLane, space_training
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE, displayed
from dashboard.panels.interactive import label_of
from dashboard.plots import theme
from dashboard.session import controls

LATENT, SEED = "train_latent", "train_seed"  # the URL's parameters
SIZES = (2, 3, 8, 16, 32)
SHOWN = 300  # test images whose codes are drawn


def lane(pair: Pair, kind: ModelName, latent_dim: int, seed: int) -> TrainedLane:
    """A model of the pair's data set, untrained."""
    data = cache.trained.dataset(pair.data)
    shape: dict[str, Any] = {"dataset": pair.dataset, "data_digest": data.digest, "latent_dim": latent_dim}
    config = RunConfig(model=kind, seed=seed, **shape, **quick(len(data.train_images)))
    images = cache.trained.png_of_training(pair.data, None, None)
    return TrainedLane(label_of(kind), page_training.training(config, *images))


def watch_it_learn(pair: Pair) -> None:
    """Draw the choice of latent size and seed, and both models with the button that trains them."""
    st.header("Watch it learn", anchor=False)
    data = cache.trained.dataset(pair.data)
    if len(data.train_images) > (most := page_training.most_images(data.shape)):
        st.info(
            f"{displayed(pair.dataset)} has {len(data.train_images):,} training images; only data sets of at most "
            f"{most:,} are sent to a browser to be trained on. Choose another data set in the sidebar."
        )
        return
    if why := not_in_page(RunConfig(dataset=pair.dataset)):
        st.info(why)
        return
    st.markdown(
        "Train both yourself, from random weights, on your own processor. At a latent size of 2 you see the latent "
        f"space itself: the {AE}'s **points** drift wherever they like, the {VAE}'s **clouds** are held around 0."
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        latent_dim = controls.choice("Latent size", SIZES, LATENT)
        seed = controls.whole("Seed", 0, limits_from_settings().seeds - 1, 0, SEED, width=130)
    n = min(SHOWN, len(data.test_labels))
    images = Images(data.test_labels[:n], data.classes, theme.CLASSES, cache.trained.png_of_test_images(pair.data, n))
    lanes = [lane(pair, kind, latent_dim, seed) for kind in ("ae", "vae")]
    space_training(lanes, images, f"space-training-{pair.data.digest}")
    plane = "" if latent_dim <= 2 else ", in the plane in which they vary most"
    discs = "; discs are standard deviations, rings 1, 2 and 3 of the prior's" if latent_dim == 2 else ""
    for_everyone = "; a pair for everyone can be trained on the page KL weight" if limits_from_settings().trains else ""
    st.caption(
        f"Dots are the codes of {n} unseen images, coloured by class{plane}{discs}. Below: samples of the same 16 "
        "codes from N(0, I), then reconstructions. Figures in nats per image. What is trained here stays in this "
        f"browser{for_everyone}."
    )
