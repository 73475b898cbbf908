"""What the components about one image have in common: the two models, their classes, their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dashboard.components.assets import OCTETS, media_url

SIDES = ("left", "right")


@dataclass(frozen=True)
class ModelLabel:
    """How a model is named and coloured.

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
        codes: (n, d) posterior means of the images it is compared with.
    """

    label: ModelLabel
    weights: str
    codes: np.ndarray

    @property
    def latent_dim(self) -> int:
        """Latent size d."""
        return int(self.codes.shape[1])

    def describe(self, **more: Any) -> dict[str, Any]:
        """What the page needs to know of it, beside its arrays."""
        return {**asdict(self.label), "weights": self.weights, **more}


@dataclass(frozen=True)
class Images:
    """The test images that a page's components share.

    Attributes:
        labels: (n,) class indices. classes, colors: names and colours of the classes. word: what a class is called.
        png: all n images as one picture, see `sprites.sprite`.
    """

    labels: np.ndarray
    classes: Sequence[str]
    colors: Sequence[str]
    png: bytes
    word: str = "class"

    def describe(self, key: str) -> dict[str, Any]:
        """What the component needs to know of the images; `key` names their file."""
        return {
            "sprite": media_url(self.png, "image/png", f"{key}/sprite"),
            "classes": list(self.classes),
            "class_colors": [self.colors[i % len(self.colors)] for i in range(len(self.classes))],
            "class_word": self.word,
        }


def class_numbers(labels: np.ndarray) -> np.ndarray:
    """Class indices (n,) as the components read them: float32, exact up to 16 million; a byte would end at 255."""
    return np.ascontiguousarray(labels, np.float32)


def packed(key: str, arrays: dict[str, np.ndarray]) -> str:
    """Address of a safetensors file of arrays, for `loadArrays`: bytes stay bytes, everything else becomes float32."""
    from safetensors.numpy import save

    return media_url(
        save(
            {
                name: np.ascontiguousarray(a if a.dtype == np.uint8 else a.astype(np.float32))
                for name, a in arrays.items()
            }
        ),
        OCTETS,
        f"{key}/arrays",
    )


def check_length(lane: Lane, images: Images, latent_dim: int | None = None) -> None:
    """Raises:
    ValueError: not one code an image, or not of `latent_dim` numbers.
    """
    expected = (len(images.labels), latent_dim or lane.latent_dim)
    if lane.codes.shape != expected:
        raise ValueError(f"the {lane.label.short}'s codes have shape {lane.codes.shape}; {expected} is needed.")
