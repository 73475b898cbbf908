"""An image file of any format, size and colour as input of the models: a square in grey or in colour, see `Form`.

    frame          the first one, if the file contains several
    orientation    according to the EXIF entry of the camera
    colours        CMYK, YCbCr and CIELAB through RGB; for grey, luma
    transparency   grey: laid on black or on white, whichever has more contrast to the visible parts; colour: on white,
                   unless most images cannot be seen on it, see `finish`
    depth          16-bit, 32-bit and float images: according to the bits in use, see `full_scale`; always grey levels
    shape          scaled to the square as `Form.fit` says; by default centred on the colour of its own border

Two of these choices depend on all images of a folder: the ground of transparent images, and the number of bits that
deep images use. `read` therefore keeps what both choices need, and `finish` makes them once for all images.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from core.data.form import PLAIN, Form
from core.data.square import square
from core.errors import ArgumentError

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000
BLANK = 24  # an image in colour that differs from its ground by less than this in every pixel cannot be seen on it
# Formats that Pillow opens and that are not raster images, or that need another program to be drawn.
NOT_IMAGES = {"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MCIDAS", "MPEG", "WMF"}
# Files of these formats contain several sizes, layers or previews of one image rather than several images.
ONE_IMAGE = {"ICNS", "ICO", "MPO", "PSD"}
# Contrasts, 0 to 1: an image with less than FAINT on the common ground is laid on the other one if it has more than
# CLEAR there.
FAINT, CLEAR = 0.2, 0.4


@dataclass(frozen=True)
class Reading:
    """What is read of one file independently of the others.

    Attributes:
        levels: (side, side), or (3, side, side) in colour: uint8, or float32 in the units of the file if it is `deep`.
        on_white: uint8 of the same shape if the image is transparent; `levels` is then the image on black.
        ink: mean grey level of the visible parts of a transparent image, 0 to 255.
        deep: (lowest, highest) value of an image with more than 8 bits.
        floating: whether its values are floating-point numbers.
        frames: whether the file contains further images, which are not used.
    """

    levels: np.ndarray
    on_white: np.ndarray | None = None
    ink: float = 0.0
    deep: tuple[float, float] | None = None
    floating: bool = False
    frames: bool = False


@functools.cache
def formats() -> tuple[str, ...]:
    """The image formats that are read, by Pillow's names: all raster images that it can open here."""
    from PIL import Image

    Image.init()
    return tuple(sorted(set(Image.OPEN) - NOT_IMAGES))


@functools.cache
def suffixes() -> frozenset[str]:
    """The suffixes of the files that are read, in lower case, with the dot."""
    from PIL import Image

    allowed = set(formats())
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in allowed)


def read(file: Path | BinaryIO, form: Form = PLAIN, allowed: Sequence[str] | None = None) -> Reading:
    """Read one file.

    Args:
        file: path, or an open binary file.
        form: of the result. Deep images are inverted by `finish`.
        allowed: formats that may be read, by Pillow's names; by default all of `formats()`.

    Raises:
        OSError: not an image, or one that cannot be read to its end.
        ValueError: the image has more than `MAX_PIXELS` pixels, has no visible pixel, or is so long a strip that it
            would be less than two pixels wide. For damaged files Pillow raises other exceptions as well.
    """
    from PIL import Image, ImageOps

    with Image.open(file, formats=tuple(allowed or formats())) as opened:
        size = f"{opened.width}x{opened.height} pixels"
        if opened.width * opened.height > MAX_PIXELS:
            raise ArgumentError(
                f"{size} are more than the {MAX_PIXELS // 1_000_000} million that are read; make it smaller"
            )
        if form.fit == "pad" and max(opened.size) > form.size / 2 * min(opened.size):
            raise ArgumentError(
                f"{size} are so long a strip that it would be less than two pixels wide at {form.size}x{form.size}; "
                "cut it into squarer pieces"
            )
        frames = bool(getattr(opened, "is_animated", False)) and opened.format not in ONE_IMAGE
        if form.color:  # a photograph is decoded at an eighth of its size, which is many times faster
            opened.draft("RGB", (4 * form.size, 4 * form.size))
        image = ImageOps.exif_transpose(opened)

        if image.mode.startswith(("I", "F")):
            return _deep(image, form, frames)
        if image.has_transparency_data:
            rgba = image.convert("RGBA")
            alpha = np.asarray(rgba.getchannel("A"), dtype=np.float64)
            if alpha.max() == 0:
                raise ArgumentError("every pixel is transparent, so there is nothing to see")
            if alpha.min() < 255:
                grey = np.asarray(rgba.convert("RGB").convert("L"), dtype=np.float64)
                ink = float((alpha * grey).sum() / alpha.sum())
                black, white = (square(_on(rgba, level, form), form) for level in (0, 255))
                return Reading(black, white, ink, frames=frames)
            image = rgba.convert("RGB")
        return Reading(square(_rgb(image) if form.color else _grey(image), form), frames=frames)


def _on(rgba: Image, level: int, form: Form) -> Image:
    """A transparent image on a ground of one grey level, in the colours of a form."""
    from PIL import Image

    ground = Image.new("RGBA", rgba.size, (level, level, level, 255))
    return Image.alpha_composite(ground, rgba).convert("RGB" if form.color else "L")


def _rgb(image: Image) -> Image:
    if image.mode == "LAB":  # Image.convert does not support it
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None, "None is returned only for a conversion in place"
        return converted
    return image.convert("RGB")


