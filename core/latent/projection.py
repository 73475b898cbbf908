"""Maps: d-dimensional codes as points in a plane, and how far a map can be trusted.

    PCA      the plane of largest variance; linear, fast, independent of a seed
    UMAP     a layout in which the nearest neighbours of each code stay near; not linear, depends on the seed
    native   d <= 2: the latent space itself

A UMAP does not show the size of a cluster, the width of a gap or the density of a region. A new code (a prior sample,
for example) has no place in it: it would be moved towards the data. Every map therefore comes with its trustworthiness.
Maps of two models are aligned by Procrustes analysis, which also gives the disparity that remains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from core.errors import NotMeasurable
from core.latent.neighbours import NEIGHBOURS, ProjectionError, all_alike, as_codes, trustworthiness

METHODS = ("umap", "pca", "native")
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
    """Map codes to a plane.

    >>> project(model.encode(images).mean).coordinates  # (n, 2)

    Args:
        codes: posterior means (n, d), a numpy array or a torch tensor on any device.
        method: "umap" or "pca", both of standardised codes, or "native": codes with d <= 2 unchanged (d = 1 on y = 0).
        seed: of UMAP. The same codes and seed give the same map, bit for bit.
        reference: a map of the same images, with which this one is aligned by rotation, reflection, scaling and
            translation. A native map keeps its coordinates, since it is drawn with circles of the prior; only its
            disparity is measured.
        neighbours: UMAP's n_neighbors, including the point itself, and at most n - 1; min_dist is 0.1.
        epochs: of UMAP; default `core.latent.umap_layout.EPOCHS`.

    Raises:
        ProjectionError: unknown method, no codes (for UMAP: fewer than 3), values that are not finite, a native map
            with d > 2, or a reference of another size.
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
        coordinates = np.zeros((len(codes), 2))  # one point: the codes differ by rounding errors alone
    elif method == "pca":
        coordinates = pca(standardise(codes))
    else:
        from core.latent.umap_layout import layout

        scaled = standardise(codes)
        coordinates = layout(scaled, pca(scaled), min(neighbours, len(codes) - 1), seed, epochs)
    trust = measured_or_none(trustworthiness, codes, coordinates)
    result = Projection(coordinates.astype(np.float32), method, int(seed), trust)
    return result if reference is None else align(result, reference)


def measured_or_none(measure: Callable[..., float], *arguments: Any) -> float | None:
    """The value of a measure; None if it cannot be computed for these codes (`NotMeasurable`)."""
    try:
        return measure(*arguments)
    except NotMeasurable:
        return None


def project_pair(ae_codes: Any, vae_codes: Any, method: str = "umap", seed: int = 0) -> tuple[Projection, Projection]:
    """Maps of the codes of the same images in two models, the second aligned with the first.

    Raises:
        ProjectionError: as `project`.
    """
    first = project(ae_codes, method, seed)
    return first, project(vae_codes, method, seed, reference=first)


def align(projection: Projection, reference: Projection | np.ndarray) -> Projection:
    """A map aligned with a reference map of the same images, with the disparity; a native map keeps its coordinates.

    Raises:
        ProjectionError: the reference has another number of points.
    """
    target = reference.coordinates if isinstance(reference, Projection) else np.asarray(reference)
    aligned, disparity = procrustes(projection.coordinates, target)
    coordinates = projection.coordinates if projection.method == "native" else aligned
    return replace(projection, coordinates=coordinates, disparity=disparity)


def standardise(codes: np.ndarray) -> np.ndarray:
    """Codes (n, d), every dimension centred and divided by its standard deviation, or by a minimum if that is larger.

    The minimum is half (`FLOOR`) of the largest standard deviation. The means of an inactive dimension of a VAE are
    almost constant: divided by their own small deviation they would count as much as an active dimension, and the map
    would show noise. In the shipped VAEs active dimensions have standard deviations of 0.5 to 1.1 and inactive ones of
    0.04 to 0.3; in the AEs all have 0.6 to 1 times the largest. Half the largest separates them. At beta = 4 a minimum
    of a tenth costs UMAP 0.03 of its trustworthiness.
    """
    spread = codes.std(axis=0)
    return (codes - codes.mean(axis=0)) / np.maximum(spread, FLOOR * spread.max())


def principal_axes(scatter: np.ndarray, k: int) -> np.ndarray:
    """The k eigenvectors of a scatter matrix X'X (d, d) with the largest eigenvalues: unit vectors (k, d), float64.

    They are in the order of falling eigenvalues. The sign of an eigenvector is arbitrary; here its largest entry is
    positive (the first of equally large ones), so that equal data give equal pictures everywhere. scikit-learn's PCA
    gives the same axes, but costs a server that draws a page 1.7 s and 140 MB at the first import.
    """
    _, vectors = np.linalg.eigh(np.asarray(scatter, np.float64))  # in the order of rising eigenvalues
    axes = vectors.T[::-1][:k]
    size = np.abs(axes)
    # Entries that differ by rounding errors count as equal; otherwise the sign would depend on the last bit.
    largest = (size >= (1 - 1e-9) * size.max(axis=1, keepdims=True)).argmax(axis=1)
    return axes * np.sign(axes[np.arange(len(axes)), largest])[:, None]


def largest_directions(codes: np.ndarray) -> np.ndarray:
    """The two directions of largest variance of codes (n, d), see `principal_axes`: unit vectors (2, d), float64.

    With d = 1 the second one is zero.
    """
    centred = np.asarray(codes, np.float64) - np.mean(codes, axis=0, dtype=np.float64)
    directions = principal_axes(centred.T @ centred, 2)
    return np.pad(directions, ((0, 2 - len(directions)), (0, 0)))


def plane_of(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane in which codes (n, d) are drawn: basis (2, d) and offset (2,), float32.

    A code z is drawn at basis @ z + offset. For d <= 2 the plane is the latent space itself, with 0 at the centre;
    otherwise that of `largest_directions`, with the mean of the codes at the centre.
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
    """Align `points` with `reference` by rotation, reflection, scaling and translation (Gower 1975).

    Both are (n, 2), with the same image in row i. With both centred and of norm 1, the best rotation leaves the
    disparity  1 - (s_1 + s_2)^2, s the singular values of X^T Y: 0 for the same shape, at most 1. The result has the
    size of the reference; the least-squares scale would make a map smaller the more it differs.

    Returns:
        the aligned points, float32 (n, 2), and the disparity.

    Raises:
        ProjectionError: different numbers of points.
    """
    from scipy.linalg import orthogonal_procrustes

    if points.shape != reference.shape:
        raise ProjectionError(
            f"a map of shape {points.shape} cannot be turned onto one of shape {reference.shape}; "
            "give the same images to both."
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


def warm_up() -> None:
    """Compile the code of umap-learn that a map needs and keep it for later processes, e.g. when building an image."""
    project(np.random.default_rng(0).standard_normal((32, 3)), "umap", epochs=2)
