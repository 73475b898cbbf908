"""Many small images in one PNG (a sprite): one request instead of a thousand."""

from __future__ import annotations

import struct

import numpy as np

from core.data.shape import GREY_28, Shape, without_grey_axis
from core.data.tiles import png_bytes, tiled

SPRITE_COLUMNS = 50  # as in sprites.js
RGB = 2  # the number in a PNG's header for red, green and blue


def sprite(images: np.ndarray, columns: int = SPRITE_COLUMNS, compress_level: int = 6) -> bytes:
    """Many images as one PNG, row by row, grey or RGB.

    Args:
        images: uint8 (n, C, side, side), or grey ones as (n, side, side).
        compress_level: zlib's, 1 to 9.
    """
    stack = np.asarray(images, dtype=np.uint8)
    if stack.ndim == 4:
        stack = without_grey_axis(stack)
    return png_bytes(tiled(stack, columns), compress_level=compress_level)


def shape_in(png: bytes, columns: int = SPRITE_COLUMNS) -> Shape:
    """The shape of the images in a sprite, from the PNG's header (PNG specification, section 11.2.2); grey without one.

    Args:
        columns: tiles per row.
    """
    if len(png) < 26:
        return GREY_28
    width, _height, _depth, color_type = struct.unpack(">IIBB", png[16:26])
    return Shape(3 if color_type == RGB else 1, width // columns)
