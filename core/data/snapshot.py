"""A folder's images as they were when a run was trained on them, kept beside the runs.

    <runs>/.data/<digest>.npz     the four arrays of a `Dataset`, and its names and notes as JSON

A folder changes; a run does not. Its config holds the digest of the images it was trained on, and whatever shows or measures a
run must use exactly those: a map of one image's code beside another image is wrong without anything failing. The file is named by
its content, so runs on the same images share it, and it is removed with the last of them (`RunStore.evict`).
"""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np

from core.data.dataset import DataError, Dataset, digest_of
from core.data.folder import load_folder, shown
from core.errors import ArgumentError
from core.files import write_npz

FOLDER = ".data"
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
TEXTS = ("title", "classes", "skipped", "notes", "fingerprint")


def path_of(store: Path, digest: str) -> Path:
    """Where the images with this digest are kept in a folder of runs."""
    return Path(store) / FOLDER / f"{digest}.npz"


def keep(store: Path, dataset: Dataset) -> None:
    """Write a data set's images beside the runs, unless they are there already.

    Raises:
        OSError: they cannot be written.
    """
    path = path_of(store, dataset.digest)
    about = json.dumps({name: getattr(dataset, name) for name in TEXTS}).encode()
    if path.exists() and _about(path) == about:
        return
    write_npz(path, about=np.frombuffer(about, np.uint8), **{name: getattr(dataset, name) for name in ARRAYS})


def _about(path: Path) -> bytes:
    try:
        with np.load(path, allow_pickle=False) as file:
            return file["about"].tobytes()
    except Exception:  # cut short or damaged: it is written again
        return b""


def read(name: str, digest: str, store: Path) -> Dataset | None:
    """The kept images with this digest; None where there are none, or they are damaged."""
    path = path_of(store, digest)
    try:
        return _read(name, digest, path, path.stat().st_mtime_ns)
    except Exception:  # absent, cut short, damaged, not what its name says: all the same, the folder is read again
        return None


@functools.lru_cache(maxsize=4)
def _read(name: str, digest: str, path: Path, modified: int) -> Dataset:
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[key] for key in ARRAYS]
        about = json.loads(file["about"].tobytes())
    if digest_of(*arrays) != digest:
        raise ArgumentError("these are other images")
    for array in arrays:
        array.setflags(write=False)  # shared by every visitor
    lists = {key: tuple(about[key]) for key in ("skipped", "notes")}
    return Dataset(
        name, about["title"], tuple(about["classes"]), *arrays, digest=digest, fingerprint=about["fingerprint"], **lists
    )


def load(name: str, digest: str, store: Path) -> Dataset:
    """The images of a folder with this digest: kept ones, else the folder's if it has not changed; those are kept from now on.

    Raises:
        DataError: they are gone; says what to do.
    """
    if (found := read(name, digest, store)) is not None:
        return found
    again = "To train on what it holds now, give `python -m core train` the same settings again, once with --model ae and once with --model vae."
    try:
        dataset = load_folder(name)
    except DataError as error:
        raise DataError(
            f"The images that this run was trained on are gone: no copy was kept, and {error} Put the folder back as it was. {again}"
        ) from error
    if dataset.digest != digest:
        count = len(dataset.train_images) + len(dataset.test_images)
        raise DataError(
            f"The images that this run was trained on are gone: no copy was kept, and {shown(dataset.name)} has changed since (it gives {count} images with digest "
            f"{dataset.digest}; the run needs {digest}). Put the folder back as it was. {again}"
        )
    try:
        keep(store, dataset)
    except OSError:
        pass  # a read-only or full disk: shown as long as the folder stays as it is
    return dataset
