"""A person's own images as a data set: `folder:PATH`, sub-folders are the classes.

Every file Pillow reads is turned into what the models take: 28x28, grey, bright strokes on a dark ground are left as
they are (set `invert=1` in the name, "folder:PATH?invert=1", for dark strokes on a light ground).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.data import SIDE, DataError, Dataset, digest_of, stratified_split

MAX_FILES = 100_000
MAX_PIXELS = 50_000_000
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}


def read_image(path: Path | BinaryIO, invert: bool = False, side: int = SIDE) -> np.ndarray:
    """One file of any size or mode as uint8 (side, side): scaled to fit, centred on a square of its own background.

    Raises:
        OSError, ValueError: not an image Pillow can read whole, or larger than `MAX_PIXELS`.
    """
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels are more than {MAX_PIXELS}")
        image = ImageOps.exif_transpose(image)
        if image.mode.startswith(("I", "F")):  # 16- and 32-bit grey: scale to the values present
            values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0, neginf=0)
            low, high = values.min(), values.max()
            image = Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8))
        elif image.has_transparency_data:  # on the ground that strokes stand out from
            rgba = image.convert("RGBA")
            ground = (255, 255, 255, 255) if invert else (0, 0, 0, 255)
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, ground), rgba)
        grey = image.convert("L")
    if invert:
        grey = ImageOps.invert(grey)
    values = np.asarray(grey)
    edge = np.concatenate([values[[0, -1]].ravel(), values[:, [0, -1]].ravel()])
    # Scaled first: a square around a strip of 1 x 50,000 pixels would not fit in memory.
    width, height = (max(1, round(side * extent / max(grey.size))) for extent in grey.size)
    square = Image.new("L", (side, side), int(np.median(edge)))
    square.paste(grey.resize((width, height), Image.Resampling.LANCZOS), ((side - width) // 2, (side - height) // 2))
    return np.asarray(square, dtype=np.uint8)


def load_folder(name: str) -> Dataset:
    """The images below "folder:PATH"; one bad file among many is skipped and listed, an unusable folder is an error.

    Raises:
        DataError: no such folder, nothing readable, or fewer than two images a class on average.
    """
    location, _, options = name.removeprefix("folder:").partition("?")
    try:
        root = Path(location).expanduser()
        is_folder = bool(location) and root.is_dir()
    except (OSError, RuntimeError):  # a name too long, the home of nobody
        is_folder = False
    if not is_folder:
        raise DataError(
            f"{name!r}: {location or 'an empty path'} is not a folder. Give the path of a folder of images, with one sub-folder a class."
        )
    try:
        os.listdir(root)  # rglob would pass over a folder that may not be read
        files = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    except OSError as error:
        raise DataError(f"{root} cannot be read ({error}). Check its permissions.") from error
    if not files:
        raise DataError(f"{root} holds no image. Put {', '.join(sorted(SUFFIXES))} files in it, one sub-folder a class.")
    if len(files) > MAX_FILES:
        raise DataError(f"{root} holds {len(files)} images, more than {MAX_FILES}. Use a smaller folder.")
    images, groups, skipped = [], [], []
    for path in files:
        try:
            images.append(read_image(path, invert="invert=1" in options))
            relative = path.relative_to(root)
            groups.append(relative.parts[0] if len(relative.parts) > 1 else "images")
        except Exception as error:  # Pillow raises many kinds for damaged or hostile files
            skipped.append(f"{path.name}: {type(error).__name__}: {str(error)[:80]}")
    if len(images) < 10:
        why = "; ".join(skipped[:3]) or "too few"
        raise DataError(f"{root}: only {len(images)} of {len(files)} files are readable images ({why}). At least 10 are needed.")
    classes = tuple(sorted(set(groups)))
    labels = np.array([classes.index(g) for g in groups], dtype=np.int64)
    stack = np.stack(images)[:, None]
    train, test = stratified_split(labels)
    if len(test) == 0:
        raise DataError(f"{root}: no class has enough images to hold one out for testing. Give at least three a class.")
    arrays = stack[train], labels[train], stack[test], labels[test]
    for array in arrays:
        array.setflags(write=False)  # shared by every visitor
    return Dataset(name, f"Folder {root.name}", classes, *arrays, digest=digest_of(*arrays), skipped=tuple(skipped))
