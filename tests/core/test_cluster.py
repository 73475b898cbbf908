"""Jobs on a real Dask scheduler with two worker processes, one of which is killed half-way."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from core.config import RunConfig
from core.jobs import cluster
from core.jobs.cluster import ClusterError
from core.jobs.from_settings import jobs_from_settings
from core.jobs.status import WorkerLost
from core.runs.run import WEIGHTS, Status
from core.runs.store import RunStore

SMALL = {"dataset": "mnist-5k", "train_size": 256, "latent_dim": 2, "batch_size": 32}
WAIT = 120


def eventually(condition, what: str):
    """Wait for a condition; a cluster's processes take their time to start."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {WAIT} s")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A scheduler and two workers of one thread, each its own process."""
    file, processes = tmp_path / "scheduler.json", []

    def start(*arguments: str) -> None:
        command = [sys.executable, "-m", *arguments, "--scheduler-file", str(file), "--no-dashboard"]
        environment = os.environ | {"POINT_OR_CLOUD_THREADS": "1", "OMP_NUM_THREADS": "1"}
        processes.append(
            subprocess.Popen(
                command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )

    try:
        start("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1")
        eventually(file.exists, "the scheduler's start")
        for _ in range(2):
            start(
                "distributed.cli.dask_worker",
                "--nthreads",
                "1",
                "--no-nanny",
                "--memory-limit",
                "0",
                "--host",
                "127.0.0.1",
            )
        import json

        found = eventually(
            lambda: file.read_text() and json.loads(file.read_text())["address"], "the scheduler's address"
        )
        cluster.connect(found).wait_for_workers(2, timeout=WAIT)
        yield found
        cluster.connect(found).close()
        cluster._client.cache_clear()
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait(10)


@pytest.mark.slow
def test_a_sweep_survives_a_killed_worker_and_trains_nothing_twice(address, tmp_path, monkeypatch):
    store = RunStore(tmp_path / "runs", tmp_path / "none", limit_bytes=10**9)
    short = [RunConfig(**SMALL, epochs=2, seed=seed) for seed in range(2)]
    long = [RunConfig(**SMALL, epochs=80, seed=seed) for seed in range(2, 4)]
    client = cluster.connect(address)
    pids = client.run(os.getpid)
    killed, finished = [], {}

    def kill_one_half_way(_done: float) -> None:
        complete = [run for run in store if run.complete]
        busy = {worker for worker, tasks in client.processing().items() if tasks}
        begun = [run for run in store if not run.complete and len(run.history()) > 5]
        if killed or len(complete) < len(short) or len(busy) < 2 or len(begun) < 2:
            return
        finished.update({run.run_id: (run.path / WEIGHTS).stat().st_mtime_ns for run in complete})
        killed.append(sorted(busy)[0])
        os.kill(pids[killed[0]], signal.SIGKILL)

    runs, failed = cluster.sweep(short + long, store, address, quiet=True, on_progress=kill_one_half_way)
    assert killed, "nothing was killed: the test tested nothing"
    assert failed == {} and len(runs) == 4
    assert all(run.status() is Status.COMPLETE for run in runs)
    assert [len(run.history()) for run in runs] == [3, 3, 81, 81]
    assert [row["epoch"] for row in runs[-1].history()] == list(range(81))
    assert len(finished) == 2
    now = {run_id: (store.run(run_id).path / WEIGHTS).stat().st_mtime_ns for run_id in finished}
    assert now == finished, "a finished run was trained again"

    # The dashboard's own jobs on the same workers, by its setting: progress while it runs, and stop.
    monkeypatch.setenv("POINT_OR_CLOUD_SCHEDULER", address)
    jobs = jobs_from_settings(store)
    wanted = RunConfig(**SMALL, epochs=60, seed=9, learning_rate=1e-3)
    status = jobs.submit(wanted, visitor="me")
    eventually(lambda: store.run(status.run_id).history(), "the first epoch")
    eventually(lambda: jobs.status(status.run_id).fraction > 0, "progress")
    assert jobs.status(status.run_id, "me").state == "running" and jobs.status(status.run_id, "me").owner
    assert jobs.stop(status.run_id, "me")
    eventually(lambda: not jobs.status(status.run_id).active, "the stop")
    assert not store.run(status.run_id).complete


def test_a_task_whose_workers_died_has_lost_its_worker_and_its_own_errors_stay():
    from distributed import KilledWorker

    for error, expected in ((KilledWorker("task", None, 3), WorkerLost), (LookupError("seven"), LookupError)):
        future, outcome = Future(), Future()
        future.set_exception(error)
        cluster._copy_result(outcome, future)
        assert type(outcome.exception()) is expected


def test_a_scheduler_that_is_not_there_is_named():
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'.*dask scheduler"):
        cluster.ClusterExecutor("tcp://127.0.0.1:1", seconds=1).submit(print).result()


@pytest.mark.parametrize(
    "address", ["", "nope", "not an address", "tcp://", "tcp://nope:abc", "tls://127.0.0.1:1", "smoke://nope:1"]
)
def test_what_is_no_address_is_told_in_one_line_and_by_no_traceback_later(address):
    """A client that never connected fails again when it is thrown away; pytest makes an error of that."""
    with pytest.raises(ClusterError, match=rf"at '{re.escape(address)}' .*dask scheduler"):
        cluster.connect(address, seconds=1)
    gc.collect()
