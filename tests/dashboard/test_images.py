"""Pictures hold the pixels they were given, unblurred, and downloads can be opened."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from dashboard.plots import images

RNG = np.random.default_rng(0)


def some(n: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (6, 3), (7, 3), (5, 10)])
def test_a_grid_holds_every_pixel_where_it_belongs(n, columns):
    tiles, scale = some(n), 3
    picture = np.array(images.mosaic(tiles, columns, scale))[::scale, ::scale]
    columns = min(columns, n)
    assert picture.shape[:2] == (-(-n // columns) * 30 - 2, columns * 30 - 2)
    for i, tile in enumerate(tiles):
        y, x = i // columns * 30, i % columns * 30
        np.testing.assert_array_equal(picture[y : y + 28, x : x + 28, 0], tile)
    assert (picture[:, 28:30, 1] == 0).all(), "gaps are transparent"


def test_floats_and_bytes_give_the_same_picture():
    tiles = some(4)
    assert images.grid(tiles, 2) == images.grid(tiles[:, None], 2) == images.grid(tiles / np.float32(255), 2)


def test_what_is_not_a_grid_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        images.mosaic(some(0), 3)


def test_the_png_to_take_away_holds_rows_and_words():
    rows = [("AE  a-run", some(20)), ("VAE  another-run", some(20))]
    picture = Image.open(io.BytesIO(images.labelled(rows, "A title", columns=10)))
    assert picture.format == "PNG" and picture.mode == "RGB"
    grey = np.array(picture.convert("L"))
    assert (grey[:45] < 128).any(), "no title"
    blank = np.array(Image.open(io.BytesIO(images.labelled(rows, "", columns=10))).convert("L"))
    assert not (blank[:45] < 128).any()


def test_a_long_title_is_not_cut():
    wide = Image.open(io.BytesIO(images.labelled([("x", some(1))], "W" * 60)))
    assert wide.width > 60 * 12


def test_the_animation_plays_there_and_back():
    picture = Image.open(io.BytesIO(images.there_and_back([("AE", some(9)), ("VAE", some(9))])))
    frames = [np.array(f.convert("L")) for f in ImageSequence.Iterator(picture)]
    assert len(frames) == 16, "9 there, 7 back"
    np.testing.assert_array_equal(frames[1], frames[15])
    assert picture.info["loop"] == 0


def test_pairs_stand_side_by_side():
    a, b = some(3), some(3)
    both = images.beside(a, b)
    np.testing.assert_array_equal(both[:, :, :28], a)
    np.testing.assert_array_equal(both[:, :, 29:], b)
