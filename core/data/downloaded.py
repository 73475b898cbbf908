"""Data sets that torchvision knows and downloads, in its folders: MNIST's relatives, CIFAR-10, SVHN and CelebA.

    NAME/raw/*-ubyte                     idx files of MNIST, FashionMNIST and KMNIST
    cifar-10-batches-bin/*.bin           CIFAR-10, the binary version
    train_32x32.mat, test_32x32.mat      SVHN (cropped digits)
    celeba/                              CelebA (aligned faces), which is never downloaded

torchvision itself reads the Python version of CIFAR-10, whose files are pickles. The binary version holds the same
images as plain bytes, so nothing has to be unpickled. Archives are compared with the MD5 that their authors publish.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from core.data.dataset import DataError
from core.data.form import Form
from core.data.shape import SHAPES
from core.errors import ArgumentError
from core.files import write_npy

Arrays = tuple[np.ndarray, ...]  # training images and labels, then test images and labels, as in `Dataset`

PATIENCE = 20.0  # seconds to wait for a server that does not answer
INSTEAD = "or use --dataset mnist-5k, which needs no download."

IDX_FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))

CIFAR_FOLDER = "cifar-10-batches-bin"
CIFAR_FILES = (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin")
CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR_URL = f"https://www.cs.toronto.edu/~kriz/{CIFAR_ARCHIVE}"
CIFAR_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"

SVHN_FILES = ("train_32x32.mat", "test_32x32.mat")

CELEBA_FOLDER = "celeba"
CELEBA_IMAGES, CELEBA_ATTRIBUTES, CELEBA_SPLIT = "img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt"
CELEBA_FILES = (CELEBA_ATTRIBUTES, CELEBA_SPLIT, CELEBA_IMAGES)
CELEBA_PAGE = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
CELEBA_MOST = (16_000, 4_000)  # training and test images, the first of the official split: 246 MB as bytes
# Attributes that are classes; faces with none of them or several are in the last class.
CELEBA_HAIR = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")


class _Place(NamedTuple):
    """Where the files of a data set are, in words for messages.

    Attributes:
        name: of the data set.
        root: the folder of all downloads.
        files: what the files are and where, as the subject of "... are damaged".
        remove: what to remove if they are.
        put: what to put where if they cannot be downloaded.
    """

    name: str
    root: Path
    files: str
    remove: str
    put: str


def idx(class_name: str, root: Path) -> Arrays:
    """A data set of torchvision in the format of MNIST, downloaded if it is not there.

    Raises:
        DataError: it is not there and cannot be downloaded, or it is damaged.
    """
    from core.data.torchvision_datasets import import_datasets

    folder = root / class_name / "raw"
    kind = getattr(import_datasets(), class_name)

    def both(download: bool) -> Arrays:
        parts = [kind(root, train=train, download=download) for train in (True, False)]
        return tuple(a for p in parts for a in (p.data.numpy()[:, None], p.targets.numpy().astype(np.int64)))

    place = _Place(
        class_name, root, f"the files in {folder}", "that folder", f"its four idx .gz files, unpacked, into {folder}"
    )
    there = len(list(folder.glob("*-ubyte"))) == len(IDX_FILES)
    return _obtained(place, there, lambda: both(download=True), lambda: both(download=False))


def cifar10(root: Path, url: str = CIFAR_URL, md5: str = CIFAR_MD5) -> Arrays:
    """CIFAR-10, downloaded if it is not there.

    Every file has as many records of 3,073 bytes: the label, then red, green and blue of 32x32 pixels, row by row.

    Args:
        root: the folder of downloads.
        url: where the archive of the binary version is.
        md5: of that archive.

    Raises:
        DataError: it is not there and cannot be downloaded, or it is damaged.
    """
    folder, shape = root / CIFAR_FOLDER, SHAPES["cifar10"]

    def read(name: str) -> np.ndarray:
        stored = np.fromfile(folder / name, np.uint8)
        if not stored.size or stored.size % (1 + shape.pixels):
            raise ArgumentError(f"{name} is not made of records of {1 + shape.pixels} bytes")
        records = stored.reshape(-1, 1 + shape.pixels)
        if records[:, 0].max() > 9:
            raise ArgumentError(f"{name} has the label {records[:, 0].max()}")
        return records

    def arrays() -> Arrays:
        *train, test = files = [read(name) for name in CIFAR_FILES]
        if len({len(records) for records in files}) > 1:
            raise ArgumentError("the files have different sizes")
        parts = np.concatenate(train), test
        return tuple(a for p in parts for a in (p[:, 1:].reshape(-1, *shape.chw), p[:, 0].astype(np.int64)))

    def download(into: Path) -> None:
        from core.data.torchvision_datasets import import_datasets

        utils = import_datasets().utils
        utils.download_and_extract_archive(url, into, filename=CIFAR_ARCHIVE, md5=md5)

    place = _Place(
        "CIFAR-10",
        root,
        f"the files in {folder}",
        "that folder",
        f"the six .bin files of its binary version ({CIFAR_ARCHIVE}) into {folder}",
    )
    there = all((folder / name).is_file() for name in CIFAR_FILES)
    return _obtained(place, there, lambda: _moved_into(root, (CIFAR_FOLDER,), download), arrays)


def svhn(root: Path) -> Arrays:
    """SVHN, cropped digits, downloaded if it is not there.

    Each file, in MATLAB's format, holds X, bytes (32, 32, 3, N), and y, labels (N, 1), in which 10 stands for 0.

    Raises:
        DataError: it is not there and cannot be downloaded, or it is damaged.
    """

    def read(name: str) -> Arrays:
        from scipy.io import loadmat

        stored = loadmat(root / name, variable_names=("X", "y"))
        images = np.ascontiguousarray(stored["X"].transpose(3, 2, 0, 1))
        labels = stored["y"].astype(np.int64).reshape(-1) % 10
        if images.dtype != np.uint8 or images.shape != (len(labels), *SHAPES["svhn"].chw):
            raise ArgumentError(f"{name} holds {images.dtype} {images.shape} for {len(labels)} labels")
        return images, labels

    def download(into: Path) -> None:
        from core.data.torchvision_datasets import import_datasets

        for split in ("train", "test"):
            import_datasets().SVHN(into, split=split, download=True)

    both = " and ".join(SVHN_FILES)
    place = _Place("SVHN", root, f"the files {both} in {root}", "these files", f"{both} into {root}")
    there = all((root / name).is_file() for name in SVHN_FILES)
    return _obtained(
        place,
        there,
        lambda: _moved_into(root, SVHN_FILES, download),
        lambda: (*read(SVHN_FILES[0]), *read(SVHN_FILES[1])),
    )


def celeba(root: Path, parsed: Path, most: tuple[int, int] = CELEBA_MOST) -> Arrays:
    """The first faces of CelebA's official training and test images, their middle squares at 64x64 pixels.

    Labels are the colours of hair in `CELEBA_HAIR`, then "other". Converting the photographs takes half a minute; the
    result is kept beside other parsed images. It is not downloaded: its terms allow non-commercial research only,
    which each user has to agree to.

    Args:
        root: the folder of downloads.
        parsed: the folder of parsed images.
        most: number of training and of test images.

    Raises:
        DataError: it is not there, or it is damaged.
    """
    folder = root / CELEBA_FOLDER
    if missing := [name for name in CELEBA_FILES if not (folder / name).exists()]:
        raise DataError(
            f"CelebA is not complete in {folder} (missing: {', '.join(missing)}) and is not downloaded, since its "
            f"terms allow non-commercial research only. If you agree to them, get it from {CELEBA_PAGE} and put "
            f"{CELEBA_ATTRIBUTES}, {CELEBA_SPLIT} and the unpacked {CELEBA_IMAGES}.zip into {folder} (another root: "
            f"set POINT_OR_CLOUD_DATA), {INSTEAD}"
        )

    def table(name: str) -> dict[str, list[str]]:
        rows = (line.split() for line in (folder / name).read_text("ascii").splitlines())
        return {row[0]: row[1:] for row in rows if row}

    def arrays() -> Arrays:
        attributes, split = table(CELEBA_ATTRIBUTES), table(CELEBA_SPLIT)
        header = (folder / CELEBA_ATTRIBUTES).read_text("ascii").splitlines()[1].split()
        columns = [header.index(name) for name in CELEBA_HAIR]
        chosen: list[str] = []
        sizes: list[int] = []
        for part, limit in zip(("0", "2"), most, strict=True):  # 1 is the validation part
            names = [name for name, (number,) in split.items() if number == part][:limit]
            if not names:
                raise ArgumentError(f"{CELEBA_SPLIT} has no image in part {part}")
            chosen, sizes = chosen + names, [*sizes, len(names)]
        hair = np.array([[attributes[name][column] == "1" for column in columns] for name in chosen])
        labels = np.where(hair.sum(1) == 1, hair.argmax(1), len(columns)).astype(np.int64)
        images, cut = _faces([folder / CELEBA_IMAGES / name for name in chosen], parsed), sizes[0]
        return images[:cut], labels[:cut], images[cut:], labels[cut:]

    place = _Place("CelebA", root, f"the files in {folder}", "that folder", "")
    return _obtained(place, True, arrays, arrays)


def _faces(paths: list[Path], parsed: Path) -> np.ndarray:
    """Photographs as uint8 (N, 3, 64, 64); kept in a file named by their names, sizes and times."""
    from core.data.image_file import read

    about = [(path.name, stat.st_size, stat.st_mtime_ns) for path in paths for stat in (path.stat(),)]
    kept = parsed / f"celeba-{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}.npy"
    shape = SHAPES["celeba"]
    try:
        images = np.load(kept, allow_pickle=False)
        if images.shape == (len(paths), *shape.chw) and images.dtype == np.uint8:
            return images
    except (OSError, ValueError, EOFError):  # missing, truncated or damaged: written again
        pass
    images = np.empty((len(paths), *shape.chw), np.uint8)
    form = Form(color=True, size=shape.side, fit="crop")
    for image, path in zip(images, paths, strict=True):
        try:
            image[:] = read(path, form, ("JPEG",)).levels
        except Exception as error:  # Pillow raises many kinds for damaged files
            raise ArgumentError(f"{path.name}: {error}") from error
    with contextlib.suppress(OSError):  # if it cannot be written, the next process converts them again
        write_npy(kept, images)
    return images


def _obtained(place: _Place, there: bool, download: Callable[[], object], read: Callable[[], Arrays]) -> Arrays:
    """What `read` returns, after a download where the files are not there.

    Raises:
        DataError: one of them failed; names the place, the reason and the remedy.
    """
    try:
        if not there:
            _within_patience(download)
        return read()
    except Exception as error:  # torchvision, scipy and the network raise many kinds
        why = f"({type(error).__name__}: {str(error)[:120]})"
        if there:
            raise DataError(
                f"{place.files} are damaged {why}. Remove {place.remove} and load {place.name} again, {INSTEAD}"
            ) from error
        raise DataError(
            f"{place.name} is not complete in {place.root} and could not be downloaded {why}. Connect to a network, or "
            f"put {place.put} (another root: set POINT_OR_CLOUD_DATA), {INSTEAD}"
        ) from error


def _moved_into(root: Path, names: tuple[str, ...], download: Callable[[Path], None]) -> None:
    """Download into a temporary folder and move what is wanted, so that an interrupted download leaves nothing."""
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".download-") as folder:
        download(Path(folder))
        for name in names:
            (Path(folder) / name).replace(root / name)


def _within_patience(download: Callable[[], object]) -> None:
    """Run a download with a time limit for connections, since torchvision waits forever for a silent server."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        download()
    finally:
        socket.setdefaulttimeout(before)
