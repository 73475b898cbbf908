"""Real images as one uint8 array: (N, 1, 28, 28), a fixed stratified split, and a digest that is part of a run's identity.

A data set of this size fits in memory many times over. Kept as one array, a batch is one index operation; that, not
the arithmetic, is what makes the usual DataLoader-and-transform loop several times slower.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.errors import UserFacingError

if TYPE_CHECKING:
    import torch

SPLIT_SEED = 0
TEST_FRACTION = 0.2


class DataError(UserFacingError, RuntimeError):
    """The images cannot be had. The message says why and what to do."""


@dataclass(frozen=True)
class Dataset:
    """A data set with its split.

    Attributes:
        name: key in `DATASETS`, or "folder:PATH".
        title: for people.
        classes: class names; labels index them.
        train_images, test_images: uint8 (N, 1, 28, 28), 0 is background.
        train_labels, test_labels: int64 (N,).
        digest: 16 hex digits of SHA-256 over all four arrays.
        skipped: files of a folder data set that could not be read, a line each: the path and the reason.
        notes: what was decided for a folder's images, a sentence each.
        fingerprint: of a folder's files when it was read, see `core.data.folder.Listing`; "" for other data sets.
        paths: the files of a folder that was just read: of its training images, then of its test images.
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

    def images(self, split: str = "test") -> np.ndarray:
        """uint8 (N, 1, 28, 28) of "train" or "test"."""
        return {"train": self.train_images, "test": self.test_images}[split]

    def labels(self, split: str = "test") -> np.ndarray:
        """int64 (N,) of "train" or "test"."""
        return {"train": self.train_labels, "test": self.test_labels}[split]

    def floats(self, split: str = "test", n: int | None = None) -> torch.Tensor:
        """The first n images as the models take them: float32 (N, 1, 28, 28) in [0, 1]."""
        return as_floats(self.images(split)[:n])


class DataKey(NamedTuple):
    """Which images: a name, and the digest of the images that it stood for. A folder's images may be others tomorrow.

    An empty digest is whatever the name stands for now.
    """

    name: str
    digest: str = ""


def as_floats(images: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """uint8 (N, 1, 28, 28) -> float32 tensor in [0, 1]."""
    import torch

    return torch.from_numpy(np.array(images)).to(device).float().div_(255)  # a copy: shared arrays are read-only


def stratified_split(
    labels: np.ndarray, test_fraction: float = TEST_FRACTION, seed: int = SPLIT_SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a fixed train/test split that keeps every class's share, both in shuffled order.

    Returns:
        train and test indices, together a permutation of range(len(labels)).
    """
    rng = np.random.default_rng(seed)
    train, test = [], []
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        cut = int(round(len(members) * test_fraction))
        test.append(members[:cut])
        train.append(members[cut:])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def digest_of(*arrays: np.ndarray) -> str:
    """16 hex digits of SHA-256 over the arrays' bytes and shapes."""
    sha = hashlib.sha256()
    for array in arrays:
        sha.update(repr((array.shape, str(array.dtype))).encode())
        sha.update(np.ascontiguousarray(array).data)
    return sha.hexdigest()[:16]
