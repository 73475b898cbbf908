"""Images that the networks decode: random samples, interpolations, variations of one image."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from core.runs.run import PICTURES, SAMPLES
from dashboard.cache import trained
from dashboard.cache.limited import kept

CLASS = "class"  # the source of samples of a single class


@kept(32)
def samples(run_id: str, source: str, temperature: float = 1.0, seed: int = 0, label: int | None = None) -> np.ndarray:
    """`SAMPLES` random samples, as pictures, float32 (64, ...); those stored with the run do not need the network.

    Args:
        label: with the source "class", the class whose codes are drawn.
    """
    if (temperature, seed) == (1.0, 0) and source != CLASS:
        images = trained.gallery(run_id)[f"samples_{source}"].astype(np.float32) / 255
    else:
        from core.latent.sampling import decode_all

        density = trained.class_density(run_id).only(label or 0) if source == CLASS else trained.density(run_id, source)
        images = decode_all(trained.model(run_id), density.sample(SAMPLES, temperature, seed))
    images.setflags(write=False)
    return images


@kept(16)
def stored_samples(run_id: str, source: str) -> bytes:
    """The samples that are stored with a run, of temperature 1 and seed 0, as one PNG of eight columns."""
    from dashboard.components.sprites import sprite

    return sprite(trained.gallery(run_id)[f"samples_{source}"], 8)


def one_of_each(data: DataKey, most: int = 10) -> np.ndarray:
    """Indices of the first test image of each class, among those whose reconstruction is stored with every run."""
    labels = trained.dataset(data).test_labels[:PICTURES]
    return np.array([np.flatnonzero(labels == label)[0] for label in np.unique(labels)][:most])


def _likeness(data: DataKey, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(index, cosine) of the training image most similar to each of the pictures (n, ...).

    The cosine between pixel vectors does not depend on brightness; by Euclidean distance, a faint image would be close
    to every other.
    """
    from core.latent.interpolation import nearest

    index, distance = nearest(_unit(images), _unit(trained.reference(data)))
    return index, 1 - distance**2 / 2


def _unit(images: np.ndarray) -> np.ndarray:
    """Images as unit vectors, float32 (n, P)."""
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)  # in place: there may be many
    return flat


@st.cache_resource(show_spinner=False, max_entries=128)
def samples_likeness(
    run_id: str, source: str, temperature: float = 1.0, seed: int = 0, label: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(index, cosine) of the training image most similar to each of `samples(...)`."""
    return _likeness(trained.data_of(run_id), samples(run_id, source, temperature, seed, label))


@kept(32)
def decoded_path(run_id: str, a: int | bytes, b: int | bytes, steps: int, kind: str) -> np.ndarray:
    """Images decoded along a path between the codes of two images, float32 (steps, ...).

    Args:
        a, b: indices of test images, or the bytes of an image (C, H, W), see `drawn_image` in
            dashboard.components.interpolator.
        kind: one of `core.latent.interpolation.KINDS`.
    """
    from core.latent.interpolation import path
    from core.latent.sampling import decode_all

    images = decode_all(trained.model(run_id), path(_code(run_id, a), _code(run_id, b), steps, kind))
    images.setflags(write=False)
    return images


def _code(run_id: str, image: int | bytes) -> np.ndarray:
    """The posterior mean (d,) of a test image that has a stored one, or of the bytes of another image."""
    if isinstance(image, int):
        return trained.gallery(run_id)["mean"][image]
    from core.latent.sampling import encode_all

    model = trained.model(run_id)
    return encode_all(model, np.frombuffer(image, np.uint8).reshape(1, *model.config.shape.chw)).mean[0]


@kept(16)
def redraws(run_id: str, index: int, n: int) -> np.ndarray:
    """Decoded images of n codes sampled from a test image's posterior, float32 (n, ...); all equal for an AE."""
    from core.latent.sampling import decode_all

    codes = trained.gallery(run_id)
    mean, stddev = codes["mean"][index], codes["stddev"][index].astype(np.float32)
    images = decode_all(
        trained.model(run_id),
        mean + stddev * np.random.default_rng(0).standard_normal((n, len(mean))).astype(np.float32),
    )
    images.setflags(write=False)
    return images


@kept(32)
def traversals(run_id: str, index: int, steps: int, reach: float = 3.0) -> np.ndarray:
    """A test image decoded with each latent number in turn varied from -reach to reach, float32 (d, steps, ...)."""
    from core.latent.sampling import decode_all

    mean = trained.gallery(run_id)["mean"][index].astype(np.float32)
    codes = np.broadcast_to(mean, (len(mean), steps, len(mean))).copy()
    for j in range(len(mean)):
        codes[j, :, j] = np.linspace(-reach, reach, steps)
    decoded = decode_all(trained.model(run_id), codes.reshape(-1, len(mean)))
    images = decoded.reshape(len(mean), steps, *decoded.shape[1:])
    images.setflags(write=False)
    return images
