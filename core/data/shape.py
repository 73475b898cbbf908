"""The shape of a data set's images: grey or colour, and a square side. Everything that depends on it starts here.

Two layouts are in use. Stacks of bytes, as in `Dataset`, are always uint8 (N, C, H, W). Pictures, float32 in [0, 1],
are (N, H, W) if they are grey and (N, 3, H, W) in colour: see `as_pictures`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

CHANNELS = (1, 3)  # grey, or red, green and blue
SIDES = (28, 32, 64)
PART = 8_000_000  # numbers that are turned into floats at a time, 32 MB: 10,000 images of 28x28 in grey


class Shape(NamedTuple):
    """Channels (1 for grey, 3 for colour) and the side of square images, in pixels."""

    channels: int
    side: int

    @property
    def chw(self) -> tuple[int, int, int]:
        """(C, H, W), the shape of one image."""
        return self.channels, self.side, self.side

    @property
    def picture(self) -> tuple[int, ...]:
        """The shape of one picture: (H, W) if it is grey, else (3, H, W)."""
        return self.chw if self.channels > 1 else self.chw[1:]

    @property
    def pixels(self) -> int:
        """Numbers per image, C * H * W."""
        return self.channels * self.side * self.side

    @property
    def color(self) -> bool:
        """Whether images have three channels."""
        return self.channels > 1

    def __str__(self) -> str:
        return f"{self.side}x{self.side} {'colour' if self.color else 'grey'}"


GREY_28 = Shape(1, 28)
# The data sets of `core.data.sources` whose images have another shape.
SHAPES = {
    "emoji": Shape(3, 32),
    "sprites": Shape(3, 32),
    "cifar10": Shape(3, 32),
    "svhn": Shape(3, 32),
    "celeba": Shape(3, 64),
}


def shape_of(images: np.ndarray) -> Shape:
    """The shape of images (N, C, H, W)."""
    return Shape(images.shape[1], images.shape[2])


def as_pictures(images: np.ndarray) -> np.ndarray:
    """Images uint8 (N, C, H, W) as pictures: float32 in [0, 1], (N, H, W) if they are grey, else (N, 3, H, W)."""
    pictures = without_grey_axis(images).astype(np.float32)
    pictures /= 255  # in place: there may be many
    return pictures


def in_parts(images: np.ndarray, numbers: int = PART) -> Iterator[np.ndarray]:
    """Images (N, C, H, W) in order, in parts of at most so many numbers (or one image)."""
    size = max(1, numbers // max(images[0].size, 1)) if len(images) else 1
    for start in range(0, len(images), size):
        yield images[start : start + size]


def deviations(images: np.ndarray, numbers: int = PART) -> np.ndarray:
    """The standard deviation of each channel of images uint8 (N, C, H, W), (C,), from how often each level occurs.

    numpy's own would turn all images into doubles at once; here they are counted in parts of at most so many numbers.
    """
    counts = np.zeros((images.shape[1], 256), np.int64)
    for part in in_parts(images, numbers):
        counts += np.stack([np.bincount(channel.reshape(-1), minlength=256) for channel in part.swapaxes(0, 1)])
    shares, levels = counts / counts.sum(1, keepdims=True), np.arange(256)
    return np.sqrt((shares * (levels - shares @ levels[:, None]) ** 2).sum(1))


def without_grey_axis(images: np.ndarray) -> np.ndarray:
    """Images (..., C, H, W) as (..., H, W) if they have one channel; colour images as they are."""
    return images[..., 0, :, :] if images.shape[-3] == 1 else images
