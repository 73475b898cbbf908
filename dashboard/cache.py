"""The one place with st.cache_*: what visitors share. Keys are run ids and plain parameters, never big arrays.

Cached arrays are read-only and cached models frozen, because every visitor gets the same object. Only finished runs get
here: an unfinished one changes under one's hands.
"""

from __future__ import annotations

import json
import struct
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.config import RunConfig
from core.runs import WEIGHTS, RunError, RunStore
from dashboard import catalog

if TYPE_CHECKING:
    from core.data import Dataset
    from core.jobs import Jobs
    from core.models import Autoencoder
    from core.sampling import Density

SAMPLES = 64  # as many as a run carries
# Streamlit's spinner names the function that runs; these are the words a visitor should read instead.
LOADING = "Loading the networks (only the first time)…"


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    return RunStore()


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The server's background jobs."""
    from core.jobs import jobs_from_settings

    return jobs_from_settings(store())


@st.cache_resource(show_spinner=False, max_entries=1000)
def _config(run_id: str, path: str) -> RunConfig:
    return store().run(run_id).config


def entries() -> list[catalog.Entry]:
    """Every finished run there is now, shipped or trained by anyone; the folders are looked at each time."""
    found = []
    for run in (r for r in store() if r.complete):
        try:
            found.append(catalog.Entry(run, _config(run.run_id, str(run.path))))
        except RunError:  # not readable: `python -m core runs` tells; here it is as if it were not there
            continue
    return found


def frozen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@st.cache_resource(show_spinner=False, max_entries=64)
def arrays(run_id: str, name: str) -> dict[str, np.ndarray]:
    """The arrays of one npz file of a finished run."""
    return frozen(store().get(run_id).arrays(name))


def gallery(run_id: str) -> dict[str, np.ndarray]:
    """Per-image codes and losses, and first-paint pictures; see `core.evaluation.portfolio`."""
    return arrays(run_id, "gallery.npz")


@st.cache_resource(show_spinner=False, max_entries=500)
def evaluation(run_id: str) -> dict[str, Any]:
    """A finished run's figures on the test images."""
    return store().get(run_id).evaluation()


@st.cache_resource(show_spinner=False, max_entries=500)
def parameters(run_id: str) -> int:
    """How many numbers the network holds, from the header of its weights file (8 bytes of length, then JSON)."""
    with open(store().get(run_id).path / WEIGHTS, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return sum(int(np.prod(entry["shape"])) for name, entry in header.items() if name != "__metadata__")


def dataset(name: str) -> Dataset:
    """The images. `core.data` keeps them itself."""
    from core.data import load_dataset

    return load_dataset(name)


@st.cache_resource(show_spinner=LOADING, max_entries=16)
def model(run_id: str) -> Autoencoder:
    """A trained network, shared and frozen."""
    return store().get(run_id).load_model()


@st.cache_resource(show_spinner=False, max_entries=64)
def density(run_id: str, source: str) -> Density:
    """Where new codes come from: "prior", "gaussian" or "mixture", fitted to the run's training codes."""
    from core.sampling import unpack

    return unpack(arrays(run_id, "density.npz"))[source]


@st.cache_resource(show_spinner=False, max_entries=64)
def samples(run_id: str, source: str, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
    """`SAMPLES` new images, float32 (64, 28, 28); the ones shipped with the run come without loading the network."""
    if (temperature, seed) == (1.0, 0):
        images = gallery(run_id)[f"samples_{source}"].astype(np.float32) / 255
    else:
        from core.sampling import decode_all

        images = decode_all(model(run_id), density(run_id, source).sample(SAMPLES, temperature, seed))
    images.setflags(write=False)
    return images


@st.cache_resource(show_spinner=False, max_entries=128)
def nearest_training(run_id: str, source: str, temperature: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(index, distance) of the training image most like each of `samples(...)`."""
    from core.interpolation import nearest

    data = dataset(store().get(run_id).config.dataset)
    return nearest(samples(run_id, source, temperature, seed), data.train_images)


@st.cache_resource(show_spinner=False)
def warm() -> bool:
    """Once a server: import torch in the background, a while after the first page is on screen, before someone waits for it."""

    def load() -> None:
        import core.models  # noqa: F401

    timer = threading.Timer(4.0, load)
    timer.daemon = True
    timer.start()
    return True


def pairs() -> dict[tuple[str, int, int], catalog.Pair]:
    """The matched pairs there are now; see `dashboard.catalog.pairs`."""
    return catalog.pairs(entries())
