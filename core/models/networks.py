"""One network for all models: x -> trunk -> q(z|x) -> z -> decoder -> logits.

The AE's posterior head returns a point, the VAE's a Gaussian. Everything else (trunk, decoder, likelihood) is shared,
and so are the initial weights: the logvar layer is created last, so with one seed every common parameter of an AE and a
VAE starts bit for bit equal.

Shapes: images (B, 1, 28, 28) in [0, 1]; codes z (B, d); logits (B, 1, 28, 28).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import BETA_CURVE, BETA_RANGE, RunConfig
from core.errors import ArgumentError, UserFacingError
from core.models.objectives import LIKELIHOODS, Terms, terms
from core.models.posteriors import LOGVAR_RANGE, DiagonalGaussian, Dirac, Posterior
from core.models.trunks import SIDE, Layer, decoder_layers, encoder_layers

ACTIVATIONS = {"silu": F.silu, "relu": F.relu}
# What makes a torch layer of each kind of description; a new kind is a line here.
LAYERS: dict[str, Callable[[Layer], nn.Module]] = {
    "linear": lambda x: nn.Linear(x.inputs, x.outputs),
    "conv": lambda x: nn.Conv2d(x.inputs, x.outputs, x.kernel, x.stride, x.padding),
    "transposed": lambda x: nn.ConvTranspose2d(x.inputs, x.outputs, x.kernel, x.stride, x.padding),
}


def _build(layers: Sequence[Layer]) -> list[nn.Module]:
    return [LAYERS[layer.kind](layer) for layer in layers]


def _apply(layer: nn.Module, h: Tensor) -> Tensor:
    """One layer, with the reshape between images and vectors that it needs."""
    if isinstance(layer, nn.Linear):
        return layer(h.flatten(1))
    if h.dim() == 2 and isinstance(layer, nn.ConvTranspose2d):
        side = math.isqrt(h.shape[1] // layer.in_channels)
        h = h.reshape(len(h), layer.in_channels, side, side)
    return layer(h)


class Stack(nn.Module):
    """Layers in a row with an activation after each one, or after each but the last.

    With `conditions` > 0 every activated layer is followed by a feature-wise scale and shift computed from a
    conditioning vector c (B, conditions): h <- (1 + a(c)) * h + b(c) (Perez et al. 2018; Bae et al. 2023, section 4).
    a and b start at zero, so an untrained condition changes nothing.
    """

    def __init__(self, layers: Sequence[nn.Module], activation: str, last: bool, conditions: int = 0):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.activation = ACTIVATIONS[activation]
        self.activated = len(layers) if last else len(layers) - 1
        self.films = nn.ModuleList()
        if conditions:
            for layer in layers[: self.activated]:
                width = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
                film = nn.Linear(conditions, 2 * width)
                nn.init.zeros_(film.weight)
                nn.init.zeros_(film.bias)
                self.films.append(film)

    def forward(self, h: Tensor, condition: Tensor | None = None) -> Tensor:
        for i, layer in enumerate(self.layers):
            h = _apply(layer, h)
            if i < self.activated:
                h = self.activation(h)
                if self.films:
                    scale, shift = self.films[i](condition).chunk(2, dim=1)  # (B, width) each
                    if h.dim() == 4:
                        scale, shift = scale[:, :, None, None], shift[:, :, None, None]
                    h = torch.addcmul(shift, h, 1 + scale)
        return h


class PointHead(nn.Module):
    """Features (B, w) -> a point."""

    def __init__(self, width: int, latent_dim: int):
        super().__init__()
        self.mean = nn.Linear(width, latent_dim)

    def forward(self, h: Tensor) -> Posterior:
        return Dirac(self.mean(h).float())  # fp32 from here on, whatever the layers were multiplied in


class GaussianHead(PointHead):
    """Features (B, w) -> a diagonal Gaussian."""

    def __init__(self, width: int, latent_dim: int):
        super().__init__(width, latent_dim)
        self.logvar = nn.Linear(width, latent_dim)

    def forward(self, h: Tensor) -> Posterior:
        # hardtanh is clamp, with one operation to its gradient instead of four.
        return DiagonalGaussian(self.mean(h).float(), F.hardtanh(self.logvar(h).float(), *LOGVAR_RANGE))


class Trainable(nn.Module):
    """What all models are built of: an encoder, a head that says what q(z|x) is, and a decoder; and how they are trained.

    Args:
        config: what to build. Build through `build_model`, which also seeds the weights.
    """

    conditions = 0  # length of the conditioning vector; none in a plain model

    def __init__(self, config: RunConfig):
        super().__init__()
        self.config = config
        self.likelihood = LIKELIHOODS[config.likelihood]
        encoder, decoder = encoder_layers(config.trunk), decoder_layers(config.trunk, config.latent_dim)
        self.encoder = Stack(_build(encoder), config.activation, last=True, conditions=self.conditions)
        self.decoder = Stack(_build(decoder), config.activation, last=False, conditions=self.conditions)
        head = PointHead if config.model == "ae" else GaussianHead  # the one difference between the two models
        self.head = head(encoder[-1].outputs, config.latent_dim)

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,
    ) -> Tensor:
        """What one training step minimises, in nats per image (a scalar).

        Args:
            images: targets (B, 1, 28, 28).
            generator: source of the sampling noise.
            inputs: what the encoder sees, when that differs (denoising).
            beta: the weight at this moment, when it is being warmed up; the config's otherwise.
        """
        raise NotImplementedError

    def reference(self) -> Autoencoder | AtBeta:
        """The model whose figures stand for this one."""
        raise NotImplementedError

    def variants(self) -> dict[float, AtBeta]:
        """The models this one network holds beside its reference, by beta: none in a plain model."""
        return {}

    @property
    def convolutional(self) -> bool:
        """Whether any layer is a convolution."""
        return any(isinstance(layer, nn.Conv2d) for layer in self.encoder.layers)

    @torch.no_grad()
    def set_output_bias(self, mean: float) -> None:
        """Start from the data's mean grey level, in (0, 1), instead of from mid-grey: it saves about an epoch."""
        self.decoder.layers[-1].bias.fill_(math.log(mean / (1 - mean)))


