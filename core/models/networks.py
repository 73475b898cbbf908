"""One network for all models: x -> trunk -> q(z|x) -> z -> decoder -> logits.

The posterior head of an AE returns a point, that of a VAE a Gaussian. Everything else (trunk, decoder, likelihood) is
shared, and so are the initial weights: the logvar layer is created last, so with the same seed all parameters that an
AE and a VAE have in common start bit for bit equal.

Shapes: images (B, C, H, W) in [0, 1], see `core.data.shape`; codes z (B, d); logits (B, C, H, W).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import RunConfig
from core.data.shape import deviations
from core.models.objectives import FIXED, Calibrated, Likelihood, SharedSigma, Terms, terms
from core.models.posteriors import LOGVAR_RANGE, DiagonalGaussian, Dirac, Posterior
from core.models.trunks import Layer, decoder_layers, encoder_layers

if TYPE_CHECKING:
    from core.models.build import Model
    from core.models.multirate import AtBeta

ACTIVATIONS = {"silu": F.silu, "relu": F.relu}
TorchLayer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d
# How the torch layer of each kind of description is built; a new kind of layer is a line here.
LAYERS: dict[str, Callable[[Layer], TorchLayer]] = {
    "linear": lambda x: nn.Linear(x.inputs, x.outputs),
    "conv": lambda x: nn.Conv2d(x.inputs, x.outputs, x.kernel, x.stride, x.padding),
    "transposed": lambda x: nn.ConvTranspose2d(x.inputs, x.outputs, x.kernel, x.stride, x.padding),
}


def _build(layers: Sequence[Layer]) -> list[TorchLayer]:
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
    """Consecutive layers with an activation after each one, or after each but the last.

    With `conditions` > 0 every activated layer is followed by a feature-wise scale and shift computed from a
    conditioning vector c (B, conditions): h <- (1 + a(c)) * h + b(c) (Perez et al. 2018; Bae et al. 2023, section 4).
    a and b start at zero, so an untrained condition changes nothing.

    Args:
        layers: the torch layers, in order.
        activation: a name in `ACTIVATIONS`.
        last: whether an activation follows the last layer, too.
        conditions: length of the conditioning vector; 0 for a stack without one.
    """

    def __init__(self, layers: Sequence[TorchLayer], activation: str, last: bool, conditions: int = 0):
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
        """Images or vectors (B, ...) to the outputs of the last layer; `condition` is (B, conditions)."""
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
    """Features (B, width) -> a point mass at a code (B, d)."""

    def __init__(self, width: int, latent_dim: int):
        super().__init__()
        self.mean = nn.Linear(width, latent_dim)

    def forward(self, h: Tensor) -> Posterior:
        """q(z|x) for features (B, width)."""
        return Dirac(self.mean(h).float())  # fp32 from here on, in whatever precision the layers were computed


class GaussianHead(PointHead):
    """Features (B, width) -> a diagonal Gaussian over codes (B, d)."""

    def __init__(self, width: int, latent_dim: int):
        super().__init__(width, latent_dim)
        self.logvar = nn.Linear(width, latent_dim)

    def forward(self, h: Tensor) -> Posterior:
        """q(z|x) for features (B, width)."""
        # hardtanh clamps; its gradient is one operation instead of the four of torch.clamp.
        return DiagonalGaussian(self.mean(h).float(), F.hardtanh(self.logvar(h).float(), *LOGVAR_RANGE))


class Trainable(nn.Module):
    """Base of all models: an encoder, a head that returns q(z|x), a decoder, and the loss they are trained with.

    Args:
        config: what to build. `core.models.build.build_model` also seeds the weights.
    """

    conditions = 0  # length of the conditioning vector; a plain model has none

    def __init__(self, config: RunConfig):
        super().__init__()
        self.config = config
        self.shape = config.shape
        assert config.trunk is not None, "RunConfig replaces a missing trunk by the default"
        encoder = encoder_layers(config.trunk, self.shape)
        decoder = decoder_layers(config.trunk, config.latent_dim, self.shape)
        self.encoder = Stack(_build(encoder), config.activation, last=True, conditions=self.conditions)
        self.decoder = Stack(_build(decoder), config.activation, last=False, conditions=self.conditions)
        head = PointHead if config.model == "ae" else GaussianHead  # the one difference between the two models
        self.head = head(encoder[-1].outputs, config.latent_dim)
        self.sigma = SharedSigma(self.conditions) if config.likelihood == Calibrated.name else None

    def likelihood_at(self, condition: Tensor | None = None) -> Likelihood:
        """p(x|z) of a decoded image, whose sigma may be learned, and may depend on the conditions (B, conditions)."""
        if self.sigma is None:
            return FIXED[self.config.likelihood]
        return Calibrated(self.sigma.log(condition))

    @property
    def likelihood(self) -> Likelihood:
        """p(x|z) of a plain model."""
        return self.likelihood_at()

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,
    ) -> Tensor:
        """What one training step minimises, in nats per image (a scalar).

        Args:
            images: targets (B, C, H, W).
            generator: source of the sampling noise.
            inputs: what the encoder sees where that differs from the targets (denoising).
            beta: the current weight of the rate during warm-up; by default the weight in the config.
        """
        raise NotImplementedError

    def reference(self) -> Model:
        """The model whose figures are reported for this network."""
        raise NotImplementedError

    def variants(self) -> dict[float, AtBeta]:
        """Further models that this network contains, by beta; a plain model contains none."""
        return {}

    @property
    def convolutional(self) -> bool:
        """Whether any layer is a convolution."""
        return any(isinstance(layer, nn.Conv2d) for layer in self.encoder.layers)

    @torch.no_grad()
    def start_from(self, images: np.ndarray) -> None:
        """Let an untrained decoder draw the mean of the images, not mid-grey; saves about an epoch.

        A learned sigma starts where it is right for that picture: at the standard deviation of the images.

        Args:
            images: uint8 (N, C, H, W).
        """
        means = np.clip(images.mean((0, 2, 3)) / 255, 1e-4, 1 - 1e-4)  # one per channel
        biases = self.decoder.layers[-1].get_parameter("bias").reshape(len(means), -1)
        for bias, mean in zip(biases, means, strict=True):
            bias.fill_(math.log(mean / (1 - mean)))
        if self.sigma is not None:
            self.sigma.set(max(float(deviations(images).mean()) / 255, 1e-2))


class Autoencoder(Trainable):
    """encode(images) -> posterior; decode(z) -> logits. The head makes it an AE or a VAE."""

    def encode(self, images: Tensor) -> Posterior:
        """q(z|x) for images (B, C, H, W) in [0, 1]."""
        return self.head(self.encoder(images))

    def decode(self, z: Tensor) -> Tensor:
        """Logits (B, C, H, W) for codes (B, d); the image is their sigmoid."""
        return self.decoder(z).reshape(-1, *self.shape.chw)

    def decode_image(self, z: Tensor) -> Tensor:
        """The expected image, (B, C, H, W) in [0, 1], for codes (B, d)."""
        return torch.sigmoid(self.decode(z))

    def terms(self, images: Tensor, generator: torch.Generator | None = None, inputs: Tensor | None = None) -> Terms:
        """Distortion and rate of a batch, with one sampled code per image; arguments as in `Trainable.loss`."""
        posterior = self.encode(images if inputs is None else inputs)
        return terms(self.likelihood, self.decode(posterior.rsample(generator)), images, posterior)

    def loss(
        self,
        images: Tensor,
        generator: torch.Generator | None = None,
        inputs: Tensor | None = None,
        beta: float | None = None,
    ) -> Tensor:
        """Mean over images of D + beta R; see `Trainable.loss`."""
        weight = self.config.beta if beta is None else beta
        return self.terms(images, generator, inputs).loss(weight, self.config.free_bits, self.config.reduction)

    def reference(self) -> Autoencoder:
        """The model itself."""
        return self


def device_of(model: Trainable | AtBeta) -> torch.device:
    """Where a model's weights are."""
    return next(iter(model.parameters())).device
