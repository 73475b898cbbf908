"""What the components have in common: the models, the test images with their classes, and their files.

A *lane* is one model as it is shown: a column of its own, the AE on the left and the VAE on the right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dashboard.components.assets import OCTETS, media_url
from dashboard.components.sprites import shape_in

SIDES = ("left", "right")


@dataclass(frozen=True)
class ModelLabel:
    """The name and the colours of a model.

    Attributes:
        title, short: heading, e.g. "AE: an image is a point", and the model's name in running text.
        color, color_dark: the model's colour on a light and on a dark page.
    """

    title: str
    short: str
    color: str
    color_dark: str


@dataclass(frozen=True)
class Lane:
    """One model.

    Attributes:
        label: its name and colour.
        weights: address of its weights (see `assets.weights_url`).
        codes: (n, d) posterior means of the page's test images.
    """

    label: ModelLabel
    weights: str
    codes: np.ndarray

    @property
    def latent_dim(self) -> int:
        """Latent size d."""
        return int(self.codes.shape[1])

    def describe(self, **more: Any) -> dict[str, Any]:
        """What the script needs besides the arrays, with `more` entries."""
        return {**asdict(self.label), "weights": self.weights, **more}


@dataclass(frozen=True)
class Images:
    """The test images that a page's components share.

    Attributes:
        labels: (n,) class indices.
        classes, colors: names and colours of the classes.
        png: all n images in one PNG, see `sprites.sprite`.
        word: what a class is called, e.g. "digit".
    """

    labels: np.ndarray
    classes: Sequence[str]
    colors: Sequence[str]
    png: bytes
    word: str = "class"

    def describe(self, key: str) -> dict[str, Any]:
        """The images as the script reads them; `key` names their file."""
        return {
            "sprite": media_url(self.png, "image/png", f"{key}/sprite"),
            "shape": list(shape_in(self.png).chw),
            "classes": list(self.classes),
            "class_colors": [self.colors[i % len(self.colors)] for i in range(len(self.classes))],
            "class_word": self.word,
        }


def class_numbers(labels: np.ndarray) -> np.ndarray:
    """Class indices (n,) as the scripts read them: float32, which is exact up to 16 million."""
    return np.ascontiguousarray(labels, np.float32)


def packed(key: str, arrays: dict[str, np.ndarray]) -> str:
    """Address of a safetensors file of arrays, for `loadArrays`: uint8 stays uint8, everything else becomes float32."""
    from safetensors.numpy import save

    stored = {name: a if a.dtype == np.uint8 else a.astype(np.float32) for name, a in arrays.items()}
    file = save({name: np.ascontiguousarray(a) for name, a in stored.items()})
    return media_url(file, OCTETS, f"{key}/arrays")


def check_length(lane: Lane, images: Images, latent_dim: int | None = None) -> None:
    """Check that a lane has one code per image.

    Raises:
        ValueError: the codes are not (n, `latent_dim`) for n images.
    """
    expected = (len(images.labels), latent_dim or lane.latent_dim)
    if lane.codes.shape != expected:
        raise ValueError(f"the {lane.label.short}'s codes have shape {lane.codes.shape}; {expected} is needed.")
