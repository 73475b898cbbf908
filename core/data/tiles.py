"""Many small images of one size as one picture, row by row."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def tiled(tiles: np.ndarray, columns: int) -> np.ndarray:
    """Tiles of any type, side by side; the last row is padded with zeros.

    Args:
        tiles: grey (n, height, width), or colour (n, 3, height, width).
        columns: tiles per row.

    Returns:
        (rows * height, columns * width), or (rows * height, columns * width, 3).
    """
    if tiles.ndim == 4:
        return np.stack([tiled(channel, columns) for channel in tiles.swapaxes(0, 1)], axis=-1)
    n, height, width = tiles.shape
    filled = np.concatenate([tiles, np.zeros((-n % columns, height, width), tiles.dtype)])
    return filled.reshape(-1, columns, height, width).swapaxes(1, 2).reshape(-1, columns * width)


def png_bytes(pixels: np.ndarray, **options: Any) -> bytes:
    """A picture, uint8 (height, width) or (height, width, 3), as the bytes of a PNG; options are Pillow's."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", **options)
    return buffer.getvalue()
