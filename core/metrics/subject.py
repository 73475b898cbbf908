"""The subject of all measures: a model, the images it is measured on, and what several measures need of both."""

from __future__ import annotations

import functools

import numpy as np

from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.shape import as_pictures
from core.latent.sampling import Codes, Density, encode_all, fit_densities
from core.metrics.judge import Judge, Reference, spread
from core.metrics.linear import Pca, fit_pca
from core.models.build import Model
from core.models.networks import Trainable

TRAIN_LIMIT = 10_000  # training images to which probes, densities and quantisers are fitted
COMPONENTS = 64  # of the PCA control


class Subject:
    """A model to be measured, with the quantities that several parts need, each computed once.

    Args:
        model: a multi-rate model is measured at beta = 1 (`Trainable.reference`).
        dataset: the images.
        judge: of the data set.
        densities: fitted densities of the codes, if the run carries them.
    """

    def __init__(self, model: Trainable, dataset: Dataset, judge: Judge, densities: dict[str, Density] | None = None):
        self.model: Model = model.reference()
        self.config: RunConfig = model.config
        self.dataset, self.judge, self._densities = dataset, judge, densities

    @functools.cached_property
    def reference(self) -> Reference:
        """The test images that are measured, with the judge's features."""
        return self.judge.reference(self.dataset)

    @functools.cached_property
    def images(self) -> np.ndarray:
        """The reference images, as pictures, float32 (n, ...)."""
        return as_pictures(self.reference.images)

    @functools.cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray]:
        """At most `TRAIN_LIMIT` training images, uint8, and their labels."""
        chosen = spread(len(self.dataset.train_images), TRAIN_LIMIT)
        return self.dataset.train_images[chosen], self.dataset.train_labels[chosen]

    @functools.cached_property
    def codes(self) -> Codes:
        """The codes of the reference images."""
        return encode_all(self.model, self.reference.images)

    @functools.cached_property
    def train_codes(self) -> Codes:
        """The codes of the training images in `train`."""
        return encode_all(self.model, self.train[0])

    @functools.cached_property
    def densities(self) -> dict[str, Density]:
        """Densities of the codes by source."""
        return self._densities or fit_densities(self.model, self.dataset.train_images)

    @functools.cached_property
    def pca(self) -> Pca:
        """The control, fitted to the training images in `train`."""
        return fit_pca(self.train[0], COMPONENTS)
