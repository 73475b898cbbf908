"""The maps of finished runs: all projections of a run's codes, kept as its projection.npz.

The reference of a VAE is the AE trained on the same images with the same latent size and seed (`reference_for`); its
maps are aligned with those of the AE, so that the two can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.latent.neighbours import NEIGHBOURS, knn_accuracy
from core.latent.projection import Projection, align, measured_or_none, project

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.runs.run import Run
    from core.runs.store import RunStore

SEEDS = (0, 1, 2)  # the UMAP seeds a run keeps


def project_run(run: Run, reference: Run | None, dataset: Dataset) -> dict[str, np.ndarray]:
    """All maps of a finished run and their figures, from the codes in its gallery: the contents of projection.npz.

    Args:
        run: a finished run.
        reference: the run with whose maps these are aligned, usually the AE with the same data, d and seed.
        dataset: the data of the run, for the classes of its test images.

    Returns:
        For d > 2: `pca` (n, 2), `trust_pca`, `disparity_pca`, and for more than `NEIGHBOURS` codes also `umap_0`,
        `umap_1`, `umap_2` (n, 2), `trust_umap` (3,), `disparity_umap` (3,). For d <= 2: `native` (n, 2),
        `trust_native`, `disparity_native`. Always `knn_accuracy`. All float32; scalars have shape (). Disparities are
        NaN without a reference, other figures where they cannot be measured. Without a reference, the maps of seeds 1
        and 2 are aligned with that of seed 0.

    Raises:
        RunError: the run is not complete, or damaged.
        ProjectionError: its codes cannot be drawn.
    """
    codes = run.arrays("gallery.npz")["mean"]
    frame = None if reference is None else _maps_of(reference, dataset)
    arrays = {"knn_accuracy": _or_nan(measured_or_none(knn_accuracy, codes, dataset.test_labels[: len(codes)]))}
    if codes.shape[1] <= 2:
        return arrays | _described("native", project(codes, "native"), frame)
    arrays |= _described("pca", project(codes, "pca"), frame)
    if len(codes) <= NEIGHBOURS:
        return arrays
    maps: list[Projection] = []
    for seed in SEEDS:
        target = frame[f"umap_{seed}"] if frame else (maps[0].coordinates if maps else None)
        maps.append(project(codes, "umap", seed, target))
    arrays |= {f"umap_{seed}": _compact(m.coordinates) for seed, m in zip(SEEDS, maps, strict=True)}
    arrays["trust_umap"] = np.array([_or_nan(m.trustworthiness) for m in maps], np.float32)
    arrays["disparity_umap"] = np.array([m.disparity if frame else np.nan for m in maps], np.float32)
    return arrays


def _maps_of(run: Run, dataset: Dataset) -> dict[str, np.ndarray]:
    """The maps of a run: those it carries, otherwise made now."""
    return run.arrays("projection.npz") if run.has("projection.npz") else project_run(run, None, dataset)


def _described(name: str, projection: Projection, frame: dict[str, np.ndarray] | None) -> dict[str, np.ndarray]:
    """One map with its trustworthiness and its disparity to the reference's map, under the names of `project_run`."""
    if frame:
        projection = align(projection, frame[name])
    return {
        name: _compact(projection.coordinates),
        f"trust_{name}": _or_nan(projection.trustworthiness),
        f"disparity_{name}": _or_nan(projection.disparity),
    }


def _or_nan(figure: float | None) -> np.ndarray:
    """A figure as an array of shape (), NaN for None."""
    return np.array(np.nan if figure is None else figure, np.float32)


def _compact(coordinates: np.ndarray) -> np.ndarray:
    """float32 rounded to 12 significant bits, so that it compresses well; an eighth of a pixel on 1,000 pixels."""
    mantissa, exponent = np.frexp(coordinates)
    return np.ldexp(np.round(mantissa * 4096) / 4096, exponent).astype(np.float32)


def reference_for(store: RunStore, run: Run) -> Run | None:
    """The finished AE run with the same images, latent size and seed; None for an AE, or if there is no such run."""
    config = run.config
    if config.model == "ae":
        return None
    same = ("dataset", "data_digest", "latent_dim", "seed", "trunk", "noise", "held_out_class")
    found = store.find(model="ae", **{name: getattr(config, name) for name in same})
    return next((ae for ae in found if ae.has("gallery.npz")), None)


def project_task(run_id: str, reference_id: str, cache: str, shipped: str) -> None:
    """The job of a worker: make the maps of a run and of its reference, and keep them with the runs that have none.

    Raises:
        RunError: a run is not complete, or damaged, or its folder cannot be written.
        ProjectionError: the codes cannot be drawn.
        DataError: the images that a run was trained on are not available.
    """
    from core.files import npz_bytes
    from core.runs.run import RunError
    from core.runs.store import RunStore

    store = RunStore(Path(cache), Path(shipped))
    run, reference = store.get(run_id), store.get(reference_id)
    for target, frame in ((reference, None), (run, reference)):
        if not target.has("projection.npz"):
            arrays = project_run(target, frame, target.dataset())
            try:
                target.add("projection.npz", npz_bytes(**arrays))
            except OSError as error:
                why = error.strerror or error
                raise RunError(
                    f"the maps of {target.run_id} cannot be kept ({why}); make {target.path} writable."
                ) from None
