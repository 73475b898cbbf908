"""Who is near whom, in the latent space itself: exact nearest neighbours, and where two spaces disagree about them.

    disagreement_i = 1 - |N_a(i) n N_b(i)| / k        0: the same k neighbours in both spaces; 1: none in common

k is never lowered to fit a small data set: a figure about the 15 nearest of 16 images is about all of them. What cannot be
measured raises `NotMeasurable` with the reason. Trustworthiness, which needs k < n / 2, says which k it used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.errors import NotMeasurable, UserFacingError

NEIGHBOURS = 15
ALIKE = (
    2.0**-11
)  # codes that differ by less than this share of their size differ by rounding: runs keep them in half precision


class ProjectionError(UserFacingError, ValueError):
    """These codes cannot be drawn so, or not compared. The message says why and what to do."""


def all_alike(codes: np.ndarray) -> bool:
    """Whether codes (n, d) differ by no more than rounding (see `ALIKE`)."""
    return bool(np.ptp(codes, axis=0).max() <= ALIKE * np.abs(codes).max())


def check_measurable(codes: np.ndarray, labels: np.ndarray | None = None, k: int = NEIGHBOURS) -> None:
    """Whether a figure about each code's k nearest others, and with labels about their classes, would mean anything.

    Raises:
        NotMeasurable: too few codes, all of them alike, one class only, or no class with two images; says which.
    """
    if len(codes) <= k:
        raise NotMeasurable(f"{k} nearest neighbours need at least {k + 1} test images; there are {len(codes)}.")
    if all_alike(np.asarray(codes)):
        raise NotMeasurable("all codes are alike, so none is nearer than another.")
    if labels is not None:
        counts = np.unique(labels, return_counts=True)[1]
        if len(counts) < 2:
            raise NotMeasurable("all test images are of one class, so there is no other to tell it from.")
        if counts.max() < 2:
            raise NotMeasurable("no class has two test images, so none has a neighbour of its own class.")


def nearest_neighbours(codes: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Indices (n, k) of every code's k nearest others, nearest first, by Euclidean distance; codes (n, d).

    With scipy's tree: a page shows this, and scikit-learn would cost it 1.3 s and 114 MB more at the first import.

    Raises:
        NotMeasurable: fewer than k + 1 codes, or k < 1.
    """
    from scipy.spatial import KDTree

    codes = np.asarray(codes)
    n = len(codes)
    if not 1 <= k < n:
        raise NotMeasurable(f"k={k} neighbours need at least {k + 1} codes and k of 1 or more; there are {n} codes.")
    near = KDTree(codes).query(codes, k + 1)[1]
    itself = near == np.arange(n)[:, None]
    itself[~itself.any(1), -1] = True  # of more than k equal codes, it may not be among its own nearest
    return near[~itself].reshape(n, k)


def disagreement(a: np.ndarray, b: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Share of each image's k neighbours in one space that are not among its k in the other; codes (n, da) and (n, db) -> (n,).

    Raises:
        ProjectionError: different numbers of codes.
        NotMeasurable: too few of them, or those of one space all alike.
    """
    if len(a) != len(b):
        raise ProjectionError(f"{len(a)} and {len(b)} codes: both spaces must hold the same images.")
    for codes in (a, b):
        check_measurable(codes, k=k)
    first, second = nearest_neighbours(a, k), nearest_neighbours(b, k)
    return 1 - (first[:, :, None] == second[:, None, :]).any(2).mean(1)


def as_codes(codes: Any, least: int = 1) -> np.ndarray:
    """Codes, a torch tensor or an array, as float64 (n, d).

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
    """The k at which `trustworthiness` is measured on n images: `NEIGHBOURS`, of fewer than 31 images less; 0 is none."""
    return min(NEIGHBOURS, (n - 1) // 2)


def check_trust(codes: np.ndarray) -> None:
    """Whether the `trustworthiness` of a map of codes (n, d) can be measured.

    Raises:
        NotMeasurable: fewer than 3 codes, or all of them alike.
    """
    if len(codes) < 3:
        raise NotMeasurable(
            f"neighbours on a map and in the codes can be compared from 3 test images on; there are {len(codes)}."
        )
    if all_alike(codes):
        raise NotMeasurable("all codes are alike, so none is nearer than another.")


def trustworthiness(codes: Any, coordinates: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Are neighbours on the map neighbours in the latent space? (Venna & Kaski 2001)

        T = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j in map's k nearest of i} max(0, rank_i(j) - k)

    rank_i(j) = 1 for the code nearest to i in the original codes, as they are. 1 is perfect, about .5 is chance. A small
    set is measured at a k below n / 2, see `trusted_neighbours`.

    Raises:
        ProjectionError: codes that are no table of finite numbers, or another number of points.
        NotMeasurable: fewer than 3 codes, or all of them alike.
    """
    from sklearn.manifold import trustworthiness as reference

    codes, coordinates = as_codes(codes), as_codes(coordinates)
    n = len(codes)
    if len(coordinates) != n:
        raise ProjectionError(f"{len(coordinates)} points are not a map of {n} codes.")
    check_trust(codes)
    centred = codes - codes.mean(axis=0)  # distances far from the origin would be rounded
    return float(reference(centred, coordinates - coordinates.mean(axis=0), n_neighbors=min(k, (n - 1) // 2)))


def knn_accuracy(codes: Any, labels: Any, k: int = NEIGHBOURS) -> float:
    """Share of codes whose k nearest others, in the latent space itself and not on a map, vote for their class.

    Leave-one-out; of classes with equal votes the one with the nearest member wins. A lookup of how well the space is
    organised by class, without any map in between.

    Raises:
        NotMeasurable: see `check_measurable`.
        ProjectionError: as `as_codes`, or another number of labels.
    """
    from sklearn.neighbors import KNeighborsClassifier

    codes, labels = as_codes(codes), np.asarray(labels)
    if labels.shape != (len(codes),):
        raise ProjectionError(f"labels of shape {labels.shape} do not fit {len(codes)} codes; give one class per code.")
    check_measurable(codes, labels, k)
    by_rank = 1 + 0.5 ** np.arange(2, k + 2) / k  # one vote each, and the nearer one's counts a little more
    classifier = KNeighborsClassifier(k, weights=lambda near: np.tile(by_rank, (len(near), 1)))
    predicted = classifier.fit(codes, labels).predict(None)  # None: of each code without the code itself
    return float((predicted == labels).mean())
