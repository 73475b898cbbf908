"""Maps: d-dimensional codes as points on a plane, and how far such a picture may be trusted.

    PCA      the plane of largest variance; linear, instant, the same for every seed
    UMAP     the plane layout that keeps each code's nearest neighbours near; not linear, depends on the seed
    native   d <= 2: the latent space itself, drawn as it is

What a UMAP cannot tell: how large an island is, how wide a gap, how dense a region; and a new code (a prior sample, say)
has no place in it, it would be pulled onto the data. So every map comes with its trustworthiness, and maps of two models
are turned onto each other by Procrustes with the disparity that remains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import NotMeasurable
from core.latent.neighbours import NEIGHBOURS, ProjectionError, all_alike, as_codes, knn_accuracy, trustworthiness

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.runs.store import Run, RunStore

METHODS = ("umap", "pca", "native")
SEEDS = (0, 1, 2)  # the UMAP seeds a run keeps
FLOOR = 0.5  # see `standardise`


@dataclass(frozen=True)
class Projection:
    """A map of n codes.

    Attributes:
        coordinates: float32 (n, 2).
        method: one of `METHODS`.
        seed: of UMAP; the other methods do not depend on it.
        trustworthiness: 0 to 1, see `core.latent.neighbours.trustworthiness`; None where it cannot be measured.
        disparity: 0 (the same shape as the reference) to 1, see `procrustes`; None without a reference.
    """

    coordinates: np.ndarray
    method: str
    seed: int
    trustworthiness: float | None
    disparity: float | None = None


def project(
    codes: Any,
    method: str = "umap",
    seed: int = 0,
    reference: Projection | np.ndarray | None = None,
    neighbours: int = NEIGHBOURS,
    epochs: int | None = None,
) -> Projection:
    """Draw codes on a plane.

    >>> project(model.encode(images).mean).coordinates  # (n, 2)

    Args:
        codes: posterior means (n, d), a numpy array or a torch tensor on any device.
        method: "umap" or "pca", both of standardised codes, or "native": codes of d <= 2 unchanged (d = 1 lies on y = 0).
        seed: of UMAP. Same codes and seed, same map, bit for bit.
        reference: a map of the same images, onto which this one is turned, mirrored, scaled and shifted. A native map keeps
            its own coordinates (the prior's circles would not fit otherwise); only the disparity is measured.
        neighbours: UMAP's n_neighbors, the point itself included, and at most n - 1; min_dist is 0.1.
        epochs: of UMAP; default `core.latent.umap_layout.EPOCHS`.

    Raises:
        ProjectionError: unknown method, no codes (for UMAP: fewer than 3), values that are not finite, d > 2 drawn
            natively, or a reference of another size.
    """
    codes = as_codes(codes, least=3 if method == "umap" else 1)
    if method not in METHODS:
        raise ProjectionError(f"method={method!r} is not known; choose one of {', '.join(METHODS)}.")
    if method == "native" and codes.shape[1] > 2:
        raise ProjectionError(f"codes of {codes.shape[1]} dimensions have no native map; choose umap or pca.")
    if not 2 <= neighbours <= 200:
        raise ProjectionError(f"neighbours={neighbours} is out of range; give a value from 2 to 200.")
    if not 0 <= seed < 2**31 or (epochs is not None and epochs < 1):
        raise ProjectionError(
            f"seed={seed}, epochs={epochs}: give a seed from 0 to {2**31 - 1} and at least one epoch."
        )
    if method == "native":
        coordinates = np.pad(codes, ((0, 0), (0, 2 - codes.shape[1])))
    elif all_alike(codes):
        coordinates = np.zeros((len(codes), 2))  # one point: what is left to draw is rounding
    elif method == "pca":
        coordinates = pca(standardise(codes))
    else:
        from core.latent.umap_layout import layout

        scaled = standardise(codes)
        coordinates = layout(scaled, pca(scaled), min(neighbours, len(codes) - 1), seed, epochs)
    result = Projection(
        coordinates.astype(np.float32), method, int(seed), measured_or_none(trustworthiness, codes, coordinates)
    )
    return result if reference is None else align(result, reference)


def measured_or_none(measure: Callable[..., float], *arguments: Any) -> float | None:
    """A measure's figure; None where there is none for these codes."""
    try:
        return measure(*arguments)
    except NotMeasurable:
        return None


def project_pair(ae_codes: Any, vae_codes: Any, method: str = "umap", seed: int = 0) -> tuple[Projection, Projection]:
    """Maps of the same images' codes in two models, the second turned onto the first.

    Raises:
        ProjectionError: as `project`.
    """
    first = project(ae_codes, method, seed)
    return first, project(vae_codes, method, seed, reference=first)


def align(projection: Projection, reference: Projection | np.ndarray) -> Projection:
    """The same map turned onto a reference map of the same images, with the disparity; a native map is only measured.

    Raises:
        ProjectionError: the reference has another number of points.
    """
    target = reference.coordinates if isinstance(reference, Projection) else np.asarray(reference)
    aligned, disparity = procrustes(projection.coordinates, target)
    coordinates = projection.coordinates if projection.method == "native" else aligned
    return replace(projection, coordinates=coordinates, disparity=disparity)


def standardise(codes: np.ndarray) -> np.ndarray:
    """Each dimension centred and divided by its standard deviation, but by no less than half (`FLOOR`) of the widest one's.

    Why the floor: the means of a VAE's dead dimension are almost constant. Divided by their own small deviation they would
    count as much as a live dimension, and the map would show noise. In the shipped VAEs live dimensions deviate by .5 to 1.1
    and dead ones by .04 to .3, in the AEs all by .6 to 1 of the widest: half the widest tells them apart. At beta = 4 a
    floor of a tenth costs UMAP .03 of its trustworthiness.
    """
    spread = codes.std(axis=0)
    return (codes - codes.mean(axis=0)) / np.maximum(spread, FLOOR * spread.max())


def principal_axes(scatter: np.ndarray, k: int) -> np.ndarray:
    """The k eigenvectors with the largest eigenvalues of a scatter matrix X'X (d, d), largest first: unit vectors (k, d), float64.

    An eigenvector's sign is free; here its largest entry is positive (of equally large ones the first), so that equal data
    give equal pictures wherever they are drawn. numpy's `eigh` and this rule are all that PCA needs here: scikit-learn's
    gives the same axes, and costs a server that draws a page 1.7 s and 140 MB at its first import.
    """
    _, vectors = np.linalg.eigh(np.asarray(scatter, np.float64))  # in the order of rising eigenvalues
    axes = vectors.T[::-1][:k]
    size = np.abs(axes)
    # Entries equal but for rounding count as equal, else the sign would depend on the last bit.
    largest = (size >= (1 - 1e-9) * size.max(axis=1, keepdims=True)).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]


