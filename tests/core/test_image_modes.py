"""Images of every mode, size and orientation that Pillow reads show the same picture."""

import numpy as np
import pytest
from image_folders import png_header
from PIL import Image

from core.data.form import Form
from core.data.image_file import finish, read

SQUARE = np.zeros((40, 40), np.uint8)  # a bright square in the middle of a dark ground, as every mode below shows it
SQUARE[10:30, 10:30] = 255


def read_image(file, invert=False):
    """One file by itself, uint8 (28, 28)."""
    form = Form(invert=invert)
    return finish([read(file, form)], form).images[0]


def looks_right(image):
    return image.shape == (28, 28) and image.dtype == np.uint8 and image[14, 14] > 200 and image[2, 2] < 55


def transparent_palette():
    image = Image.fromarray(np.where(SQUARE > 0, 1, 0).astype(np.uint8), "L").convert("P")
    image.putpalette([200, 0, 0, 255, 255, 255])  # the ground is red, but transparent
    image.info["transparency"] = 0
    return image


def rgba():
    white = np.full((40, 40, 4), 255, np.uint8)
    white[..., 3] = SQUARE  # white everywhere, visible only in the square
    return Image.fromarray(white)


MODES = {
    "grey": ("png", lambda: Image.fromarray(SQUARE)),
    "1 bit": ("png", lambda: Image.fromarray(SQUARE).convert("1")),
    "RGB": ("png", lambda: Image.fromarray(SQUARE).convert("RGB")),
    "RGBA": ("png", rgba),
    "grey with alpha": ("png", lambda: rgba().convert("LA")),
    "palette": ("gif", lambda: Image.fromarray(SQUARE).convert("P")),
    "palette with transparency": ("png", transparent_palette),
    "CMYK": ("jpg", lambda: Image.fromarray(SQUARE).convert("RGB").convert("CMYK")),
    "YCbCr": ("jpg", lambda: Image.fromarray(SQUARE).convert("YCbCr")),
    "16 bit": ("png", lambda: Image.fromarray(SQUARE.astype(np.uint16) * 16)),  # twelve bits used, as cameras do
    "32 bit": ("tif", lambda: Image.fromarray(SQUARE.astype(np.int32) * 1000)),
    "float": ("tif", lambda: Image.fromarray(SQUARE.astype(np.float32) / 255)),
    "webp": ("webp", lambda: Image.fromarray(SQUARE).convert("RGB")),
    "bmp": ("bmp", lambda: Image.fromarray(SQUARE)),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_shows_the_same_picture(tmp_path, mode):
    suffix, make = MODES[mode]
    path = tmp_path / f"image.{suffix}"
    make().save(path)
    assert looks_right(read_image(path))


def test_not_a_number_in_a_float_image_is_ground(tmp_path):
    values = SQUARE.astype(np.float32)
    values[:5] = np.nan
    Image.fromarray(values).save(tmp_path / "image.tif")
    assert looks_right(read_image(tmp_path / "image.tif"))


def test_dark_strokes_on_paper_are_inverted_on_request(tmp_path):
    Image.fromarray(255 - SQUARE).save(tmp_path / "paper.png")
    assert looks_right(read_image(tmp_path / "paper.png", invert=True))
    black = np.zeros((40, 40, 4), np.uint8)
    black[..., 3] = SQUARE  # black ink on nothing: it must not vanish on a black ground
    Image.fromarray(black).save(tmp_path / "ink.png")
    assert looks_right(read_image(tmp_path / "ink.png", invert=True))


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (28, 28), (3000, 2000), (14, 1), (5, 70)])
def test_every_size_fits(tmp_path, size):
    Image.new("L", size, 90).save(tmp_path / "image.png")
    image = read_image(tmp_path / "image.png")
    assert image.shape == (28, 28) and image.min() == image.max() == 90, (
        "the square around it has its own ground's colour"
    )


def test_shape_is_kept_and_centred(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[5:15, 15:45] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    image = read_image(tmp_path / "wide.png").astype(float)
    rows, columns = np.flatnonzero(image.max(1) > 128), np.flatnonzero(image.max(0) > 128)
    assert len(columns) / len(rows) == pytest.approx(3, abs=0.7)
    np.testing.assert_allclose(image, image[:, ::-1], atol=8)
    assert abs((rows[0] + rows[-1]) / 2 - 13.5) <= 1


def test_a_photo_is_turned_the_way_its_camera_was_held(tmp_path):
    top = np.zeros((40, 40), np.uint8)
    top[:10] = 255
    exif = Image.Exif()
    exif[274] = 3  # upside down
    Image.fromarray(top).save(tmp_path / "photo.jpg", exif=exif)
    image = read_image(tmp_path / "photo.jpg")
    assert image[25].mean() > 200 and image[2].mean() < 55


def test_a_decompression_bomb_is_refused_before_it_is_read(tmp_path):
    for side in (8000, 50_000):
        (tmp_path / "bomb.png").write_bytes(png_header(side, side))
        with pytest.raises((ValueError, Image.DecompressionBombError), match=r"(?i)pixels"):
            read_image(tmp_path / "bomb.png")
