"""Two-dimensional maps of a pair's codes: those the runs carry, those that cost nothing, those a worker lays out."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cache, catalog

if TYPE_CHECKING:
    from core.jobs import JobStatus


@dataclass(frozen=True)
class MapView:
    """One model's map: points (n, 2) and what was measured about it; `spread` is the codes' mean standard deviation."""

    points: np.ndarray
    knn_accuracy: float
    trustworthiness: float
    disparity: float
    spread: float


def _spread(run_id: str) -> float:
    return float(cache.gallery(run_id)["mean"].std(0).mean())


def _kept_map(run_id: str, method: str, seed: int) -> MapView:
    found = cache.arrays(run_id, "projection.npz")
    name, at = (f"umap_{seed}", seed) if method == "umap" else (method, ())
    return cache.MapView(
        found[name], float(found["knn_accuracy"]), float(found[f"trust_{method}"][at]), float(found[f"disparity_{method}"][at]), _spread(run_id)
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def disagreement(ae_id: str, vae_id: str) -> np.ndarray:
    """Per image, the share of its nearest codes that the two spaces do not have in common; see `core.neighbours`."""
    from core.neighbours import disagreement as measure

    return measure(cache.gallery(ae_id)["mean"], cache.gallery(vae_id)["mean"])


def _maps_key(pair: catalog.Pair) -> str:
    return f"maps-{pair.ae.run_id}-{pair.vae.run_id}"


@st.cache_resource(show_spinner=False, max_entries=32)
def _laid_out(ae_id: str, vae_id: str, key: str) -> Future:
    """Maps of a pair that carries none, laid out in the background worker and kept with the runs."""
    from core.projection import project_task

    return cache.jobs().call(key, project_task, vae_id, ae_id, str(cache.store().cache), str(cache.store().shipped))


@st.cache_resource(show_spinner="Measuring the maps…", max_entries=64)
def _drawn_now(ae_id: str, vae_id: str, method: str) -> tuple[MapView, MapView]:
    """A map that costs nothing, PCA or native."""
    from core.projection import knn_accuracy, project_pair

    codes = [cache.gallery(run_id)["mean"] for run_id in (ae_id, vae_id)]
    labels = cache.dataset(cache.store().get(ae_id).config.dataset).test_labels[: len(codes[0])]
    return tuple(
        cache.MapView(m.coordinates, knn_accuracy(c, labels), m.trustworthiness, m.disparity or 0.0, _spread(run_id))
        for m, c, run_id in zip(project_pair(*codes, method), codes, (ae_id, vae_id))
    )


def latent_maps(pair: catalog.Pair, method: str, seed: int = 0) -> tuple[MapView, MapView] | None:
    """The AE's and the VAE's map; None while UMAPs that the runs do not carry yet are being laid out.

    Args:
        method: "umap", "pca", or "native" for d <= 2.
    """
    ids = pair.ae.run_id, pair.vae.run_id
    if all(entry.run.has("projection.npz") for entry in (pair.ae, pair.vae)):
        return tuple(_kept_map(run_id, method, seed) for run_id in ids)
    return None if method == "umap" else _drawn_now(*ids, method)


def lay_out(pair: catalog.Pair) -> JobStatus:
    """Have a pair's UMAPs laid out in the background, and how that stands. Whoever asks first starts it.

    Raises:
        QueueFull: too many jobs wait already.
    """
    from core.jobs import JobStatus

    key = _maps_key(pair)
    future = _laid_out(pair.ae.run_id, pair.vae.run_id, key)
    if not future.done():
        status = cache.jobs().status(key)
        return status if status.active else JobStatus(key, "running")  # between the job's end and its future's
    return JobStatus(key, "failed", message=str(future.exception())) if future.exception() else JobStatus(key, "complete")


def lay_out_again(pair: catalog.Pair) -> None:
    """Forget that it failed."""
    _laid_out.clear(pair.ae.run_id, pair.vae.run_id, _maps_key(pair))
