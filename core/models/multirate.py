"""One network for every beta: the multi-rate VAE of Bae et al. (ICLR 2023), own implementation.

    c = (t, t^2, t^3)        t = log beta, scaled to [-1, 1] over `BETA_RANGE`
    h <- (1 + a(c)) * h + b(c)        after every activated layer (`core.models.networks.Stack`)

Training draws one beta per image, log-uniformly. At a fixed beta the network is an ordinary VAE (`AtBeta`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from core.config import BETA_CURVE, BETA_RANGE
from core.errors import ArgumentError, UserFacingError
from core.models.networks import Autoencoder, Trainable
from core.models.objectives import Likelihood, Terms, terms
from core.models.posteriors import Posterior


class BetaNeeded(UserFacingError, AttributeError):
    """A multi-rate network was used like a model with one beta. The message says how to choose the beta."""


class MultiRate(Trainable):
    """A VAE whose layers are scaled and shifted by functions of log beta, trained for all betas at once.

    Bae et al. (ICLR 2023), "Multi-Rate VAE: Train Once, Get the Full Rate-Distortion Curve", section 4.

    It is trained like the other models but is not an `Autoencoder`: without a beta it can neither encode nor decode,
    and asking it to raises `BetaNeeded`. `at(beta)` returns a model that can.
    """

    conditions = 3

    def __getattr__(self, name: str) -> Any:
        if name in ("encode", "decode", "decode_image", "terms"):
            low, high = BETA_RANGE
            raise BetaNeeded(
                f"a multi-rate model has no {name} of its own: it contains one model per beta. "
                f"Choose one first, from {low:g} to {high:g}: `load_model(run_id).at(beta=1.0)`."
            )
        return super().__getattr__(name)

    @staticmethod
    def condition(beta: Tensor) -> Tensor:
        """(B,) betas -> (B, 3) conditioning vectors."""
        low, high = (math.log(b) for b in BETA_RANGE)
        t = 2 * (beta.log() - low) / (high - low) - 1
        return torch.stack([t, t**2, t**3], dim=1)

    def at(self, beta: float) -> AtBeta:
        """This network as an ordinary VAE of one fixed beta.

        Raises:
            ArgumentError: it was not trained for that beta.
        """
        low, high = BETA_RANGE
        if not low <= beta <= high:
            raise ArgumentError(
                f"beta={beta:g}: a multi-rate model is trained for betas from {low:g} to {high:g}. Choose one of these."
            )
        return AtBeta(self, beta)

    def reference(self) -> AtBeta:
        """The network at beta = 1."""
        return self.at(1.0)

    def variants(self) -> dict[float, AtBeta]:
        """The network at each of the betas in `BETA_CURVE`."""
        return {beta: self.at(beta) for beta in BETA_CURVE}

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,  # noqa: ARG002 - the signature of every model; this one draws its own betas
    ) -> Tensor:
        """As in a plain model, with one beta per image drawn log-uniformly from `BETA_RANGE`; `beta` is ignored."""
        low, high = (math.log(b) for b in BETA_RANGE)
        drawn = torch.rand(len(images), generator=generator, device=images.device).mul_(high - low).add_(low).exp_()
        return self.terms_at(images, drawn, generator, inputs).loss(drawn, self.config.free_bits, self.config.reduction)

    def terms_at(
        self, images: Tensor, beta: Tensor, generator: torch.Generator | None = None, inputs: Tensor | None = None
    ) -> Terms:
        """Distortion and rate of a batch, with one beta per image (B,)."""
        c = self.condition(beta)
        posterior = self.head(self.encoder(images if inputs is None else inputs, c))
        logits = self.decoder(posterior.rsample(generator), c).reshape(-1, *self.shape.chw)
        return terms(self.likelihood_at(c), logits, images, posterior)


class AtBeta:
    """A multi-rate model at one fixed beta, with the `encode` and `decode` of an `Autoencoder`."""

    def __init__(self, model: MultiRate, beta: float):
        self.model, self.beta = model, float(beta)
        self.config, self.shape = model.config, model.shape

    @property
    def likelihood(self) -> Likelihood:
        """p(x|z) at this beta."""
        return self.model.likelihood_at(self._condition(next(self.parameters()).new_zeros(1))[0])

    def _condition(self, like: Tensor) -> Tensor:
        return self.model.condition(torch.full((len(like),), self.beta, device=like.device))

    def encode(self, images: Tensor) -> Posterior:
        """q(z|x) for images (B, C, H, W) in [0, 1]."""
        return self.model.head(self.model.encoder(images, self._condition(images)))

    def decode(self, z: Tensor) -> Tensor:
        """Logits (B, C, H, W) for codes (B, d); the image is their sigmoid."""
        return self.model.decoder(z, self._condition(z)).reshape(-1, *self.shape.chw)

    decode_image = Autoencoder.decode_image
    terms = Autoencoder.terms

    def parameters(self) -> Iterator[nn.Parameter]:
        """The shared network's parameters."""
        return self.model.parameters()
