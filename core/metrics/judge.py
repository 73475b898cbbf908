"""The judge: a small classifier trained on the same images, by which generated images are measured.

A generated image has no label and no original. The judge gives it a class, a confidence, and a place in a space where
distances between images are meaningful: its last hidden layer, 64 numbers per image, before the ReLU. These features
are scaled so that the variances of the training images add up to 100: a generator that always draws the average image
then has a Frechet distance of about 100, whatever the data. The judge is trained on the training images of the data set
alone; its accuracy on the test images is stored with its weights and shown wherever it is used.

    judges/<dataset>/judge.json           data digest, accuracy, feature scale, settings, SHA-256 of the weights
    judges/<dataset>/judge.safetensors    weights in half precision

`core.metrics.judge_training` trains judges and finds the one of a data set.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from core.data.dataset import Dataset, as_floats
from core.data.shape import GREY_28, Shape
from core.errors import NotMeasurable
from core.files import sha256, write_bytes, write_json
from core.metrics.samples import check_enough, frechet_distance, radii

SCHEMA = 1
FEATURES = 64
REFERENCE = 1000  # test images that generated images are compared with


class JudgeError(NotMeasurable):
    """There is no judge for these images. The message says why and what to do."""


class Network(nn.Module):
    """Images (B, C, H, W) -> features (B, 64) -> class logits; 57,000 weights for grey 28x28 images of ten classes."""

    def __init__(self, classes: int, shape: Shape = GREY_28):
        super().__init__()
        side = ((shape.side - 4) // 2 - 2) // 2  # 28 -> 12 -> 5, 32 -> 14 -> 6, 64 -> 30 -> 14
        self.features = nn.Sequential(
            nn.Conv2d(shape.channels, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(32 * side * side, FEATURES),
        )
        self.classes = nn.Linear(FEATURES, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Class logits (B, classes) of images (B, C, H, W) in [0, 1]."""
        return self.classes(F.relu(self.features(images)))


@dataclass(frozen=True)
class Reference:
    """The test images that generated images are compared with, and the judge's features of them.

    Attributes:
        images: uint8 (n, C, H, W), n = 1000 spread evenly over the test split, or all images of a smaller one.
        labels: (n,).
        features: (n, 64).
        train_features: (m, 64), of equally many training images, or of all if there are fewer.
    """

    images: np.ndarray
    labels: np.ndarray
    features: np.ndarray
    train_features: np.ndarray

    @functools.cached_property
    def radii(self) -> np.ndarray:
        """Distance of each image to its fifth nearest neighbour, in features, (n,).

        Raises:
            NotMeasurable: too few images.
        """
        check_enough(len(self.features))
        return radii(self.features)

    @functools.cached_property
    def floor(self) -> float:
        """FD of training images: no generator is expected to be better.

        Raises:
            NotMeasurable: too few images.
        """
        check_enough(len(self.features))
        return frechet_distance(self.features, self.train_features)


def spread(total: int, n: int = REFERENCE) -> np.ndarray:
    """Indices of n of `total` images, evenly spaced; of all images if there are at most n."""
    return np.arange(total) if total <= n else np.linspace(0, total, n, endpoint=False).astype(int)


@dataclass
class Judge:
    """A trained classifier and its description.

    Attributes:
        network: in eval mode, with frozen weights.
        info: the contents of judge.json.
        folder: where it is kept; None if it is not.
    """

    network: Network
    info: dict[str, Any]
    folder: Path | None = None
    _references: dict[str, Reference] = field(default_factory=dict, repr=False)

    @property
    def shape(self) -> Shape:
        """The shape of the images it classifies."""
        return Shape(*self.info.get("shape", GREY_28))

    @property
    def accuracy(self) -> float:
        """Fraction of test images that are classified correctly."""
        return self.info["accuracy"]

    @torch.no_grad()
    def features_and_probabilities(self, images: np.ndarray, batch: int = 500) -> tuple[np.ndarray, np.ndarray]:
        """Features (N, 64) and class probabilities (N, C) of images.

        Args:
            images: pictures (N, ...) in [0, 1], or uint8 (N, C, H, W).
            batch: images per forward pass.
        """
        device = self.network.classes.weight.device
        if images.dtype == np.uint8:
            x = as_floats(images)
        else:
            x = torch.from_numpy(np.ascontiguousarray(images, dtype=np.float32))
        parts = x.reshape(-1, *self.shape.chw).split(batch)
        features = torch.cat([self.network.features(part.to(device)).cpu() for part in parts])
        probabilities = self.network.classes(F.relu(features.to(device))).softmax(1).cpu()
        return features.numpy() * np.float32(self.info["scale"]), probabilities.numpy()

    def weights(self) -> bytes:
        """The network as safetensors in half precision."""
        return save({k: v.half().contiguous() for k, v in self.network.state_dict().items()})

    def save(self, folder: Path) -> None:
        """Write judge.safetensors and judge.json into `folder`."""
        write_bytes(folder / "judge.safetensors", self.weights())
        write_json(folder / "judge.json", self.info)
        self.folder = folder

    def predict(self, images: np.ndarray) -> np.ndarray:
        """The most probable class of each image, int64 (N,); images as in `features_and_probabilities`."""
        return self.features_and_probabilities(images)[1].argmax(1)

    def reference(self, dataset: Dataset) -> Reference:
        """Test images of `dataset` with this judge's features; computed once.

        Raises:
            JudgeError: all training images are equal.
        """
        if dataset.digest not in self._references:
            check_varied(dataset)
            chosen = spread(len(dataset.test_images))
            images = dataset.test_images[chosen]
            train_images = dataset.train_images[spread(len(dataset.train_images), len(images))]
            self._references[dataset.digest] = Reference(
                images,
                dataset.test_labels[chosen],
                self.features_and_probabilities(images)[0],
                self.features_and_probabilities(train_images)[0],
            )
        return self._references[dataset.digest]


def check_varied(dataset: Dataset) -> None:
    """Check that not all training images are equal.

    Raises:
        JudgeError: they are.
    """
    if (dataset.train_images == dataset.train_images[:1]).all():
        count = len(dataset.train_images)
        raise JudgeError(f"all {count} training images of {dataset.name} are equal, so there is nothing to classify.")


def read_judge(folder: Path) -> Judge | None:
    """The judge in a folder; None if there is none, or it is damaged or of another version."""
    try:
        info = json.loads((folder / "judge.json").read_bytes())
        data = (folder / "judge.safetensors").read_bytes()
        if info["schema"] != SCHEMA or info["sha256"] != sha256(data):
            return None
        network = Network(int(info["classes"]), Shape(*info.get("shape", GREY_28)))
        network.load_state_dict({k: v.float() for k, v in load(data).items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError):
        return None  # it is then trained again
    return Judge(network.eval().requires_grad_(False), info, folder)
