"""One image file becomes 28x28 grey levels in which a person still sees what was in it, whatever kind of file it is."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.data.form import Form
from core.data.image_file import finish, formats, full_scale, preview, read, suffixes
from core.data.square import border

SQUARE = np.zeros((40, 40), np.uint8)
SQUARE[10:30, 10:30] = 255


def read_image(file, invert: bool = False):
    """One file by itself, uint8 (28, 28)."""
    form = Form(invert=invert)
    return finish([read(file, form)], form).images[0]


def saved(image: Image.Image, kind: str = "PNG", **options) -> io.BytesIO:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    buffer.seek(0)
    return buffer


def ink(level: int, mode: str) -> io.BytesIO:
    """A square of one grey level on nothing."""
    rgba = np.full((40, 40, 4), level, np.uint8)
    rgba[..., 3] = SQUARE
    image = Image.fromarray(rgba)
    if mode == "P":
        image = Image.fromarray((SQUARE > 0).astype(np.uint8)).convert("P")
        image.putpalette([255 - level] * 3 + [level] * 3)  # what is transparent has the other colour
        return saved(image, transparency=0)
    return saved(image.convert(mode))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@given(level=st.integers(0, 255))
@settings(max_examples=25, deadline=None)
def test_ink_of_any_grey_level_on_transparency_is_seen(mode, level):
    image = read_image(ink(level, mode)).astype(int)
    assert abs(image[14, 14] - level) <= 2, "the ink keeps its level"
    assert abs(image[14, 14] - image[1, 1]) >= 126, "and stands out from its ground"


def test_what_is_wholly_transparent_is_refused_and_what_is_opaque_stays_as_it_is():
    empty = np.zeros((9, 9, 4), np.uint8)
    with pytest.raises(ValueError, match="transparent, so there is nothing to see"):
        read(saved(Image.fromarray(empty)))
    opaque = Image.fromarray(SQUARE).convert("RGBA")
    assert np.array_equal(read_image(saved(opaque)), read_image(saved(Image.fromarray(SQUARE))))


def test_a_folders_transparent_images_share_a_ground_unless_they_cannot_be_seen_on_it():
    dark, bright = [read(ink(20, "RGBA"))] * 5, [read(ink(240, "RGBA"))]
    done = finish(dark + bright)
    assert (done.ground, done.other_ground) == (255, 1)
    assert all(image[1, 1] == 255 and image[14, 14] == 20 for image in done.images[:5])
    assert done.images[5][1, 1] == 0 and done.images[5][14, 14] == 240
    middling = finish([*dark, read(ink(150, "RGBA"))])
    assert middling.other_ground == 0 and middling.images[5][1, 1] == 255, (
        "what can be seen on the common ground lies on it"
    )


@given(level=st.integers(0, 65535))
@settings(max_examples=40, deadline=None)
def test_a_plain_16_bit_image_keeps_a_level_that_grows_with_its_value(level):
    file = saved(Image.fromarray(np.full((30, 30), level, np.uint16)))
    image = read_image(file)
    assert image.min() == image.max()
    bits = max(level.bit_length(), 8)
    assert image[0, 0] == pytest.approx(
        level / (2 ** next(b for b in (8, 10, 12, 14, 16) if b >= bits) - 1) * 255, abs=1
    )


@given(st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_deep_images_of_one_folder_have_one_scale(pairs):
    """Which of two pixels is brighter does not depend on the files they lie in."""
    readings = []
    for low, high in pairs:
        values = np.full((28, 28), low, np.uint16)
        values[8:20, 8:20] = high
        readings.append(read(saved(Image.fromarray(values))))
    images = finish(readings).images.astype(int)
    seen = [(low, image[1, 1]) for (low, _), image in zip(pairs, images, strict=True)] + [
        (high, image[14, 14]) for (_, high), image in zip(pairs, images, strict=True)
    ]
    seen.sort()
    assert all(b >= a - 1 for (_, a), (_, b) in itertools.pairwise(seen))


@pytest.mark.parametrize(
    ("ranges", "floating", "scale"),
    [
        ([(0, 4000)], False, (0, 4095)),
        ([(0, 200), (5, 60_000)], False, (0, 65535)),
        ([(0, 0)], False, (0, 255)),
        ([(0, 300_000)], False, (0, 2**19 - 1)),
        ([(0, 0.5)], True, (0, 1)),
        ([(0, 255.0)], True, (0, 255)),
        ([(-2, 3), (0, 5)], True, (-2, 5)),
        ([(-1, -1)], True, (-1, 0)),
    ],
)
def test_full_scale_is_the_bits_in_use(ranges, floating, scale):
    assert full_scale(ranges, floating) == scale


@pytest.mark.parametrize("mode", ["RGB", "CMYK", "YCbCr", "LAB"])
def test_a_colour_has_one_grey_level_in_every_colour_space(mode):
    colour = Image.new("RGB", (30, 30), (40, 160, 90))
    if mode == "LAB":
        from PIL import ImageCms

        other = ImageCms.profileToProfile(
            colour, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    else:
        other = colour.convert(mode)
    image = read_image(saved(other, "TIFF"))
    assert abs(int(image[14, 14]) - int(np.asarray(colour.convert("L"))[0, 0])) <= 3


@pytest.mark.parametrize("kind", ["GIF", "PNG", "TIFF", "WEBP"])
def test_the_first_of_several_frames_is_used_and_that_is_known(kind):
    frames = [Image.fromarray(SQUARE), Image.fromarray(255 - SQUARE)]
    several = read(
        saved(
            frames[0], kind, save_all=True, append_images=frames[1:], **({"lossless": True} if kind == "WEBP" else {})
        )
    )
    assert several.frames and several.levels[14, 14] > 200 > 50 > several.levels[2, 2]
    assert not read(saved(frames[0], kind)).frames


@pytest.mark.parametrize(
    "suffix",
    [".jfif", ".jpe", ".avif", ".jp2", ".tga", ".ico", ".apng", ".webp", ".gif", ".tif", ".ppm", ".bmp", ".qoi"],
)
def test_what_pillow_opens_here_is_read(tmp_path, suffix):
    assert suffix in suffixes()
    path = tmp_path / f"image{suffix}"
    Image.fromarray(SQUARE).convert("RGB").save(path)
    image = read_image(path)
    assert image[14, 14] > 200 and image[2, 2] < 55


def test_nothing_is_read_that_needs_another_program_or_is_no_picture():
    assert not {"EPS", "WMF", "HDF5", "GRIB", "MPEG"} & set(formats())
    assert not {".eps", ".ps", ".pdf", ".h5", ".mpg"} & suffixes()
    script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(OSError, match="cannot identify image file"):
        read(io.BytesIO(script))


@given(width=st.integers(1, 400), height=st.integers(1, 400))
@settings(max_examples=60, deadline=None)
def test_a_shape_is_refused_or_at_least_two_pixels_wide(width, height):
    file = saved(Image.new("L", (width, height), 200))
    if max(width, height) > 14 * min(width, height):
        with pytest.raises(ValueError, match=r"so long a strip.*cut it into squarer pieces"):
            read(file)
        return
    assert (read_image(file) == 200).all()
    framed = np.zeros((height, width), np.uint8)
    framed[height // 4 : height - height // 4, width // 4 : width - width // 4] = 255
    if min(width, height) >= 28:
        assert read_image(saved(Image.fromarray(framed))).max() > 60, "what is in it can still be seen"


def test_the_preview_shows_the_file_as_it_came():
    file = ink(0, "RGBA")
    shown = np.asarray(preview(file, read(file)))
    assert shown[20, 20].tolist() == [0, 0, 0] and shown[2, 2].tolist() == [128, 128, 128], (
        "ink and ground can be told apart"
    )
    wide = saved(Image.new("RGB", (1000, 500), (200, 10, 10)))
    assert preview(wide, read(wide)).size == (240, 120)


def test_the_border_is_all_four_edges():
    image = np.arange(12).reshape(3, 4)
    assert sorted(border(image).tolist()) == sorted([0, 1, 2, 3, 8, 9, 10, 11, 0, 4, 8, 3, 7, 11])
    assert border(np.zeros((5, 3, 4))).shape == (5, 14)
