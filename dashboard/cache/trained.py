"""Finished runs: their files, their networks, and the images they were trained on."""

from __future__ import annotations

import contextlib
import functools
import json
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import streamlit as st

from core import recent
from core.config import LIKELIHOODS
from core.data.dataset import DataKey
from core.data.folder_name import token_of
from core.runs.run import WEIGHTS
from core.runs.store import RunStore
from dashboard.cache.limited import kept
from dashboard.content import catalog
from dashboard.session import state

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.latent.sampling import Density
    from core.models.build import Model

Found = TypeVar("Found")
REFERENCE = 10_000  # training images that others are compared with; with 60,000 that would take a second
# Of larger images there are fewer, as a page keeps them as floats: 1,302 of 64x64 in colour.
REFERENCE_NUMBERS = 16_000_000
COMPARED_WITHIN = 2.0  # seconds that a page waits for the comparison of a folder that has changed
# Text of the spinner; Streamlit's default names the function.
LOADING = "Loading the networks (only the first time)…"


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    """The runs that this server shows: the shipped ones and those in its cache."""
    return RunStore()


_pairs = recent.Recent(4_000_000)  # by the folders of all runs
_listing = threading.local()  # what this thread's page has found; a page runs in one thread


@contextlib.contextmanager
def listed_once() -> Iterator[None]:
    """Within this block, runs are listed once: the parts of a page ask for `entries` and `pairs` several times."""
    _listing.found = {}
    try:
        yield
    finally:
        del _listing.found


def _once(function: Callable[[], Found]) -> Callable[[], Found]:
    """Calls a function once within `listed_once`, and once more if the visitor learns another secret meanwhile."""

    @functools.wraps(function)
    def found() -> Found:
        kept = getattr(_listing, "found", None)
        if kept is None:
            return function()
        key = function, state.secrets()
        if key not in kept:
            kept[key] = function()
        return kept[key]

    return found


@_once
def entries() -> list[catalog.Entry]:
    """Every finished run at this moment that this visitor may see.

    That is every one, shipped or trained by anyone, except those on images whose secret the visitor does not know.
    """
    return [catalog.Entry(run, config) for run, config in store().finished() if _may_be_seen(config.dataset)]


def _may_be_seen(dataset: str) -> bool:
    secret = token_of(dataset)
    return secret is None or secret in state.secrets()


@st.cache_resource(show_spinner=False, ttl=600)
def remove_expired_uploads() -> int:
    """Remove the uploads whose time is over, every ten minutes at most; returns how many."""
    from core.data import uploads

    return len(uploads.remove_expired(store()))


def pairs() -> dict[tuple[str, int, int], catalog.Pair]:
    """The matched pairs at this moment, of the data sets that this server offers; see `catalog.pairs`."""
    return pairs_by_likelihood()[""]


@_once
def pairs_by_likelihood() -> dict[str, dict[tuple[str, int, int], catalog.Pair]]:
    """The matched pairs at this moment for each likelihood, and for "", the one that suits the images of each."""
    from core.jobs.limits import limits_from_settings

    offered = limits_from_settings().offers
    found = [entry for entry in entries() if offered(entry.config.dataset)]
    return _pairs.get(
        tuple(str(entry.run.path) for entry in found),
        lambda: {likelihood: catalog.pairs(found, likelihood) for likelihood in ("", *LIKELIHOODS)},
    )


