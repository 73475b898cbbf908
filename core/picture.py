"""One picture from a stranger, as the models take it; and placed the way MNIST's digits were.

"Fit in a 20x20 pixel box while preserving their aspect ratio [...] and centered in a 28x28 image by computing the center
of mass of the pixels" (LeCun, Cortes & Burges, the MNIST page).
"""

from __future__ import annotations

from io import BytesIO

import numpy as np

from core import settings
from core.data import SIDE
from core.errors import UserFacingError
from core.folder import MAX_PIXELS, read_image

BOX = 20


class PictureError(UserFacingError, ValueError):
    """An uploaded file cannot be used. The message says why and what would do."""


def read_picture(data: bytes, centre: bool = False) -> np.ndarray:
    """The bytes of one PNG or JPEG from a stranger as uint8 (28, 28), bright on dark whichever way round it came.

    Args:
        centre: treat it as a digit and place it as MNIST's are: ink in 20x20, its centre of mass in the middle.

    Raises:
        PictureError: too large, neither PNG nor JPEG, or damaged.
    """
    from PIL import Image, UnidentifiedImageError

    most = settings.value("UPLOAD_MB")
    remedy = f"Use a PNG or JPEG of at most {most:g} MB and {MAX_PIXELS // 1_000_000} million pixels."
    if len(data) > most * 1e6:
        raise PictureError(f"The file has {len(data) / 1e6:.1f} MB. {remedy}")
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")):
            pass
    except UnidentifiedImageError:
        raise PictureError(f"This is not a PNG or JPEG image, whatever its name says. {remedy}") from None
    except Exception as error:  # e.g. a header that promises more pixels than any picture has
        raise PictureError(f"The image cannot be opened ({type(error).__name__}). {remedy}") from None
    try:
        image = read_image(BytesIO(data), side=8 * SIDE if centre else SIDE)
    except ValueError as error:
        raise PictureError(f"The image is too large: {error}. {remedy}") from None
    except Exception as error:  # Pillow raises many kinds for damaged or hostile files
        raise PictureError(f"The image is damaged: it cannot be read to its end ({type(error).__name__}). {remedy}") from None
    if np.median(np.concatenate([image[[0, -1]].ravel(), image[:, [0, -1]].ravel()])) > 127:  # dark on light, as on paper
        image = 255 - image
    return as_digit(image) if centre else image


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
    small = np.asarray(Image.fromarray(np.uint8(255 * ink)).resize((size[1], size[0]), Image.Resampling.BOX), dtype=np.float64)
    centre = [(np.arange(n) + 0.5) @ small.sum(1 - axis) / small.sum() for axis, n in enumerate(size)]
    top, left = (int(np.clip(round(SIDE / 2 - c), 0, SIDE - n)) for c, n in zip(centre, size))
    placed = np.zeros((SIDE, SIDE), np.uint8)
    placed[top : top + size[0], left : left + size[1]] = small.round()
    return placed
