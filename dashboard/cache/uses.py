"""What the uses of a model (denoise, find anomalies, compress) share: the linear control, odd images, bins of codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from dashboard.cache import trained
from dashboard.cache.trained import LOADING, REFERENCE

if TYPE_CHECKING:
    from core.metrics.compression import Quantiser
    from core.metrics.denoising_and_anomalies import Simple
    from core.metrics.linear import Pca


@st.cache_resource(show_spinner=False, max_entries=4)
def pca(data: DataKey) -> Pca:
    """The linear control of a data set."""
    from core.metrics.linear import fit_pca
    from core.metrics.scores import COMPONENTS

    return fit_pca(trained.dataset(data).train_images[:REFERENCE], COMPONENTS)


@st.cache_resource(show_spinner=False, max_entries=64)
def simple_denoisers(data: DataKey, sigma: float) -> Simple:
    """The median filter and the PCA as they were tuned for one level of noise."""
    from core.metrics.denoising_and_anomalies import Simple

    return Simple.tuned(pca(data), trained.dataset(data).train_images, sigma)


def odd_images(data: DataKey, what: str) -> np.ndarray:
    """A thousand anomalous images, uint8 (n, 1, 28, 28): another data set's, or a kind of anomaly (`ODDITIES`)."""
    from core.data.sources import DATASETS
    from core.metrics.denoising_and_anomalies import ODDITIES

    return (
        trained.dataset(DataKey(what)).test_images[:1000]
        if what in DATASETS
        else ODDITIES[what](trained.dataset(data).test_images[:1000])
    )


@st.cache_resource(show_spinner=LOADING, max_entries=64)
def oddness(run_id: str, what: str = "") -> np.ndarray:
    """What each test image costs a model (distortion in nats, (n,)); with `what`, what `odd_images` do."""
    if not what:
        return trained.gallery(run_id)["distortion"]
    from core.metrics.denoising_and_anomalies import oddness as measure

    return measure(trained.model(run_id), odd_images(trained.data_of(run_id), what))["distortion"]


@st.cache_resource(show_spinner=False, max_entries=32)
def pca_oddness(data: DataKey, d: int, what: str = "") -> np.ndarray:
    """As `oddness`, for a PCA with d components: its squared error."""
    from core.metrics.denoising_and_anomalies import pca_error

    return pca_error(pca(data), odd_images(data, what) if what else trained.dataset(data).test_images[:1000], d)


@st.cache_resource(show_spinner=False, max_entries=64)
def quantiser(run_id: str, bits: int) -> Quantiser:
    """The bins of a model's codes at a number of bits a dimension."""
    from core.metrics.compression import Quantiser

    return Quantiser.of_bits(trained.train_codes(run_id), bits)


@st.cache_resource(show_spinner=False, max_entries=4)
def pca_quantisers(data: DataKey) -> list[Quantiser]:
    """The bins of the PCA's codes, coarse to fine."""
    from core.metrics.compression import pca_quantisers as make

    return make(pca(data), trained.dataset(data).train_images[:REFERENCE, 0].astype(np.float32) / 255)
