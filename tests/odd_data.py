"""Folders of images as people may have them: few, all alike, of one class, of hundreds, dark on light.

`write` makes such a folder of real MNIST digits; `train_pairs` trains tiny models on it, so that every page and command
can be asked about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.config import RunConfig
from core.runs.run import Run
from core.runs.store import RunStore

LOOKS = ("real", "alike", "black", "white", "duplicates", "constant class", "dark on light")
# Beginnings of paths, with signs that mean something in addresses, in Markdown, in HTML, or to Streamlit ("__").
PLACES = (
    *("", "my__images", "50 % & more/#1 of?", "*a* _b_ `c` $d$ [e](f) :g: ~h~", "<b>'q\"</b>", "Bilder ü ☁", "..a/-b"),
    "a\nb\x1b",
)


@dataclass(frozen=True)
class Folder:
    """What a folder holds.

    Attributes:
        classes: how many sub-folders. per_class: images in each; a fifth of them, rounded, is held out for testing.
        look: one of `LOOKS`.
        side: of the image files, in pixels.
        singles: further sub-folders with one image each, none of which is held out.
        place: where it lies, and the beginning of its name.
    """

    classes: int
    per_class: int
    look: str = "real"
    side: int = 28
    singles: int = 0
    place: str = ""

    @property
    def name(self) -> str:
        return f"{self.place}{self.classes}x{self.per_class}+{self.singles}-{self.look.replace(' ', '-')}-{self.side}"


def pictures(folder: Folder) -> np.ndarray:
    """uint8 (classes, per_class, side, side)."""
    from PIL import Image

    from core.data.datasets import load_dataset

    data = load_dataset("mnist-5k")
    by_class = [data.train_images[data.train_labels == digit, 0] for digit in range(10)]
    found = np.stack(
        [
            by_class[c % 10][(c // 10 * folder.per_class + np.arange(folder.per_class)) % 300]
            for c in range(folder.classes)
        ]
    )
    if folder.look == "alike":
        found[:] = found[0, 0]
    elif folder.look == "black":
        found[:] = 0
    elif folder.look == "white":
        found[:] = 255
    elif folder.look == "duplicates":
        found[:] = found[:, :1]
    elif folder.look == "constant class":
        found[0] = 128
    elif folder.look == "dark on light":
        found = 255 - found
    if folder.side != 28:
        resized = [
            np.asarray(Image.fromarray(image).resize((folder.side, folder.side))) for image in found.reshape(-1, 28, 28)
        ]
        found = np.stack(resized).reshape(folder.classes, folder.per_class, folder.side, folder.side)
    return found


def write(folder: Folder, root: Path) -> str:
    """Write the folder below `root`; returns the name of its data set."""
    from PIL import Image

    from core.data.folder_name import locate

    path = root / folder.name
    found = pictures(folder)
    for c, images in enumerate([*found, *(found[-1, :1] for _ in range(folder.singles))]):
        below = path / f"class {c:03d}"
        below.mkdir(parents=True, exist_ok=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(below / f"{i:03d}.png")
    return locate(f"folder:{path}").name


def train_pairs(
    dataset: str, store: RunStore, latent_dims: tuple[int, ...] = (2, 4), epochs: int = 1
) -> dict[tuple[str, int], Run]:
    """An AE and a VAE of each latent size, trained for one epoch, by model and latent size."""
    from core.training.train_run import train

    return {
        (model, d): train(RunConfig(model=model, dataset=dataset, latent_dim=d, epochs=epochs, batch_size=16), store)
        for d in latent_dims
        for model in ("ae", "vae")
    }
