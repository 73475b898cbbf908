"""UMAP (McInnes, Healy & Melville 2018, arXiv:1802.03426) for a few thousand codes, without the wait.

    v(j|i) = exp(-max(0, d_ij - rho_i) / sigma_i)       rho_i: distance to the nearest, sigma_i: so that sum_j v(j|i) = log2 k
    v_ij   = v(j|i) + v(i|j) - v(j|i) v(i|j)            fuzzy union: the graph of the codes
    w_ij   = 1 / (1 + a |y_i - y_j|^(2b))               the graph of the map
    minimise  sum_ij  v_ij log(v_ij / w_ij) + (1 - v_ij) log((1 - v_ij) / (1 - w_ij))

by stochastic gradient descent: an edge is visited as often as its v_ij says and pulls, five random points push.

These are umap-learn's steps and constants with exact neighbours, a start from PCA and fewer epochs. The package itself is
what `tests/benchmarks/bench_projection.py` compares with: importing it takes longer than our whole first map, since it
brings scikit-learn, pynndescent and dozens of functions to compile, of which a small map needs one.
"""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from numba import config, njit

log = logging.getLogger(__name__)

# w_ij's curve for min_dist = 0.1 and spread = 1: least squares, umap-learn's `find_ab_params(1.0, 0.1)`.
A, B = 1.5769434602, 0.8950608780
EPOCHS = 250  # umap-learn takes 500 for less than 10,000 points; the benchmark shows what the second half buys
NEGATIVES = 5


def fuzzy_graph(indices: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The symmetric neighbour graph v of section 3.1, as the coordinates of a sparse matrix.

    Args:
        indices, distances: (n, k) nearest neighbours in rising order, the point itself first.

    Returns:
        heads (m,), tails (m,), weights (m,) in (0, 1]; both directions of every edge, sorted by head.
    """
    n, k = indices.shape
    rho = np.where(distances > 0, distances, np.inf).min(axis=1)
    rho[np.isinf(rho)] = 0.0  # nothing but duplicates
    beyond = np.maximum(distances - rho[:, None], 0.0)
    low, high, sigma = np.zeros(n), np.full(n, np.inf), np.ones(n)
    for _ in range(64):  # bisection, all points at once
        above = np.exp(-beyond[:, 1:] / sigma[:, None]).sum(axis=1) > np.log2(k)
        low, high = np.where(above, low, sigma), np.where(above, sigma, high)
        sigma = np.where(np.isinf(high), 2 * sigma, (low + high) / 2)
    sigma = np.clip(sigma, 1e-3 * np.where(rho > 0, distances.mean(axis=1), distances.mean()) + 1e-12, 1e12)
    weights = np.exp(-beyond / sigma[:, None])

    heads, tails = np.repeat(np.arange(n), k), indices.ravel()
    other = heads != tails
    heads, tails, weights = heads[other], tails[other], weights.ravel()[other]
    edges, place = np.unique(np.concatenate([heads * n + tails, tails * n + heads]), return_inverse=True)
    there, back = np.zeros(len(edges)), np.zeros(len(edges))
    there[place[: len(heads)]] = weights
    back[place[len(heads) :]] = weights
    return edges // n, edges % n, there + back - there * back


@njit(nogil=True)  # another visitor's script goes on meanwhile
def _descend(y, heads, tails, period, epochs, a, b, negatives, seed):  # pragma: no cover (compiled)
    """Section 3.2: `epochs` rounds over the edges, in place on y (n, 2) float32; edge e is visited every `period[e]` rounds."""
    n = y.shape[0]
    one, four, tiny = np.float32(1), np.float32(4), np.float32(0.001)
    pull, push = np.float32(-2) * a * b, np.float32(2) * b
    next_visit = period.copy()
    next_push = period / negatives
    state = np.uint64(seed) * np.uint64(2685821657736338717) + np.uint64(88172645463325252)
    for epoch in range(epochs):
        rate = one - np.float32(epoch) / np.float32(epochs)
        for e in range(heads.shape[0]):
            if next_visit[e] > epoch:
                continue
            i, j = heads[e], tails[e]
            dx, dy = y[i, 0] - y[j, 0], y[i, 1] - y[j, 1]
            square = dx * dx + dy * dy
            if square > 0:
                power = square**b
                g = pull * power / (square * (a * power + one))
                mx, my = rate * min(max(g * dx, -four), four), rate * min(max(g * dy, -four), four)
                y[i, 0] += mx
                y[i, 1] += my
                y[j, 0] -= mx
                y[j, 1] -= my
            next_visit[e] += period[e]
            pushes = int((epoch - next_push[e]) * negatives / period[e])
            next_push[e] += pushes * period[e] / negatives
            for _ in range(pushes):
                state ^= state << np.uint64(13)  # xorshift64 (Marsaglia 2003): any even spread of indices will do
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                j = np.int64((state >> np.uint64(11)) % np.uint64(n))
                dx, dy = y[i, 0] - y[j, 0], y[i, 1] - y[j, 1]
                square = dx * dx + dy * dy
                if square > 0:  # neither itself nor a point in the same place
                    g = push / ((tiny + square) * (a * square**b + one))
                    y[i, 0] += rate * min(g * dx, four) if dx > 0 else rate * max(g * dx, -four)
                    y[i, 1] += rate * min(g * dy, four) if dy > 0 else rate * max(g * dy, -four)


def keep_compiled_code_in(folder: Path) -> bool:
    """Have the compiled descent loaded from `folder`, or kept there once it is made; False where it cannot be written."""
    before = config.CACHE_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        config.CACHE_DIR = str(folder)  # read by the next line only: other users of numba keep their own place
        _descend.enable_caching()
        return Path(_descend.stats.cache_path).is_relative_to(folder)
    except (OSError, RuntimeError) as error:  # read-only everywhere: compiled anew in every process, 2-3 s
        log.warning("compiled code cannot be kept in %s (%s); set POINT_OR_CLOUD_CACHE to a folder that can be written.", folder, error)
        return False
    finally:
        config.CACHE_DIR = before


def embed(indices: np.ndarray, distances: np.ndarray, start: np.ndarray, seed: int = 0, epochs: int = EPOCHS) -> np.ndarray:
    """The map of a neighbour graph. The same seed gives the same map, bit for bit.

    Args:
        indices, distances: (n, k) nearest neighbours in rising order, the point itself first.
        start: (n, 2) first coordinates, of any size; stretched to the square [0, 10]^2 as umap-learn does.
        seed: of the small noise that separates equal points, and of the random pushes.
        epochs: rounds over the edges; the step shrinks linearly to nothing.

    Returns:
        float32 (n, 2).
    """
    heads, tails, weights = fuzzy_graph(indices, distances)
    visited = weights * epochs >= weights.max()  # the other edges' turn would never come
    period = weights.max() / weights[visited]
    y = start / max(np.abs(start).max(), 1e-12) * 10 + np.random.default_rng(seed).normal(scale=1e-4, size=start.shape)
    y = ((y - y.min(axis=0)) / np.ptp(y, axis=0) * 10).astype(np.float32)
    _descend(
        y,
        heads[visited].astype(np.int32),
        tails[visited].astype(np.int32),
        period.astype(np.float32),
        epochs,
        np.float32(A),
        np.float32(B),
        np.float32(NEGATIVES),
        seed,
    )
    return y
