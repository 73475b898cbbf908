"""What a worker process does: train a run, warm up; and the pool of workers on this machine.

A worker is a process of its own with lower priority than the server. Nothing connects it to the server but the task it
was given and the files that it writes into the folder of its run (`core.runs.run`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import threading
import time
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.config import QUICK, RunConfig
from core.errors import error_text
from core.hardware import allocator
from core.runs.run import Run, RunError
from core.runs.store import RunStore

NICENESS = 1  # of a worker; that of a server is 0, see `give_way`
# Cores left to the server and its pages: beside one busy core, two threads on two cores took three times as long as
# one.
SERVER_CORES = 1
LOOK = 1.0  # seconds between looks at whether the server still runs, as there is no portable notice of its end
log = logging.getLogger("point_or_cloud")
_under_way: list[str] = []  # the trainings of this process, by their folders of runs


def train_task(config: dict[str, Any], cache: str, shipped: str, threads: int | None = None) -> str:
    """Train a run with `core.training.train_run.train`, in the folders of the server, and measure its samples.

    Errors in training are in the error.txt of the run, where every server can read them. A request that is refused
    before there is a run raises, and `core.jobs.background.Jobs` reports the error.

    Args:
        config: `RunConfig.to_dict` of the run.
        cache: folder of new runs.
        shipped: folder of shipped runs.
        threads: CPU threads; None for the idle cores less one, see `core.hardware.device.set_threads`.

    Returns:
        "complete", "stopped" or "failed".

    Raises:
        ConfigError, DataError: the request is refused.
    """
    _under_way.append(cache)
    try:
        return _train(config, cache, shipped, threads)
    finally:
        _under_way.remove(cache)


def _train(config: dict[str, Any], cache: str, shipped: str, threads: int | None) -> str:
    from core.hardware import device
    from core.training.train_run import Stopped, train

    following = device.set_threads(threads, spare=SERVER_CORES)
    try:
        run = train(
            RunConfig.from_dict(config),
            RunStore(Path(cache), Path(shipped)),
            clear_stop=False,
            on_beat=following.follow,
        )
        _measure(run)
    except Stopped:
        return "stopped"
    except RunError:
        return "failed"
    finally:
        allocator.trim()  # a worker is idle most of the time
    return "complete"


def _measure(run: Run) -> None:
    """Measure the samples of a finished run, which takes half a second, so that no page has to.

    Nothing depends on it: where the images have no judge yet, or where this fails, the page measures them itself.
    """
    from core.metrics.judge_training import find_judge
    from core.metrics.scores import samples_part, score_run

    try:
        images = run.dataset()
        if find_judge(images) is not None:  # `score_run` would train one; it keeps the one that it has loaded
            score_run(run, images, measures={"samples": samples_part})
    except Exception as error:
        log.warning("the samples of %s were not measured: %s", run.run_id, error_text(error))


def warm_task(dataset: str = "mnist-5k", threads: int | None = None) -> None:
    """Train for a moment without a result, so that the first request does not wait for imports.

    This also brings the worker to its usual memory size: loky replaces a worker that grows much later, as if it leaked.
    """
    from core.data.datasets import load_dataset
    from core.hardware import device
    from core.training import evaluation
    from core.training.loop import fit

    device.set_threads(threads, spare=SERVER_CORES)
    data = load_dataset(dataset)
    recipe: dict[str, Any] = {**QUICK, "epochs": 1}
    config = RunConfig(train_size=256, **recipe)
    for epoch in fit(config, data):
        evaluation.preview(epoch.model.reference(), data)
        if epoch.number == config.epochs:
            evaluation.artifacts(epoch.model, dataclasses.replace(data, train_images=data.train_images[:256]))
    allocator.trim()


def give_way() -> None:
    """Lower the priority of this process, so that pages come before trainings on a core that both need.

    One step of niceness, the smallest possible: of a core that the thread of a page and a training compete for, the
    training gets 820 parts and the page 1024, and a page that has been waiting for a click runs at once. Beside three
    busy processes on two cores a training then takes about three times as long as alone; with three steps of niceness
    it took 4.6 times as long, which is noticeable for a visitor who waits for it. A batch process also does not
    interrupt the threads of the server each time it wakes up.
    """
    with contextlib.suppress(AttributeError, OSError):  # not available on every system
        os.nice(NICENESS)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def end_after(server: int) -> None:
    """Make this worker exit once `server`, the process that started it, has exited.

    A server that is killed or stopped by a signal cannot stop its workers: they would keep waiting, each with the
    memory that torch takes. A training in progress is finished first, since the next server may be waiting for it.
    """

    def watch() -> None:
        while os.getppid() == server or _under_way:
            time.sleep(LOOK)
        os._exit(0)

    threading.Thread(target=watch, name="server watch", daemon=True).start()


def begin(server: int) -> None:
    """What a worker does first; `server` is the process that starts it."""
    give_way()
    end_after(server)


# loky keeps one executor per *thread* and stops its workers when the thread ends, as that of a visitor does. All calls
# are therefore made from one thread that never ends.
_loky_thread = ThreadPoolExecutor(1, "loky")


def local_executor(workers: int = 1) -> Executor:
    """The reusable pool of worker processes on this machine (loky). A pool that lost a worker is replaced."""
    from loky import get_reusable_executor

    get = functools.partial(
        get_reusable_executor,
        max_workers=workers,
        timeout=None,  # pyright: ignore[reportArgumentType]  no limit; loky has no type annotations
        initializer=begin,
        initargs=(os.getpid(),),
        # A worker keeps the images it has trained on: growing by up to 1 GB is not a leak.
        env={"LOKY_MAX_MEMORY_LEAK_SIZE": "1e9"},
    )
    return _loky_thread.submit(get).result()
