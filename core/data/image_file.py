"""One image file as the models take it: 28x28 grey levels, whatever its format, size or colours.

    frame          the first one, where a file holds several
    orientation    as the camera's EXIF entry says
    colours        to grey (luma); CMYK, YCbCr and CIELAB by way of RGB
    transparency   on black or on white, whichever the ink stands out from
    depth          16-bit, 32-bit and float images: by the bits in use, see `full_scale`
    shape          scaled to fit the square, centred on the grey level of its own border

Two of these cannot be decided by one file: on which ground a folder's transparent images lie, and how many bits its deep
images use. So `read` keeps what both choices need, and `finish` chooses once for all the images it is given.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from core.errors import ArgumentError
from core.models.trunks import SIDE

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000
LONGEST = SIDE / 2  # times the shorter side: a longer strip would be less than two pixels wide
# What Pillow opens and is no raster image, or needs another program to be drawn.
NOT_IMAGES = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MCIDAS", "MPEG", "WMF"}
# Files of these kinds hold several sizes, layers or previews of one image rather than several images.
ONE_IMAGE = {"ICNS", "ICO", "MPO", "PSD"}
FAINT, CLEAR = (
    0.2,
    0.4,
)  # contrasts, 0 to 1: an image fainter than this on the common ground lies on the other one if it is clear there


@dataclass(frozen=True)
class Reading:
    """One file as far as it can be read without the others.

    Attributes:
        levels: (side, side): uint8, or float32 in the file's own units where it is `deep`.
        on_white: uint8 (side, side) where the image is transparent; `levels` is then the image on black.
        ink: mean grey level of what is visible in a transparent image, 0 to 255.
        deep: (lowest, highest) value of an image with more than 8 bits.
        floating: its values are floating-point numbers.
        frames: the file holds more images than the one that is used.
    """

    levels: np.ndarray
    on_white: np.ndarray | None = None
    ink: float = 0.0
    deep: tuple[float, float] | None = None
    floating: bool = False
    frames: bool = False


@functools.cache
def formats() -> tuple[str, ...]:
    """The names of the image formats that are read, as Pillow calls them: all it can open here that are raster images."""
    from PIL import Image

    Image.init()
    return tuple(sorted(set(Image.OPEN) - NOT_IMAGES))


@functools.cache
def suffixes() -> frozenset[str]:
    """The endings of file names that are read, in lower case, with their dot."""
    from PIL import Image

    allowed = set(formats())
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in allowed)


def read(
    file: Path | BinaryIO, invert: bool = False, side: int = SIDE, allowed: Sequence[str] | None = None
) -> Reading:
    """Read one file, of one of the `allowed` formats (by default any of `formats()`).

    Args:
        invert: exchange black and white; of deep images only `finish` can.

    Raises:
        OSError, ValueError: not an image that Pillow reads whole, larger than `MAX_PIXELS`, longer than `LONGEST` times its
            shorter side, or without one visible pixel. Damaged files make Pillow raise other exceptions as well.
    """
    from PIL import Image, ImageOps

    turned = ImageOps.invert if invert else lambda grey: grey
    with Image.open(file, formats=tuple(allowed or formats())) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ArgumentError(
                f"{image.width}x{image.height} pixels are more than the {MAX_PIXELS // 1_000_000} million that are read; make it smaller"
            )
        if max(image.size) > LONGEST * min(image.size):
            size = f"{image.width}x{image.height} pixels"
            raise ArgumentError(
                f"{size} are so long a strip that it would be less than two pixels wide at {SIDE}x{SIDE}; cut it into squarer pieces"
            )
        frames = bool(getattr(image, "is_animated", False)) and image.format not in ONE_IMAGE
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith(("I", "F")):
            return _deep(image, side, frames)
        if image.has_transparency_data:
            rgba = image.convert("RGBA")
            alpha = np.asarray(rgba.getchannel("A"), dtype=np.float64)
            if alpha.max() == 0:
                raise ArgumentError("every pixel is transparent, so there is nothing to see")
            if alpha.min() < 255:
                grey = np.asarray(rgba.convert("RGB").convert("L"), dtype=np.float64)
                ink = float((alpha * grey).sum() / alpha.sum())
                black, white = (square(turned(_on(rgba, level)), side) for level in (0, 255))
                return Reading(black, white, ink, frames=frames)
            image = rgba.convert("RGB")
        return Reading(square(turned(_grey(image)), side), frames=frames)


def _on(rgba: Image, level: int) -> Image:
    """A transparent image on a ground of one grey level, as grey."""
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", rgba.size, (level, level, level, 255)), rgba).convert("L")


def _rgb(image: Image) -> Image:
    if image.mode == "LAB":  # Pillow's own conversions do not know it
        from PIL import ImageCms

        return ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    return image.convert("RGB")


def _grey(image: Image) -> Image:
    return (_rgb(image) if image.mode in ("LAB", "CMYK", "HSV") else image).convert("L")


def _deep(image: Image, side: int, frames: bool) -> Reading:
    from PIL import Image

    floating = image.mode.startswith("F")
    values = np.asarray(image, dtype=np.float64)
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    values = np.where(finite, values, min(low, 0.0) if low < 0 else 0.0)  # what is no number is ground
    levels = square(Image.fromarray(values.astype(np.float32)), side)
    return Reading(np.clip(levels, low, high), deep=(low, high), floating=floating, frames=frames)


def square(image: Image, side: int) -> np.ndarray:
    """A grey image ("L" or "F") scaled to fit (side, side), centred on a square of its own border's level.

    It is scaled before it is placed: a square around a strip of 1 x 50,000 pixels would not fit in memory.
    """
    from PIL import Image

    ground = float(np.median(border(np.asarray(image))))
    width, height = (max(1, round(side * extent / max(image.size))) for extent in image.size)
    whole = Image.new(image.mode, (side, side), int(ground) if image.mode == "L" else ground)
    whole.paste(image.resize((width, height), Image.Resampling.LANCZOS), ((side - width) // 2, (side - height) // 2))
    return np.asarray(whole)


def border(image: np.ndarray) -> np.ndarray:
    """The values along the four edges of (..., height, width), as (..., 2 * height + 2 * width)."""
    return np.concatenate(
        [image[..., [0, -1], :].reshape(*image.shape[:-2], -1), image[..., :, [0, -1]].reshape(*image.shape[:-2], -1)],
        -1,
    )


def full_scale(ranges: Sequence[tuple[float, float]], floating: bool = False) -> tuple[float, float]:
    """The values that become black and white in deep images with these (lowest, highest) values.

    Whole numbers from 0: white is the largest number of as many bits as they use, 8, 10, 12, 14, 16 or more. A camera with 12 bits
    stores them in 16, and would be nearly black on the full range; a stretch to the values present would give every image
    another scale and a plain one none. Floating-point numbers from 0 to 1: as they are. Numbers below 0: lowest to highest.
    """
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    if low < 0:
        return low, high if high > low else low + 1
    if floating and high <= 1:
        return 0.0, 1.0
    bits = math.ceil(high).bit_length()
    return 0.0, float(2 ** next((b for b in (8, 10, 12, 14, 16) if bits <= b), bits) - 1)


def common_ground(inks: Sequence[float]) -> int:
    """Black (0) or white (255): what most of the transparent images with these mean ink levels stand out from."""
    return 255 if sum(ink < 127.5 for ink in inks) * 2 > len(inks) else 0


@dataclass(frozen=True)
class Finished:
    """Images and what was chosen for them.

    Attributes:
        images: uint8 (n, side, side).
        ground: 0 or 255, what transparent images lie on; None if there is none.
        other_ground: how many of them lie on the other one, since they could not be seen on this.
        white: the value that became white in images of more than 8 bits; None if there is none.
    """

    images: np.ndarray
    ground: int | None = None
    other_ground: int = 0
    white: float | None = None


def finish(readings: Sequence[Reading], invert: bool = False) -> Finished:
    """The images of one data set, with one ground and one depth for all of them.

    Args:
        invert: what `read` was told.
    """
    inks = [r.ink for r in readings if r.on_white is not None]
    ground = common_ground(inks) if inks else None
    scales = {
        kind: full_scale(ranges, kind)
        for kind in (False, True)
        if (ranges := [r.deep for r in readings if r.deep and r.floating == kind])
    }
    images, others = [], 0
    for r in readings:
        image = r.levels
        if r.deep:
            black, white = scales[r.floating]
            image = ((image.astype(np.float64) - black) / (white - black) * 255).clip(0, 255).round().astype(np.uint8)
            image = 255 - image if invert else image
        elif r.on_white is not None:
            contrast = abs(r.ink - ground) / 255
            faint = contrast < FAINT and 1 - contrast > CLEAR
            others += faint
            image = r.on_white if (ground == 255) != faint else r.levels
        images.append(image)
    return Finished(
        np.stack(images).astype(np.uint8), ground, others, max((s[1] for s in scales.values()), default=None)
    )


def preview(file: Path | BinaryIO, reading: Reading, allowed: Sequence[str] | None = None, most: int = 240) -> Image:
    """A file as it came, RGB or grey, at most `most` pixels wide and high: to be shown beside what was made of it.

    What is transparent is shown on mid-grey, where black and white can both be seen.
    """
    from PIL import Image, ImageOps

    with Image.open(file, formats=tuple(allowed or formats())) as image:
        image = ImageOps.exif_transpose(image)
        if reading.deep:
            values, (black, white) = np.asarray(image, dtype=np.float64), full_scale([reading.deep], reading.floating)
            image = Image.fromarray(
                (np.nan_to_num(values - black) / (white - black) * 255).clip(0, 255).astype(np.uint8)
            )
        elif reading.on_white is not None:
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba).convert("RGB")
        else:
            image = _rgb(image)
        image.thumbnail((most, most))
        return image


def read_image(
    file: Path | BinaryIO, invert: bool = False, side: int = SIDE, allowed: Sequence[str] | None = None
) -> np.ndarray:
    """One file by itself as uint8 (side, side).

    Raises:
        As `read`.
    """
    return finish([read(file, invert, side, allowed)], invert).images[0]
