"""Quality of reconstructions, and bounds on the likelihood of an image.

    MSE = mean (x - y)^2        PSNR = -10 log10 MSE  (dB, grey levels in [0, 1])
    -ELBO = D + R               an upper bound on -log p(x), in nats per image
    L_K = -E log 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)     a tighter bound; K = 1 is -ELBO (Burda et al. 2016, eq. 8)

A point has no density q(z|x), so an AE has neither bound: both are None, not 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from core.errors import NotMeasurable

if TYPE_CHECKING:
    from core.models.build import Model


def mse(images: np.ndarray, others: np.ndarray) -> float:
    """Mean squared error per pixel between two stacks of pictures (N, ...) in [0, 1]."""
    return float(np.mean(np.square(images - others)))


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, -10 log10 MSE_i averaged over images; capped at 100 dB for equal ones."""
    per_image = np.square(images - others).reshape(len(images), -1).mean(1)
    return float(np.mean(-10 * np.log10(np.maximum(per_image, 1e-10))))


def ssim(images: np.ndarray, others: np.ndarray) -> float:
    """Structural similarity, 1 for equal images, averaged over pictures (N, ..., H, W) in [0, 1] (Wang et al. 2004).

        SSIM = (2 mx my + C1) (2 sxy + C2) / ((mx^2 + my^2 + C1) (sx^2 + sy^2 + C2))

    with local means m, variances s^2 and covariance sxy under a Gaussian window of 11 x 11 pixels, sigma 1.5,
    C1 = 0.01^2, C2 = 0.03^2; averaged over the positions where the window lies inside the image, and over channels.
    """
    from scipy.ndimage import gaussian_filter

    radius, c1, c2 = 5, 0.01**2, 0.03**2

    def local(stack: np.ndarray) -> np.ndarray:
        means = gaussian_filter(stack, 1.5, radius=radius, axes=(-2, -1))
        return means[..., radius:-radius, radius:-radius]

    x, y = np.asarray(images, np.float64), np.asarray(others, np.float64)
    mx, my = local(x), local(y)
    variances = local(x * x) - mx**2 + local(y * y) - my**2
    covariance = local(x * y) - mx * my
    similarity = (2 * mx * my + c1) * (2 * covariance + c2) / ((mx**2 + my**2 + c1) * (variances + c2))
    return float(similarity.mean())


def sharpness_ratio(images: np.ndarray, others: np.ndarray) -> float:
    """The sharpness of `others` relative to `images`, both (N, ..., H, W): 1 is as sharp, less is blurred.

    The ratio of the summed variances of the Laplacian, the usual measure of focus (Pech-Pacheco et al. 2000). Noise
    increases it too, so it must be read together with the error.

    Raises:
        NotMeasurable: the images are constant.
    """
    from scipy.ndimage import laplace

    def detail(stack: np.ndarray) -> float:
        return float(sum(laplace(image.astype(np.float64)).var() for image in stack.reshape(-1, *stack.shape[-2:])))

    reference = detail(images)
    if reference == 0:
        raise NotMeasurable("the images are constant: there is no detail to compare with.")
    return detail(others) / reference


def importance_weighted_bound(
    model: Model, images: np.ndarray, samples: int = 64, seed: int = 0, batch: int = 2000
) -> float | None:
    """L_K, an upper bound on -log p(x) in nats per image that is tighter for larger K (Burda et al. 2016, theorem 1).

    Args:
        model: encodes and decodes.
        images: uint8 (N, C, H, W).
        samples: K, the number of codes drawn from q(z|x) for every image.
        seed: of the codes.
        batch: number of codes decoded at once.

    Returns:
        None for a point posterior.
    """
    import torch

    from core.data.dataset import as_floats
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
