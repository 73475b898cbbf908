"""Codes for tests of projections."""

import numpy as np

RNG = np.random.default_rng(3)
LABELS = np.repeat(np.arange(4), 60)
BLOBS = (
    RNG.standard_normal((240, 6)) + 8 * RNG.standard_normal((4, 6))[LABELS]
)  # four separate clusters in 6 dimensions


def rotation(degrees: float) -> np.ndarray:
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
