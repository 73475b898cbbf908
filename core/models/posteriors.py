"""The one difference between the two models: what q(z|x) is.

    AE    q(z|x) = delta(z - mu(x))                     a point  (Dirac)
    VAE   q(z|x) = N(z; mu(x), diag(sigma(x)^2))        a cloud  (DiagonalGaussian)

Both classes have the same methods, so no other code needs to know which model it works with. Against the prior
p(z) = N(0, I) the rate of the cloud is, per dimension and in nats (Kingma & Welling 2014, appendix B),

    KL_j = (mu_j^2 + sigma_j^2 - 1 - log sigma_j^2) / 2.

A point mass has no finite KL to any density: its rate is "not available" (None), never 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# exp(6) and exp(-12) are far outside what training reaches; clamping only keeps a bad initialisation finite.
LOGVAR_RANGE = (-12.0, 6.0)


@dataclass(frozen=True)
class Dirac:
    """A point mass at `mean`, shape (B, d)."""

    mean: Tensor

    @property
    def stddev(self) -> Tensor:
        """Zeros, shape (B, d): a point has no width."""
        return torch.zeros_like(self.mean)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:  # noqa: ARG002 - as DiagonalGaussian's
        """The code itself, shape (B, d): the only sample of a point mass."""
        return self.mean

    def kl(self) -> None:
        """None: a point mass has no finite KL divergence to N(0, I)."""


@dataclass(frozen=True)
class DiagonalGaussian:
    """N(mean, diag(exp(logvar))), both of shape (B, d)."""

    mean: Tensor
    logvar: Tensor

    @property
    def stddev(self) -> Tensor:
        """sigma, shape (B, d)."""
        return torch.exp(0.5 * self.logvar)

    def rsample(self, generator: torch.Generator | None = None) -> Tensor:
        """Reparameterised sample z = mu + sigma * eps with eps ~ N(0, I), shape (B, d)."""
        noise = torch.randn(self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype)
        return torch.addcmul(self.mean, self.stddev, noise)

    def kl(self) -> Tensor:
        """KL(q(z|x) || N(0, I)) in nats, per image and dimension, shape (B, d)."""
        return 0.5 * (self.mean.square() + self.logvar.expm1() - self.logvar)


Posterior = Dirac | DiagonalGaussian
