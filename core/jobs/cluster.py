"""Jobs on other machines: the workers of a Dask scheduler, with a folder of runs that all of them share.

    dask scheduler
    dask worker tcp://HOST:8786 --nthreads 1                      one per machine; more with POINT_OR_CLOUD_THREADS set
    dask worker tcp://HOST:8786 --nthreads 1 --resources GPU=1    one per GPU: then every training requires a GPU

Progress and requests to stop are files in the folder of the run, as on one machine (`core.jobs.background`). If a
worker exits unexpectedly, another one takes over its task and continues from the last saved epoch; a complete run is
not trained again.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import RunConfig
from core.jobs.background import Jobs
from core.jobs.limits import Limits
from core.jobs.status import WorkerLost
from core.runs.run import Run, RunError
from core.runs.store import RunStore

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 10
POLL_SECONDS = 0.2


class ClusterError(RunError):
    """The cluster cannot be used; the message says what to start or share."""


@functools.lru_cache(maxsize=8)
def _client(address: str, seconds: float) -> Client:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise ClusterError(
            "training on a cluster needs the package distributed, which is not installed. "
            'Run `pip install "point-or-cloud[cluster]"` or `pip install -r requirements.txt`.'
        ) from None

    class Connection(Client):
        def __del__(self) -> None:
            # A client that never connected would print a traceback when it tries to close.
            if self.status == "running":
                super().__del__()

    try:
        return Connection(address, timeout=seconds, set_as_default=False)
    except Exception as error:  # no answer, no port, a scheme that needs certificates or a library; of many kinds
        raise ClusterError(
            f"no Dask scheduler answers at {address!r} ({type(error).__name__}). "
            "Start one with `dask scheduler`, and give its address, like tcp://10.0.0.5:8786."
        ) from None


def connect(address: str, seconds: float = CONNECT_SECONDS) -> Client:
    """The connection to a scheduler: one per address, renewed if it was lost; `seconds` is how long it may take.

    Raises:
        ClusterError: no scheduler answers there.
    """
    client = _client(address, seconds)
    if client.status not in ("running", "connecting"):
        _client.cache_clear()
        client = _client(address, seconds)
    return client


def workers(client: Client) -> dict[str, Any]:
    """Address -> the scheduler's current information on each worker.

    Raises:
        ClusterError: there is no worker.
    """
    found = client.scheduler_info(n_workers=-1)["workers"]
    if not found:
        address = client.scheduler.address if client.scheduler else "the scheduler"
        raise ClusterError(
            f"the scheduler at {address} has no workers. Start one with `dask worker {address} --nthreads 1`."
        )
    return found


class ClusterExecutor(Executor):
    """The workers of a scheduler as an executor.

    Tasks are submitted to Dask by a separate thread: a job is submitted when another one has ended, in a callback that
    Dask runs in the thread of its event loop, where its blocking functions must not be called.
    """

    def __init__(self, address: str, seconds: float = CONNECT_SECONDS):
        self.address, self.seconds = address, seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cluster")

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """A future of the call; it fails with ClusterError if no scheduler answers or there is no worker."""
        outcome: Future[Any] = Future()
        self._thread.submit(self._submit, outcome, function, arguments, named)
        return outcome

    def _submit(
        self, outcome: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        try:
            client = connect(self.address, self.seconds)
            gpus = any(info["resources"].get("GPU") for info in workers(client).values())
            executor = client.get_executor(pure=False, retries=0, **({"resources": {"GPU": 1}} if gpus else {}))
            future = executor.submit(function, *arguments, **named)
            future.add_done_callback(functools.partial(_copy_result, outcome))
        except Exception as error:  # given to the caller of `submit`
            outcome.set_exception(error)


def _copy_result(outcome: Future[Any], future: Future[Any]) -> None:
    """Give `outcome` the result of `future`; a task whose workers exited several times has lost its worker."""
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
    """The executor of a scheduler's address, for `core.jobs.background.Jobs`; one task per GPU if workers have GPUs."""
    return ClusterExecutor(address)


def slots(address: str) -> int:
    """The number of trainings at a time: the number of GPUs, or without GPUs that of all threads of the workers."""
    found = workers(connect(address)).values()
    return int(sum(info["resources"].get("GPU", 0) for info in found)) or sum(info["nthreads"] for info in found)


def _exists(folder: str, name: str) -> bool:
    return (Path(folder) / name).exists()


def check_shared(address: str, folder: Path) -> None:
    """Check that every worker can see the folder of runs.

    Raises:
        ClusterError: naming a worker that cannot.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".shared-{time.time_ns()}"
    probe.touch()
    try:
        answers: Any = connect(address).run(_exists, str(folder), probe.name)  # a coroutine only in an async client
        missing = [worker for worker, exists in answers.items() if not exists]
    finally:
        probe.unlink()
    if missing:
        who = f"{len(missing)} worker(s), {missing[0]} among them,"
        raise ClusterError(f"{who} do not see {folder}. Give a --store that is mounted on all machines.")


class _NoLimits(Limits):
    """The limits of a command in a terminal: everything that `RunConfig` allows."""

    def check(self, config: RunConfig) -> None:
        """Accept any config."""


def sweep(
    configs: Sequence[RunConfig],
    store: RunStore,
    address: str,
    quiet: bool = False,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[list[Run], dict[str, str]]:
    """Train all configs on a cluster, except those that are complete.

    Args:
        configs: what to train.
        store: where runs are kept; all workers must share its folder.
        address: of the scheduler.
        quiet: whether to show no progress bar.
        on_progress: called with the number of finished trainings, including fractions of running ones.

    Returns:
        the finished runs in the order of `configs`, and run id -> reason of those that failed.

    Raises:
        ClusterError: no scheduler, no workers, or a folder they do not share.
        KeyboardInterrupt: after every run has been asked to stop; saved epochs are kept.
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
                if on_progress is not None:
                    on_progress(done)
                if not any(s.active for s in states):
                    break
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            for run_id in ids:
                jobs.stop(run_id)
            raise KeyboardInterrupt(
                "Interrupted. Every run was asked to stop and keeps its saved epochs; "
                "the same command continues from there."
            ) from None
    failed = {s.run_id: s.message or f"it was {s.state}" for s in states if s.state != "complete"}
    return [store.get(run_id) for run_id in ids if run_id not in failed], failed
