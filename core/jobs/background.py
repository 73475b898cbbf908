"""The queue of trainings: any `concurrent.futures.Executor`, and a folder of runs.

Neither a process pool nor a cluster can cancel a running task or report its progress. Files can: progress is the
heartbeat and the history of a run, a request to stop is a file named `stop`. Only the queue, and who waits for which
run, is kept in memory.

    submit -> [queue, bounded] -> executor -> train() -> files        status = files + place in the queue
"""

from __future__ import annotations

import functools
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass, field
from typing import Any

from core.config import RunConfig
from core.data.datasets import resolve
from core.errors import error_text
from core.files import write_bytes
from core.jobs import waiting
from core.jobs.limits import Limits, Rate, check_memory
from core.jobs.status import JobStatus, QueueFull, WorkerLost
from core.jobs.worker import local_executor, train_task
from core.runs.run import ERROR, STOP, Run, RunError, Status
from core.runs.store import RunStore
from core.training.duration import Speeds


@dataclass
class _Job:
    """A queued or running job.

    Attributes:
        run: where its files are.
        call: function and arguments.
        owner: the visitor who asked first.
        config: of a training; None for other calls.
        visitors: everybody who waits for it.
        future: of the executor; None while the job waits.
        started: when it was given to the executor, on the monotonic clock.
        outcome: the future that callers of `Jobs.call` get.
    """

    run: Run
    call: tuple[Callable[..., Any], tuple[Any, ...]]
    owner: str
    config: RunConfig | None = None
    visitors: set[str] = field(default_factory=set[str])
    future: Future[Any] | None = None
    started: float = 0.0
    outcome: Future[Any] = field(default_factory=Future[Any])


