"""Images that the networks draw: new ones, those between two, those around one."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from core.runs.run import PICTURES, SAMPLES
from dashboard.cache import trained
from dashboard.cache.trained import REFERENCE


@st.cache_resource(show_spinner=False, max_entries=64)
def samples(run_id: str, source: str, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
    """`SAMPLES` new images, float32 (64, 28, 28); the ones shipped with the run come without loading the network."""
    if (temperature, seed) == (1.0, 0):
        images = trained.gallery(run_id)[f"samples_{source}"].astype(np.float32) / 255
    else:
        from core.latent.sampling import decode_all

        images = decode_all(trained.model(run_id), trained.density(run_id, source).sample(SAMPLES, temperature, seed))
    images.setflags(write=False)
    return images


def one_of_each(data: DataKey, most: int = 10) -> np.ndarray:
    """Indices of the first test image of each class, among those whose reconstruction every run carries."""
    labels = trained.dataset(data).test_labels[:PICTURES]
    return np.array([np.flatnonzero(labels == label)[0] for label in np.unique(labels)][:most])


def likeness(data: DataKey, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(index, cosine) of the training image most like each of `images` (n, 28, 28).

    The cosine between pixel vectors does not care how bright an image is; a plain distance would find a faint smear
    near to everything.
    """
    from core.latent.interpolation import nearest

    index, distance = nearest(unit(images), unit(trained.dataset(data).train_images[:REFERENCE]))
    return index, 1 - distance**2 / 2


def unit(images: np.ndarray) -> np.ndarray:
    """Images as vectors of length 1, float32 (n, 784)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


@st.cache_resource(show_spinner=False, max_entries=128)
def samples_likeness(
    run_id: str, source: str, temperature: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """`likeness` of `samples(...)`."""
    return likeness(trained.data_of(run_id), samples(run_id, source, temperature, seed))


@st.cache_resource(show_spinner=False, max_entries=256)
def decoded_path(run_id: str, a: int, b: int, steps: int, kind: str) -> np.ndarray:
    """Images decoded on the way between the codes of two test images, float32 (steps, 28, 28)."""
    from core.latent.interpolation import path
    from core.latent.sampling import decode_all

    codes = trained.gallery(run_id)["mean"]
    images = decode_all(trained.model(run_id), path(codes[a], codes[b], steps, kind))
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner=False, max_entries=64)
def redraws(run_id: str, index: int, n: int) -> np.ndarray:
    """What n codes drawn from a test image's posterior decode to, float32 (n, 28, 28); of a point, n times the same."""
    from core.latent.sampling import decode_all

    codes = trained.gallery(run_id)
    mean, stddev = codes["mean"][index], codes["stddev"][index].astype(np.float32)
    images = decode_all(
        trained.model(run_id),
        mean + stddev * np.random.default_rng(0).standard_normal((n, len(mean))).astype(np.float32),
    )
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner=False, max_entries=32)
def turned(run_id: str, index: int, steps: int, reach: float = 3.0) -> np.ndarray:
    """A test image decoded with each latent number in turn varied from -reach to reach, float32 (d, steps, 28, 28)."""
    from core.latent.sampling import decode_all

    mean = trained.gallery(run_id)["mean"][index].astype(np.float32)
    codes = np.broadcast_to(mean, (len(mean), steps, len(mean))).copy()
    for j in range(len(mean)):
        codes[j, :, j] = np.linspace(-reach, reach, steps)
    images = decode_all(trained.model(run_id), codes.reshape(-1, len(mean))).reshape(len(mean), steps, 28, 28)
    images.setflags(write=False)
    return images
