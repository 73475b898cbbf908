"""UMAP layouts (McInnes, Healy & Melville 2018, arXiv:1802.03426); the only module that imports umap-learn.

By itself the package compiles about fifty functions before a first map: 5 to 20 s in every process, twice that if no
compiled code is kept yet. Here the map is computed by the package's own code, but less of it is compiled:

    neighbours   exact, by scikit-learn; the approximate search (pynndescent) is not imported
    start        by PCA; the spectral initialisation is not compiled
    graph        `fuzzy_simplicial_set`, compiled for one thread: bit for bit the same result in a third of the time
    layout       `simplicial_set_embedding`, compiled for one thread, as always with a seed
    kept         compiled code is kept in the cache folder (`core.latent.compiled_code`); the package keeps almost none

`python -m tests.benchmarks.bench_projection` measures both, with and without kept code.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import sys
import threading
import types
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from core.latent import compilation, compiled_code

# Rounds of the layout. The 500 of umap-learn below 10,000 points add 0.003 of trustworthiness in twice the time.
EPOCHS = 200
MIN_DIST = 0.1
_ONE_AT_A_TIME = threading.Lock()  # the second of two threads finds everything compiled


def layout(codes: np.ndarray, start: np.ndarray, neighbours: int, seed: int, epochs: int | None = None) -> np.ndarray:
    """The UMAP layout of codes (n, d), begun at `start` (n, 2). The same seed gives the same map, bit for bit.

    It equals the map of `umap.UMAP(min_dist=MIN_DIST, init=start, precomputed_knn=exact, random_state=seed)` bit for
    bit. If something has to be compiled first, a message is printed to stderr (`core.latent.compilation`).

    Args:
        codes: standardised.
        start: initial positions.
        neighbours: n_neighbors, including the code itself; at most n - 1.
        seed: of the optimisation.
        epochs: rounds of the layout; default `EPOCHS`.

    Returns:
        float32 (n, 2).
    """
    prepared = _prepare(codes, start, neighbours, seed)

    def draw() -> np.ndarray:
        random, parts = np.random.RandomState(seed), _parts()
        graph, _, _ = parts.graph(
            prepared.codes,
            neighbours,
            random,
            "euclidean",
            knn_indices=prepared.near,
            knn_dists=prepared.distances,
        )
        a, b = parts.curve()
        drawn, _ = parts.embed(
            data=prepared.codes,
            graph=graph,
            n_components=2,
            initial_alpha=1.0,
            a=a,
            b=b,
            gamma=1.0,
            negative_sample_rate=5,
            n_epochs=epochs or EPOCHS,
            init=prepared.start,
            random_state=random,
            metric="euclidean",
            metric_kwds={},
            densmap=False,
            densmap_kwds={},
            output_dens=False,
        )
        return drawn

    with _ONE_AT_A_TIME:
        place = _place()
        with compilation.reporting(place) as report:
            drawn = compiled_code.trying(draw, place)
        if report.compiled or not compiled_code.is_warm():
            compiled_code.vouch(place)
    return drawn


class _Prepared(NamedTuple):
    """The inputs of a layout, always of the same types, so that one compiled version suffices.

    Attributes:
        codes: float32 (n, d).
        start: float32 (n, 2).
        near, distances: the nearest neighbours of each code, int64 and float32 (n, neighbours).
    """

    codes: np.ndarray
    start: np.ndarray
    near: np.ndarray
    distances: np.ndarray


def _prepare(codes: np.ndarray, start: np.ndarray, neighbours: int, seed: int) -> _Prepared:
    from sklearn.neighbors import NearestNeighbors

    codes = np.asarray(codes, np.float32)
    # A little noise, as in the initialisations of umap-learn: otherwise equal codes would never separate, and a start
    # in one dimension would stay in it.
    noise = np.random.default_rng(seed).normal(scale=1e-5 * np.abs(start).max(), size=start.shape)
    distances, near = NearestNeighbors(n_neighbors=neighbours).fit(codes).kneighbors(codes)
    return _Prepared(
        codes,
        np.ascontiguousarray(start + noise, np.float32),
        np.ascontiguousarray(near, np.int64),
        np.ascontiguousarray(distances, np.float32),
    )


@dataclass(frozen=True)
class _Parts:
    """The functions of umap-learn that make a map; `curve` returns the parameters a and b of the layout."""

    graph: Callable[..., Any]
    embed: Callable[..., Any]
    curve: Callable[[], tuple[float, float]]


@functools.cache
def _place() -> Path:
    """The folder in which this process keeps compiled code, checked once."""
    place = compiled_code.kept_in()
    compiled_code.check(place)
    return place


@functools.cache
def _parts() -> _Parts:
    """Import and compile what a map needs."""
    import numba

    with _code_kept_in(_place()):
        _import_umap()
        from umap import layouts, umap_

        # One thread instead of the parallel loops of the package. Those do not keep the declared types of scalars, so
        # that the package computes in double precision, as the functions compiled here do.
        single = {
            "smooth_knn_dist": numba.njit(cache=True)(umap_.smooth_knn_dist.py_func),
            "compute_membership_strengths": numba.njit(cache=True)(umap_.compute_membership_strengths.py_func),
        }
        # umap-learn has no public name for the compiled inner loop of the layout.
        inner = layouts._get_optimize_layout_euclidean_single_epoch_fn  # pyright: ignore[reportPrivateUsage]
        inner(parallel=False).enable_caching()
    graph = umap_.fuzzy_simplicial_set
    graph = types.FunctionType(graph.__code__, vars(umap_) | single, argdefs=graph.__defaults__)

    @functools.cache
    def curve() -> tuple[float, float]:
        a, b = umap_.find_ab_params(1.0, MIN_DIST)
        return a, b

    return _Parts(graph, umap_.simplicial_set_embedding, curve)


@contextlib.contextmanager
def _code_kept_in(place: Path) -> Generator[None]:
    """Inside, numba keeps the code of the functions that are decorated in the folder `place`."""
    from numba import config

    options = config.__dict__  # numba creates its settings at run time, so a type checker does not know their names
    before, options["CACHE_DIR"] = options["CACHE_DIR"], str(place)
    try:
        yield
    finally:
        options["CACHE_DIR"] = before


def _import_umap() -> None:
    """Import the package without its approximate search, and keep the code that it compiles during the import."""
    import numba

    if "umap.umap_" in sys.modules:
        return
    decorate = numba.njit

    def njit(*arguments: Any, **options: Any) -> Any:
        frame = inspect.currentframe()
        caller = frame.f_back if frame else None
        module = caller.f_globals.get("__name__") if caller else None
        if module in ("umap.utils", "umap.layouts") and arguments and isinstance(arguments[0], str):
            options["cache"] = True  # a function decorated with a signature is compiled at once
        return decorate(*arguments, **options)

    with warnings.catch_warnings(), _without_pynndescent():
        warnings.simplefilter("ignore")  # the package warns that TensorFlow is not installed
        numba.njit = njit
        try:
            importlib.import_module("umap")
        finally:
            numba.njit = decorate


# pynndescent compiles for 5 to 20 s when it is imported, and umap-learn always imports it. While umap-learn is
# imported, placeholders provide the three names that it imports from there; each loads the package when it is used.


@contextlib.contextmanager
def _without_pynndescent() -> Generator[None]:
    """Inside, importing pynndescent gives placeholders, unless it was imported before."""
    if "pynndescent" in sys.modules:
        yield
        return
    names = {
        "pynndescent": {"NNDescent": _Search},
        "pynndescent.distances": {"named_distances": _Table("pynndescent.distances", "named_distances")},
        "pynndescent.sparse": {"sparse_named_distances": _Table("pynndescent.sparse", "sparse_named_distances")},
    }
    for name, contents in names.items():
        sys.modules[name] = _Placeholder(name)
        vars(sys.modules[name]).update(contents)
    try:
        yield
    finally:
        _remove_placeholders()


def _remove_placeholders() -> None:
    for name in [name for name, module in sys.modules.items() if isinstance(module, _Placeholder)]:
        del sys.modules[name]


class _Placeholder(types.ModuleType):
    """A module with a few names; when another name is used, the real module replaces it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # looked up by the import system
            raise AttributeError(name)
        _remove_placeholders()
        return getattr(importlib.import_module(self.__name__), name)


class _SearchType(type):
    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return importlib.import_module("pynndescent").NNDescent(*arguments, **options)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, importlib.import_module("pynndescent").NNDescent)


class _Search(metaclass=_SearchType):
    """pynndescent.NNDescent, imported when it is called."""


class _Table(Mapping[str, Any]):
    """A table of metrics in pynndescent, imported when it is read."""

    def __init__(self, module: str, name: str):
        self._module, self._name = module, name

    @functools.cached_property
    def _table(self) -> Mapping[str, Any]:
        return getattr(importlib.import_module(self._module), self._name)

    def __getitem__(self, key: str) -> Any:
        return self._table[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
