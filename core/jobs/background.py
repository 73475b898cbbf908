"""Training in the background, behind one seam: any `concurrent.futures.Executor` and a folder of runs.

Neither a process pool nor a cluster can cancel a running task or tell how far it is. Files can: progress is the run's
heartbeat and history, a request to stop is a file named `stop`. So all that is kept in memory is who waits for what.

    submit -> [queue, bounded] -> executor -> train() -> files        status = files + place in the queue
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import os
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.config import QUICK, RunConfig
from core.data.datasets import resolve
from core.errors import FAILURE, error_text
from core.files import write_bytes
from core.hardware import allocator
from core.jobs.limits import Limits, Rate, check_memory
from core.runs.run import ERROR, HEARTBEAT, STOP, Run, RunError, Status
from core.runs.store import RunStore
from core.training.duration import Speeds

NICENESS = 1  # of a worker, beside a server's 0; see `give_way`
SERVER_CORES = 1  # left to the server and its pages: beside one busy core, two threads on two cores took three times as long as one
WORKER_LOST = (
    "the worker exited unexpectedly (killed, or out of memory). Ask again: training goes on from the last saved epoch."
)


class WorkerLost(RunError):
    """The process that ran a job is gone. What was saved is kept, and asking again goes on from there."""

    exit_code = FAILURE

    def __init__(self, message: str = WORKER_LOST):
        super().__init__(message)


class QueueFull(RunError):
    """The queue is full; the message says for how long."""


@dataclass(frozen=True)
class JobStatus:
    """One run as a visitor sees it.

    Attributes:
        state: "queued", "running", "stopping", or what the files say: "complete", "stopped", "failed", "stale",
            "damaged", "absent".
        position: place in the queue, 1 is next; 0 when it is not queued.
        fraction: of training done, 0 to 1.
        seconds_left: estimate until the run is finished, queue included; None while there is nothing to base it on.
        owner: whether this visitor asked first, and so may stop it.
        visitors: how many wait for it.
        message: what went wrong and what to do, or "".
    """

    run_id: str
    state: str
    position: int = 0
    fraction: float = 0.0
    seconds_left: float | None = None
    owner: bool = False
    visitors: int = 0
    message: str = ""

    @property
    def active(self) -> bool:
        """Whether it is worth asking again soon."""
        return self.state in ("queued", "running", "stopping")


@dataclass
class _Job:
    run: Run
    call: tuple[Callable[..., Any], tuple[Any, ...]]
    owner: str
    config: RunConfig | None = None
    visitors: set[str] = field(default_factory=set)
    future: Future | None = None
    started: float = 0.0
    outcome: Future = field(default_factory=Future)


def train_task(config: dict[str, Any], cache: str, shipped: str, threads: int | None = None) -> str:
    """What a worker runs: `core.training.train_run.train`, over the folders the server uses. Returns the run's final state.

    What goes wrong with the run is left in its error.txt, where everyone can read it; a request that is refused before there
    is a run is raised, and `Jobs` tells it.
    """
    from core.hardware import device
    from core.training.train_run import Stopped, train

    following = device.set_threads(threads, spare=SERVER_CORES)
    try:
        train(
            RunConfig.from_dict(config),
            RunStore(Path(cache), Path(shipped)),
            clear_stop=False,
            on_beat=following.follow,
        )
    except Stopped:
        return "stopped"
    except RunError:
        return "failed"
    finally:
        allocator.trim()  # a worker waits longer than it works
    return "complete"


def warm_task(dataset: str = "mnist-5k", threads: int | None = None) -> None:
    """Read the images and train a little, to nowhere, so that the first request waits for no import and no compilation.

    It also brings the worker to its working size: loky replaces a worker that later grows by much, taking it for a leak.
    """
    from core.data.datasets import load_dataset
    from core.hardware import device
    from core.training import evaluation
    from core.training.loop import fit

    device.set_threads(threads, spare=SERVER_CORES)
    data = load_dataset(dataset)
    for epoch in fit(RunConfig(train_size=256, **(QUICK | {"epochs": 1})), data):
        evaluation.preview(epoch.model, data)
    evaluation.portfolio(epoch.model, dataclasses.replace(data, train_images=data.train_images[:256]))
    allocator.trim()


def give_way() -> None:
    """A worker's first act: from now on pages come before trainings, where they want the same core.

    One step of niceness, the smallest there is: of a core that a page's thread and a training both want, the training gets
    820 parts beside the page's 1024, and a page that has been waiting for a click runs at once. Beside three busy processes
    on two cores a training then takes about three times as long as alone; three steps down it took 4.6 times as long, which
    a visitor who waits for it notices. And a batch process does not interrupt the server's threads each time it wakes.
    """
    with contextlib.suppress(AttributeError, OSError):  # not every system has these
        os.nice(NICENESS)
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


_asker = ThreadPoolExecutor(1, "loky")


def local_executor(workers: int = 1) -> Executor:
    """This machine's reusable worker processes (loky). A pool that lost a worker is replaced by a new one."""
    from loky import get_reusable_executor

    # A worker keeps the images it has trained on: up to 1 GB above its first size is no leak.
    # loky keeps one executor a *thread*, and lets its workers go when that thread ends, as a visitor's does: so one thread asks.
    ask = functools.partial(
        get_reusable_executor,
        max_workers=workers,
        timeout=None,
        initializer=give_way,
        env={"LOKY_MAX_MEMORY_LEAK_SIZE": "1e9"},
    )
    return _asker.submit(ask).result()


