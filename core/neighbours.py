"""Who is near whom, in the latent space itself: exact nearest neighbours, and where two spaces disagree about them.

    disagreement_i = 1 - |N_a(i) n N_b(i)| / k        0: the same k neighbours in both spaces; 1: none in common
"""

from __future__ import annotations

import numpy as np


def nearest_neighbours(codes: np.ndarray, k: int = 15, batch: int = 1000) -> np.ndarray:
    """Indices (n, k) of every code's k nearest others, nearest first, by Euclidean distance; codes (n, d).

    Raises:
        ValueError: fewer than k + 1 codes, or k < 1.
    """
    codes = np.asarray(codes, dtype=np.float32)
    if not 1 <= k < len(codes):
        raise ValueError(f"k={k} neighbours need at least {k + 1} codes and k of 1 or more; there are {len(codes)} codes.")
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


def disagreement(a: np.ndarray, b: np.ndarray, k: int = 15) -> np.ndarray:
    """Share of each image's k neighbours in one space that are not among its k in the other; codes (n, da) and (n, db) -> (n,).

    Raises:
        ValueError: different numbers of codes, or too few of them.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} codes: both spaces must hold the same images.")
    k = min(k, len(a) - 1)
    first, second = nearest_neighbours(a, k), nearest_neighbours(b, k)
    return 1 - (first[:, :, None] == second[:, None, :]).any(2).mean(1)