def largest_directions(codes: np.ndarray) -> np.ndarray:
    """The two directions along which codes (n, d) vary most (see `principal_axes`): unit vectors (2, d), float64.

    With d = 1 the second one is zero.
    """
    centred = np.asarray(codes, np.float64) - np.mean(codes, axis=0, dtype=np.float64)
    directions = principal_axes(centred.T @ centred, 2)
    return np.pad(directions, ((0, 2 - len(directions)), (0, 0)))


def plane_of(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane in which codes (n, d) are drawn: basis (2, d) and offset (2,), float32; a code's place is basis @ z + offset.

    For d <= 2 the latent space itself, with 0 in the middle; else that of `largest_directions`, with the codes' mean in
    the middle.
    """
    d = codes.shape[1]
    if d <= 2:
        return np.eye(2, d, dtype=np.float32), np.zeros(2, np.float32)
    basis = largest_directions(codes)
    return basis.astype(np.float32), (-basis @ codes.mean(axis=0, dtype=np.float64)).astype(np.float32)


def pca(codes: np.ndarray) -> np.ndarray:
    """Coordinates (n, 2) along the `largest_directions`; the second is zero where there is only one dimension."""
    return (codes - codes.mean(axis=0)) @ largest_directions(codes).T


def procrustes(points: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, float]:
    """Turn, mirror, scale and shift `points` onto `reference` (Gower 1975); both (n, 2), row i the same image in both.

    With both centred and of norm 1, the best rotation leaves the disparity  1 - (s_1 + s_2)^2, s the singular values of
    X^T Y: 0 for the same shape, up to 1. The result has the reference's size; the least-squares scale would shrink a map
    merely for being different.

    Returns:
        float32 (n, 2), disparity.

    Raises:
        ProjectionError: another number of points.
    """
    from scipy.linalg import orthogonal_procrustes

    if points.shape != reference.shape:
        raise ProjectionError(
            f"a map of shape {points.shape} cannot be turned onto one of shape {reference.shape}; give the same images to both."
        )
    x, y = points.astype(np.float64), reference.astype(np.float64)
    x, centre = x - x.mean(axis=0), y.mean(axis=0)
    y = y - centre
    size_x, size_y = np.linalg.norm(x), np.linalg.norm(y)
    if size_x == 0 or size_y == 0:  # a single point has no shape
        return (x + centre).astype(np.float32), 0.0 if size_x == size_y else 1.0
    rotation, overlap = orthogonal_procrustes(x, y)
    disparity = 1 - (overlap / (size_x * size_y)) ** 2
    return (x @ rotation * (size_y / size_x) + centre).astype(np.float32), float(np.clip(disparity, 0, 1))


def project_run(run: Run, reference: Run | None, dataset: Dataset) -> dict[str, np.ndarray]:
    """Everything the maps page shows of a finished run, from the codes in its gallery; kept as its projection.npz.

    Args:
        run: a finished run.
        reference: the run whose maps this one's are turned onto, as a rule the AE with the same data, d and seed.
        dataset: the run's data, for the classes of its test images.

    Returns:
        For d > 2: `pca` (n, 2), `trust_pca`, `disparity_pca`, and of more than `NEIGHBOURS` codes also `umap_0`, `umap_1`,
        `umap_2` (n, 2), `trust_umap` (3,), `disparity_umap` (3,). For d <= 2: `native` (n, 2), `trust_native`,
        `disparity_native`. Always `knn_accuracy`. float32; scalars are of shape (). Disparities are NaN without a
        reference, the other figures where they cannot be measured. Seeds 1 and 2 of a run without a reference are turned
        onto its seed 0.

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
    maps = []
    for seed in SEEDS:
        target = frame[f"umap_{seed}"] if frame else (maps[0].coordinates if maps else None)
        maps.append(project(codes, "umap", seed, target))
    arrays |= {f"umap_{seed}": _compact(m.coordinates) for seed, m in zip(SEEDS, maps, strict=True)}
    arrays["trust_umap"] = np.array([_or_nan(m.trustworthiness) for m in maps], np.float32)
    arrays["disparity_umap"] = np.array([m.disparity if frame else np.nan for m in maps], np.float32)
    return arrays


def _maps_of(run: Run, dataset: Dataset) -> dict[str, np.ndarray]:
    """A run's maps: the ones it carries, else made now."""
    return run.arrays("projection.npz") if run.has("projection.npz") else project_run(run, None, dataset)


def _described(name: str, projection: Projection, frame: dict[str, np.ndarray] | None) -> dict[str, np.ndarray]:
    """One map, its trustworthiness and its disparity to the reference's map of the same name, under project_run's names."""
    if frame:
        projection = align(projection, frame[name])
    return {
        name: _compact(projection.coordinates),
        f"trust_{name}": _or_nan(projection.trustworthiness),
        f"disparity_{name}": _or_nan(projection.disparity),
    }


def _or_nan(figure: float | None) -> np.float32:
    """A figure as an array file holds it."""
    return np.float32(np.nan if figure is None else figure)


def _compact(coordinates: np.ndarray) -> np.ndarray:
    """float32 rounded to 12 significant bits: an eighth of a pixel on a 1,000-pixel map, and the zeros compress to nothing."""
    mantissa, exponent = np.frexp(coordinates)
    return np.ldexp(np.round(mantissa * 4096) / 4096, exponent).astype(np.float32)


def reference_for(store: RunStore, run: Run) -> Run | None:
    """The AE run whose map this one is turned to match: same images, latent size and seed. None for an AE, or if there is none."""
    c = run.config
    if c.model == "ae":
        return None
    same = ("dataset", "data_digest", "latent_dim", "seed", "trunk", "noise", "held_out_class")
    twins = store.find(model="ae", **{name: getattr(c, name) for name in same})
    return next((twin for twin in twins if twin.has("gallery.npz")), None)


def project_task(run_id: str, reference_id: str, cache: str, shipped: str) -> None:
    """What a worker runs: the maps of a run and of the one they are turned onto, kept with whichever has none yet.

    Raises:
        RunError: a run is not complete, or damaged, or its folder cannot be written.
        ProjectionError: codes that cannot be drawn.
        DataError: the images it was trained on are gone.
    """
    from core.files import npz_bytes
    from core.runs.store import RunError, RunStore

    store = RunStore(Path(cache), Path(shipped))
    run, reference = store.get(run_id), store.get(reference_id)
    for one, frame in ((reference, None), (run, reference)):
        if not one.has("projection.npz"):
            arrays = project_run(one, frame, one.dataset())
            try:
                one.add("projection.npz", npz_bytes(**arrays))
            except OSError as error:
                raise RunError(
                    f"the maps of {one.run_id} cannot be kept ({error.strerror or error}); make {one.path} writable."
                ) from None


def warm_up() -> None:
    """Compile what a map needs of umap-learn and keep it for every later process. Meant for the background or an image build."""
    project(np.random.default_rng(0).standard_normal((32, 3)), "umap", epochs=2)
