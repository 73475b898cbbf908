"""Images as one uint8 array (N, C, H, W), a fixed stratified split, and a digest that identifies the images of a run.

A data set of this size fits in memory many times over. From a single array, a batch is one index operation. The usual
loop with a DataLoader and transforms is several times slower because it handles images one by one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.data.shape import Shape, shape_of
from core.errors import UserFacingError

if TYPE_CHECKING:
    import torch

    from core.data.factors import Factors

SPLIT_SEED = 0
TEST_FRACTION = 0.2


class DataError(UserFacingError, RuntimeError):
    """The images are not available. The message says why and what to do."""


@dataclass(frozen=True)
class Dataset:
    """A data set with its split.

    Attributes:
        name: key in `DATASETS`, or "folder:PATH".
        title: the displayed name.
        classes: class names; labels index them.
        train_images, test_images: uint8 (N, C, H, W); of grey digits, 0 is the ground.
        train_labels, test_labels: int64 (N,).
        digest: 16 hex digits of SHA-256 over all four arrays.
        skipped: files of a folder that could not be read, one line each: the path and the reason.
        notes: choices that were made for the images of a folder, as sentences.
        fingerprint: of the files of a folder when it was read, see `core.data.folder_listing.Listing`; else "".
        factors: what is known about how each image was made; None for most data sets.
        paths: if a folder has just been read, the files of its training images, then of its test images.
    """

    name: str
    title: str
    classes: tuple[str, ...]
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    digest: str
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fingerprint: str = ""
    paths: tuple[str, ...] = ()
    factors: Factors | None = None

    @property
    def shape(self) -> Shape:
        """Channels and side of the images."""
        return shape_of(self.train_images)

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of training and of test images."""
        return len(self.train_images), len(self.test_images)

    def images(self, split: str = "test") -> np.ndarray:
        """uint8 (N, C, H, W) of "train" or "test"."""
        return {"train": self.train_images, "test": self.test_images}[split]

    def labels(self, split: str = "test") -> np.ndarray:
        """int64 (N,) of "train" or "test"."""
        return {"train": self.train_labels, "test": self.test_labels}[split]

    def floats(self, split: str = "test", n: int | None = None) -> torch.Tensor:
        """The first n images as input of the models: float32 (N, C, H, W) in [0, 1]."""
        return as_floats(self.images(split)[:n])


class DataKey(NamedTuple):
    """A name, and the digest of the images that it stood for, since the images of a folder can change.

    An empty digest means the current images.
    """

    name: str
    digest: str = ""


def as_floats(images: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """uint8 (N, C, H, W) -> float32 tensor in [0, 1]."""
    import torch

    return torch.from_numpy(np.array(images)).to(device).float().div_(255)  # a copy: shared arrays are read-only


def stratified_split(
    labels: np.ndarray, test_fraction: float = TEST_FRACTION, seed: int = SPLIT_SEED
) -> tuple[np.ndarray, np.ndarray]:
    """A fixed split in which every class has the same fraction of test images.

    Args:
        labels: (N,).
        test_fraction: of each class.
        seed: of the split.

    Returns:
        train and test indices in shuffled order, together a permutation of range(N).
    """
    rng = np.random.default_rng(seed)
    train: list[np.ndarray] = []
    test: list[np.ndarray] = []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cut = round(len(members) * test_fraction)
        test.append(members[:cut])
        train.append(members[cut:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def digest_of(*arrays: np.ndarray) -> str:
    """16 hex digits of SHA-256 over shapes, types and bytes of the arrays."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(repr((array.shape, str(array.dtype))).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()[:16]
