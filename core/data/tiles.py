"""Many small images of one size as one picture, row by row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def tiled(tiles: np.ndarray, columns: int) -> np.ndarray:
    """Tiles (n, height, width) of any type -> (rows * height, columns * width); the last row is padded with zeros."""
    n, height, width = tiles.shape
    filled = np.concatenate([tiles, np.zeros((-n % columns, height, width), tiles.dtype)])
    return filled.reshape(-1, columns, height, width).swapaxes(1, 2).reshape(-1, columns * width)


def grey_png(pixels: np.ndarray, **options: Any) -> bytes:
    """Grey levels, uint8 (height, width), as the bytes of a PNG; options are Pillow's."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()
