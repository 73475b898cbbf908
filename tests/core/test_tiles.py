"""Many small images as one picture."""

import io

import numpy as np
import pytest
from PIL import Image

from core.data.tiles import png_bytes, tiled


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (6, 3), (7, 3), (2, 5)])
def test_a_tile_is_where_its_row_and_column_say_and_the_rest_is_zero(n, columns):
    tiles = np.random.default_rng(0).integers(1, 255, (n, 3, 4), dtype=np.uint8)
    picture = tiled(tiles, columns)
    assert picture.shape == (-(-n // columns) * 3, columns * 4) and picture.dtype == np.uint8
    for i, tile in enumerate(tiles):
        top, left = i // columns * 3, i % columns * 4
        assert np.array_equal(picture[top : top + 3, left : left + 4], tile)
    assert (picture > 0).sum() == n * 12


def test_a_png_bytes_holds_the_pixels_it_was_given():
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(pixels)))), pixels)
