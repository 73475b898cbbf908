"""Fitting an image of any shape into the square that the models take, as `core.data.form.Form.fit` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.data.form import Form

if TYPE_CHECKING:
    from PIL.Image import Image


def square(image: Image, form: Form) -> np.ndarray:
    """An image ("L", "F" or "RGB") as a square: (size, size), or (3, size, size) for "RGB".

    It is scaled before it is placed: a square around a strip of 1 x 50,000 pixels would not fit in memory. Black and
    white are exchanged first if `form.invert` says so ("L" only).
    """
    from PIL import Image, ImageOps

    side, lanczos = form.size, Image.Resampling.LANCZOS
    if form.invert:
        image = ImageOps.invert(image)
    if form.fit == "stretch":
        whole = image.resize((side, side), lanczos)
    elif form.fit == "crop":
        edge = min(image.size)
        left, top = ((extent - edge) / 2 for extent in image.size)
        whole = image.resize((side, side), lanczos, box=(left, top, left + edge, top + edge))
    else:
        levels = np.asarray(image)
        edges = border(levels if levels.ndim == 2 else levels.transpose(2, 0, 1))
        ground = np.median(edges, axis=-1).tolist()
        width, height = (max(1, round(side * extent / max(image.size))) for extent in image.size)
        if image.mode != "F":
            ground = tuple(map(int, ground)) if image.mode == "RGB" else int(ground)
        whole = Image.new(image.mode, (side, side), ground)
        whole.paste(image.resize((width, height), lanczos), ((side - width) // 2, (side - height) // 2))
    pixels = np.asarray(whole)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)) if pixels.ndim == 3 else pixels


def ground_level(images: np.ndarray) -> np.ndarray:
    """The ground that images (N, C, H, W) are drawn on, one level per channel (C,): the median of their borders."""
    return np.median(border(images), axis=(0, 2))


def border(image: np.ndarray) -> np.ndarray:
    """The values along the four edges of (..., height, width), as (..., 2 * height + 2 * width)."""
    leading = image.shape[:-2]
    rows, columns = image[..., [0, -1], :], image[..., :, [0, -1]]
    return np.concatenate([rows.reshape(*leading, -1), columns.reshape(*leading, -1)], -1)
