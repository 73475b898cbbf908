"""The one place umap-learn is imported (McInnes, Healy & Melville 2018, arXiv:1802.03426), and the wait around it.

Left alone the package compiles dozens of functions in every process: 5 to 20 s until a first map. Three things save that,
none of which changes what is laid out. Its compiled functions are kept in the cache folder (numba can do it, the package
does not ask for it); exact neighbours come from scikit-learn, and the start from PCA, so that neither the approximate
search nor the spectral start is compiled at all. `tests/benchmarks/bench_projection.py` has both in one run.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import logging
import os
import platform
import tempfile
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np

from core import settings

log = logging.getLogger(__name__)

EPOCHS = 200  # rounds of the layout; umap-learn takes 500 below 10,000 points: .003 of trustworthiness for twice the time
MIN_DIST = 0.1
_ONE_AT_A_TIME = threading.Lock()  # of numba's threading layers not all allow two threads to start parallel loops


def layout(codes: np.ndarray, start: np.ndarray, neighbours: int, seed: int, epochs: int | None = None) -> np.ndarray:
    """umap-learn's map of codes (n, d), begun at `start` (n, 2). The same seed gives the same map, bit for bit.

    Args:
        neighbours: n_neighbors, the code itself included; at most n - 1.
        epochs: rounds of the layout; default `EPOCHS`.

    Returns:
        float32 (n, 2).
    """
    from sklearn.neighbors import NearestNeighbors

    umap = import_umap()
    codes = np.asarray(codes, np.float32)
    # Equal codes would never part, and one dimension has no width to stretch: a grain of noise, as umap-learn's own starts have.
    grain = np.random.default_rng(seed).normal(scale=1e-5 * np.abs(start).max(), size=start.shape)
    distances, near = NearestNeighbors(n_neighbors=neighbours).fit(codes).kneighbors(codes)
    distances, near = np.ascontiguousarray(distances, np.float32), np.ascontiguousarray(near, np.int64)  # one compiled version for all
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="precomputed_knn")  # that new points could not be added: none will be
        drawn = umap.UMAP(
            n_neighbors=neighbours,
            min_dist=MIN_DIST,
            n_epochs=epochs or EPOCHS,
            init=(start + grain).astype(np.float32),
            precomputed_knn=(near, distances),
            random_state=seed,
            n_jobs=1,  # what a seed implies
        ).fit_transform(codes)
    if not is_warm() and any(_folder().rglob("*.nbc")):  # numba's compiled code: none where the folder cannot be written
        with contextlib.suppress(OSError):
            _stamp().touch()
    return drawn


@functools.cache
def import_umap() -> ModuleType:
    """The package `umap`, its compiled functions loaded from the cache folder and kept there once they are made."""
    with _compiled_code_in_cache(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TensorFlow is absent
        import umap
        from numba.core.dispatcher import Dispatcher
        from umap import layouts, umap_, utils

        for module in (umap_, layouts, utils):
            for function in vars(module).values():
                if isinstance(function, Dispatcher) and function.__module__.startswith("umap."):
                    function.enable_caching()
    return umap


@contextlib.contextmanager
def _compiled_code_in_cache() -> Iterator[None]:
    """Functions that numba meets inside keep their compiled code in our cache folder; others keep their own place.

    NUMBA_CACHE_DIR wins over our folder. Where that cannot be written a temporary one serves this process: without any,
    importing the package fails.
    """
    from numba import config

    before = config.CACHE_DIR
    try:
        if not before:
            folder = _folder()
            try:
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder):
                    pass
            except OSError as error:
                folder = Path(_temporary().name)
                log.warning("compiled code cannot be kept in %s (%s): every first map will take 20 s. Set POINT_OR_CLOUD_CACHE to a folder that can be written.", _folder(), error)  # fmt: skip
            config.CACHE_DIR = str(folder)
        yield
    finally:
        config.CACHE_DIR = before


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="point-or-cloud-numba-")


def is_warm() -> bool:
    """Whether a first map starts at once, or has to compile for 10 to 20 s before. Cheap: imports nothing."""
    stamp = _stamp()
    return stamp.exists() and os.access(stamp.parent, os.W_OK)  # numba does not even read a cache it may not write to


def _folder() -> Path:
    return Path(os.environ.get("NUMBA_CACHE_DIR") or settings.cache_dir() / "numba")


def _stamp() -> Path:
    """The file that says umap-learn has been compiled for this Python, these versions and this kind of processor."""
    versions = [importlib.metadata.version(name) for name in ("umap-learn", "pynndescent", "numba")]
    kind = " ".join([platform.python_version(), platform.machine(), *versions])
    return _folder() / f"warm-{hashlib.sha256(kind.encode()).hexdigest()[:16]}"
