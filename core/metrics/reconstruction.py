"""How well an image comes back, and what its code costs.

    MSE = mean (x - y)^2        PSNR = -10 log10 MSE  (dB, grey levels in [0, 1])
    -ELBO = D + R               an upper bound on -log p(x), in nats per image
    L_K = -E log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)     a tighter one; K = 1 is -ELBO (Burda et al. 2016, eq. 8)

A point has no density q(z|x), so an AE has neither bound: None, never 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from core.errors import NotMeasurable

if TYPE_CHECKING:
    from core.models.networks import AtBeta, Autoencoder

    Model = Autoencoder | AtBeta


def mse(images: np.ndarray, others: np.ndarray) -> float:
    """Mean squared error per pixel between two stacks of images (N, 28, 28) in [0, 1]."""
    return float(np.mean(np.square(images - others)))


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, -10 log10 MSE_i averaged over images; capped at 100 dB for equal ones."""
    per_image = np.square(images - others).reshape(len(images), -1).mean(1)
    return float(np.mean(-10 * np.log10(np.maximum(per_image, 1e-10))))


def ssim(images: np.ndarray, others: np.ndarray) -> float:
    """Structural similarity, 1 for equal images, averaged over images: Gaussian window, sigma 1.5 (Wang et al. 2004)."""
    from skimage.metrics import structural_similarity

    settings = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(np.mean([structural_similarity(a, b, **settings) for a, b in zip(images, others)]))


def sharpness_ratio(images: np.ndarray, others: np.ndarray) -> float:
    """How much of the images' fine detail `others` keep: 1 is as sharp, below 1 is blurred.

    The ratio of summed Laplacian variances, the usual measure of focus (Pech-Pacheco et al. 2000). Noise raises it too,
    so it is read together with the error.

    Raises:
        NotMeasurable: the images have no detail at all.
    """
    from scipy.ndimage import laplace

    def detail(stack: np.ndarray) -> float:
        return float(sum(laplace(image.astype(np.float64)).var() for image in stack))

    reference = detail(images)
    if reference == 0:
        raise NotMeasurable("the images are constant: there is no detail to compare with.")
    return detail(others) / reference


def importance_weighted_bound(
    model: Model, images: np.ndarray, samples: int = 64, seed: int = 0, batch: int = 2000
) -> float | None:
    """L_K, an upper bound on -log p(x) in nats per image that tightens as K grows (Burda et al. 2016, theorem 1).

    Args:
        images: uint8 (N, 1, 28, 28).
        samples: K, codes drawn from q(z|x) for every image.
        batch: decoded at once.

    Returns:
        None for a point posterior.
    """
    import torch

    from core.data.datasets import as_floats
    from core.models.networks import device_of

    device = device_of(model)
    generator = torch.Generator(device).manual_seed(seed)
    total = 0.0
    with torch.no_grad():
        for chunk in np.array_split(images, math.ceil(len(images) * samples / batch)):
            if not len(chunk):
                continue
            x = as_floats(chunk, str(device))
            posterior = model.encode(x)
            if posterior.kl() is None:
                return None
            mean, stddev = posterior.mean, posterior.stddev  # (B, d)
            noise = torch.randn((samples, *mean.shape), generator=generator, device=device)
            z = mean + stddev * noise  # (K, B, d)
            # log p(z) - log q(z|x): the constants of the two Gaussians cancel.
            log_ratio = (0.5 * noise.square() + stddev.log() - 0.5 * z.square()).sum(-1)  # (K, B)
            repeated = x.expand(samples, *x.shape).flatten(0, 1)
            distortion = model.likelihood.distortion(model.decode(z.flatten(0, 1)), repeated).reshape(samples, -1)
            log_weight = log_ratio - distortion
            total -= float((torch.logsumexp(log_weight, 0) - math.log(samples)).double().sum())
    return total / len(images)