def _grey(image: Image) -> Image:
    return (_rgb(image) if image.mode in ("LAB", "CMYK", "HSV") else image).convert("L")


def _deep(image: Image, form: Form, frames: bool) -> Reading:
    """Read an image with more than 8 bits."""
    from PIL import Image

    floating = image.mode.startswith("F")
    values = np.asarray(image, dtype=np.float64)
    finite = np.isfinite(values)
    low, high = (float(values[finite].min()), float(values[finite].max())) if finite.any() else (0.0, 0.0)
    values = np.where(finite, values, min(low, 0.0))  # NaN and infinity become black
    levels = np.clip(square(Image.fromarray(values.astype(np.float32)), Form(size=form.size, fit=form.fit)), low, high)
    if form.color:
        levels = np.repeat(levels[None], 3, axis=0)
    return Reading(levels, deep=(low, high), floating=floating, frames=frames)


def full_scale(ranges: Sequence[tuple[float, float]], floating: bool = False) -> tuple[float, float]:
    """The values that become black and white in deep images.

    Integers from 0: white is the largest number with as many bits as the images use, 8, 10, 12, 14, 16 or more. (A
    camera with 12 bits stores them in 16, so its images would be almost black on the full range of 16 bits. Scaling
    each image to its own range would give every image another scale, and a constant one none.) Floating-point numbers
    from 0 to 1: 0 and 1. Values below 0: the lowest and the highest value.

    Args:
        ranges: (lowest, highest) value of each image.
        floating: whether the values are floating-point numbers.
    """
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    if low < 0:
        return low, high if high > low else low + 1
    if floating and high <= 1:
        return 0.0, 1.0
    bits = math.ceil(high).bit_length()
    return 0.0, float(2 ** next((b for b in (8, 10, 12, 14, 16) if bits <= b), bits) - 1)


def common_ground(inks: Sequence[float]) -> int:
    """The ground, black (0) or white (255), with the larger contrast to most images with these mean ink levels."""
    return 255 if sum(ink < 127.5 for ink in inks) * 2 > len(inks) else 0


@dataclass(frozen=True)
class Finished:
    """Images, and the choices that were made for them.

    Attributes:
        images: uint8 (n, side, side), or (n, 3, side, side) in colour.
        ground: the ground of transparent images, 0 or 255; None if there are no such images.
        other_ground: number of transparent images on the other ground, because they are hardly visible on this one.
        white: the value that became white in images with more than 8 bits; None if there are no such images.
    """

    images: np.ndarray
    ground: int | None = None
    other_ground: int = 0
    white: float | None = None


def finish(readings: Sequence[Reading], form: Form = PLAIN) -> Finished:
    """The images of one data set, with the same ground and depth for all of them.

    Args:
        readings: at least one.
        form: as given to `read`.
    """
    transparent = [r for r in readings if r.on_white is not None]
    ground = common_ground([r.ink for r in transparent])
    if form.color:
        ground = 0 if sum(_invisible(r, 255) for r in transparent) * 2 > len(transparent) else 255
    scales = {
        kind: full_scale(ranges, kind)
        for kind in (False, True)
        if (ranges := [r.deep for r in readings if r.deep and r.floating == kind])
    }
    images: list[np.ndarray] = []
    others = 0
    for r in readings:
        image = r.levels
        if r.deep:
            black, white = scales[r.floating]
            image = ((image.astype(np.float64) - black) / (white - black) * 255).clip(0, 255).round().astype(np.uint8)
            image = 255 - image if form.invert else image
        elif r.on_white is not None:
            faint = _invisible(r, ground) if form.color else _faint(r.ink, ground)
            others += faint
            image = r.on_white if (ground == 255) != faint else r.levels
        images.append(image)
    white = max((scale[1] for scale in scales.values()), default=None)
    return Finished(np.stack(images).astype(np.uint8, copy=False), ground if transparent else None, others, white)


def _faint(ink: float, ground: int) -> bool:
    """Whether a grey image with this mean ink level belongs on the other ground."""
    contrast = abs(ink - ground) / 255
    return contrast < FAINT and 1 - contrast > CLEAR


def _invisible(reading: Reading, ground: int) -> bool:
    """Whether an image in colour cannot be seen on this ground but can on the other one."""
    on_black, on_white = reading.levels, reading.on_white
    assert on_white is not None
    shown = {0: int(on_black.max()), 255: 255 - int(on_white.min())}  # the largest difference from the ground
    return shown[ground] < BLANK <= shown[255 - ground]


def preview(file: Path | BinaryIO, reading: Reading, allowed: Sequence[str] | None = None, most: int = 240) -> Image:
    """The original image, RGB or grey, to be shown beside the converted one. Transparent parts become mid-grey.

    Args:
        file: path, or an open binary file.
        reading: what `read` returned for it.
        allowed: formats, as in `read`.
        most: largest width and height, in pixels.
    """
    from PIL import Image, ImageOps

    with Image.open(file, formats=tuple(allowed or formats())) as image:
        image = ImageOps.exif_transpose(image)
        if reading.deep:
            values, (black, white) = np.asarray(image, dtype=np.float64), full_scale([reading.deep], reading.floating)
            levels = np.nan_to_num(values - black) / (white - black) * 255
            image = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
        elif reading.on_white is not None:
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, (128, 128, 128, 255)), rgba).convert("RGB")
        else:
            image = _rgb(image)
        image.thumbnail((most, most))
        return image
