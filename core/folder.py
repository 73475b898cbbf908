"""A person's own images as a data set: `folder:PATH`, sub-folders are the classes.

Every file Pillow reads is turned into what the models take: 28x28, grey, bright strokes on a dark ground are left as
they are (set `invert=1` in the name, "folder:PATH?invert=1", for dark strokes on a light ground).
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from core.data import SIDE, DataError, Dataset, digest_of, stratified_split

MAX_FILES = 100_000
MAX_PIXELS = 50_000_000
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}


def read_image(path: Path | BinaryIO, invert: bool = False, side: int = SIDE) -> np.ndarray:
    """One file of any size or mode as uint8 (side, side): centred on a square of its own background, then scaled.

    Raises:
        OSError, ValueError: not an image Pillow can read whole, or larger than `MAX_PIXELS`.
    """
    from PIL import Image, ImageOps

    with Image.open(path) as image:
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"{image.width}x{image.height} pixels are more than {MAX_PIXELS}")
        image = ImageOps.exif_transpose(image)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            rgba = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
        if image.mode.startswith(("I", "F")):  # 16- and 32-bit grey: scale to the values present
            values = np.asarray(image, dtype=np.float64)
            low, high = values.min(), values.max()
            image = Image.fromarray(((values - low) / max(high - low, 1e-9) * 255).astype(np.uint8))
        grey = image.convert("L")
    if invert:
        grey = ImageOps.invert(grey)
    edge = np.concatenate([np.asarray(grey)[[0, -1]].ravel(), np.asarray(grey)[:, [0, -1]].ravel()])
    square = ImageOps.pad(grey, (max(grey.size),) * 2, color=int(np.median(edge)))
    return np.asarray(square.resize((side, side), Image.Resampling.LANCZOS), dtype=np.uint8)


def load_folder(name: str) -> Dataset:
    """The images below "folder:PATH"; one bad file among many is skipped and listed, an unusable folder is an error.

    Raises:
        DataError: no such folder, nothing readable, or fewer than two images a class on average.
    """
    location, _, options = name.removeprefix("folder:").partition("?")
    root = Path(location).expanduser()
    if not location or not root.is_dir():
        raise DataError(f"{name!r}: {location or 'an empty path'} is not a folder. Give the path of a folder of images, with one sub-folder a class.")
    try:
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
        raise DataError(f"{root}: only {len(images)} of {len(files)} files are readable images ({'; '.join(skipped[:3]) or 'too few'}). At least 10 are needed.")
    classes = tuple(sorted(set(groups)))
    labels = np.array([classes.index(g) for g in groups], dtype=np.int64)
    stack = np.stack(images)[:, None]
    train, test = stratified_split(labels)
    if len(test) == 0:
        raise DataError(f"{root}: no class has enough images to hold one out for testing. Give at least three a class.")
    arrays = stack[train], labels[train], stack[test], labels[test]
    return Dataset(name, f"Folder {root.name}", classes, *arrays, digest=digest_of(*arrays), skipped=tuple(skipped))
