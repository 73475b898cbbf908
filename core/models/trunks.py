"""Trunks as data: the layers of each network, in one description for torch and for the browser.

`TRUNKS` makes the encoder for images of a shape; a decoder is the mirror image of its encoder. An activation follows
every layer except the last one of the decoder. `core.models.networks` builds torch layers from the descriptions.
`describe` returns them as JSON values; a page receives those with the weights (`dashboard.components.assets`) and
`dashboard/web/layers.js` builds its own layers from them. A page refuses a kind of layer that it does not know and
shows pictures from the server.

This module does not import torch: a page is drawn before torch is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from core.data.shape import GREY_28, Shape

# Channels after each halving of the side, by the side of the images; the last feature map is 7x7 or 4x4.
CHANNELS = {28: (16, 32), 32: (16, 32, 64), 64: (16, 32, 64, 64)}


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        kind: "linear", "conv" (2-D convolution) or "transposed" (2-D transposed convolution): a name in
            `core.models.networks.LAYERS`.
        inputs, outputs: number of features of a linear layer, of channels of a convolution.
        kernel, stride, padding: of a convolution, the same along both axes.
    """

    kind: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0


def dense(*widths: int) -> tuple[Layer, ...]:
    """Linear layers from each width to the next."""
    return tuple(Layer("linear", inputs, outputs) for inputs, outputs in pairwise(widths))


def halving(*channels: int) -> tuple[Layer, ...]:
    """4x4 convolutions with stride 2, each of which halves the side of an image."""
    return tuple(
        Layer("conv", inputs, outputs, kernel=4, stride=2, padding=1) for inputs, outputs in pairwise(channels)
    )


def convolutional(shape: Shape) -> tuple[Layer, ...]:
    """Convolutions down to a feature map of 7x7 or 4x4, then 128 features."""
    channels = CHANNELS[shape.side]
    last = shape.side >> len(channels)
    return (*halving(shape.channels, *channels), *dense(channels[-1] * last * last, 128))


# Encoders, from images of a shape to features.
TRUNKS: dict[str, Callable[[Shape], tuple[Layer, ...]]] = {
    "conv": convolutional,
    "mlp": lambda shape: dense(shape.pixels, 400, 200),
    "mlp-400": lambda shape: dense(shape.pixels, 400),
}
MIRROR = {"conv": "transposed"}  # the kind of layer that undoes a kind, where it is a different one


def encoder_layers(trunk: str, shape: Shape = GREY_28) -> tuple[Layer, ...]:
    """The layers of a trunk; `outputs` of the last one is the number of features."""
    return TRUNKS[trunk](shape)


def decoder_layers(trunk: str, latent_dim: int, shape: Shape = GREY_28) -> tuple[Layer, ...]:
    """The mirror image of a trunk: from codes (latent_dim,) to the logits of an image."""
    layers = encoder_layers(trunk, shape)
    mirrored = [
        Layer(MIRROR.get(x.kind, x.kind), x.outputs, x.inputs, x.kernel, x.stride, x.padding) for x in reversed(layers)
    ]
    return (*dense(latent_dim, layers[-1].outputs), *mirrored)


def describe(trunk: str, latent_dim: int, shape: Shape = GREY_28) -> dict[str, list[dict[str, Any]]]:
    """The layers of encoder and decoder as JSON values."""

    def plain(layers: Sequence[Layer]) -> list[dict[str, Any]]:
        return [asdict(layer) for layer in layers]

    encoder, decoder = encoder_layers(trunk, shape), decoder_layers(trunk, latent_dim, shape)
    return {"encoder": plain(encoder), "decoder": plain(decoder)}