class Autoencoder(Trainable):
    """encode(images) -> posterior; decode(z) -> logits. An AE or a VAE, whichever the head makes it."""

    def encode(self, images: Tensor) -> Posterior:
        """q(z|x) for images (B, 1, 28, 28) in [0, 1]."""
        return self.head(self.encoder(images))

    def decode(self, z: Tensor) -> Tensor:
        """Logits (B, 1, 28, 28) for codes (B, d); the image is their sigmoid."""
        return self.decoder(z).reshape(-1, 1, SIDE, SIDE)

    def decode_image(self, z: Tensor) -> Tensor:
        """The expected image, (B, 1, 28, 28) in [0, 1], for codes (B, d)."""
        return torch.sigmoid(self.decode(z))

    def terms(self, images: Tensor, generator: torch.Generator | None = None, inputs: Tensor | None = None) -> Terms:
        """Distortion and rate of a batch with one sampled code per image; the arguments are those of `Trainable.loss`."""
        posterior = self.encode(images if inputs is None else inputs)
        return terms(self.likelihood, self.decode(posterior.rsample(generator)), images, posterior)

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,
    ) -> Tensor:
        weight = self.config.beta if beta is None else beta
        return self.terms(images, generator, inputs).loss(weight, self.config.free_bits, self.config.reduction)

    def reference(self) -> Autoencoder:
        """The model itself."""
        return self


class BetaNeeded(UserFacingError, AttributeError):
    """A multi-rate network was used like a model of one beta. The message says how to choose the beta."""


class MultiRate(Trainable):
    """One network for every beta: a VAE whose layers are scaled and shifted by functions of log beta.

    Own implementation of the multi-rate VAE of Bae et al. (ICLR 2023, "Multi-Rate VAE: Train Once, Get the Full
    Rate-Distortion Curve"). The condition is log beta scaled to [-1, 1], a vector c = (t, t^2, t^3).
    Training draws beta log-uniformly per image.

    It is trained as the other models are, but is not an `Autoencoder`: without a beta it can neither encode nor decode.
    `at(beta)` is the model that can. What an `Autoencoder` has and this network lacks raises `BetaNeeded`.
    """

    conditions = 3

    def __getattr__(self, name: str) -> Any:
        if name in ("encode", "decode", "decode_image", "terms"):
            low, high = BETA_RANGE
            raise BetaNeeded(
                f"a multi-rate model has no {name} of its own: it holds a model for every beta. "
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
        return {beta: self.at(beta) for beta in BETA_CURVE}

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,
    ) -> Tensor:
        """As in a plain model, with a beta drawn log-uniformly from `BETA_RANGE` for every image; there is none to warm up."""
        low, high = (math.log(b) for b in BETA_RANGE)
        drawn = torch.rand(len(images), generator=generator, device=images.device).mul_(high - low).add_(low).exp_()
        return self.terms_at(images, drawn, generator, inputs).loss(drawn, self.config.free_bits, self.config.reduction)

    def terms_at(
        self, images: Tensor, beta: Tensor, generator: torch.Generator | None = None, inputs: Tensor | None = None
    ) -> Terms:
        """Distortion and rate of a batch, each image under its own beta (B,)."""
        c = self.condition(beta)
        posterior = self.head(self.encoder(images if inputs is None else inputs, c))
        logits = self.decoder(posterior.rsample(generator), c).reshape(-1, 1, SIDE, SIDE)
        return terms(self.likelihood, logits, images, posterior)


class AtBeta:
    """A multi-rate model held at one beta; the same `encode` and `decode` as an `Autoencoder`."""

    def __init__(self, model: MultiRate, beta: float):
        self.model, self.beta = model, float(beta)
        self.config, self.likelihood = model.config, model.likelihood

    def _condition(self, like: Tensor) -> Tensor:
        return self.model.condition(torch.full((len(like),), self.beta, device=like.device))

    def encode(self, images: Tensor) -> Posterior:
        return self.model.head(self.model.encoder(images, self._condition(images)))

    def decode(self, z: Tensor) -> Tensor:
        return self.model.decoder(z, self._condition(z)).reshape(-1, 1, SIDE, SIDE)

    decode_image = Autoencoder.decode_image
    terms = Autoencoder.terms

    def parameters(self) -> Iterator[nn.Parameter]:
        """The shared network's parameters."""
        return self.model.parameters()


def build_model(config: RunConfig) -> Autoencoder | MultiRate:
    """A freshly initialised model: weights depend on the config's seed and on nothing else.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return (MultiRate if config.model == "multirate" else Autoencoder)(config)


def device_of(model: Trainable | AtBeta) -> torch.device:
    """Where a model's weights are."""
    return next(iter(model.parameters())).device
