"""The control for everything a network is praised for: the best **linear** autoencoder, which is PCA.

Of all linear maps to d numbers and back, projecting on the d leading principal components has the least squared error
(Baldi & Hornik 1989). What a network does no better than this, it does not owe to being a network.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.latent.projection import principal_axes

LIMIT = 10_000  # images it is fitted to


@dataclass(frozen=True)
class Pca:
    """Mean (784,) and components (k, 784), orthonormal, the strongest first."""

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
    """PCA of uint8 images (N, 1, 28, 28), of `LIMIT` of them where there are more; k is cut to what N images can have."""
    x = images[:: max(1, -(-len(images) // LIMIT))].reshape(-1, 784).astype(np.float32) / 255
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    x -= mean
    components = principal_axes(x.T @ x, min(k, len(x)))
    return Pca(mean, components.astype(np.float32))
