"""How close generated images are to real ones, in features of the judge (see `core.metrics.judge`).

    FD = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2)      distance of two Gaussians (Dowson & Landau 1982)

Heusel et al. (2017) use features of an ImageNet network and call this FID. The features here are those of a small
classifier of the same data, so the values can only be compared with each other, for the same n, and with the value that
real training images reach (the floor). They are never called FID.

Precision and recall (Kynkaanniemi et al. 2019) and density and coverage (Naeem et al. 2020) are based on neighbours.
With B(x) the ball around a real image x whose radius is the distance to its k-th nearest real neighbour,

    density   = 1/(k m) sum over m generated images of the number of balls that contain it     fidelity; can exceed 1
    coverage  = fraction of real images whose ball contains a generated image                  diversity
    precision = fraction of generated images in any ball
    recall    = fraction of real images in any ball around a generated image
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import NotMeasurable

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.latent.sampling import Density
    from core.metrics.judge import Judge, Reference
    from core.models.build import Model


N = 1000  # generated images; FD depends on the number, so it never changes
NEIGHBOURS = 5
# The smallest number of real images. With fewer, the ball to the fifth nearest neighbour contains more than a third of
# all images, and their covariance is too uncertain.
LEAST = 16


def check_enough(n: int) -> None:
    """Check that n real images are enough for a comparison.

    Raises:
        NotMeasurable: fewer than `LEAST`.
    """
    if n < LEAST:
        raise NotMeasurable(
            f"comparing samples with real images needs at least {LEAST} test images; this data set has {n}."
        )


def frechet_of_moments(mean_a: np.ndarray, cov_a: np.ndarray, mean_b: np.ndarray, cov_b: np.ndarray) -> float:
    """Squared Frechet (2-Wasserstein) distance between N(mean_a, cov_a) and N(mean_b, cov_b)."""
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    # tr (S1 S2)^1/2 from the symmetric S1^1/2 S2 S1^1/2, which has the same eigenvalues and never complex ones.
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    distance = np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross
    return float(max(distance, 0.0))


def frechet_distance(real: np.ndarray, fake: np.ndarray) -> float:
    """FD between Gaussians fitted to two sets of features (n, k) and (m, k); 0 for equal sets.

    Raises:
        NotMeasurable: fewer than two rows in either set, or values that are not finite.
    """
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    if min(len(real), len(fake)) < 2 or not (np.isfinite(real).all() and np.isfinite(fake).all()):
        raise NotMeasurable(
            f"{len(real)} and {len(fake)} feature vectors: at least two of each, all finite, are needed."
        )
    return frechet_of_moments(real.mean(0), np.cov(real.T), fake.mean(0), np.cov(fake.T))


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distances between rows, (n, k) and (m, k) -> (n, m)."""
    from scipy.spatial.distance import cdist

    return cdist(np.asarray(a, np.float64), np.asarray(b, np.float64))


def radii(features: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Distance of every row of features (n, f) to its k-th nearest neighbour, (n,).

    Raises:
        NotMeasurable: fewer than k + 1 rows.
    """
    if len(features) <= k:
        raise NotMeasurable(
            f"{len(features)} images: more than k={k} are needed to find each one's {k} nearest others."
        )
    return np.partition(distances(features, features), k, axis=1)[:, k]  # column 0 is the row itself


def prdc(
    real: np.ndarray, fake: np.ndarray, k: int = NEIGHBOURS, real_radii: np.ndarray | None = None
) -> dict[str, float]:
    """precision, recall, density and coverage, see the top of this module.

    Args:
        real: features of real images, (n, f).
        fake: features of generated images, (m, f).
        k: number of neighbours.
        real_radii: `radii(real, k)`, if already known.

    Raises:
        NotMeasurable: at most k images of either kind.
    """
    r_real = radii(real, k) if real_radii is None else real_radii
    between = distances(real, fake)  # (n, m)
    inside = between <= r_real[:, None]
    return {
        "precision": float(inside.any(0).mean()),
        "recall": float((between <= radii(fake, k)[None]).any(1).mean()),
        "density": float(inside.sum(0).mean() / k),
        "coverage": float((between.min(1) <= r_real).mean()),
    }


def local_density(features: np.ndarray, real: np.ndarray, real_radii: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """The density term of each image, (m,): the number of balls of real images that contain it, divided by k.

    Args:
        features: (m, f).
        real: features of real images, (n, f).
        real_radii: `radii(real, k)`.
        k: number of neighbours.
    """
    return (distances(real, features) <= real_radii[:, None]).sum(0) / k


def confidence(probabilities: np.ndarray) -> dict[str, float]:
    """The confidence of the judge and the entropy of its classes. The first is never shown without the second.

    Args:
        probabilities: of classes, (N, C), rows sum to 1.

    Returns:
        confidence: mean of the largest probability. A decoder that always draws the same blob can reach 0.95.
        class_entropy: entropy of the predicted classes in nats, at most ln C; 0 if all images get the same class.
    """
    shares = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1]) / len(probabilities)
    shares = shares[shares > 0]
    return {"confidence": float(probabilities.max(1).mean()), "class_entropy": float(-(shares * np.log(shares)).sum())}


def quality(judge: Judge, reference: Reference, images: np.ndarray) -> dict[str, float]:
    """All figures of this module for generated images.

    Args:
        judge: of the data set.
        reference: the real images.
        images: generated pictures (N, ...) in [0, 1].

    Returns:
        fd, precision, recall, density, coverage, confidence, class_entropy.

    Raises:
        NotMeasurable: fewer than `LEAST` reference images, or all of them equal.
    """
    features, probabilities = judge.features_and_probabilities(images)
    return {
        "fd": frechet_distance(reference.features, features),
        **prdc(reference.features, features, real_radii=reference.radii),
        **confidence(probabilities),
    }


def sample_quality(
    model: Model,
    dataset: Dataset,
    density: Density,
    judge: Judge,
    temperature: float = 1.0,
    seed: int = 0,
) -> dict[str, float]:
    """`quality` of `N` generated images, with the floor of FD and n, the number of real images. Takes 0.3 s.

    Args:
        model: decodes the codes.
        dataset: the real images.
        density: the codes are drawn from it, see `core.latent.sampling`.
        judge: of the data set, see `core.metrics.judge_training.load_judge`.
        temperature: scales the standard deviations of the codes.
        seed: of the codes.

    Raises:
        NotMeasurable: see `quality`.
    """
    from core.latent.sampling import decode_all

    reference = judge.reference(dataset)
    return {
        "n": len(reference.images),
        "floor": reference.floor,
        **quality(judge, reference, decode_all(model, density.sample(N, temperature, seed))),
    }
