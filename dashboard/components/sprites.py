"""Many small images in one PNG (a sprite): one request instead of a thousand."""

from __future__ import annotations

import numpy as np

from core.data.tiles import png_bytes, tiled

SPRITE_COLUMNS = 50  # as in sprites.js


def sprite(images: np.ndarray, columns: int = SPRITE_COLUMNS, compress_level: int = 6) -> bytes:
    """Images uint8 (n, 28, 28) or (n, 1, 28, 28) as one grey PNG, row by row; `compress_level` is zlib's, 1 to 9."""
    tiles = np.asarray(images, dtype=np.uint8).reshape(-1, 28, 28)
    return png_bytes(tiled(tiles, columns), compress_level=compress_level)
