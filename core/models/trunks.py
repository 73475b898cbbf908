"""Trunks as data: which layers a network has, so that torch, the browser and a reader are told the same thing.

`TRUNKS` names the encoders; a decoder is its encoder's mirror image. An activation follows each layer but the decoder's last.
`core.models.networks` makes torch layers of the descriptions, `describe` is what a page is sent beside the weights
(`dashboard.components.assets`), and `dashboard/web/layers.js` makes its own of that. A kind of layer that the page
does not know is refused there, and pictures come from the server instead.

This module imports nothing heavy: a page is drawn before torch is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

SIDE = 28


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes:
        kind: "linear", "conv" (2-D convolution) or "transposed" (2-D transposed convolution); see `core.models.networks.LAYERS`.
        inputs, outputs: features of a linear layer, channels of the others.
        kernel, stride, padding: of a convolution, the same on both axes.
    """

    kind: str
    inputs: int
    outputs: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0


def dense(*widths: int) -> tuple[Layer, ...]:
    """Linear layers from each width to the next."""
    return tuple(Layer("linear", a, b) for a, b in zip(widths, widths[1:]))


def halving(*channels: int) -> tuple[Layer, ...]:
    """4x4 convolutions with stride 2, each of which halves an image's side."""
    return tuple(Layer("conv", a, b, kernel=4, stride=2, padding=1) for a, b in zip(channels, channels[1:]))


# From images (1, 28, 28) to features.
TRUNKS: dict[str, tuple[Layer, ...]] = {
    "conv": (*halving(1, 16, 32), *dense(32 * 7 * 7, 128)),  # sides 14 and 7
    "mlp": dense(SIDE * SIDE, 400, 200),
    "mlp-400": dense(SIDE * SIDE, 400),
}
MIRROR = {"conv": "transposed"}  # what undoes a kind of layer, where that is another kind


def encoder_layers(trunk: str) -> tuple[Layer, ...]:
    """The trunk's layers; the last one's `outputs` is the number of features."""
    return TRUNKS[trunk]


def decoder_layers(trunk: str, latent_dim: int) -> tuple[Layer, ...]:
    """The trunk's mirror image: from codes (latent_dim,) to an image's logits."""
    layers = TRUNKS[trunk]
    back = [
        Layer(MIRROR.get(x.kind, x.kind), x.outputs, x.inputs, x.kernel, x.stride, x.padding) for x in reversed(layers)
    ]
    return (*dense(latent_dim, layers[-1].outputs), *back)


def describe(trunk: str, latent_dim: int) -> dict[str, list[dict[str, Any]]]:
    """Both stacks' layers as plain data, for JSON."""

    def plain(layers: Sequence[Layer]) -> list[dict[str, Any]]:
        return [asdict(layer) for layer in layers]

    return {"encoder": plain(encoder_layers(trunk)), "decoder": plain(decoder_layers(trunk, latent_dim))}
