"""Densities over codes. Any autoencoder generates new images by decoding codes that are drawn from a density.

    prior      z ~ N(0, I)                        the density that a VAE is trained with; an AE has none
    gaussian   z ~ N(m, S), fitted to codes       a single Gaussian
    mixture    z ~ sum_k w_k N(m_k, S_k), K = 10  full covariances (Ghosh et al. 2020, section 4)

Densities are fitted to **sampled** codes z ~ q(z|x) of the training images, for both models (the sample of a point is
the code itself). Temperature T scales every standard deviation by T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.errors import ArgumentError, NotMeasurable

if TYPE_CHECKING:
    import torch

    from core.data.dataset import Dataset
    from core.models.build import Model

SOURCES = ("prior", "gaussian", "mixture")
COMPONENTS = 10
# Added to the diagonals of covariances, absolute and relative to the mean variance: an unused latent dimension of an AE
# has no variance, and beside very large codes the absolute term vanishes in double precision.
JITTER, RELATIVE_JITTER = 1e-6, 1e-9


@dataclass(frozen=True)
class Density:
    """A mixture of K Gaussians over codes; with K = 1 a single Gaussian.

    Attributes:
        weights: (K,), summing to 1.
        means: (K, d).
        covs: (K, d, d).
    """

    weights: np.ndarray
    means: np.ndarray
    covs: np.ndarray

    def sample(self, n: int, temperature: float = 1.0, seed: int = 0) -> np.ndarray:
        """n codes, float32 (n, d). With the same seed, densities of the same K and d are sampled with equal noise."""
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((n, self.means.shape[1]))
        which = np.searchsorted(np.cumsum(self.weights)[:-1], rng.random(n))
        roots = np.linalg.cholesky(self.covs)
        return (self.means[which] + temperature * np.einsum("nij,nj->ni", roots[which], noise)).astype(np.float32)


def prior(latent_dim: int) -> Density:
    """N(0, I) in `latent_dim` dimensions."""
    return Density(np.ones(1), np.zeros((1, latent_dim)), np.eye(latent_dim)[None])


def fit_density(source: str, codes: np.ndarray, seed: int = 0) -> Density:
    """The density called `source`, fitted to codes (N, d).

    Args:
        source: one of `SOURCES`; "prior" uses only d.
        codes: sampled codes of training images.
        seed: of the initialisation of a mixture.

    Raises:
        ArgumentError: unknown source.
        NotMeasurable: fewer than two codes, or values that are not finite.
    """
    if source not in SOURCES:
        raise ArgumentError(f"source={source!r} is not known; choose one of {', '.join(SOURCES)}.")
    codes = np.asarray(codes, dtype=np.float64)
    if source == "prior":
        return prior(codes.shape[1])
    if len(codes) < 2 or not np.isfinite(codes).all():
        unusable = int((~np.isfinite(codes)).sum())
        raise NotMeasurable(
            f"{len(codes)} codes, {unusable} of their values not finite: too little to fit a {source} to."
        )
    d = codes.shape[1]
    if source == "gaussian":
        jitter = max(JITTER, RELATIVE_JITTER * codes.var(0).mean())
        return Density(np.ones(1), codes.mean(0)[None], (np.cov(codes.T).reshape(d, d) + jitter * np.eye(d))[None])
    import warnings

    from core.optional import without

    with without("pandas"):
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    components = min(COMPONENTS, len(codes) // 2)
    mixture = GaussianMixture(
        components,
        covariance_type="full",
        reg_covar=1e-4 * codes.var(0).mean() + JITTER,
        max_iter=200,
        random_state=seed,
    )
    # One thread: the matrices are tiny, and waiting BLAS threads would slow down a training on the same cores.
    with threadpool_limits(1), warnings.catch_warnings():
        # A mixture that would still improve slightly is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(codes)
    return Density(np.asarray(mixture.weights_), np.asarray(mixture.means_), np.asarray(mixture.covariances_))


@dataclass(frozen=True)
class Codes:
    """Posteriors of many images: mean, stddev (zeros for a point) and one sample z, each float32 (N, d)."""

    mean: np.ndarray
    stddev: np.ndarray
    z: np.ndarray


def encode_all(model: Model, images: np.ndarray, batch: int = 1000, seed: int = 0) -> Codes:
    """Encode uint8 images (N, 1, 28, 28), `batch` at a time; the seed is that of the sampled codes."""
    import torch

    from core.data.dataset import as_floats
    from core.models.networks import device_of

    device = device_of(model)
    generator = torch.Generator(device).manual_seed(seed)
    parts: dict[str, list[np.ndarray]] = {"mean": [], "stddev": [], "z": []}
    with torch.no_grad():
        for start in range(0, len(images), batch):
            posterior = model.encode(as_floats(images[start : start + batch], str(device)))
            found = {"mean": posterior.mean, "stddev": posterior.stddev, "z": posterior.rsample(generator)}
            for name, tensor in found.items():
                parts[name].append(tensor.float().cpu().numpy())
    return Codes(**{name: np.concatenate(arrays) for name, arrays in parts.items()})


def decode_all(model: Model, z: np.ndarray, batch: int = 1000) -> np.ndarray:
    """Expected images, float32 (N, 28, 28) in [0, 1], of codes (N, d)."""
    import torch

    from core.models.networks import device_of

    codes = torch.as_tensor(np.asarray(z, dtype=np.float32), device=device_of(model))
    with torch.no_grad():
        return torch.cat([model.decode_image(c)[:, 0].float().cpu() for c in codes.split(batch)]).numpy()


def fit_densities(model: Model, images: np.ndarray, limit: int = 10_000, seed: int = 0) -> dict[str, Density]:
    """The densities of all `SOURCES`, fitted to sampled codes of the first `limit` training images (uint8)."""
    z = encode_all(model, images[:limit], seed=seed).z
    return {source: fit_density(source, z, seed) for source in SOURCES}


def pack(densities: dict[str, Density]) -> dict[str, np.ndarray]:
    """Densities as flat arrays for an npz; `unpack` is the inverse."""
    return {
        f"{name}_{part}": getattr(d, part) for name, d in densities.items() for part in ("weights", "means", "covs")
    }


def unpack(arrays: dict[str, np.ndarray]) -> dict[str, Density]:
    """The densities that `pack` wrote."""
    names = dict.fromkeys(key.rpartition("_")[0] for key in arrays)
    return {name: Density(*(arrays[f"{name}_{part}"] for part in ("weights", "means", "covs"))) for name in names}


def sample(
    model: Model,
    n: int = 16,
    source: str = "prior",
    temperature: float = 1.0,
    seed: int = 0,
    dataset: Dataset | None = None,
) -> torch.Tensor:
    """n new images, float32 (n, 1, 28, 28) in [0, 1].

    Args:
        model: decodes the codes.
        n: number of images.
        source: one of `SOURCES`. All but "prior" are fitted to codes of training images.
        temperature: scales the standard deviations of the codes.
        seed: of the codes, and of the fit.
        dataset: whose training images are encoded; by default the data set that the model was trained on.

    Raises:
        ArgumentError: unknown source, n < 1, or a temperature below 0.
    """
    import torch

    if n < 1 or temperature < 0:
        raise ArgumentError(
            f"n={n} and temperature={temperature}: give at least one sample and a temperature of 0 or more."
        )
    if source == "prior":
        density = prior(model.config.latent_dim)
    else:
        from core.data.datasets import load_dataset

        data = dataset or load_dataset(model.config.dataset, model.config.data_digest)
        density = fit_density(source, encode_all(model, data.train_images[:10_000], seed=seed).z, seed)
    return torch.from_numpy(decode_all(model, density.sample(n, temperature, seed)))[:, None]