class Jobs:
    """The background jobs of one server.

    Args:
        make_executor: returns the executor; called for every job, so that a broken one can be replaced.
        store: where runs are kept; by default the user's cache and the shipped runs.
        running: number of jobs at a time. On a CPU one: two trainings on two cores are far slower than one by one.
        queued: number of jobs that may wait.
        limits: what may be trained; by default those of `Limits`.
        threads: CPU threads per job; None for POINT_OR_CLOUD_THREADS, else the idle cores less one, at most 4.
        speeds: how long trainings took on this machine; by default those in the user's cache.
    """

    def __init__(
        self,
        make_executor: Callable[[], Executor] = local_executor,
        store: RunStore | None = None,
        running: int = 1,
        queued: int = 8,
        limits: Limits | None = None,
        threads: int | None = None,
        speeds: Speeds | None = None,
    ):
        self.speeds = speeds or Speeds()
        self.make_executor, self.store = make_executor, store or RunStore()
        self.running, self.queued, self.limits, self.threads = running, queued, limits or Limits(), threads
        self._lock = threading.RLock()
        self._jobs: dict[str, _Job] = {}  # queued and running, in the order of the requests
        self._durations: deque[float] = deque(maxlen=20)
        self._rate = Rate(self.limits.hourly)
        self._refused: dict[str, str] = {}  # run id -> why it failed, if the reason cannot be written to its folder

    def submit(self, config: RunConfig, visitor: str = "") -> JobStatus:
        """Ask for a run. Nothing is started if it is finished; visitors who ask for the same run share one training.

        Raises:
            ConfigError: the config is outside the limits.
            QueueFull: too many jobs are waiting.
            TooMany: this visitor started too many trainings in the last hour, or the memory is full.
            DataError: the images are not available.
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

    def call(self, key: str, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run any other function in a worker (e.g. a projection); calls with the same key share one future.

        Raises:
            QueueFull: too many jobs are waiting.
        """
        return self._enqueue(Run(self.store.cache / key), (function, arguments), "").outcome

    def _enqueue(
        self, run: Run, call: tuple[Callable[..., Any], tuple[Any, ...]], visitor: str, config: RunConfig | None = None
    ) -> _Job:
        """The job of a run: the one in the queue, else a new one. Errors as in `submit`."""
        with self._lock:
            job = self._jobs.get(run.run_id)
            if job is None:
                queued = sum(j.future is None for j in self._jobs.values())
                if queued >= self.queued:
                    wait = self._room()
                    about = f" It should have room in about {wait:.0f} s." if wait else ""
                    raise QueueFull(
                        f"{queued} trainings are waiting already, which is as many as may wait.{about} "
                        "Try again then, or look at a weight that is trained."
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
        """The state of a run for a visitor. Returns at once."""
        with self._lock:
            job = self._jobs.get(run_id)
            run = job.run if job else self.store.run(run_id)
            owner, visitors = job is not None and job.owner == visitor, len(job.visitors) if job else 0
            if job and job.future is None:
                place = [j for j in self._jobs.values() if j.future is None].index(job) + 1
                return JobStatus(
                    run_id, "queued", place, seconds_left=self._wait(place), owner=owner, visitors=visitors
                )
        beat = waiting.heartbeat(run)
        fraction, left = beat.get("fraction", 0.0), beat.get("seconds_left")
        if job and not run.complete:
            state = "stopping" if (run.path / STOP).exists() else "running"
            return JobStatus(run_id, state, fraction=fraction, seconds_left=left, owner=owner, visitors=visitors)
        status = run.status()  # "running" here means that another process trains it
        if run_id in self._refused and not run.complete:
            return JobStatus(run_id, "failed", message=self._refused[run_id])
        return JobStatus(
            run_id,
            str(status),
            fraction=1.0 if run.complete else fraction,
            seconds_left=left,
            owner=owner,
            visitors=visitors,
            message=run.error(),
        )

    def stop(self, run_id: str, visitor: str = "") -> bool:
        """Stop a run, if this visitor is its owner; otherwise the visitor only leaves those who wait for it.

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

    def __contains__(self, run_id: str) -> bool:
        """Whether a job for a run is running or waiting: also while a trained run is still being measured."""
        return run_id in self._jobs

    def __len__(self) -> int:
        """The number of jobs that are running or waiting."""
        return len(self._jobs)

    def _expected(self, job: _Job) -> float | None:
        """Expected seconds of a job: by the speed of its kind of training, else the median of the jobs so far."""
        known = self.speeds.expected(job.config) if job.config is not None else None
        return statistics.median(self._durations) if known is None and self._durations else known

    def _left(self, job: _Job) -> float | None:
        """Seconds until a started job is finished: its own estimate in the heartbeat, else the expected time."""
        own = waiting.heartbeat(job.run).get("seconds_left") if job.config is not None else None
        expected = self._expected(job)
        return own if own is not None or expected is None else max(expected - (time.monotonic() - job.started), 0.0)

    def _room(self) -> float | None:
        """Estimated seconds until the next waiting job starts; None without any basis."""
        return waiting.until_room(self._left(job) for job in self._jobs.values() if job.future is not None)

    def _wait(self, place: int) -> float | None:
        """Estimated seconds until the job at this place in the queue is finished; None without any basis."""
        started = [self._left(job) for job in self._jobs.values() if job.future is not None]
        queued = [self._expected(job) for job in self._jobs.values() if job.future is None]
        return waiting.until_done(started, queued[:place], self.running)

    def _dispatch(self) -> None:
        """Give waiting jobs to the executor while there is room. Called with the lock held."""
        for job in list(self._jobs.values()):
            if sum(j.future is not None for j in self._jobs.values()) >= self.running:
                return
            if job.future is None:
                function, arguments = job.call
                job.started = time.monotonic()
                try:
                    job.future = self.make_executor().submit(function, *arguments)
                except Exception as error:  # no process can be started, or no scheduler answers; of many kinds
                    why = f"{type(error).__name__}: {str(error)[:160]}"
                    self._fail(job, f"no worker could be started ({why}). Try again in a moment.")
                    continue
                job.future.add_done_callback(functools.partial(self._finished, job))

    def _finished(self, job: _Job, future: Future[Any]) -> None:
        """The executor is done with a job: record the result and start the next job."""
        with self._lock:
            # An executor cancels the tasks that it can no longer run; BrokenExecutor means that a pool lost a worker.
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
        """Take a failed job out of the queue; the message is kept in the folder of its run, if there is one."""
        self._jobs.pop(job.run.run_id, None)
        try:
            if not (job.run.path / "config.json").exists():
                self._refused[job.run.run_id] = message
            elif not job.run.complete and not job.run.error():
                job.run.rest()
                write_bytes(job.run.path / ERROR, (message + "\n").encode())
        except OSError:  # e.g. a full disk, which may also be why the job failed
            self._refused[job.run.run_id] = message
        job.outcome.set_exception(error or RunError(message))
