"""What a page needs to train a network itself: the worker's script, the images and the run's description.

The images travel once, as one PNG of all that are trained on and the test images that are measured. The worker's script
is `dashboard/web/training/entry.js` with everything it imports. Both are media files: `dashboard.components.assets`.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from dashboard.components.assets import media_url
from dashboard.components.networks import layers_of
from dashboard.components.scripts import WEB, joined
from dashboard.components.sprites import SPRITE_COLUMNS, sprite

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.config import RunConfig
    from core.data.dataset import Dataset
    from core.data.shape import Shape

MOST_IMAGES = 10_000
MOST_NUMBERS = 40_000_000  # about 30 MB as a PNG, and 40 MB in each worker


@functools.cache
def worker_script() -> str:
    """The training worker, as a script that imports nothing."""
    return joined(WEB / "training" / "entry.js")


def most_images(shape: Shape) -> int:
    """With more training images of this shape than that, they are not sent to a browser."""
    return min(MOST_IMAGES, MOST_NUMBERS // shape.pixels)


def picture(config: RunConfig, dataset: Dataset) -> tuple[bytes, dict[str, int]]:
    """The images of a training, those to train on first, and how many there are of both, as `Images` in worker.js.

    Raises:
        ConfigError: see `core.training.images.training_images`.
    """
    import numpy as np

    from core.training.duration import MEASURED
    from core.training.images import training_images

    train, test = training_images(config, dataset), dataset.test_images[:MEASURED]
    counts = {"train": len(train), "test": len(test), "columns": SPRITE_COLUMNS}
    return sprite(np.concatenate([train, test])), counts


def training(config: RunConfig, png: bytes, counts: Mapping[str, int]) -> dict[str, Any]:
    """The arguments of `startTraining` in client.js: the script's address, and what the worker starts with.

    Args:
        png, counts: see `picture`.
    """
    url = media_url(png, "image/png", f"{config.dataset}-{counts['train']}/training-images")
    return {
        "script": media_url(worker_script().encode(), "text/javascript", "training-worker"),
        "start": {
            "config": config.to_dict(),
            "layers": layers_of(config),
            "images": {"url": url, **counts},
            "seed": config.seed,
        },
    }
