"""The form in which images are given to the models, and its text in the name of a folder: color=1&size=32&fit=crop.

    color    0: grey levels, 1: red, green and blue
    size     side of the square in pixels: 28, 32 or 64
    fit      pad: the whole image, scaled to fit, on the colour of its own border; crop: the middle, scaled to fill;
             stretch: the whole image, its sides scaled separately
    invert   1: black and white exchanged (grey images only)

An option with its default is left out, so that a name without options means what it always meant: 28x28 grey, padded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data.shape import GREY_28, SHAPES, SIDES, Shape

FITS = ("pad", "crop", "stretch")
CHOICES: dict[str, dict[str, Any]] = {
    "color": {"0": False, "1": True},
    "size": {str(side): side for side in SIDES},
    "fit": {fit: fit for fit in FITS},
    "invert": {"0": False, "1": True},
}
IN_WORDS = "color=1 (colour), size=32 or 64, fit=crop or stretch, invert=1 (exchange black and white of grey images)"


@dataclass(frozen=True)
class Form:
    """How images of any kind become input of the models; see the top of this module.

    Attributes:
        color: whether colours are kept.
        size: side in pixels, one of `core.data.shape.SIDES`.
        fit: one of `FITS`.
        invert: whether black and white are exchanged.
    """

    color: bool = False
    size: int = GREY_28.side
    fit: str = FITS[0]
    invert: bool = False

    @property
    def shape(self) -> Shape:
        """Channels and side of the images."""
        return Shape(3 if self.color else 1, self.size)

    @property
    def options(self) -> str:
        """The options that differ from their defaults, as in the name of a folder; "" if none does."""
        return "&".join(
            f"{name}={int(value) if isinstance(value, bool) else value}"
            for name in CHOICES
            if (value := getattr(self, name)) != getattr(PLAIN, name)
        )

    @property
    def title(self) -> str:
        """The same options in words; "" if there are none."""
        words = [str(self.shape).replace("x", "×")] if self.shape != GREY_28 else []
        words += [{"crop": "cropped", "stretch": "stretched"}[self.fit]] if self.fit != FITS[0] else []
        return ", ".join(words + (["inverted"] if self.invert else []))


PLAIN = Form()


def form_of(options: str) -> Form | None:
    """The form that a text of options means, "" for the default form; None if it has no meaning."""
    values: dict[str, Any] = {}
    for option in options.split("&") if options else []:
        name, _, text = option.partition("=")
        if name in values or text not in CHOICES.get(name, {}):
            return None
        values[name] = CHOICES[name][text]
    form = Form(**values)
    return None if form.color and form.invert else form


def shape_named(dataset: str) -> Shape:
    """The shape of a data set's images, from its name alone: no image is read and no folder looked for.

    The name of a folder ends with its options where they are not the defaults, see `core.data.folder_name`.
    """
    if not dataset.startswith("folder:"):
        return SHAPES.get(dataset, GREY_28)
    form = form_of(dataset.partition("?")[2].rpartition("?")[2])
    return GREY_28 if form is None else form.shape


def suits_color(images: np.ndarray, spread: int = 40, part: float = 0.02) -> bool:
    """Whether images (n, 3, H, W), uint8, are worth keeping in colour.

    They are if, in at least that part of their pixels, the channels differ by at least that spread.
    """
    some = images[:500].astype(np.int16)
    return bool((some.max(1) - some.min(1) >= spread).mean() >= part)
