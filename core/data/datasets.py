"""Data sets by name: those of `core.data.sources`, and folders of images."""

from __future__ import annotations

from pathlib import Path

from core import settings
from core.config import RunConfig
from core.data import snapshot
from core.data.dataset import DataError, Dataset, digest_of
from core.data.folder import load_folder
from core.data.sources import DATASETS, Places
from core.recent import IMAGES, remembered


def load_dataset(name: str = "mnist-5k", digest: str = "", store: Path | None = None) -> Dataset:
    """The data set called `name`.

    Args:
        name: a key of `DATASETS`, or "folder:PATH" for a folder of images.
        digest: of the expected images, e.g. `RunConfig.data_digest`; "" for the current images of that name.
        store: the folder of runs that may have a copy of the images of a folder (see `core.data.snapshot`); by default
            the user's own.

    Raises:
        DataError: the name is unknown, or the images are not available, or their digest differs; says what to do.
    """
    if name.startswith("folder:"):
        store = store or settings.cache_dir() / "runs"
        return snapshot.load(name, digest, store) if digest else load_folder(name)
    dataset = named(name)
    if digest not in ("", dataset.digest):
        raise DataError(
            f"{name} has digest {dataset.digest}, not {digest}: these are not the images that are meant. "
            "Train again on those that are here."
        )
    return dataset


def on_this_machine(name: str) -> bool:
    """Whether a data set in `DATASETS` can be loaded without a download."""
    source = DATASETS[name]
    return source.embedded or (bool(source.files) and all((settings.data_dir() / f).exists() for f in source.files))


@remembered(IMAGES)
def named(name: str) -> Dataset:
    """As `read`, once per process."""
    return read(name)


def read(name: str) -> Dataset:
    """The data set of that name in `DATASETS`.

    Raises:
        DataError: see `load_dataset`.
    """
    if name not in DATASETS:
        raise DataError(f"dataset {name!r} is not known; choose one of {', '.join(DATASETS)} or folder:PATH.")
    source = DATASETS[name]
    arrays = source.load(Places(settings.cache_dir() / "data", settings.data_dir()))
    for array in arrays:
        array.setflags(write=False)  # shared by all visitors
    digest = digest_of(*arrays)
    if source.digest and digest != source.digest:
        raise DataError(
            f"{name} has digest {digest}, expected {source.digest}: the files are damaged or another version. "
            f"Remove {settings.data_dir()} and load again."
        )
    known = source.factors() if source.factors else None
    return Dataset(name, source.title, source.classes, *arrays, digest=digest, factors=known)


def resolve(config: RunConfig) -> RunConfig:
    """The config with the digest of its data, and with the canonical name of a folder, as in the config of a new run.

    The digests of fixed data sets are known, so no image is read for them.

    Raises:
        DataError: see `load_dataset`.
    """
    if config.data_digest:
        return config
    source = DATASETS.get(config.dataset)
    if source and source.digest:
        return config.replace(data_digest=source.digest)
    dataset = load_dataset(config.dataset)
    return config.replace(dataset=dataset.name, data_digest=dataset.digest)
