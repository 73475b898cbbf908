"""Exact nearest neighbours in the latent space, and figures based on them.

    disagreement_i = 1 - |N_a(i) n N_b(i)| / k        0: the same k neighbours in both spaces; 1: none in common

k is not lowered for a small data set: a figure about the 15 nearest of 16 images would be about all of them. A figure
that cannot be measured raises `NotMeasurable` with the reason. Only trustworthiness, which needs k < n / 2, may use a
smaller k (`trusted_neighbours`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import NotMeasurable, UserFacingError

NEIGHBOURS = 15
# Codes that differ by less than this fraction of their size differ by rounding: runs keep them in half precision.
ALIKE = 2.0**-11


class ProjectionError(UserFacingError, ValueError):
    """These codes cannot be mapped or compared in this way. The message says why and what to do."""


def all_alike(codes: np.ndarray) -> bool:
    """Whether codes (n, d) differ by rounding errors at most (see `ALIKE`)."""
    return bool(np.ptp(codes, axis=0).max() <= ALIKE * np.abs(codes).max())


def check_measurable(codes: np.ndarray, labels: np.ndarray | None = None, k: int = NEIGHBOURS) -> None:
    """Check that a figure about the k nearest neighbours of codes (n, d), and of their classes, is meaningful.

    Args:
        codes: (n, d).
        labels: classes (n,), if the figure is about classes.
        k: number of neighbours.

    Raises:
        NotMeasurable: too few codes, all of them equal, a single class, or no class with two images; says which.
    """
    if len(codes) <= k:
        raise NotMeasurable(f"{k} nearest neighbours need at least {k + 1} test images; there are {len(codes)}.")
    if all_alike(np.asarray(codes)):
        raise NotMeasurable("all codes are equal, so none is nearer than another.")
    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        if len(counts) < 2:
            raise NotMeasurable("all test images are of one class, so there is nothing to classify.")
        if counts.max() < 2:
            raise NotMeasurable("no class has two test images, so none has a neighbour of its own class.")


def nearest_neighbours(codes: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Indices (n, k) of the k nearest neighbours of every code, nearest first, by Euclidean distance; codes (n, d).

    By the k-d tree of scipy: a page needs this, and scikit-learn would cost it 1.3 s and 114 MB at the first import.

    Raises:
        NotMeasurable: fewer than k + 1 codes, or k < 1.
    """
    from scipy.spatial import KDTree

    codes = np.asarray(codes)
    n = len(codes)
    if not 1 <= k < n:
        raise NotMeasurable(f"k={k} neighbours need at least {k + 1} codes and k of 1 or more; there are {n} codes.")
    near = np.asarray(KDTree(codes).query(codes, k + 1)[1])
    itself = near == np.arange(n)[:, None]
    itself[~itself.any(1), -1] = True  # among more than k equal codes, the code itself may not be found
    return near[~itself].reshape(n, k)


