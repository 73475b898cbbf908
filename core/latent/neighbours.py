"""Who is near whom, in the latent space itself: exact nearest neighbours, and where two spaces disagree about them.

    disagreement_i = 1 - |N_a(i) n N_b(i)| / k        0: the same k neighbours in both spaces; 1: none in common

k is never lowered to fit a small data set: a figure about the 15 nearest of 16 images is about all of them. What cannot be
measured raises `NotMeasurable` with the reason. Trustworthiness, which needs k < n / 2, says which k it used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from core.errors import NotMeasurable, UserFacingError

NEIGHBOURS = 15
ALIKE = (
    2.0**-11
)  # codes that differ by less than this share of their size differ by rounding: runs keep them in half precision
BLOCK = 500_000  # distances held at a time: they stay in the processor's cache


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


def nearest_neighbours(codes: np.ndarray, k: int = NEIGHBOURS, batch: int = 1000) -> np.ndarray:
    """Indices (n, k) of every code's k nearest others, nearest first, by Euclidean distance; codes (n, d).

    Raises:
        NotMeasurable: fewer than k + 1 codes, or k < 1.
    """
    codes = np.asarray(codes, dtype=np.float32)
    if not 1 <= k < len(codes):
        raise NotMeasurable(
            f"k={k} neighbours need at least {k + 1} codes and k of 1 or more; there are {len(codes)} codes."
        )
    codes = codes - codes.mean(0)  # keeps the expansion below accurate far from the origin
    norms = np.einsum("nd,nd->n", codes, codes)
    rows = []
    for start in range(0, len(codes), batch):
        part = codes[start : start + batch]
        distances = norms - 2 * part @ codes.T  # |a - b|^2 - |a|^2, which orders b as |a - b| does; (batch, n)
        distances[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        near = np.argpartition(distances, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(distances, near, 1), axis=1, kind="stable")
        rows.append(np.take_along_axis(near, order, 1))
    return np.concatenate(rows)


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


def _distance_blocks(points: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and their squared distances to all points, infinite to themselves, a block at a time."""
    centred = points - points.mean(axis=0)
    squares = (centred**2).sum(axis=1)
    step = max(1, BLOCK // len(points))
    for first in range(0, len(points), step):
        rows = np.arange(first, min(first + step, len(points)))
        block = np.maximum(squares[rows, None] + squares - 2 * centred[rows] @ centred.T, 0)
        block[np.arange(len(rows)), rows] = np.inf
        yield rows, block


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
    codes, coordinates = as_codes(codes), as_codes(coordinates)
    n = len(codes)
    if len(coordinates) != n:
        raise ProjectionError(f"{len(coordinates)} points are not a map of {n} codes.")
    check_trust(codes)
    k = min(k, (n - 1) // 2)
    near = np.empty((n, k), np.int64)
    for rows, block in _distance_blocks(coordinates):
        near[rows] = np.argpartition(block, k - 1, axis=1)[:, :k]
    penalty = 0
    for rows, block in _distance_blocks(codes):
        for column in near[rows].T:
            closer = (block < block[np.arange(len(rows)), column][:, None]).sum(axis=1)
            penalty += int(np.maximum(closer + 1 - k, 0).sum())
    return 1 - 2 * penalty / (n * k * (2 * n - 3 * k - 1))


def knn_accuracy(codes: Any, labels: Any, k: int = NEIGHBOURS) -> float:
    """Share of codes whose k nearest others, in the latent space itself and not on a map, vote for their class.

    Leave-one-out; of classes with equal votes the one with the nearest member wins. A lookup of how well the space is
    organised by class, without any map in between.

    Raises:
        NotMeasurable: see `check_measurable`.
        ProjectionError: as `as_codes`, or another number of labels.
    """
    codes, labels = as_codes(codes), np.asarray(labels)
    if labels.shape != (len(codes),):
        raise ProjectionError(f"labels of shape {labels.shape} do not fit {len(codes)} codes; give one class per code.")
    check_measurable(codes, labels, k)
    near = nearest_neighbours(codes, k)
    classes, members = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(near), len(classes)))
    for place in range(k):
        votes[np.arange(len(near)), members[near[:, place]]] += 1 + 0.5 ** (place + 2) / k
    return float((votes.argmax(axis=1) == members).mean())
