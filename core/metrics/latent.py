"""The distribution of the codes: what a linear classifier can read from it, its distance to the prior, its information.

kNN accuracy and trustworthiness are in `core.latent.neighbours`, because the maps use them too.

    I(x; z) = E log q(z|x) / q(z),   q(z) = 1/N sum_i q(z|x_i)        Hoffman & Johnson 2016; never above ln N
    KL(q(z) || p(z))                 with q(z) taken as one Gaussian: its first two moments against N(0, I)
    MMD^2 = E k(z,z') + E k(p,p') - 2 E k(z,p)      Gretton et al. 2012, unbiased; inverse multiquadric kernel of
                                                     Tolstikhin et al. 2018: k(a,b) = C / (C + |a-b|^2), C = 2d
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import NotMeasurable

if TYPE_CHECKING:
    from core.models.build import Model


def linear_probe(train_codes: np.ndarray, train_labels: np.ndarray, codes: np.ndarray, labels: np.ndarray) -> float:
    """Accuracy of a logistic regression that predicts the class from the code.

    Args:
        train_codes, train_labels: (M, d) and (M,), which it is fitted to; they also standardise all codes.
        codes, labels: (N, d) and (N,), on which its accuracy is measured.

    Raises:
        NotMeasurable: all training images are of one class.
    """
    from sklearn.linear_model import LogisticRegression

    if len(np.unique(train_labels)) < 2:
        raise NotMeasurable("all training images are of one class, so there is nothing to classify.")
    centre, scale = train_codes.mean(0), np.maximum(train_codes.std(0), 1e-6)
    probe = LogisticRegression(max_iter=1000).fit((train_codes - centre) / scale, train_labels)
    return float(probe.score((codes - centre) / scale, labels))


def gaussian_kl(codes: np.ndarray) -> float:
    """KL(N(m, S) || N(0, I)) in nats, with mean and covariance of codes (N, d); infinite if a dimension is constant.

    Raises:
        NotMeasurable: too few codes for a covariance in d dimensions.
    """
    codes = np.asarray(codes, np.float64)
    d = codes.shape[1]
    if len(codes) <= d:
        raise NotMeasurable(
            f"the covariance of {d} latent numbers needs more than {d} test images; there are {len(codes)}."
        )
    covariance = np.cov(codes.T).reshape(d, d)
    sign, logdet = np.linalg.slogdet(covariance)
    if sign <= 0:
        return float("inf")
    return float(0.5 * (np.trace(covariance) + np.square(codes.mean(0)).sum() - d - logdet))


def mmd(codes: np.ndarray, others: np.ndarray) -> float:
    """Unbiased MMD^2 between two sets of codes (n, d) and (m, d); close to 0, with either sign, if they are alike.

    Raises:
        NotMeasurable: fewer than two codes in one of the sets.
    """
    from core.metrics.samples import distances

    scale = 2.0 * codes.shape[1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return scale / (scale + distances(a, b) ** 2)

    n, m = len(codes), len(others)
    if min(n, m) < 2:
        raise NotMeasurable(f"distances within a set need at least two codes; there are {n} and {m}.")
    within = (kernel(codes, codes).sum() - n) / (n * (n - 1)) + (kernel(others, others).sum() - m) / (m * (m - 1))
    return float(within - 2 * kernel(codes, others).mean())


def mutual_information(mean: np.ndarray, stddev: np.ndarray, z: np.ndarray) -> tuple[float, float]:
    """I(x; z) in nats between the index of an image and its code, and the limit ln N of any estimate from N images.

    Args:
        mean, stddev: of q(z|x) for N images, (N, d); a stddev of zero stands for points.
        z: one sample of each, (N, d).

    Returns:
        (information, limit). Points that are all different identify their image, so their information is the limit,
        which then says nothing about how much the codes contain.
    """
    cap = float(np.log(len(z)))
    if not stddev.any():
        _, counts = np.unique(z, axis=0, return_counts=True)
        return cap - float((counts * np.log(counts)).sum() / len(z)), cap
    mean, stddev, z = (np.asarray(a, np.float64) for a in (mean, stddev, z))
    log_density = np.zeros((len(z), len(z)))  # log q(z_i | x_j) without the constants, which cancel
    for j in range(z.shape[1]):
        log_density -= 0.5 * ((z[:, None, j] - mean[None, :, j]) / stddev[None, :, j]) ** 2 + np.log(stddev[None, :, j])
    top = log_density.max(1)
    log_marginal = top + np.log(np.exp(log_density - top[:, None]).mean(1))
    return float((np.diag(log_density) - log_marginal).mean()), cap


def dimension_use(model: Model, images: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The distortion that each latent dimension saves, (d,) in nats per image: D with its mean for z_j, minus D.

    Unlike KL_j it is defined for an AE as well.

    Args:
        model: decodes the codes.
        images: uint8 (N, C, H, W).
        z: their sampled codes (N, d).
    """
    import torch

    from core.data.dataset import as_floats
    from core.models.networks import device_of

    device = device_of(model)
    x, codes = as_floats(images, str(device)), torch.as_tensor(z, device=device)

    def distortion(codes: torch.Tensor) -> float:
        with torch.no_grad():
            return float(model.likelihood.distortion(model.decode(codes), x).double().mean())

    whole = distortion(codes)
    saved: list[float] = []
    for j in range(codes.shape[1]):
        without = codes.clone()
        without[:, j] = codes[:, j].mean()
        saved.append(distortion(without) - whole)
    return np.array(saved)
