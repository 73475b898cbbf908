"""Images of any shape on their way to the browser and back: sprites, drawings, pictures to look at."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from core.config import LIKELIHOODS, RunConfig
from core.data.shape import GREY_28, Shape, as_pictures, without_grey_axis
from core.training.evaluation import sprite as preview
from dashboard.components import pad
from dashboard.components.assets import not_in_page
from dashboard.components.interpolator import drawn_image, drawn_text
from dashboard.components.lanes import Images
from dashboard.components.maths import steps
from dashboard.components.networks import layers_of
from dashboard.components.scrubber import stacked
from dashboard.components.sprites import SPRITE_COLUMNS, shape_in, sprite
from dashboard.plots import images

SHAPES = [Shape(channels, side) for channels in (1, 3) for side in (28, 32, 64)]
RNG = np.random.default_rng(0)


def some(shape: Shape, n: int) -> np.ndarray:
    return RNG.integers(0, 256, (n, *shape.chw), dtype=np.uint8)


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("n", [1, 53])
def test_a_sprite_holds_every_image_and_says_their_shape(shape, n):
    sent = some(shape, n)
    png = sprite(sent)
    assert shape_in(png) == shape
    picture, side = opened(png), shape.side
    for i, image in enumerate(sent):
        y, x = i // SPRITE_COLUMNS * side, i % SPRITE_COLUMNS * side
        tile = picture[y : y + side, x : x + side]
        np.testing.assert_array_equal(tile if shape.color else tile[..., None], image.transpose(1, 2, 0))
    assert Images(np.zeros(n), ["a"], ["#000"], png).describe("x")["shape"] == list(shape.chw)


def test_an_empty_sprite_is_grey():
    assert shape_in(b"") == GREY_28


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_drawing_comes_back_from_its_text(shape):
    levels = RNG.integers(0, 16, shape.picture) * 17
    flat = np.zeros(shape.picture, int)
    flat[..., 3:9, 2:] = 255
    for drawing in (levels, flat):
        np.testing.assert_array_equal(drawn_image(drawn_text(drawing), shape), drawing)
        others = [other for other in SHAPES if other != shape]
        read = [drawn_image(drawn_text(drawing), other) for other in others]
        assert all(image is None for image in read), "a drawing of another shape is none"
    for wrong in ("", "A", "é" * 200, "=" * 40, None, 7, drawn_text(levels)[:-3] + "!!!"):
        assert drawn_image(wrong, shape) is None


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_pad_sends_a_picture_of_its_shape_or_nothing(shape):
    (image,) = some(shape, 1)
    sent = base64.b64encode(image.tobytes()).decode()
    np.testing.assert_array_equal(pad.decoded(sent, shape), without_grey_axis(image[None])[0])
    assert all(pad.decoded(sent, other) is None for other in SHAPES if other != shape)
    black = pad.decoded(base64.b64encode(bytes(shape.pixels)).decode(), shape)
    assert (black is None) != shape.color, "black is a colour like others"


def test_the_ground_is_the_colour_of_most_edges():
    seen = some(Shape(3, 32), 9)
    seen[:6] = np.array([10, 200, 255], np.uint8)[:, None, None]
    seen[:, :, 4:-4, 4:-4] = 77
    assert pad.ground_of(seen) == [10, 200, 255]
    assert pad.ground_of(np.full((3, 1, 28, 28), 255, np.uint8)) == [0]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_grids_pairs_and_animations_keep_every_pixel(shape):
    tiles, side = some(shape, 5), shape.side
    picture = np.asarray(images.mosaic(tiles, 3, scale=2))[::2, ::2]
    assert picture.shape == (2 * side + 2, 3 * side + 4, 4 if shape.color else 2)
    np.testing.assert_array_equal(
        picture[side + 2 :, side + 2 : 2 * side + 2, :-1], tiles[4].transpose(1, 2, 0), "the fifth image"
    )
    assert (picture[:, side : side + 2, -1] == 0).all(), "gaps are transparent"
    assert images.grid(tiles, 2) == images.grid(as_pictures(tiles), 2)
    both = images.beside(tiles, tiles[::-1])
    assert both.shape[-2:] == (side, 2 * side + 1) and (both[..., side] == 128).all()
    np.testing.assert_array_equal(both[..., side + 1 :], images.to_uint8(tiles[::-1]))
    strips = [(name, as_pictures(tiles)) for name in ("AE", "VAE")]
    played = Image.open(io.BytesIO(images.there_and_back(strips, scale=1)))
    assert sum(1 for _ in ImageSequence.Iterator(played)) == 8, "5 there, 3 back"
    assert Image.open(io.BytesIO(images.labelled(strips, "Title"))).mode == "RGB"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_recording_keeps_its_colours(shape):
    epochs = [preview(as_pictures(some(shape, 4)), 2) for _ in range(3)]
    picture = opened(stacked(epochs))
    assert picture.shape == (6 * shape.side, 2 * shape.side, 3)[: 3 if shape.color else 2]
    wanted = np.asarray(Image.open(io.BytesIO(epochs[1])).convert("RGB" if shape.color else "L"))
    np.testing.assert_array_equal(picture[2 * shape.side : 4 * shape.side], wanted)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_maths_of_every_likelihood_can_be_shown(likelihood):
    (distortion,) = (row for row in steps(likelihood) if row["id"] == "distortion")
    assert all(cell["source"]["name"].lower().startswith(likelihood) for cell in distortion["cells"])


def test_the_page_is_told_what_images_a_network_takes():
    config = RunConfig(dataset="sprites", latent_dim=8)
    layers = layers_of(config)
    assert layers["shape"] == [3, 32, 32] and layers["encoder"][0]["inputs"] == 3
    assert layers_of(RunConfig())["shape"] == [1, 28, 28]
    assert not_in_page(config) == ""