def _frozen(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same arrays, read-only: visitors share them."""
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


@kept(64)
def arrays(run_id: str, name: str) -> dict[str, np.ndarray]:
    """The arrays of one npz file of a finished run."""
    return _frozen(store().get(run_id).arrays(name))


def gallery(run_id: str) -> dict[str, np.ndarray]:
    """Codes and losses per image, stored reconstructions and samples; see `core.training.evaluation.artifacts`."""
    return arrays(run_id, "gallery.npz")


@kept(32)
def recording(run_id: str) -> tuple[np.ndarray, list[dict[str, Any]], list[bytes]]:
    """What a run recorded per epoch: codes of the same test images (epochs + 1, n, d), history rows, preview images."""
    run = store().get(run_id)
    history = run.history()
    previews = [picture for row in history if (picture := run.preview(row["epoch"])) is not None]
    return run.trace(), history, previews


@kept(32)
def stacked_previews(run_id: str) -> bytes:
    """The previews of all epochs, one below the other, as one PNG."""
    from dashboard.components.scrubber import stacked

    return stacked(recording(run_id)[2])


@st.cache_resource(show_spinner=False, max_entries=500)
def evaluation(run_id: str) -> dict[str, Any]:
    """A finished run's evaluation on the test images, see `core.runs.run.Run.evaluation`."""
    return store().get(run_id).evaluation()


@st.cache_resource(show_spinner=False, max_entries=500)
def parameters(run_id: str) -> int:
    """The number of parameters, from the header of the safetensors file (8 bytes of length, then JSON)."""
    with open(store().get(run_id).path / WEIGHTS, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return sum(int(np.prod(entry["shape"])) for name, entry in header.items() if name != "__metadata__")


@kept(64)
def png_of_training_images(data: DataKey) -> bytes:
    """The `reference` images of a data set as one PNG; packed quickly, since there are many."""
    from dashboard.components.sprites import sprite

    return sprite(reference(data), compress_level=1)


@kept(recent.IMAGES / 1e6, "Reading the images (the first time they may have to be downloaded)…")
def dataset(data: DataKey) -> Dataset:
    """The images that runs were trained on.

    Raises:
        DataError: they are not available; the message says what to do.
    """
    from core.data.datasets import load_dataset

    return load_dataset(data.name, data.digest, store().cache)


def reference(data: DataKey) -> np.ndarray:
    """The training images that others are compared with, uint8 (n, C, H, W)."""
    return compared(dataset(data).train_images)


def compared(images: np.ndarray) -> np.ndarray:
    """Those of the images (N, C, H, W) that others are compared with: as many as a page can keep, the first ones."""
    return images[: min(REFERENCE, REFERENCE_NUMBERS // images[0].size)]


@kept(48)
def png_of_test_images(data: DataKey, n: int) -> bytes:
    """The first n test images of a data set as one PNG; cached, because compressing it is slow."""
    from dashboard.components.sprites import sprite

    return sprite(dataset(data).test_images[:n])


@st.cache_resource(show_spinner=False, max_entries=8)
def png_of_examples(name: str, n: int, columns: int) -> bytes:
    """n test images of a data set in `core.data.sources.DATASETS` as a PNG of so many columns.

    The data set itself is not kept: most visitors never choose it.
    """
    from core.data.contact_sheet import examples
    from core.data.datasets import read
    from dashboard.plots import images

    data = read(name)
    return images.grid(data.test_images[examples(data, n)], columns)


@kept(24)
def png_of_contact_sheet(name: str, fingerprint: str, columns: int) -> bytes:  # noqa: ARG001 - part of the key
    """Some images of a folder as they are, and below each what the models get; see `core.data.contact_sheet`."""
    from core.data.contact_sheet import contact_sheet
    from core.data.folder import load_folder

    return contact_sheet(load_folder(name), columns, 2)


@kept(64)
def png_of_training(data: DataKey, held_out_class: int | None, train_size: int | None) -> tuple[bytes, dict[str, int]]:
    """The images of a training in the page as one PNG, and their numbers: see `page_training.picture`."""
    from core.config import RunConfig
    from dashboard.components import page_training

    config = RunConfig(dataset=data.name, held_out_class=held_out_class, train_size=train_size)
    return page_training.picture(config, dataset(data))


@st.cache_resource(show_spinner=False, ttl=10, max_entries=16)
def _fingerprint(data: DataKey) -> str:
    """The present names, sizes and times of a folder's files; read every ten seconds at most."""
    from core.data.dataset import DataError
    from core.data.folder_listing import listing
    from core.data.folder_name import find

    try:
        return listing(find(data.name)).fingerprint
    except DataError as error:
        return str(error)


@st.cache_resource(show_spinner=False, max_entries=16)
def _comparison(data: DataKey, fingerprint: str) -> Future[str | None]:  # noqa: ARG001 - part of the key
    """How a folder differs from the images with a digest; compared in the background, as it may take minutes."""
    images, answer = dataset(data), Future()

    def compare() -> None:
        from core.data.dataset import DataError
        from core.data.folder import changed

        try:
            now = changed(images)
            count = None if now is None else len(now.train_images) + len(now.test_images)
            answer.set_result(None if now is None else f"now contains {count:,} images, not all of them the same")
        except DataError as error:
            answer.set_result(f"cannot be used any more: {str(error).rstrip('.')}")
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=compare, name="compare-folder", daemon=True).start()
    return answer


def folder_changed(data: DataKey) -> str | None:
    """How a folder differs from the images with a digest, in words; None where it does not.

    A folder whose files have the same names, sizes and times has not changed. Otherwise its images are read and
    compared; if that takes longer than `COMPARED_WITHIN` seconds, the answer says that it is in progress.

    Raises:
        DataError: the images with that digest are not available.
    """
    fingerprint = _fingerprint(data)
    if dataset(data).fingerprint == fingerprint:
        return None
    try:
        return _comparison(data, fingerprint).result(COMPARED_WITHIN)
    except TimeoutError:
        return "has files that were added, removed or changed since; their images are still being compared"


def data_of(run_id: str) -> DataKey:
    """The images that a run was trained on."""
    return catalog.Entry((run := store().get(run_id)), run.config).data


@st.cache_resource(show_spinner=LOADING, max_entries=16)
def model(run_id: str) -> Model:
    """A trained network, shared and frozen; for a multi-rate model the network at beta = 1."""
    return store().get(run_id).load_model().reference()


@st.cache_resource(show_spinner=False, max_entries=64)
def density(run_id: str, source: str) -> Density:
    """A distribution of codes: the "prior", or a "gaussian" or "mixture" fitted to the run's training codes."""
    from core.latent.sampling import unpack

    return unpack(arrays(run_id, "density.npz"))[source]


def has_class_density(run_id: str) -> bool:
    """Whether a run carries the density of its classes; those of earlier versions do not."""
    return "classes_weights" in arrays(run_id, "density.npz")


def class_density(run_id: str) -> Density:
    """The Gaussians of all classes, see `core.latent.sampling.fit_classes`; fitted now if the run does not carry them.

    Raises:
        NotMeasurable: there are fewer than two training codes.
    """
    return density(run_id, "classes") if has_class_density(run_id) else _fitted_to_classes(run_id)


@st.cache_resource(show_spinner="Fitting a Gaussian to the codes of each class…", max_entries=32)
def _fitted_to_classes(run_id: str) -> Density:
    from core.latent import sampling

    return sampling.class_density(model(run_id), dataset(data_of(run_id)))


@st.cache_resource(show_spinner=LOADING, max_entries=16)
def train_codes(run_id: str) -> np.ndarray:
    """Posterior means of at most `REFERENCE` training images, (n, d)."""
    from core.latent.sampling import encode_all

    return encode_all(model(run_id), dataset(data_of(run_id)).train_images[:REFERENCE]).mean


def export(run_id: str) -> bytes:
    """A run as a zip for download, see `core.runs.export`."""
    from core.runs.export import export_zip

    return export_zip(store().get(run_id))
