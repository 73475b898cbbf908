"""A contact sheet of a data set: some original images, and below each the 28x28 grey levels that the models get."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from core.cli.terminal import writing
from core.data.dataset import Dataset
from core.data.image_file import preview, read
from core.files import write_bytes
from core.models.trunks import SIDE

COLUMNS, ROWS = 12, 3
TILE, GAP = 3 * SIDE, 6
PAPER = (110, 110, 110)  # grey, so that the edges of black and of white images are visible


def chosen(dataset: Dataset, most: int = COLUMNS * ROWS) -> list[int]:
    """Indices of the test images on the sheet: the first of each class, then the second, as many as fit."""
    places = [np.flatnonzero(dataset.test_labels == label) for label in range(len(dataset.classes))]
    rounds = max((len(p) for p in places), default=0)
    return [int(p[i]) for i in range(rounds) for p in places if i < len(p)][:most]


def write_sheet(out: str, dataset: Dataset) -> None:
    """Write the sheet of a data set as PNG; without the original files (`Dataset.paths`), only the models' inputs.

    Raises:
        UsageError: the file cannot be written.
    """
    from PIL import Image

    shown = chosen(dataset)
    first = len(dataset.train_images)
    height = TILE * (2 if dataset.paths else 1) + GAP
    columns = min(COLUMNS, len(shown))
    page = Image.new("RGB", (columns * (TILE + GAP) + GAP, -(-len(shown) // columns) * (height + GAP) + GAP), PAPER)
    for i, index in enumerate(shown):
        left, top = GAP + i % columns * (TILE + GAP), GAP + i // columns * (height + GAP)
        if dataset.paths:
            path = Path(dataset.paths[first + index])
            original = preview(path, read(path), most=TILE)
            page.paste(original, (left + (TILE - original.width) // 2, top + (TILE - original.height) // 2))
            top += TILE
        tile = Image.fromarray(dataset.test_images[index, 0]).resize((TILE, TILE), Image.Resampling.NEAREST)
        page.paste(tile, (left, top))
    buffer = io.BytesIO()
    page.save(buffer, "PNG", optimize=True)
    with writing(out) as target:
        write_bytes(target, buffer.getvalue())
