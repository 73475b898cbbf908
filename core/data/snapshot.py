"""Copies of the images of folders, kept with the runs that were trained on them.

    <runs>/.data/<digest>.npz     the four arrays of a `Dataset`, and its names and notes as JSON

A folder can change, but a run must be shown and measured with exactly the images it was trained on, whose digest is in
its config: otherwise the code of one image would be shown beside another image without any error. The file is named by
its content, so runs on the same images share it, and it is removed with the last of them (`RunStore.evict`).
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import numpy as np

from core.data.dataset import DataError, Dataset, digest_of
from core.data.folder import load_folder
from core.data.folder_name import printable
from core.errors import ArgumentError
from core.files import write_npz
from core.recent import IMAGES, remembered

FOLDER = ".data"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
TEXTS = ("title", "classes", "skipped", "notes", "fingerprint")


def path_of(store: Path, digest: str) -> Path:
    """The file for the images with this digest in a folder of runs."""
    return Path(store) / FOLDER / f"{digest}.npz"


def keep(store: Path, dataset: Dataset) -> None:
    """Write the images of a data set into a folder of runs, unless they are there already.

    Raises:
        OSError: they cannot be written.
    """
    path = path_of(store, dataset.digest)
    about = json.dumps({name: getattr(dataset, name) for name in TEXTS}).encode()
    if path.exists() and _about(path) == about:
        return
    write_npz(path, about=np.frombuffer(about, np.uint8), **{name: getattr(dataset, name) for name in ARRAYS})


def _about(path: Path) -> bytes:
    """The JSON text in a file; b"" if it is truncated or damaged, so that it is written again."""
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["about"].tobytes()
    except Exception:  # numpy and zipfile raise many kinds for damaged files
        return b""


def read(name: str, digest: str, store: Path) -> Dataset | None:
    """The kept images with this digest; None if there are none or the file is damaged."""
    path = path_of(store, digest)
    try:
        return _read(name, digest, path, path.stat().st_mtime_ns)
    except Exception:  # numpy and zipfile raise many kinds for damaged files
        return None


@remembered(IMAGES)
def _read(name: str, digest: str, path: Path, modified: int) -> Dataset:  # noqa: ARG001 - part of the cache key
    """Read a file that was last modified at this time."""
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[key] for key in ARRAYS]
        about = json.loads(file["about"].tobytes())
    if digest_of(*arrays) != digest:
        raise ArgumentError("these are other images")
    for array in arrays:
        array.setflags(write=False)  # shared by all visitors
    return Dataset(
        name,
        about["title"],
        tuple(about["classes"]),
        *arrays,
        digest=digest,
        skipped=tuple(about["skipped"]),
        notes=tuple(about["notes"]),
        fingerprint=about["fingerprint"],
    )


def load(name: str, digest: str, store: Path) -> Dataset:
    """The images of a folder with this digest: the kept copy, else the folder's own if unchanged, which are then kept.

    Raises:
        DataError: the images are gone; says what to do.
    """
    if (found := read(name, digest, store)) is not None:
        return found
    gone = "The images that this run was trained on are gone: no copy was kept, and"
    remedy = (
        "Put the folder back as it was. To train on what it holds now, give `python -m core train` the same settings "
        "again, once with --model ae and once with --model vae."
    )
    try:
        dataset = load_folder(name)
    except DataError as error:
        raise DataError(f"{gone} {error} {remedy}") from error
    if dataset.digest != digest:
        count = sum(dataset.counts)
        raise DataError(
            f"{gone} {printable(dataset.name)} has changed since (it gives {count} images with digest "
            f"{dataset.digest}; the run needs {digest}). {remedy}"
        )
    with contextlib.suppress(OSError):  # without a copy, the run can be shown as long as the folder does not change
        keep(store, dataset)
    return dataset
