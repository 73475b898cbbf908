"""PCA, the best **linear** autoencoder, as a control for the networks.

Of all linear maps to d numbers and back, the projection on the first d principal components has the smallest squared
error (Baldi & Hornik 1989). Where a network is no better than PCA, its non-linearity has no benefit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.shape import as_pictures
from core.latent.projection import principal_axes

LIMIT = 10_000  # number of images it is fitted to
NUMBERS = 32_000_000  # and of the numbers in them, 128 MB as floats: 10,000 of 32x32 in colour, 2,604 of 64x64
EXACT = 1024  # numbers per image, up to which the covariance matrix is decomposed


@dataclass(frozen=True)
class Pca:
    """Mean (P,) and orthonormal components (k, P), in the order of falling variance, of pictures of P numbers.

    Attributes:
        picture: the shape of one picture, see `core.data.shape`.
    """

    mean: np.ndarray
    components: np.ndarray
    picture: tuple[int, ...]

    def encode(self, images: np.ndarray, d: int | None = None) -> np.ndarray:
        """The first d coordinates of pictures (N, ...) in [0, 1]: (N, d)."""
        return (images.reshape(len(images), -1) - self.mean) @ self.components[:d].T

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Pictures (N, ...) of codes (N, d), clipped to [0, 1]."""
        flat = self.mean + codes @ self.components[: codes.shape[1]]
        return np.clip(flat, 0, 1).reshape(-1, *self.picture).astype(np.float32)


def fit_pca(images: np.ndarray, k: int, exact: int = EXACT, numbers: int = NUMBERS) -> Pca:
    """PCA of images, with at most as many components as there are images.

    Args:
        images: uint8 (N, C, H, W).
        k: the number of components.
        exact: numbers per image above which the components come from a randomised decomposition (Halko et al. 2011),
            which does not form the covariance matrix.
        numbers: with more of them in all images, or with more images than `LIMIT`, only every n-th image is used.
    """
    most = max(1, min(LIMIT, numbers // max(images[0].size, 1)))
    pictures = as_pictures(images[:: max(1, -(-len(images) // most))])
    x = pictures.reshape(len(pictures), -1)
    mean = x.mean(0, dtype=np.float64).astype(np.float32)
    x -= mean
    k = min(k, *x.shape)
    if x.shape[1] <= exact:
        components = principal_axes(x.T @ x, k)
    else:
        from sklearn.utils.extmath import randomized_svd

        components = randomized_svd(x, k, random_state=0)[2]
    return Pca(mean, components.astype(np.float32), pictures.shape[1:])