def disagreement(a: np.ndarray, b: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """The fraction of each image's k neighbours in one space that are not among its k neighbours in the other.

    Args:
        a: codes (n, d_a).
        b: codes (n, d_b) of the same images in another space.
        k: number of neighbours.

    Returns:
        (n,), in [0, 1].

    Raises:
        ProjectionError: different numbers of codes.
        NotMeasurable: too few codes, or all codes of one space are equal.
    """
    if len(a) != len(b):
        raise ProjectionError(f"{len(a)} and {len(b)} codes: both spaces must hold the same images.")
    for codes in (a, b):
        check_measurable(codes, k=k)
    first, second = nearest_neighbours(a, k), nearest_neighbours(b, k)
    return 1 - (first[:, :, None] == second[:, None, :]).any(2).mean(1)


def as_codes(codes: Any, least: int = 1) -> np.ndarray:
    """Codes, a torch tensor or an array, as a float64 array (n, d).

    Raises:
        ProjectionError: not a table, fewer than `least` rows, or values that are not finite.
    """
    if hasattr(codes, "detach"):  # a torch tensor, without importing torch
        codes = codes.detach().cpu().double().numpy()
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise ProjectionError(f"codes of shape {codes.shape} are not a table; give (n, d), one row per image.")
    if len(codes) < least:
        raise ProjectionError(f"{len(codes)} codes make no map; give at least {least}.")
    bad = ~np.isfinite(codes).all(axis=1)
    if bad.any():
        raise ProjectionError(
            f"{bad.sum()} of {len(codes)} codes are not finite, the first in row {bad.argmax()}: "
            "the model has diverged. Train it with a lower learning rate."
        )
    return codes


def trusted_neighbours(n: int) -> int:
    """The k with which `trustworthiness` of n images is measured: `NEIGHBOURS`, less for fewer than 31; 0 for none."""
    return min(NEIGHBOURS, (n - 1) // 2)


def check_trust(codes: np.ndarray) -> None:
    """Check that the `trustworthiness` of a map of codes (n, d) can be measured.

    Raises:
        NotMeasurable: fewer than 3 codes, or all of them equal.
    """
    if len(codes) < 3:
        raise NotMeasurable(
            f"neighbours on a map and in the codes can be compared from 3 test images on; there are {len(codes)}."
        )
    if all_alike(codes):
        raise NotMeasurable("all codes are equal, so none is nearer than another.")


def trustworthiness(codes: Any, coordinates: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Whether neighbours on a map are neighbours in the latent space (Venna & Kaski 2001).

        T = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j among the k nearest of i on the map} max(0, rank_i(j) - k)

    rank_i(j) = 1 for the code nearest to i among the codes, which are not standardised. 1 is perfect, about 0.5 is the
    value of a random map. A small set is measured with a k below n / 2, see `trusted_neighbours`.

    Args:
        codes: (n, d).
        coordinates: of the map, (n, 2).
        k: number of neighbours.

    Raises:
        ProjectionError: the codes are not a table of finite numbers, or there is another number of points.
        NotMeasurable: fewer than 3 codes, or all of them equal.
    """
    from sklearn.manifold import trustworthiness as reference

    codes, coordinates = as_codes(codes), as_codes(coordinates)
    n = len(codes)
    if len(coordinates) != n:
        raise ProjectionError(f"{len(coordinates)} points are not a map of {n} codes.")
    check_trust(codes)
    centred = codes - codes.mean(axis=0)  # far from the origin, distances would suffer from rounding
    return float(reference(centred, coordinates - coordinates.mean(axis=0), n_neighbors=min(k, (n - 1) // 2)))


def knn_accuracy(codes: Any, labels: Any, k: int = NEIGHBOURS) -> float:
    """The fraction of codes whose k nearest neighbours in the latent space predict their class by majority vote.

    Leave-one-out; among classes with equally many votes the one with the nearest member wins. It measures how well the
    latent space separates the classes, independently of any map.

    Args:
        codes: (n, d).
        labels: classes (n,).
        k: number of neighbours.

    Raises:
        NotMeasurable: see `check_measurable`.
        ProjectionError: see `as_codes`; or another number of labels.
    """
    from sklearn.neighbors import KNeighborsClassifier

    codes, labels = as_codes(codes), np.asarray(labels)
    if labels.shape != (len(codes),):
        raise ProjectionError(f"labels of shape {labels.shape} do not fit {len(codes)} codes; give one class per code.")
    check_measurable(codes, labels, k)
    by_rank = 1 + 0.5 ** np.arange(2, k + 2) / k  # one vote per neighbour, and slightly more for a nearer one

    def votes(distances: np.ndarray) -> np.ndarray:
        return np.tile(by_rank, (len(distances), 1))

    # scikit-learn has no type annotations, and its documentation allows a function here.
    classifier = KNeighborsClassifier(k, weights=votes)  # pyright: ignore[reportArgumentType]
    predicted = classifier.fit(codes, labels).predict(None)  # None: every code, classified by the others
    return float((predicted == labels).mean())
