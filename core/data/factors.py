"""Factors of variation: what is known about how each image of a procedural data set was made.

A factor has a few levels, and every image has one level of each factor. If the factors are independent and every
level is about equally frequent, the images show whether single latent dimensions follow single factors
(`core.metrics.disentanglement`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Factors:
    """The factors of all images of a data set.

    Attributes:
        names: of the k factors, e.g. "hue".
        values: for each factor, its levels as text with units, in order, e.g. ("0°", "50°").
        train, test: level of each factor in each image, int64 (N, k), in the order of the images.
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    train: np.ndarray
    test: np.ndarray

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of levels of each factor."""
        return tuple(len(levels) for levels in self.values)

    def levels(self, split: str = "test") -> np.ndarray:
        """int64 (N, k) of "train" or "test"."""
        return {"train": self.train, "test": self.test}[split]
