"""What is minimised: distortion plus weighted rate, **both summed over their dimensions, in nats per image**.

    D = -log p(x|z)                      distortion: the cost of reconstructing x from z
    R = KL(q(z|x) || p(z))               rate: the cost of the code (does not exist for a point)
    loss = mean over images of (D + beta R)              beta-VAE, Higgins et al. 2017
    -ELBO = D + R at beta = 1                            Kingma & Welling 2014, eq. 3

Averaging D over the P numbers of an image while summing R over the d dimensions multiplies the effective beta by P. It
is a frequent bug in VAE code, and `reduction="mean"` reproduces it on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.posteriors import Posterior

GAUSSIAN_SIGMA = 0.1  # fixed observation noise of the Gaussian likelihood, in grey levels of [0, 1]


class Bernoulli:
    """Cross-entropy on grey values x in [0, 1], from logits.

    It is not a normalised density on grey pixels: at a perfect reconstruction it equals the sum of the pixels' binary
    entropies, about 46 nats per image on MNIST, not 0.
    """

    name = "bernoulli"

    @staticmethod
    def distortion(logits: Tensor, images: Tensor) -> Tensor:
        """-log p(x|z) in nats per image; both (B, C, H, W) -> (B,)."""
        return F.binary_cross_entropy_with_logits(logits.flatten(1), images.flatten(1), reduction="none").sum(1)

    @staticmethod
    def floor(images: Tensor) -> Tensor:
        """The smallest distortion any decoder can reach: the pixels' binary entropy, nats per image, (B,)."""
        x = images.flatten(1)
        return -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum(1)


class Gaussian:
    """-log N(x; sigmoid(logits), sigma^2 I) with sigma = `GAUSSIAN_SIGMA`; a log density, so it can be negative."""

    name = "gaussian"
    _constant = math.log(GAUSSIAN_SIGMA) + 0.5 * math.log(2 * math.pi)

    @classmethod
    def distortion(cls, logits: Tensor, images: Tensor) -> Tensor:
        """-log p(x|z) in nats per image; both (B, C, H, W) -> (B,)."""
        z = (images.flatten(1) - torch.sigmoid(logits.flatten(1))) / GAUSSIAN_SIGMA
        return (0.5 * z.square() + cls._constant).sum(1)

    @classmethod
    def floor(cls, images: Tensor) -> Tensor:
        """The smallest distortion any decoder can reach, nats per image, (B,)."""
        return torch.full((len(images),), cls._constant * images[0].numel(), device=images.device)


class SharedSigma(nn.Module):
    """The observation noise of all pixels of all images as one learned number, in grey levels of [0, 1].

        log sigma = 10 offset                    or, with a condition c,    log sigma = 10 (offset + slope . c)

    The factor lets Adam, whose steps do not depend on the size of gradients, move it fast enough.
    Rybkin et al. (ICML 2021), "Simple and Effective VAE Training with Calibrated Decoders", section 3.

    Args:
        conditions: length of the conditioning vector of a multi-rate model, whose sigma depends on beta; 0 without one.
    """

    scale = 10.0

    def __init__(self, conditions: int = 0):
        super().__init__()
        self.offset = nn.Parameter(torch.zeros(()))
        self.slope = nn.Parameter(torch.zeros(conditions)) if conditions else None

    def log(self, condition: Tensor | None = None) -> Tensor:
        """log sigma: a scalar, or (B,) for conditions (B, conditions)."""
        if self.slope is None or condition is None:
            return self.scale * self.offset
        return self.scale * (self.offset + condition @ self.slope)

    @torch.no_grad()
    def set(self, sigma: float) -> None:
        """Start from this value, whatever the condition."""
        self.offset.fill_(math.log(sigma) / self.scale)


class Calibrated:
    """-log N(x; sigmoid(logits), sigma^2 I) with a learned sigma, which is also the scale of the decoder's error.

        D = P (log sigma + log(2 pi) / 2) + |x - sigmoid(logits)|^2 / (2 sigma^2)

    For fixed reconstructions D is smallest at sigma^2 = the mean squared error per number (Rybkin et al. 2021, eq. 5),
    so no weight between the two halves of the objective has to be chosen for the scale of the images.

    Args:
        log_sigma: a scalar or one value per image (B,).
    """

    name = "calibrated"

    def __init__(self, log_sigma: Tensor):
        self.log_sigma = log_sigma

    def distortion(self, logits: Tensor, images: Tensor) -> Tensor:
        """-log p(x|z) in nats per image; both (B, C, H, W) -> (B,)."""
        error = (images.flatten(1) - torch.sigmoid(logits.flatten(1))).square().sum(1)
        return self.floor(images) + 0.5 * error * torch.exp(-2 * self.log_sigma)

    def floor(self, images: Tensor) -> Tensor:
        """The distortion of a perfect reconstruction at this sigma, nats per image, (B,)."""
        constant = images[0].numel() * (self.log_sigma + 0.5 * math.log(2 * math.pi))
        return constant.expand(len(images))


Likelihood = type[Bernoulli] | type[Gaussian] | Calibrated
FIXED: dict[str, type[Bernoulli] | type[Gaussian]] = {c.name: c for c in (Bernoulli, Gaussian)}  # without parameters


@dataclass(frozen=True)
class Terms:
    """The two halves of the objective for a batch.

    Attributes:
        distortion: nats per image, (B,).
        rate_per_dim: nats per image and latent dimension, (B, d); None where the posterior is a point.
        pixels: numbers per image, for the mean reduction.
    """

    distortion: Tensor
    rate_per_dim: Tensor | None
    pixels: int = 784

    @property
    def rate(self) -> Tensor | None:
        """Nats per image, (B,); None where the posterior is a point."""
        return None if self.rate_per_dim is None else self.rate_per_dim.sum(1)

    def loss(self, beta: float | Tensor | None, free_bits: float = 0.0, reduction: str = "sum") -> Tensor:
        """The scalar that is minimised: mean over images of D + beta R.

        Args:
            beta: a number, or one per image (B,); ignored where there is no rate.
            free_bits: nats per dimension (mean over the batch) that are not charged for.
            reduction: "sum", or "mean" to divide D by the numbers per image (the bug described above).
        """
        distortion = self.distortion / self.pixels if reduction == "mean" else self.distortion
        if self.rate_per_dim is None or beta is None:
            return distortion.mean()
        if free_bits == 0:
            return (distortion + beta * self.rate_per_dim.sum(1)).mean()
        weight = beta[:, None] if isinstance(beta, Tensor) else beta
        free = free_bits * (weight.mean() if isinstance(weight, Tensor) else weight)
        return distortion.mean() + (weight * self.rate_per_dim).mean(0).clamp(min=free).sum()


def terms(likelihood: Likelihood, logits: Tensor, images: Tensor, posterior: Posterior) -> Terms:
    """Both halves of the objective for one batch of images (B, C, H, W) in [0, 1]."""
    return Terms(likelihood.distortion(logits.float(), images), posterior.kl(), images.shape[1:].numel())
