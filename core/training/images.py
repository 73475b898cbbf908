"""Which images of a data set a configuration is trained on. This module does not import torch: pages use it."""

from __future__ import annotations

import numpy as np

from core.config import ConfigError, RunConfig
from core.data.dataset import Dataset


def training_images(config: RunConfig, dataset: Dataset) -> np.ndarray:
    """The training images of a config, uint8 (N, C, H, W): without its held-out class, and the first train_size.

    Raises:
        ConfigError: the held-out class does not exist or is the only one, or there are fewer images than train_size.
    """
    images, held_out, size = dataset.train_images, config.held_out_class, config.train_size
    if held_out is not None:
        if held_out >= len(dataset.classes):
            raise ConfigError(f"held_out_class={held_out}: {dataset.name} has classes 0 to {len(dataset.classes) - 1}.")
        images = images[dataset.train_labels != held_out]
        if not len(images):
            raise ConfigError(
                f"held_out_class={held_out}: {dataset.name} has no other class to train on. Leave held_out_class out."
            )
    if size is not None and size > len(images):
        raise ConfigError(
            f"train_size={size}: there are {len(images)} training images. "
            "Give at most that many, or leave train_size out."
        )
    return images[:size]
