"""Nearest neighbours among codes, and what they tell: how well a map keeps them, a class shares them, two spaces agree.

Exact and without a search tree: for a few thousand codes a matrix product is quicker, and it needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

NEIGHBOURS = 15
BLOCK = 500_000  # distances held at a time: they stay in the processor's cache


class ProjectionError(ValueError):
    """These codes cannot be drawn so, or not compared. The message says why and what to do."""


def as_codes(codes: Any) -> np.ndarray:
    """Codes, a torch tensor or an array, as float64 (n, d).

    Raises:
        ProjectionError: not a table, fewer than 3 rows, or values that are not finite.
    """
    if hasattr(codes, "detach"):  # a torch tensor, without importing torch
        codes = codes.detach().cpu().double().numpy()
    codes = np.asarray(codes, dtype=np.float64)
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise ProjectionError(f"codes of shape {codes.shape} are not a table; give (n, d), one row per image.")
    if len(codes) < 3:
        raise ProjectionError(f"{len(codes)} codes make no map; give at least 3.")
    bad = ~np.isfinite(codes).all(axis=1)
    if bad.any():
        raise ProjectionError(
            f"{bad.sum()} of {len(codes)} codes are not finite, the first in row {bad.argmax()}: the model has diverged. Train it with a lower learning rate."
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


def nearest_neighbours(codes: Any, k: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Exact Euclidean neighbours of every code among the others.

    Returns:
        indices int64 (n, k) and distances (n, k), nearest first, the code itself left out.

    Raises:
        ProjectionError: k is not from 1 to n - 1.
    """
    codes = as_codes(codes)
    if not 1 <= k < len(codes):
        raise ProjectionError(f"k={k} neighbours cannot be found among {len(codes)} codes; give a value from 1 to {len(codes) - 1}.")
    found = np.empty((len(codes), k), np.int64)
    for rows, block in _distance_blocks(codes):
        found[rows] = np.argpartition(block, k - 1, axis=1)[:, :k]
    found.sort(axis=1)  # equal distances in the order of the codes
    distances = np.stack([np.linalg.norm(codes[found[:, j]] - codes, axis=1) for j in range(k)], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(distances, order, axis=1)


def trustworthiness(codes: Any, coordinates: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Are neighbours on the map neighbours in the latent space? (Venna & Kaski 2001)

        T = 1 - 2 / (n k (2n - 3k - 1)) sum_i sum_{j in map's k nearest of i} max(0, rank_i(j) - k)

    rank_i(j) = 1 for the code nearest to i in the original codes, as they are. 1 is perfect, about .5 is chance. A small
    set is measured at a k below n / 2. NaN when all codes are equal: they have no neighbours.

    Raises:
        ProjectionError: codes that are no table of finite numbers, or another number of points.
    """
    codes, coordinates = as_codes(codes), as_codes(coordinates)
    n = len(codes)
    if len(coordinates) != n:
        raise ProjectionError(f"{len(coordinates)} points are not a map of {n} codes.")
    if not np.ptp(codes, axis=0).any():
        return float("nan")
    k = min(k, (n - 1) // 2)
    near, _ = nearest_neighbours(coordinates, k)
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
        ProjectionError: as `nearest_neighbours`, or another number of labels.
    """
    labels = np.asarray(labels)
    near, _ = nearest_neighbours(codes, k)
    if labels.shape != (len(near),):
        raise ProjectionError(f"labels of shape {labels.shape} do not fit {len(near)} codes; give one class per code.")
    classes, members = np.unique(labels, return_inverse=True)
    votes = np.zeros((len(near), len(classes)))
    for place in range(k):
        votes[np.arange(len(near)), members[near[:, place]]] += 1 + 0.5 ** (place + 2) / k
    return float((votes.argmax(axis=1) == members).mean())


def shared_neighbours(codes_a: Any, codes_b: Any, k: int = NEIGHBOURS) -> np.ndarray:
    """Where do two spaces disagree? For each image the share (n,) of its k nearest that are the same in both spaces.

    Raises:
        ProjectionError: as `nearest_neighbours`, or two sizes.
    """
    a, b = nearest_neighbours(codes_a, k)[0], nearest_neighbours(codes_b, k)[0]
    if len(a) != len(b):
        raise ProjectionError(f"{len(a)} and {len(b)} codes are not of the same images.")
    return (a[:, :, None] == b[:, None, :]).any(axis=2).mean(axis=1)
