"""Two-dimensional maps of a pair's codes: stored with the runs, computed at once, or computed by a worker (UMAP)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.errors import NotMeasurable
from core.latent.neighbours import NEIGHBOURS, check_measurable, check_trust, trusted_neighbours
from dashboard.cache import server, trained
from dashboard.content import catalog

if TYPE_CHECKING:
    from core.jobs.status import JobStatus
    from core.latent.projection import Projection


@dataclass(frozen=True)
class MapView:
    """One model's map with its measures.

    Attributes:
        points: (n, 2).
        knn_accuracy, trustworthiness: see `core.latent.neighbours`; None where they cannot be measured.
        disparity: from the AE's map, see `core.latent.projection.procrustes`; None where a map has fewer than three
            distinct points.
        spread: the codes' mean standard deviation.
        trusted: the number of neighbours that trustworthiness was measured with.
        why_not: for each measure that is None, the reason.
    """

    points: np.ndarray
    knn_accuracy: float | None
    trustworthiness: float | None
    disparity: float | None
    spread: float
    trusted: int = NEIGHBOURS
    why_not: Mapping[str, str] = field(default_factory=dict)


def _view(run_id: str, points: np.ndarray, knn: float | None, trust: float | None, disparity: float | None) -> MapView:
    """A map with the measures that are meaningful for its images, and the reasons for those that are not."""
    codes, why_not = trained.gallery(run_id)["mean"], {}
    labels = trained.dataset(trained.data_of(run_id)).test_labels[: len(codes)]
    for name, check in (
        ("knn_accuracy", lambda: check_measurable(codes, labels)),
        ("trustworthiness", lambda: check_trust(codes)),
    ):
        try:
            check()
        except NotMeasurable as error:
            why_not[name] = str(error)
    if disparity is not None and (len(points) < 3 or not np.ptp(points, axis=0).any()):
        why_not["disparity"] = "one or two points have no shape"
    kept = {"knn_accuracy": knn, "trustworthiness": trust, "disparity": disparity}
    return MapView(
        points,
        spread=float(codes.std(0).mean()),
        trusted=trusted_neighbours(len(codes)),
        why_not=why_not,
        **{name: None if name in why_not or value is None else float(value) for name, value in kept.items()},
    )


def _kept_map(run_id: str, method: str, seed: int) -> MapView:
    found = trained.arrays(run_id, "projection.npz")
    name, at = (f"umap_{seed}", seed) if method == "umap" else (method, ())
    return _view(
        run_id,
        found[name],
        float(found["knn_accuracy"]),
        float(found[f"trust_{method}"][at]),
        float(found[f"disparity_{method}"][at]),
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def disagreement(ae_id: str, vae_id: str) -> np.ndarray:
    """Per image, the share of its nearest codes that differ between the two spaces; see `core.latent.neighbours`.

    Raises:
        NotMeasurable: too few images, or codes that are all equal.
    """
    from core.latent.neighbours import disagreement as measure

    return measure(trained.gallery(ae_id)["mean"], trained.gallery(vae_id)["mean"])


def _maps_key(pair: catalog.Pair) -> str:
    return f"maps-{pair.ae.run_id}-{pair.vae.run_id}"


@st.cache_resource(show_spinner=False, max_entries=32)
def _computed(ae_id: str, vae_id: str, key: str) -> Future:
    """Maps of a pair that has none yet, computed by the background worker and stored with the runs."""
    from core.latent.run_maps import project_task

    return server.jobs().call(
        key, project_task, vae_id, ae_id, str(trained.store().cache), str(trained.store().shipped)
    )


@st.cache_resource(show_spinner="Measuring the maps…", max_entries=64)
def _drawn_now(ae_id: str, vae_id: str, method: str) -> tuple[MapView, MapView]:
    """A map that is computed at once, PCA or native."""
    from core.latent.neighbours import knn_accuracy
    from core.latent.projection import measured_or_none, project_pair

    ae_codes, vae_codes = (trained.gallery(run_id)["mean"] for run_id in (ae_id, vae_id))
    labels = trained.dataset(trained.data_of(ae_id)).test_labels[: len(ae_codes)]
    ae_map, vae_map = project_pair(ae_codes, vae_codes, method)

    def view(run_id: str, codes: np.ndarray, drawn: Projection) -> MapView:
        accuracy = measured_or_none(knn_accuracy, codes, labels)
        return _view(run_id, drawn.coordinates, accuracy, drawn.trustworthiness, drawn.disparity)

    return view(ae_id, ae_codes, ae_map), view(vae_id, vae_codes, vae_map)


def _kept_maps(pair: catalog.Pair, method: str, seed: int) -> tuple[MapView, MapView] | None:
    """The maps stored with a pair's runs, if both have them."""
    if not all(entry.run.has("projection.npz") for entry in pair.entries):
        return None
    return _kept_map(pair.ae.run_id, method, seed), _kept_map(pair.vae.run_id, method, seed)


def instant_maps(pair: catalog.Pair, method: str) -> tuple[MapView, MapView]:
    """The AE's and the VAE's map by a method that needs no optimisation: "pca", or "native" for d <= 2."""
    return _kept_maps(pair, method, 0) or _drawn_now(pair.ae.run_id, pair.vae.run_id, method)


def latent_maps(pair: catalog.Pair, method: str, seed: int = 0) -> tuple[MapView, MapView] | None:
    """The AE's and the VAE's map; None while UMAPs that are not stored with the runs are being computed.

    Args:
        method: "umap" (of more than `NEIGHBOURS` images only), "pca", or "native" for d <= 2.
    """
    return _kept_maps(pair, method, seed) if method == "umap" else instant_maps(pair, method)


def compute_umap(pair: catalog.Pair) -> JobStatus:
    """Compute a pair's UMAPs in the background; returns the status. The first call starts it.

    Raises:
        QueueFull: too many jobs wait already.
    """
    from core.jobs.status import JobStatus

    key = _maps_key(pair)
    future = _computed(pair.ae.run_id, pair.vae.run_id, key)
    if not future.done():
        status = server.jobs().status(key)
        return status if status.active else JobStatus(key, "running")  # the job has ended, its future has not
    error = future.exception()
    return JobStatus(key, "failed", message=str(error)) if error else JobStatus(key, "complete")


def retry_umap(pair: catalog.Pair) -> None:
    """Let `compute_umap` start again after a failure."""
    _computed.clear(pair.ae.run_id, pair.vae.run_id, _maps_key(pair))
