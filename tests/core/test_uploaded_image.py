"""Pictures from strangers: read whole, or refused with a message; never a traceback, never anything else than 28x28."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core.data.uploaded_image import PictureError, as_digit, ground_of, kinds, prepare


def prepared_image(data: bytes, centre: bool = False, ground: str | None = "dark") -> np.ndarray:
    """The image that a model gets, uint8 (28, 28)."""
    return prepare(data, centre, ground).image


def encoded(array: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def stroke(side: int = 200, light: bool = False) -> np.ndarray:
    """A vertical bar off to the upper left, on a dark or a light ground."""
    image = np.zeros((side, side), np.uint8)
    image[side // 10 : side // 2, side // 10 : side // 5] = 230
    return 255 - image if light else image


def promising(width: int, height: int) -> bytes:
    """A PNG whose header promises a huge picture and whose body holds almost nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("light", [False, True])
def test_a_stroke_is_bright_on_dark_whichever_way_it_came(kind, light):
    image = prepared_image(encoded(stroke(light=light), kind))
    assert image.shape == (28, 28) and image.dtype == np.uint8
    assert image[8, 4] > 180 and image[20, 20] < 60


@pytest.mark.parametrize("light", [False, True])
def test_a_digit_is_placed_as_mnist_does(light):
    image = prepared_image(encoded(stroke(light=light)), centre=True).astype(float)
    rows, columns = np.flatnonzero(image.sum(1) > 30), np.flatnonzero(image.sum(0) > 30)
    assert rows[-1] - rows[0] + 1 == 20  # the longer side fills the box
    assert columns[-1] - columns[0] + 1 == pytest.approx(5, abs=1)
    middle = [(np.arange(28) + 0.5) @ image.sum(1 - axis) / image.sum() for axis in (0, 1)]
    assert middle == pytest.approx([14, 14], abs=0.51)


def test_a_blank_sheet_stays_blank():
    assert prepared_image(encoded(np.full((50, 50), 240, np.uint8)), centre=True).max() == 0
    assert as_digit(np.zeros((28, 28), np.uint8)).max() == 0


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a PNG, JPEG,"),
        (b"<svg onload='alert(1)'/>", "not a PNG, JPEG,"),
        (b"GIF89a" + b"\0" * 100, "not a PNG, JPEG,"),
        (b"\0" * 5_000_001, "MB"),
        (encoded(stroke())[:150], "damaged"),
        (encoded(stroke(), "JPEG")[:400], "damaged"),
        (promising(9000, 9000), "cannot be used: 9000x9000"),
        (promising(60000, 60000), "cannot be opened"),
        (promising(300, 300), "damaged"),
    ],
    ids=["empty", "svg", "gif", "heavy", "cut png", "cut jpeg", "large", "bomb", "hollow"],
)
@pytest.mark.filterwarnings("error")
def test_bad_files_are_refused_with_a_remedy(data, words):
    with pytest.raises(PictureError, match=words) as caught:
        prepared_image(data, centre=True)
    assert "TIFF image of at most 5 MB" in str(caught.value)


@pytest.mark.parametrize("kind", [name for name in kinds() if name not in ("PNG", "JPEG")])
def test_every_kind_that_the_form_names_is_read(kind):
    image = prepare(encoded(stroke(), kind)).image
    assert image[8, 4] > 180 and image[20, 20] < 60


def test_ink_on_transparency_is_seen_and_the_steps_say_what_was_done():
    ink = np.zeros((200, 200, 4), np.uint8)  # black everywhere, visible only in the stroke
    ink[..., 3] = stroke()
    for centre in (False, True):
        picture = prepare(encoded(ink), centre)
        assert picture.image.max() > 150 and picture.image[0, 0] < 60
        told = "; ".join(picture.steps)
        assert "laid on white" in told and "black and white exchanged" in told and ("cut out, scaled" in told) == centre
    with Image.open(io.BytesIO(picture.original)) as original:
        assert original.size == (200, 200)


@pytest.mark.parametrize("ground", ["dark", "light"])
@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("centre", [False, True])
def test_a_picture_has_the_ground_that_the_model_knows(ground, light, centre):
    image = prepared_image(encoded(stroke(light=light)), centre, ground)
    assert (image[0, 0] > 127) == (ground == "light") and abs(int(image.max()) - int(image.min())) > 150


def test_a_photograph_is_not_turned_for_models_of_photographs():
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 255, (50, 1, 28, 28), np.uint8)
    assert ground_of(photos) is None
    bright = rng.integers(150, 255, (60, 60), np.uint8)
    assert abs(prepared_image(encoded(bright), ground=None).mean() - bright.mean()) < 5
    digits = np.zeros((50, 1, 28, 28), np.uint8)
    digits[:, :, 8:20, 8:20] = 255
    assert (ground_of(digits), ground_of(255 - digits)) == ("dark", "light")


def test_a_long_strip_is_refused_with_the_reason():
    with pytest.raises(PictureError, match=r"so long a strip.*squarer pieces"):
        prepared_image(encoded(np.zeros((10, 900), np.uint8)))
