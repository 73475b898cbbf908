"""The one place umap-learn is imported (McInnes, Healy & Melville 2018, arXiv:1802.03426).

Left alone the package compiles some fifty functions before a first map: 5 to 20 s in every process, twice that where no
compiled code is kept yet. What lays out a map here is the package's own code, but less of it is compiled:

    neighbours   scikit-learn's, exact; the approximate search (pynndescent) is not even imported
    start        PCA's; the spectral one is not compiled
    graph        `fuzzy_simplicial_set`, compiled for one thread: the same bits for a third of the seconds
    layout       `simplicial_set_embedding`, for one thread too, which a seed implies
    kept         what is compiled stays in the cache folder, see `core.latent.compiled_code`; the package keeps next to nothing

`python -m tests.benchmarks.bench_projection` measures both, on kept code and on none.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import importlib
import sys
import threading
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.latent import compiled_code

EPOCHS = (
    200  # rounds of the layout; umap-learn takes 500 below 10,000 points: .003 of trustworthiness for twice the time
)
MIN_DIST = 0.1
_ONE_AT_A_TIME = threading.Lock()  # who comes second finds everything compiled


def layout(codes: np.ndarray, start: np.ndarray, neighbours: int, seed: int, epochs: int | None = None) -> np.ndarray:
    """umap-learn's map of codes (n, d), begun at `start` (n, 2). The same seed gives the same map, bit for bit.

    It is the map of `umap.UMAP(min_dist=MIN_DIST, init=start, precomputed_knn=exact, random_state=seed)`, also bit for bit.
    If something has to be compiled first, stderr says so.

    Args:
        neighbours: n_neighbors, the code itself included; at most n - 1.
        epochs: rounds of the layout; default `EPOCHS`.

    Returns:
        float32 (n, 2).
    """
    codes, start, near, distances = _given(codes, start, neighbours, seed)

    def draw() -> np.ndarray:
        random, parts = np.random.RandomState(seed), _parts()
        graph, _, _ = parts.graph(codes, neighbours, random, "euclidean", knn_indices=near, knn_dists=distances)
        drawn, _ = parts.embed(
            codes,
            graph,
            2,
            1.0,
            *parts.curve(),
            1.0,
            5,
            epochs or EPOCHS,
            start,
            random,
            "euclidean",
            {},
            False,
            {},
            False,
        )
        return drawn

    with _ONE_AT_A_TIME:
        place = _place()
        with compiled_code.telling(place) as told:
            drawn = compiled_code.trying(draw, place)
        if told.compiled or not compiled_code.is_warm():
            compiled_code.vouch(place)
    return drawn


def _given(
    codes: np.ndarray, start: np.ndarray, neighbours: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes, start, and each code's exact neighbours with their distances; always of the same types, so that one compiled version serves all."""
    from sklearn.neighbors import NearestNeighbors

    codes = np.asarray(codes, np.float32)
    # Equal codes would never part, and one dimension has no width to stretch: a grain of noise, as umap-learn's own starts have.
    grain = np.random.default_rng(seed).normal(scale=1e-5 * np.abs(start).max(), size=start.shape)
    distances, near = NearestNeighbors(n_neighbors=neighbours).fit(codes).kneighbors(codes)
    return (
        codes,
        np.ascontiguousarray(start + grain, np.float32),
        np.ascontiguousarray(near, np.int64),
        np.ascontiguousarray(distances, np.float32),
    )


@dataclass(frozen=True)
class _Parts:
    """The functions of umap-learn that make a map; `curve` returns the layout's a and b."""

    graph: Callable[..., Any]
    embed: Callable[..., Any]
    curve: Callable[[], tuple[float, float]]


@functools.cache
def _place() -> Path:
    """The folder this process keeps compiled code in, checked once."""
    place = compiled_code.kept_in()
    compiled_code.check(place)
    return place


@functools.cache
def _parts() -> _Parts:
    import numba

    with _code_kept_in(_place()):
        _import_umap()
        from umap import layouts, umap_

        # In a parallel loop the scalars' declared types do not hold: double precision, as here, is what the package computes with.
        single = {
            "smooth_knn_dist": numba.njit(cache=True)(umap_.smooth_knn_dist.py_func),
            "compute_membership_strengths": numba.njit(cache=True)(umap_.compute_membership_strengths.py_func),
        }
        layouts._get_optimize_layout_euclidean_single_epoch_fn(parallel=False).enable_caching()
    graph = umap_.fuzzy_simplicial_set
    graph = types.FunctionType(graph.__code__, vars(umap_) | single, argdefs=graph.__defaults__)
    return _Parts(graph, umap_.simplicial_set_embedding, functools.cache(lambda: umap_.find_ab_params(1.0, MIN_DIST)))


@contextlib.contextmanager
def _code_kept_in(place: Path) -> Iterator[None]:
    """numba keeps what is decorated inside in a folder."""
    from numba import config

    before, config.CACHE_DIR = config.CACHE_DIR, str(place)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _import_umap() -> None:
    """Import the package without its approximate search, and keep what it compiles while it is imported."""
    import numba

    if "umap.umap_" in sys.modules:
        return
    decorate = numba.njit

    def njit(*arguments: Any, **options: Any) -> Any:
        if (
            sys._getframe(1).f_globals.get("__name__") in ("umap.utils", "umap.layouts")
            and arguments
            and isinstance(arguments[0], str)
        ):
            options["cache"] = True  # a function with a signature is compiled at once
        return decorate(*arguments, **options)

    with warnings.catch_warnings(), _without_pynndescent():
        warnings.simplefilter("ignore")  # that TensorFlow is absent
        numba.njit = njit
        try:
            importlib.import_module("umap")
        finally:
            numba.njit = decorate


# pynndescent compiles for 5 to 20 s when it is imported, and umap-learn imports it whether or not it will search. So while
# umap-learn is imported, stand-ins give it the three names it asks for; whoever uses one of them later gets the real thing.


@contextlib.contextmanager
def _without_pynndescent() -> Iterator[None]:
    if "pynndescent" in sys.modules:
        yield
        return
    names = {
        "pynndescent": {"NNDescent": _Search},
        "pynndescent.distances": {"named_distances": _Table("pynndescent.distances", "named_distances")},
        "pynndescent.sparse": {"sparse_named_distances": _Table("pynndescent.sparse", "sparse_named_distances")},
    }
    for name, contents in names.items():
        sys.modules[name] = _StandIn(name)
        vars(sys.modules[name]).update(contents)
    try:
        yield
    finally:
        _remove_stand_ins()


def _remove_stand_ins() -> None:
    for name in [name for name, module in sys.modules.items() if isinstance(module, _StandIn)]:
        del sys.modules[name]


class _StandIn(types.ModuleType):
    """A module that knows a few names; asked for another one, it makes way."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system's own questions
            raise AttributeError(name)
        _remove_stand_ins()
        return getattr(importlib.import_module(self.__name__), name)


class _SearchType(type):
    def __call__(cls, *arguments: Any, **options: Any) -> Any:
        return importlib.import_module("pynndescent").NNDescent(*arguments, **options)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, importlib.import_module("pynndescent").NNDescent)


class _Search(metaclass=_SearchType):
    """pynndescent.NNDescent, imported when it is called."""


class _Table(collections.UserDict):
    """A table of pynndescent's metrics, imported when it is looked into."""

    def __init__(self, module: str, name: str):
        self._where = module, name

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        module, name = self._where
        return getattr(importlib.import_module(module), name)
