"""An uploaded image as input of the models, optionally placed like the digits of MNIST.

"Fit in a 20x20 pixel box while preserving their aspect ratio [...] and centered in a 28x28 image by computing the
center of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page).

A model knows only the polarity of its training images: bright strokes on a dark ground for MNIST, dark strokes on a
light ground for scanned pages, neither for photographs. Black and white of an image with the other polarity are
exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from core import settings
from core.data.image_file import MAX_PIXELS, border, finish, formats, preview, read
from core.errors import UserFacingError
from core.models.trunks import SIDE

BOX = 20
# Formats that may be uploaded, by Pillow's names; folders may contain more (`core.data.image_file.formats`).
KINDS = {
    "PNG": ("PNG", ("png", "apng")),
    "JPEG": ("JPEG", ("jpg", "jpeg", "jpe", "jfif")),
    "WEBP": ("WebP", ("webp",)),
    "GIF": ("GIF", ("gif",)),
    "AVIF": ("AVIF", ("avif",)),
    "BMP": ("BMP", ("bmp",)),
    "TIFF": ("TIFF", ("tif", "tiff")),
}
FLAT = 32  # the largest difference of grey levels from the median of a border that counts as ground


class PictureError(UserFacingError, ValueError):
    """An uploaded file cannot be used. The message says why and what can be used."""


@dataclass(frozen=True)
class Picture:
    """An uploaded image, ready for a model.

    Attributes:
        image: uint8 (28, 28).
        original: the uploaded image, as a small PNG.
        steps: what was done to it, in order, as phrases.
    """

    image: np.ndarray
    original: bytes
    steps: tuple[str, ...]


def kinds() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pillow's name -> (displayed name, suffixes) of the formats that may be uploaded here."""
    return {name: about for name, about in KINDS.items() if name in formats()}


def kinds_in_words() -> str:
    """E.g. "PNG, JPEG or GIF"."""
    *names, last = (name for name, _ in kinds().values())
    return f"{', '.join(names)} or {last}"


def ground_of(images: np.ndarray) -> str | None:
    """The ground that training images (n, 1, 28, 28) have in common: "dark", "light", or None.

    An image has a ground if four fifths of its border have about the same grey level. The images have one in common if
    four fifths of them have a ground and nine tenths of those are on the same side of the middle.
    """
    edges = border(images[:1000].reshape(-1, SIDE, SIDE)).astype(np.float64)
    middle = np.median(edges, 1)
    flat = (np.abs(edges - middle[:, None]) <= FLAT).mean(1) >= 0.8
    if flat.mean() < 0.8:
        return None
    light = (middle[flat] > 127).mean()
    return "light" if light >= 0.9 else "dark" if light <= 0.1 else None


def prepare(data: bytes, centre: bool = False, ground: str | None = "dark") -> Picture:
    """An uploaded file as input of the models, and what was done to it.

    Args:
        data: the bytes of the file.
        centre: whether to place it like a digit of MNIST: ink in 20x20, with its centre of mass in the middle.
        ground: "dark" or "light": black and white are exchanged if the image has the other ground; None for never.

    Raises:
        PictureError: the file is too large, of a format not in `kinds()`, or damaged.
    """
    from PIL import Image, UnidentifiedImageError

    most, words, known = settings.value("UPLOAD_MB"), kinds_in_words(), tuple(kinds())
    remedy = f"Use a {words} image of at most {most:g} MB and {MAX_PIXELS // 1_000_000} million pixels."
    if len(data) > most * 1e6:
        raise PictureError(f"The file has {len(data) / 1e6:.1f} MB. {remedy}")
    try:
        with Image.open(BytesIO(data), formats=known):
            pass
    except UnidentifiedImageError:
        raise PictureError(f"This is not a {words} image, whatever its name says. {remedy}") from None
    except Exception as error:  # e.g. a header that promises more pixels than any picture has
        raise PictureError(f"The image cannot be opened ({type(error).__name__}). {remedy}") from None
    try:
        reading = read(BytesIO(data), side=8 * SIDE if centre else SIDE, allowed=known)
    except ValueError as error:
        raise PictureError(f"The image cannot be used: {error}. {remedy}") from None
    except Exception as error:  # Pillow raises many kinds for damaged or hostile files
        raise PictureError(
            f"The image is damaged: it cannot be read to its end ({type(error).__name__}). {remedy}"
        ) from None
    finished = finish([reading])
    image = finished.images[0]
    steps: list[str] = []
    if reading.frames:
        steps.append("first frame of several")
    if finished.ground is not None:
        steps.append(f"laid on {'white' if finished.ground else 'black'}, which its visible parts stand out from")
    if finished.white is not None:
        steps.append(f"more than 8 bits: white is {finished.white:g}")
    steps.append("turned to grey")
    own = "light" if np.median(border(image)) > 127 else "dark"
    wanted = ground or own
    if centre:
        image = as_digit(255 - image if own == "light" else image)
        image = 255 - image if wanted == "light" else image
        steps.append("cut out, scaled to fit 20×20 and placed with its centre of mass in the middle of 28×28")
    else:
        image = 255 - image if own != wanted else image
        steps.append("scaled to fit 28×28 and centred, not cut out")
    if own != wanted:
        training = "bright on dark" if wanted == "dark" else "dark on light"
        steps.append(f"black and white exchanged, since the training images are {training}")
    buffer = BytesIO()
    preview(BytesIO(data), reading, known).save(buffer, "PNG")
    return Picture(image, buffer.getvalue(), tuple(steps))


def as_digit(image: np.ndarray) -> np.ndarray:
    """A bright stroke on a dark ground, uint8 (s, s), placed like an MNIST digit: uint8 (28, 28). Blank stays blank."""
    from PIL import Image

    ground = float(np.median(image))
    ink = np.clip((image - ground) / max(float(image.max()) - ground, 1.0), 0, 1)
    ink[ink < 0.25] = 0  # paper is not evenly lit
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if len(rows) == 0 or float(image.max()) - ground < 16:
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = [max(1, round(BOX * n / max(ink.shape))) for n in ink.shape]
    resized = Image.fromarray(np.uint8(255 * ink)).resize((size[1], size[0]), Image.Resampling.BOX)
    small = np.asarray(resized, dtype=np.float64)
    centre = [(np.arange(n) + 0.5) @ small.sum(1 - axis) / small.sum() for axis, n in enumerate(size)]
    top, left = (int(np.clip(round(SIDE / 2 - c), 0, SIDE - n)) for c, n in zip(centre, size, strict=True))
    placed = np.zeros((SIDE, SIDE), np.uint8)
    placed[top : top + size[0], left : left + size[1]] = small.round()
    return placed
