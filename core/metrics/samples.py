"""Do generated images look like real ones? Measured on features of the judge (see `core.metrics.judge`).

    FD = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2)      distance of two Gaussians (Dowson & Landau 1982)

Heusel et al. (2017) take features of an ImageNet network and call this FID. The features here are those of a small
classifier of the same data, so the numbers mean something only beside each other, at one n, above the floor that real
training images reach. They are never called FID.

Precision and recall (Kynkaanniemi et al. 2019) and density and coverage (Naeem et al. 2020) ask about neighbours:
with B(x) the ball around a real image x that reaches to its k-th nearest real neighbour,

    density  = 1/(k m) sum over fakes of how many balls it is in     fidelity; exceeds 1 where fakes crowd the modes
    coverage = share of real images whose ball holds a fake          diversity
    precision, recall = share of fakes in any ball; share of reals in any ball around a fake
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


N = 1000  # of each kind: FD depends on n, so n never changes
NEIGHBOURS = 5
LEAST = 16  # real images: of fewer, the ball to the fifth nearest other holds a third of all and more, and a covariance says little


def check_enough(n: int) -> None:
    """Whether n real images are enough to compare others with.

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
    # tr (S1 S2)^1/2 from the symmetric root S1^1/2 S2 S1^1/2: the same eigenvalues, never complex.
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
    """Distance of every row to its k-th nearest other row, (n,).

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
    """precision, recall, density and coverage of fake against real features, (m, f) and (n, f).

    Args:
        real_radii: `radii(real, k)`, when it is known already.
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
    """The density term of every single image, (m,): in how many real balls it lies, over k."""
    return (distances(real, features) <= real_radii[:, None]).sum(0) / k


def confidence(probabilities: np.ndarray) -> dict[str, float]:
    """How sure the judge is, and of how many classes. Never shown one without the other.

    Args:
        probabilities: of classes, (N, C), rows sum to 1.

    Returns:
        confidence: mean of the largest probability. A decoder that draws one blob over and over gets .95.
        class_entropy: entropy in nats of the classes it names, at most ln C; 0 when every image gets the same name.
    """
    shares = np.bincount(probabilities.argmax(1), minlength=probabilities.shape[1]) / len(probabilities)
    shares = shares[shares > 0]
    return {"confidence": float(probabilities.max(1).mean()), "class_entropy": float(-(shares * np.log(shares)).sum())}


def quality(judge: Judge, reference: Reference, images: np.ndarray) -> dict[str, float]:
    """Everything above for generated images (N, 28, 28) in [0, 1] against the reference images.

    Raises:
        NotMeasurable: fewer than `LEAST` reference images, or images that are all alike.
    """
    features, probabilities = judge.look(images)
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
    """`quality` of `N` new images, the floor that their FD is to be read with, and n, how many real images they are compared with.

    A third of a second, with the judge at hand.

    Args:
        density: where the codes come from, see `core.latent.sampling`.
        judge: the data set's own, see `core.metrics.judge.load_judge`.

    Raises:
        NotMeasurable: as `quality`.
    """
    from core.latent.sampling import decode_all

    reference = judge.reference(dataset)
    return {
        "n": len(reference.images),
        "floor": reference.floor,
        **quality(judge, reference, decode_all(model, density.sample(N, temperature, seed))),
    }
