"""PCA, the best **linear** autoencoder, as a control for the networks.

Of all linear maps to d numbers and back, the projection on the first d principal components has the smallest squared
error (Baldi & Hornik 1989). Where a network is no better than PCA, its non-linearity has no benefit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.latent.projection import principal_axes

LIMIT = 10_000  # number of images it is fitted to


@dataclass(frozen=True)
class Pca:
    """Mean (784,) and orthonormal components (k, 784), in the order of falling variance."""

    mean: np.ndarray
    components: np.ndarray

    def encode(self, images: np.ndarray, d: int | None = None) -> np.ndarray:
        """The first d coordinates of images (N, 28, 28) in [0, 1]: (N, d)."""
        return (images.reshape(len(images), -1) - self.mean) @ self.components[:d].T

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Images (N, 28, 28) of codes (N, d), clipped to [0, 1]."""
        flat = self.mean + codes @ self.components[: codes.shape[1]]
        return np.clip(flat, 0, 1).reshape(-1, 28, 28).astype(np.float32)


def fit_pca(images: np.ndarray, k: int) -> Pca:
    """PCA of uint8 images (N, 1, 28, 28), of every n-th if there are more than `LIMIT`, with at most N components."""
    x = images[:: max(1, -(-len(images) // LIMIT))].reshape(-1, 784).astype(np.float32) / 255
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    x -= mean
    components = principal_axes(x.T @ x, min(k, len(x)))
    return Pca(mean, components.astype(np.float32))
