"""For denoising, anomaly detection and compression: the baselines, anomalous images, quantisers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from dashboard.cache import trained
from dashboard.cache.trained import LOADING

if TYPE_CHECKING:
    from core.metrics.compression import Quantiser
    from core.metrics.denoising_and_anomalies import Simple
    from core.metrics.linear import Pca


@st.cache_resource(show_spinner=False, max_entries=4)
def pca(data: DataKey) -> Pca:
    """The PCA of a data set's training images, the linear baseline."""
    from core.metrics.linear import fit_pca
    from core.metrics.subject import COMPONENTS

    return fit_pca(trained.reference(data), COMPONENTS)


@st.cache_resource(show_spinner=False, max_entries=64)
def simple_denoisers(data: DataKey, sigma: float) -> Simple:
    """The median filter and the PCA, tuned for one noise level."""
    from core.metrics.denoising_and_anomalies import Simple

    return Simple.tuned(pca(data), trained.dataset(data).train_images, sigma)


def anomalous_images(data: DataKey, what: str) -> np.ndarray:
    """At most a thousand anomalous images, uint8 (n, C, H, W).

    Args:
        what: a kind of anomaly (`ODDITIES`) or the name of another data set.
    """
    from core.data.sources import DATASETS
    from core.metrics.denoising_and_anomalies import ODDITIES

    if what in DATASETS:
        return trained.dataset(DataKey(what)).test_images[:1000]
    return ODDITIES[what](trained.dataset(data).test_images[:1000])


@st.cache_resource(show_spinner=LOADING, max_entries=64)
def anomaly_scores(run_id: str, what: str = "") -> np.ndarray:
    """The distortion of each test image, nats, (n,); with `what`, of each of the `anomalous_images`."""
    if not what:
        return trained.gallery(run_id)["distortion"]
    from core.metrics.denoising_and_anomalies import oddness as measure

    return measure(trained.model(run_id), anomalous_images(trained.data_of(run_id), what))["distortion"]


@st.cache_resource(show_spinner=False, max_entries=32)
def pca_anomaly_scores(data: DataKey, d: int, what: str = "") -> np.ndarray:
    """As `anomaly_scores`, for a PCA with d components: its squared error."""
    from core.metrics.denoising_and_anomalies import pca_error

    images = anomalous_images(data, what) if what else trained.dataset(data).test_images[:1000]
    return pca_error(pca(data), images, d)


@st.cache_resource(show_spinner=False, max_entries=64)
def quantiser(run_id: str, bits: int) -> Quantiser:
    """The quantiser of a model's codes with this many bits per latent number."""
    from core.metrics.compression import Quantiser

    return Quantiser.of_bits(trained.train_codes(run_id), bits)


@st.cache_resource(show_spinner=False, max_entries=4)
def pca_quantisers(data: DataKey) -> list[Quantiser]:
    """The quantisers of the PCA's codes, coarse to fine."""
    from core.metrics.compression import pca_quantisers as make

    return make(pca(data), trained.reference(data))
