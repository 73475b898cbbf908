"""The same jobs on other machines: a Dask scheduler's workers, over a folder of runs that all of them see.

    dask scheduler
    dask worker tcp://HOST:8786 --nthreads 1                      one a CPU machine, or more with POINT_OR_CLOUD_THREADS set
    dask worker tcp://HOST:8786 --nthreads 1 --resources GPU=1    one a GPU: then every training asks for one

Nothing else changes: progress and stop are files in the run's folder (see core.jobs.background). A task whose worker dies is given to
another, which goes on from the run's last saved epoch; a run that is complete is found, not trained again.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.jobs.background import Jobs, WorkerLost
from core.jobs.limits import Limits
from core.runs.run import Run, RunError
from core.runs.store import RunStore

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
POLL_SECONDS = 0.2


class ClusterError(RunError):
    """The cluster cannot be used; the message says what to start or share."""


@functools.lru_cache(maxsize=8)
def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ClusterError(
            "training on a cluster needs the package distributed, which is not installed. "
            'Run `pip install "point-or-cloud[cluster]"` or `pip install -r requirements.txt`.'
        ) from None

    class Connection(Client):
        def __del__(self) -> None:
            if (
                self.status == "running"
            ):  # one that never connected has nothing to close, and would print a traceback trying
                super().__del__()

    try:
        return Connection(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # an address without a port, a scheme that needs certificates or a library, nobody there
        raise ClusterError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}). "
            "Start one with `dask scheduler`, and give its address, like tcp://10.0.0.5:8786."
        ) from None


def connect(address: str) -> Client:
    """The connection to a scheduler: one an address, made anew when it was lost.

    Raises:
        ClusterError: nothing answers there.
    """
    client = _client(address)
    if client.status not in ("running", "connecting"):
        _client.cache_clear()
        client = _client(address)
    return client


def workers(client: Client) -> dict[str, Any]:
    """Address -> what the scheduler knows about each worker now.

    Raises:
        ClusterError: there is none.
    """
    found = client.scheduler_info(n_workers=-1)["workers"]
    if not found:
        address = client.scheduler.address if client.scheduler else "the scheduler"
        raise ClusterError(
            f"the scheduler at {address} has no workers. Start one with `dask worker {address} --nthreads 1`."
        )
    return found


class ClusterExecutor(Executor):
    """A scheduler's workers as an executor. Tasks are handed over by a thread of its own.

    Dask calls back in the thread of its event loop, where none of its waiting calls may be made; but it is in such a
    call-back, that a training has ended, that the next one is submitted.
    """

    def __init__(self, address: str):
        self.address = address
        self._hands = ThreadPoolExecutor(1, thread_name_prefix="cluster")

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future:
        """A future of the call; it fails with ClusterError where no scheduler answers or no worker is there."""
        outcome: Future = Future()
        self._hands.submit(self._hand_over, outcome, function, arguments, named)
        return outcome

    def _hand_over(
        self, outcome: Future, function: Callable[..., Any], arguments: tuple, named: dict[str, Any]
    ) -> None:
        try:
            client = connect(self.address)
            gpus = any(info["resources"].get("GPU") for info in workers(client).values())
            executor = client.get_executor(pure=False, retries=0, **({"resources": {"GPU": 1}} if gpus else {}))
            executor.submit(function, *arguments, **named).add_done_callback(lambda future: _pass_on(future, outcome))
        except Exception as error:
            outcome.set_exception(error)


def _pass_on(future: Future, outcome: Future) -> None:
    """What became of one future becomes of the other; a task whose workers died again and again has lost its worker."""
    from distributed import KilledWorker

    if future.cancelled():
        outcome.cancel()
        outcome.set_running_or_notify_cancel()
    elif error := future.exception():
        outcome.set_exception(WorkerLost() if isinstance(error, KilledWorker) else error)
    else:
        outcome.set_result(future.result())


@functools.lru_cache(maxsize=8)
def cluster_executor(address: str) -> ClusterExecutor:
    """The executor of a scheduler's address, for `core.jobs.background.Jobs`; one task a GPU where workers declare them."""
    return ClusterExecutor(address)


def slots(address: str) -> int:
    """How many trainings the cluster takes at a time: its GPUs, or its workers' threads where it has none."""
    found = workers(connect(address)).values()
    return int(sum(info["resources"].get("GPU", 0) for info in found)) or sum(info["nthreads"] for info in found)


def _holds(folder: str, name: str) -> bool:
    return (Path(folder) / name).exists()


def check_shared(address: str, folder: Path) -> None:
    """Make sure that every worker sees the folder of runs.

    Raises:
        ClusterError: naming the workers that do not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".shared-{time.time_ns()}"
    probe.touch()
    try:
        blind = [worker for worker, sees in connect(address).run(_holds, str(folder), probe.name).items() if not sees]
    finally:
        probe.unlink()
    if blind:
        who = f"{len(blind)} worker(s), {blind[0]} among them,"
        raise ClusterError(f"{who} do not see {folder}. Give a --store that is mounted on all machines.")


class _NoLimits(Limits):
    """A person at a terminal may train what RunConfig allows."""

    def check(self, config: RunConfig) -> None:
        return None


def sweep(
    configs: Sequence[RunConfig],
    store: RunStore,
    address: str,
    quiet: bool = False,
    on_progress: Callable[[float], None] = lambda done: None,
) -> tuple[list[Run], dict[str, str]]:
    """Train all configs on a cluster; those that are complete are only looked up.

    Args:
        on_progress: called with the number of trainings done, fractions of running ones included.

    Returns:
        the finished runs in the order of `configs`, and run id -> reason of those that failed.

    Raises:
        ClusterError: no scheduler, no workers, or a folder they do not share.
        KeyboardInterrupt: after every run has been asked to stop; what was reached is kept.
    """
    from tqdm import tqdm

    check_shared(address, store.cache)
    jobs = Jobs(
        lambda: cluster_executor(address), store, running=slots(address), queued=len(configs), limits=_NoLimits()
    )
    ids = [jobs.submit(config).run_id for config in configs]
    shape = "{l_bar}{bar}| {n:.1f}/{total} [{elapsed}<{remaining}]"
    with tqdm(total=len(ids), desc=f"{address}", unit="run", bar_format=shape, disable=True if quiet else None) as bar:
        try:
            while True:
                states = [jobs.status(run_id) for run_id in ids]
                done = sum(1.0 if not s.active else s.fraction for s in states)
                bar.update(done - bar.n)
                on_progress(done)
                if not any(s.active for s in states):
                    break
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            for run_id in ids:
                jobs.stop(run_id)
            message = "Interrupted. Every run was asked to stop and keeps its saved epochs; the same command goes on from there."
            raise KeyboardInterrupt(message) from None
    failed = {s.run_id: s.message or f"it was {s.state}" for s in states if s.state != "complete"}
    return [store.get(run_id) for run_id in ids if run_id not in failed], failed
