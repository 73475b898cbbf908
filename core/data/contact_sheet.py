"""A contact sheet of a data set: some original images, and below each what the models get."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from core.data.dataset import Dataset
from core.data.folder_name import PREFIX, locate
from core.data.form import PLAIN
from core.data.image_file import preview, read

COLUMNS, ROWS = 12, 3
TILE, GAP = 84, 6  # pixels of the sheet: the least side of a picture, and what is between two
PAPER = (110, 110, 110)  # grey, so that the edges of black and of white images are visible


def examples(dataset: Dataset, most: int) -> list[int]:
    """Indices of test images that show what there is: the first of each class, then the second, and so on."""
    places = [np.flatnonzero(dataset.test_labels == label) for label in range(len(dataset.classes))]
    rounds = max((len(p) for p in places), default=0)
    return [int(p[i]) for i in range(rounds) for p in places if i < len(p)][:most]


def contact_sheet(dataset: Dataset, columns: int = COLUMNS, rows: int = ROWS, originals: bool = True) -> bytes:
    """The sheet of a data set as a PNG.

    Args:
        dataset: the images.
        columns: pictures per row.
        rows: most rows.
        originals: whether the original files are shown above; without them (`Dataset.paths`) they never are.
    """
    from PIL import Image

    tile = -(-TILE // dataset.shape.side) * dataset.shape.side  # a whole number of times as large as the image
    shown = examples(dataset, columns * rows)
    first = len(dataset.train_images)
    originals = originals and bool(dataset.paths)
    form = locate(dataset.name).form if dataset.name.startswith(PREFIX) else PLAIN
    height = tile * (2 if originals else 1) + GAP
    columns = min(columns, len(shown))
    page = Image.new("RGB", (columns * (tile + GAP) + GAP, -(-len(shown) // columns) * (height + GAP) + GAP), PAPER)
    for i, index in enumerate(shown):
        left, top = GAP + i % columns * (tile + GAP), GAP + i // columns * (height + GAP)
        if originals:
            path = Path(dataset.paths[first + index])
            original = preview(path, read(path, form), most=tile)
            page.paste(original, (left + (tile - original.width) // 2, top + (tile - original.height) // 2))
            top += tile
        pixels = dataset.test_images[index]
        image = Image.fromarray(pixels.transpose(1, 2, 0) if dataset.shape.color else pixels[0])
        page.paste(image.resize((tile, tile), Image.Resampling.NEAREST), (left, top))
    buffer = io.BytesIO()
    page.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
