"""Densities over codes. Any autoencoder generates new images by decoding codes that are drawn from a density.

    prior      z ~ N(0, I)                        the density that a VAE is trained with; an AE has none
    gaussian   z ~ N(m, S), fitted to codes       a single Gaussian
    mixture    z ~ sum_k w_k N(m_k, S_k), K = 10  full covariances (Ghosh et al. 2020, section 4)
    classes    z ~ sum_y p(y) N(m_y, S_y)         one Gaussian for each class y; `Density.only(y)` draws one class

Densities are fitted to **sampled** codes z ~ q(z|x) of the training images, for both models (the sample of a point is
the code itself). Temperature T scales every standard deviation by T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data.shape import without_grey_axis
from core.errors import ArgumentError, NotMeasurable

if TYPE_CHECKING:
    import torch

    from core.data.dataset import Dataset
    from core.models.build import Model

SOURCES = ("prior", "gaussian", "mixture")
CLASSES = "classes"  # the name of `fit_classes` among packed densities
COMPONENTS = 10
ENCODED = 1000  # images that go through networks at a time, at most
AT_A_TIME = 3_072_000  # and the numbers in them: those of 1,000 images of 32x32 in colour, of 250 of 64x64
FITTED = 10_000  # training images whose codes densities are fitted to
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

    def only(self, k: int) -> Density:
        """Component k alone; of a density of `fit_classes`, the codes of class k.

        Raises:
            NotMeasurable: it has no weight: there was no code to fit it to.
        """
        if self.weights[k] == 0:
            raise NotMeasurable(f"component {k} was fitted to no code at all.")
        return Density(np.ones(1), self.means[k : k + 1], self.covs[k : k + 1])


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
    if source == "gaussian":
        return Density(np.ones(1), codes.mean(0)[None], _covariance(codes)[None])
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


def _covariance(codes: np.ndarray) -> np.ndarray:
    """The covariance (d, d) of codes (N, d), with `JITTER` on its diagonal so that it has a Cholesky factor."""
    d = codes.shape[1]
    jitter = max(JITTER, RELATIVE_JITTER * codes.var(0).mean())
    return np.cov(codes.T).reshape(d, d) + jitter * np.eye(d)


def fit_classes(codes: np.ndarray, labels: np.ndarray, classes: int) -> Density:
    """A Gaussian fitted to the codes of each class: z ~ sum_y p(y) N(m_y, S_y) with p(y) the share of class y.

    This makes any autoencoder conditional without training it again: codes of one component decode to images of one
    class, as far as the classes are apart in the latent space. A class with a single code gets the covariance of all
    codes around their class means; one without codes has weight 0 (see `Density.only`).

    Args:
        codes: (N, d), sampled codes of training images.
        labels: (N,) class indices below `classes`.
        classes: number of classes; component y of the result is class y.

    Raises:
        ArgumentError: not one label per code, or labels that are no class.
        NotMeasurable: fewer than two codes, or values that are not finite.
    """
    codes, labels = np.asarray(codes, dtype=np.float64), np.asarray(labels).astype(int)
    if labels.shape != (len(codes),) or (len(labels) and not 0 <= labels.min() <= labels.max() < classes):
        raise ArgumentError(
            f"{len(labels)} labels from {labels.min(initial=0)} to {labels.max(initial=0)} for {len(codes)} codes of "
            f"{classes} classes; give each code a label below {classes}."
        )
    whole = fit_density("gaussian", codes)
    counts = np.bincount(labels, minlength=classes)
    means = np.stack([codes[labels == y].mean(0) if counts[y] else whole.means[0] for y in range(classes)])
    pooled = _covariance(codes - means[labels])
    covs = np.stack([_covariance(codes[labels == y]) if counts[y] > 1 else pooled for y in range(classes)])
    return Density(counts / counts.sum(), means, covs)


@dataclass(frozen=True)
class Codes:
    """Posteriors of many images: mean, stddev (zeros for a point) and one sample z, each float32 (N, d)."""

    mean: np.ndarray
    stddev: np.ndarray
    z: np.ndarray


def at_a_time(model: Model, batch: int) -> int:
    """The images that go through the networks of a model at a time: `batch`, or fewer if they are large."""
    return max(1, min(batch, AT_A_TIME // model.config.shape.pixels))


def encode_all(model: Model, images: np.ndarray, batch: int = ENCODED, seed: int = 0) -> Codes:
    """Encode uint8 images (N, C, H, W), `batch` at a time, of large ones fewer; the seed is that of sampled codes."""
    import torch

    from core.data.dataset import as_floats
    from core.models.networks import device_of

    device, batch = device_of(model), at_a_time(model, batch)
    generator = torch.Generator(device).manual_seed(seed)
    parts: dict[str, list[np.ndarray]] = {"mean": [], "stddev": [], "z": []}
    with torch.no_grad():
        for start in range(0, len(images), batch):
            posterior = model.encode(as_floats(images[start : start + batch], str(device)))
            found = {"mean": posterior.mean, "stddev": posterior.stddev, "z": posterior.rsample(generator)}
            for name, tensor in found.items():
                parts[name].append(tensor.float().cpu().numpy())
    return Codes(**{name: np.concatenate(arrays) for name, arrays in parts.items()})


def decode_all(model: Model, z: np.ndarray, batch: int = ENCODED) -> np.ndarray:
    """Expected images of codes (N, d), as pictures: float32 in [0, 1], (N, H, W) or (N, 3, H, W)."""
    import torch

    from core.models.networks import device_of

    codes = torch.as_tensor(np.asarray(z, dtype=np.float32), device=device_of(model))
    with torch.no_grad():
        parts = [model.decode_image(c).float().cpu() for c in codes.split(at_a_time(model, batch))]
        images = torch.cat(parts).numpy()
    return without_grey_axis(images)


def fit_densities(model: Model, images: np.ndarray, limit: int = FITTED, seed: int = 0) -> dict[str, Density]:
    """The densities of all `SOURCES`, fitted to sampled codes of the first `limit` training images (uint8)."""
    return _of_all_sources(encode_all(model, images[:limit], seed=seed).z, seed)


def _of_all_sources(z: np.ndarray, seed: int) -> dict[str, Density]:
    return {source: fit_density(source, z, seed) for source in SOURCES}


def all_densities(model: Model, dataset: Dataset, limit: int = FITTED, seed: int = 0) -> dict[str, Density]:
    """Those of `fit_densities` and that of `fit_classes`, as `CLASSES`: all fitted to the same sampled codes."""
    z = encode_all(model, dataset.train_images[:limit], seed=seed).z
    return {**_of_all_sources(z, seed), CLASSES: _of_classes(z, dataset)}


def class_density(model: Model, dataset: Dataset, limit: int = FITTED, seed: int = 0) -> Density:
    """As `all_densities`, that of the classes alone."""
    return _of_classes(encode_all(model, dataset.train_images[:limit], seed=seed).z, dataset)


def _of_classes(z: np.ndarray, dataset: Dataset) -> Density:
    return fit_classes(z, dataset.train_labels[: len(z)], len(dataset.classes))


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
    """n new images, float32 (n, C, H, W) in [0, 1].

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
        density = fit_density(source, encode_all(model, data.train_images[:FITTED], seed=seed).z, seed)
    pictures = decode_all(model, density.sample(n, temperature, seed))
    return torch.from_numpy(pictures.reshape(n, *model.config.shape.chw))
