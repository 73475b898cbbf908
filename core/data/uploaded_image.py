"""An uploaded image as input of the models, optionally placed like the digits of MNIST.

"Fit in a 20x20 pixel box while preserving their aspect ratio [...] and centered in a 28x28 image by computing the
center of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page).

An uploaded image takes the form of the data set: its size, and its colours where the data set has colours. A model of
grey images knows only the polarity of its training images: bright strokes on a dark ground for MNIST, dark strokes on a
light ground for scanned pages, neither for photographs. Black and white of an image with the other polarity are
exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np

from core import settings
from core.data.dataset import Dataset
from core.data.folder_name import PREFIX, locate
from core.data.form import PLAIN, Form
from core.data.image_file import MAX_PIXELS, finish, formats, preview, read
from core.data.shape import GREY_28, shape_of, without_grey_axis
from core.data.square import border
from core.errors import UserFacingError

BOX = 20 / 28  # the part of the square that a digit fills
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
FITTED = {
    "pad": "scaled to fit {} and centred, not cut out",
    "crop": "the middle cut out and scaled to {}",
    "stretch": "stretched to {}",
}
FLAT = 32  # the largest difference of grey levels from the median of a border that counts as ground


class PictureError(UserFacingError, ValueError):
    """An uploaded file cannot be used. The message says why and what can be used."""


@dataclass(frozen=True)
class Picture:
    """An uploaded image, ready for a model.

    Attributes:
        image: uint8 (side, side), or (3, side, side) in colour.
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


def form_of_data(dataset: Dataset) -> Form:
    """The form in which an image is given to the models of a data set, without exchanging black and white."""
    fit = locate(dataset.name).form.fit if dataset.name.startswith(PREFIX) else PLAIN.fit
    return Form(dataset.shape.color, dataset.shape.side, fit)


def ground_of(images: np.ndarray) -> str | None:
    """The ground that training images (n, C, H, W) have in common: "dark", "light", or None; always None in colour.

    An image has a ground if four fifths of its border have about the same grey level. The images have one in common if
    four fifths of them have a ground and nine tenths of those are on the same side of the middle.
    """
    if shape_of(images).color:
        return None
    edges = border(without_grey_axis(images[:1000])).astype(np.float64)
    middle = np.median(edges, 1)
    flat = (np.abs(edges - middle[:, None]) <= FLAT).mean(1) >= 0.8
    if flat.mean() < 0.8:
        return None
    light = (middle[flat] > 127).mean()
    return "light" if light >= 0.9 else "dark" if light <= 0.1 else None


def prepare(data: bytes, centre: bool = False, ground: str | None = "dark", form: Form = PLAIN) -> Picture:
    """An uploaded file as input of the models, and what was done to it.

    Args:
        data: the bytes of the file.
        centre: whether to place it like a digit of MNIST: ink in 20/28 of the square, with its centre of mass in the
            middle. Only for grey images.
        ground: "dark" or "light": black and white are exchanged if the image has the other ground; None for never. It
            has no effect in colour.
        form: of the models' images, see `form_of_data`.

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
        centre = centre and not form.color
        wanted_form = Form(size=8 * form.size) if centre else form
        reading = read(BytesIO(data), wanted_form, allowed=known)
    except ValueError as error:
        raise PictureError(f"The image cannot be used: {error}. {remedy}") from None
    except Exception as error:  # Pillow raises many kinds for damaged or hostile files
        raise PictureError(
            f"The image is damaged: it cannot be read to its end ({type(error).__name__}). {remedy}"
        ) from None
    finished = finish([reading], wanted_form)
    image = finished.images[0]
    steps: list[str] = []
    if reading.frames:
        steps.append("first frame of several")
    if finished.ground is not None:
        white = (finished.ground == 255) != bool(finished.other_ground)
        steps.append(f"laid on {'white' if white else 'black'}, which its visible parts stand out from")
    if finished.white is not None:
        steps.append(f"more than 8 bits: white is {finished.white:g}")
    size, exchanged = f"{form.size}×{form.size}", False
    if not form.color:
        steps.append("turned to grey")
        image, exchanged = _in_polarity(image, ground, form.size if centre else None)
    if centre:
        box = round(BOX * form.size)
        steps.append(f"cut out, scaled to fit {box}×{box} and placed with its centre of mass in the middle of {size}")
    else:
        steps.append(FITTED[form.fit].format(size))
    if exchanged:
        training = "bright on dark" if ground == "dark" else "dark on light"
        steps.append(f"black and white exchanged, since the training images are {training}")
    buffer = BytesIO()
    preview(BytesIO(data), reading, known).save(buffer, "PNG")
    return Picture(image, buffer.getvalue(), tuple(steps))


def _in_polarity(image: np.ndarray, ground: str | None, digit: int | None) -> tuple[np.ndarray, bool]:
    """A grey image on a ground, and whether black and white were exchanged for that.

    Args:
        image: uint8 (s, s).
        ground: "dark", "light", or None for its own.
        digit: side of the square in which it is placed like a digit; None to leave it as it is.
    """
    own = "light" if np.median(border(image)) > 127 else "dark"
    wanted = ground or own
    if digit is not None:
        image = as_digit(255 - image if own == "light" else image, digit)
        return 255 - image if wanted == "light" else image, own != wanted
    return 255 - image if own != wanted else image, own != wanted


def as_digit(image: np.ndarray, side: int = GREY_28.side) -> np.ndarray:
    """A bright stroke on a dark ground, uint8 (s, s), placed like an MNIST digit: uint8 (side, side).

    A blank image stays blank.
    """
    from PIL import Image

    ground = float(np.median(image))
    ink = np.clip((image - ground) / max(float(image.max()) - ground, 1.0), 0, 1)
    ink[ink < 0.25] = 0  # paper is not evenly lit
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if len(rows) == 0 or float(image.max()) - ground < 16:
        return np.zeros((side, side), np.uint8)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = round(BOX * side)
    size = [max(1, round(box * n / max(ink.shape))) for n in ink.shape]
    resized = Image.fromarray(np.uint8(255 * ink)).resize((size[1], size[0]), Image.Resampling.BOX)
    small = np.asarray(resized, dtype=np.float64)
    centre = [(np.arange(n) + 0.5) @ small.sum(1 - axis) / small.sum() for axis, n in enumerate(size)]
    top, left = (int(np.clip(round(side / 2 - c), 0, side - n)) for c, n in zip(centre, size, strict=True))
    placed = np.zeros((side, side), np.uint8)
    placed[top : top + size[0], left : left + size[1]] = small.round()
    return placed
