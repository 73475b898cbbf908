"""What exists once per server: jobs, visitors, limits, scenes, and preparations in the background."""

from __future__ import annotations

import functools
import gc
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core import settings
from dashboard.cache import trained
from dashboard.cache.visitors import Visitors
from dashboard.walkthrough import scenes as scenes_file

if TYPE_CHECKING:
    from core.jobs.background import Jobs
    from core.jobs.limits import Limits
    from dashboard.walkthrough.scenes import Scene

IDLE_SECONDS = 3.0  # how long no page must have run before something is prepared
_last_page = 0.0  # when a page last began to run, by time.monotonic()


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """The server's background jobs."""
    from core.jobs.from_settings import jobs_from_settings

    return jobs_from_settings(trained.store())


@st.cache_resource(show_spinner=False)
def visitors() -> Visitors:
    """The visitors of this server."""
    return Visitors(settings.value("VISITORS"))


def limits() -> Limits:
    """What may be shown and trained on this server; see `core.jobs.limits`."""
    from core.jobs.limits import limits_from_settings

    return limits_from_settings()


@st.cache_resource(show_spinner=False, max_entries=4)
def _scenes(path: str, modified: float, _pictures: Mapping[str, Callable[..., Any]]) -> tuple[Scene, ...]:  # noqa: ARG001 - part of the key
    return scenes_file.read(Path(path), _pictures)


def scenes(pictures: Mapping[str, Callable[..., Any]]) -> tuple[Scene, ...]:
    """The walkthrough's scenes; a changed file is read again.

    Args:
        pictures: the functions that a scene may name, see `dashboard.panels`.

    Raises:
        SceneError: the file cannot be used.
    """
    path = Path(settings.value("SCENES") or scenes_file.SHIPPED).expanduser()
    return _scenes(str(path), path.stat().st_mtime if path.is_file() else 0.0, pictures)


def _after(seconds: float, task: Callable[[], Any]) -> None:
    timer = threading.Timer(seconds, task)
    timer.daemon = True
    timer.start()


def _when_idle(
    task: Callable[[], Any],
    clock: Callable[[], float] = time.monotonic,
    after: Callable[[float, Callable[[], Any]], object] = _after,
) -> bool:
    """Run a task once, in the background, as soon as no page has been requested for `IDLE_SECONDS`.

    Preparations occupy several cores for seconds, which would slow down the pages of visitors who arrive together. A
    page that needs the result earlier computes it itself. POINT_OR_CLOUD_WARM=off skips preparations.

    Args:
        task: what to run.
        clock: the present time in seconds, on the clock of `page_begins`.
        after: calls a function after so many seconds.
    """

    def check() -> None:
        left = _last_page + IDLE_SECONDS - clock()
        if left > 0:
            after(left, check)
        else:
            task()

    if settings.value("WARM"):
        after(IDLE_SECONDS, check)
    return True


def page_begins(clock: Callable[[], float] = time.monotonic) -> None:
    """Note that a page is about to run, see `_when_idle`; before the first page, prepare the process."""
    global _last_page
    _last_page = clock()
    begin()


@st.cache_resource(show_spinner=False)
def begin() -> bool:
    """Once per server, before its first page: limit the memory that threads keep (`core.jobs.limits.spare_memory`)."""
    from core.jobs.limits import spare_memory

    spare_memory()
    return True


@st.cache_resource(show_spinner=False)
def warm() -> bool:
    """Once per server: import torch before a visitor needs it, then compile UMAP's code if no process has done so."""
    return _when_idle(_prepare)


def _prepare() -> None:
    from core.latent.compilation import fill_in_background

    load_networks()
    if filling := fill_in_background():
        filling.wait()


@functools.cache
def load_networks() -> None:
    """Once per process: import what networks need, and exempt the imported objects from garbage collection.

    Networks run on one thread on the pages: they take milliseconds, and every rerun is a thread of its own, for which
    torch would start and keep further threads that compete with those of other visitors.
    """
    import torch

    import core.models.networks  # noqa: F401

    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False)
def warm_worker() -> bool:
    """Once per server, when a training may soon be requested: start a worker that has imported what training needs."""
    from core.jobs.worker import warm_task

    return _when_idle(lambda: jobs().call("warm-up", warm_task))


@st.cache_resource(show_spinner=False, ttl=10)
def memory_mb() -> float:
    """Memory of the server and its workers in MB; measured every ten seconds at most."""
    from core.jobs.limits import memory_mb

    return memory_mb()