class Jobs:
    """The background jobs of one server.

    Args:
        make_executor: returns the executor to use now; called for every job, so that a broken one can be replaced.
        store: where runs are.
        running: jobs at a time. On CPU one: two trainings on two cores slow each other far more than twofold.
        queued: jobs that may wait.
        limits: what may be asked for.
        speeds: how long trainings took on this machine; by default the user's cache folder has them.
        threads: CPU threads a job; None is POINT_OR_CLOUD_THREADS, else one a core but for one core, at most 4.
    """

    def __init__(
        self,
        make_executor: Callable[[], Executor] = local_executor,
        store: RunStore | None = None,
        running: int = 1,
        queued: int = 8,
        limits: Limits = Limits(),
        threads: int | None = None,
        speeds: Speeds | None = None,
    ):
        self.speeds = speeds or Speeds()
        self.make_executor, self.store = make_executor, store or RunStore()
        self.running, self.queued, self.limits, self.threads = running, queued, limits, threads
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}  # queued and running, in the order they were asked for
        self._durations: deque[float] = deque(maxlen=20)
        self._rate = Rate(limits.hourly)
        self._refused: dict[str, str] = {}  # why runs failed whose folder cannot keep the reason

    def submit(self, config: RunConfig, visitor: str = "") -> JobStatus:
        """Ask for a run. A finished one is returned at once; one that is already asked for is shared.

        Raises:
            ConfigError: outside the limits. Nothing is started.
            QueueFull: too many wait already.
            TooMany: this visitor asked for too much in the last hour, or memory is full.
            DataError: the images cannot be had.
        """
        self.limits.check(config)
        config = resolve(config)
        run = self.store.run(config)
        if run.status() is Status.COMPLETE:
            return self.status(run.run_id, visitor)
        run = Run(self.store.cache / config.run_id)
        arguments = (config.to_dict(), str(self.store.cache), str(self.store.shipped), self.threads)
        self._enqueue(run, (train_task, arguments), visitor, config)
        return self.status(run.run_id, visitor)

    def call(self, key: str, function: Callable[..., Any], *arguments: Any) -> Future:
        """Run any other function in a worker (a projection, warming up); calls with one key share one future.

        Raises:
            QueueFull: too many wait already.
        """
        return self._enqueue(Run(self.store.cache / key), (function, arguments), "").outcome

    def _enqueue(
        self, run: Run, call: tuple[Callable[..., Any], tuple[Any, ...]], visitor: str, config: RunConfig | None = None
    ) -> _Job:
        with self._lock:
            job = self._jobs.get(run.run_id)
            if job is None:
                waiting = [j for j in self._jobs.values() if j.future is None]
                if len(waiting) >= self.queued:
                    wait = self._room()
                    about = f" It should have room in about {wait:.0f} s." if wait else ""
                    raise QueueFull(
                        f"{len(waiting)} trainings are waiting already, which is as many as may wait.{about} Try again then, or look at a weight that is trained."
                    )
                if config is not None:
                    check_memory(self.limits.memory_mb)
                    self._rate.spend(visitor)
                for name in (STOP, ERROR):
                    (run.path / name).unlink(missing_ok=True)
                self._refused.pop(run.run_id, None)
                job = self._jobs[run.run_id] = _Job(run, call, visitor, config)
            job.visitors.add(visitor)
            self._dispatch()
            return job

    def status(self, run_id: str, visitor: str = "") -> JobStatus:
        """How a run stands; never waits."""
        with self._lock:
            job = self._jobs.get(run_id)
            run = job.run if job else self.store.run(run_id)
            who = {"owner": bool(job) and job.owner == visitor, "visitors": len(job.visitors) if job else 0}
            if job and job.future is None:
                waiting = [j for j in self._jobs.values() if j.future is None]
                place = waiting.index(job) + 1
                return JobStatus(run_id, "queued", position=place, seconds_left=self._wait(place), **who)
        beat = _heartbeat(run)
        if job and not run.complete:
            state = "stopping" if (run.path / STOP).exists() else "running"
            return JobStatus(
                run_id, state, fraction=beat.get("fraction", 0.0), seconds_left=beat.get("seconds_left"), **who
            )
        status = run.status()  # "running" here: another server or a command line trains it
        if run_id in self._refused and not run.complete:
            return JobStatus(run_id, "failed", message=self._refused[run_id])
        return JobStatus(
            run_id,
            str(status),
            fraction=1.0 if run.complete else beat.get("fraction", 0.0),
            seconds_left=beat.get("seconds_left"),
            message=run.error(),
            **who,
        )

    def stop(self, run_id: str, visitor: str = "") -> bool:
        """Stop a run for everyone, if this visitor asked for it first; otherwise only stop waiting for it.

        Returns:
            whether the run itself was stopped.
        """
        with self._lock:
            job = self._jobs.get(run_id)
            if job is None:
                return False
            if job.owner != visitor:
                job.visitors.discard(visitor)
                return False
            if job.future is None:
                del self._jobs[run_id]
                job.outcome.cancel()
            else:
                job.run.request_stop()
            return True

    def __len__(self) -> int:
        """Jobs running and waiting."""
        return len(self._jobs)

    def _expected(self, job: _Job) -> float | None:
        """Seconds a job should take from its start: as its kind of training took on this machine, else as jobs did so far."""
        known = self.speeds.expected(job.config) if job.config is not None else None
        return statistics.median(self._durations) if known is None and self._durations else known

    def _left(self, job: _Job) -> float | None:
        """Seconds until a job that has started is finished: what it says itself, else what is expected."""
        said = _heartbeat(job.run).get("seconds_left") if job.config is not None else None
        expected = self._expected(job)
        return said if said is not None or expected is None else max(expected - (time.monotonic() - job.started), 0.0)

    def _room(self) -> float | None:
        """Estimated seconds until the next waiting job starts."""
        left = [self._left(job) for job in self._jobs.values() if job.future is not None]
        return None if None in left else min(left, default=0.0)

    def _wait(self, place: int) -> float | None:
        """Estimated seconds until the job at this place in the queue is finished; None where there is nothing to base it on."""
        free = [self._left(job) for job in self._jobs.values() if job.future is not None]  # when each slot is free
        free += [0.0] * (self.running - len(free))
        ends = [self._expected(job) for job in self._jobs.values() if job.future is None][:place]
        if None in free or None in ends:
            return None
        end = 0.0
        for seconds in ends:  # each starts where there is room first
            slot = free.index(min(free))
            end = free[slot] = free[slot] + seconds
        return end

    def _dispatch(self) -> None:
        """Hand waiting jobs to the executor while there is room. Called with the lock held."""
        for job in list(self._jobs.values()):
            if sum(j.future is not None for j in self._jobs.values()) >= self.running:
                return
            if job.future is None:
                function, arguments = job.call
                job.started = time.monotonic()
                try:
                    job.future = self.make_executor().submit(function, *arguments)
                except (
                    Exception
                ) as error:  # no worker can be started, or no scheduler reached: told, and the queue goes on
                    self._fail(
                        job,
                        f"no worker could be started ({type(error).__name__}: {str(error)[:160]}). Try again in a moment.",
                    )
                    continue
                job.future.add_done_callback(lambda future, job=job: self._finished(job, future))

    def _finished(self, job: _Job, future: Future) -> None:
        with self._lock:
            # An executor cancels what it can no longer run; a broken one is loky's or another pool's that lost a worker.
            error = WorkerLost() if future.cancelled() else future.exception()
            if isinstance(error, BrokenExecutor):
                error = WorkerLost()
            if error is None:
                self._durations.append(time.monotonic() - job.started)
                self._jobs.pop(job.run.run_id, None)
                job.outcome.set_result(future.result())
            else:
                self._fail(job, error_text(error, limit=200), error)
            self._dispatch()

    def _fail(self, job: _Job, message: str, error: BaseException | None = None) -> None:
        self._jobs.pop(job.run.run_id, None)
        try:
            if not (job.run.path / "config.json").exists():
                self._refused[job.run.run_id] = message
            elif not job.run.complete and not job.run.error():
                job.run.rest()
                write_bytes(job.run.path / ERROR, (message + "\n").encode())
        except OSError:  # a full disk: perhaps the very reason
            self._refused[job.run.run_id] = message
        job.outcome.set_exception(error or RunError(message))


def _heartbeat(run: Run) -> dict[str, Any]:
    """What the run last said of itself: fraction, and seconds_left less the time since then; {} when it has said nothing."""
    path = run.path / HEARTBEAT
    try:
        said, age = json.loads(path.read_bytes()), time.time() - path.stat().st_mtime
        if said.get("seconds_left") is not None:
            said["seconds_left"] = round(max(said["seconds_left"] - max(age, 0), 0), 1)
        return said
    except (OSError, ValueError):
        return {}
