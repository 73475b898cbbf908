"""One picture from a stranger, as the models take it; and placed the way MNIST's digits were.

"Fit in a 20x20 pixel box while preserving their aspect ratio [...] and centered in a 28x28 image by computing the center
of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page).

A model knows one polarity, the one of its training images: bright strokes on a dark ground for MNIST, dark ones on a light ground
for scanned pages as they are, neither for photographs. A picture of the other polarity is turned round before a model gets it.
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
# What a browser's visitors have, by Pillow's names; folders on one's own disk may hold more kinds (`core.data.image_file.formats`).
KINDS = {
    "PNG": ("PNG", ("png", "apng")),
    "JPEG": ("JPEG", ("jpg", "jpeg", "jpe", "jfif")),
    "WEBP": ("WebP", ("webp",)),
    "GIF": ("GIF", ("gif",)),
    "AVIF": ("AVIF", ("avif",)),
    "BMP": ("BMP", ("bmp",)),
    "TIFF": ("TIFF", ("tif", "tiff")),
}
FLAT = 32  # grey levels around the border's median within which a border is one ground


class PictureError(UserFacingError, ValueError):
    """An uploaded file cannot be used. The message says why and what would do."""


@dataclass(frozen=True)
class Picture:
    """An uploaded picture, ready for a model.

    Attributes:
        image: uint8 (28, 28).
        original: the picture as it came, as a small PNG.
        steps: what was done to it, in order, a phrase each.
    """

    image: np.ndarray
    original: bytes
    steps: tuple[str, ...]


def kinds() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Pillow's name -> (the name for people, endings of file names) of the formats that may be uploaded here."""
    return {name: about for name, about in KINDS.items() if name in formats()}


def kinds_in_words() -> str:
    """E.g. "PNG, JPEG or GIF"."""
    *names, last = (name for name, _ in kinds().values())
    return f"{', '.join(names)} or {last}"


def ground_of(images: np.ndarray) -> str | None:
    """The ground that training images (n, 1, 28, 28) share: "dark", "light", or None where they have none in common.

    An image has a ground where four fifths of its border are of about one grey level; the images share one where four fifths have
    one, and nine tenths of those are on one side of the middle.
    """
    edges = border(images[:1000].reshape(-1, SIDE, SIDE)).astype(np.float64)
    middle = np.median(edges, 1)
    flat = (np.abs(edges - middle[:, None]) <= FLAT).mean(1) >= 0.8
    if flat.mean() < 0.8:
        return None
    light = (middle[flat] > 127).mean()
    return "light" if light >= 0.9 else "dark" if light <= 0.1 else None


def prepare(data: bytes, centre: bool = False, ground: str | None = "dark") -> Picture:
    """The bytes of one file from a stranger as the models take it, and what was done to it.

    Args:
        centre: treat it as a digit and place it as MNIST's are: ink in 20x20, its centre of mass in the middle.
        ground: "dark" or "light", which the picture is given where its own is the other one; None leaves it as it is.

    Raises:
        PictureError: too large, of another kind than `kinds()`, or damaged.
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
    image, steps = finished.images[0], []
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
        steps.append(
            f"black and white exchanged, since the training images are {'bright on dark' if wanted == 'dark' else 'dark on light'}"
        )
    buffer = BytesIO()
    preview(BytesIO(data), reading, known).save(buffer, "PNG")
    return Picture(image, buffer.getvalue(), tuple(steps))


def read_picture(data: bytes, centre: bool = False, ground: str | None = "dark") -> np.ndarray:
    """As `prepare`, only the image: uint8 (28, 28).

    Raises:
        PictureError: as `prepare`.
    """
    return prepare(data, centre, ground).image


def as_digit(image: np.ndarray) -> np.ndarray:
    """A bright stroke on a dark ground, uint8 (s, s), placed as MNIST's digits are, uint8 (28, 28); a blank one stays blank."""
    from PIL import Image

    ground = float(np.median(image))
    ink = np.clip((image - ground) / max(float(image.max()) - ground, 1.0), 0, 1)
    ink[ink < 0.25] = 0  # paper is never evenly lit
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if len(rows) == 0 or float(image.max()) - ground < 16:
        return np.zeros((SIDE, SIDE), np.uint8)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    size = [max(1, round(BOX * n / max(ink.shape))) for n in ink.shape]
    small = np.asarray(
        Image.fromarray(np.uint8(255 * ink)).resize((size[1], size[0]), Image.Resampling.BOX), dtype=np.float64
    )
    centre = [(np.arange(n) + 0.5) @ small.sum(1 - axis) / small.sum() for axis, n in enumerate(size)]
    top, left = (int(np.clip(round(SIDE / 2 - c), 0, SIDE - n)) for c, n in zip(centre, size))
    placed = np.zeros((SIDE, SIDE), np.uint8)
    placed[top : top + size[0], left : left + size[1]] = small.round()
    return placed
