"""The queue's promises, first with an executor that is under the test's control, then with real worker processes."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import psutil
import pytest
from loky.process_executor import TerminatedWorkerError

from core import settings
from core.config import ConfigError, RunConfig
from core.data.dataset import DataError
from core.data.datasets import resolve
from core.files import write_bytes
from core.jobs.background import Jobs
from core.jobs.limits import Limits
from core.jobs.status import JobStatus, QueueFull, WorkerLost
from core.jobs.worker import local_executor, train_task
from core.runs.run import HEARTBEAT, STOP, Status
from core.training.duration import Speeds

SMALL = RunConfig(dataset="tiny", trunk="mlp-400", epochs=1, latent_dim=2)
LIMITS = Limits(datasets=("tiny", "mnist-5k"))


class Manual:
    """An executor whose tasks end when the test says so."""

    def __init__(self):
        self.futures: list[Future] = []

    def submit(self, *_):
        self.futures.append(Future())
        self.futures[-1].set_running_or_notify_cancel()
        return self.futures[-1]


@pytest.fixture
def manual(store):
    executor = Manual()
    return executor, Jobs(
        lambda: executor, store, running=1, queued=2, limits=LIMITS, speeds=Speeds(store.cache.parent / "speed.json")
    )


def beta(value: float) -> RunConfig:
    return SMALL.replace(beta=value)


def test_two_visitors_share_one_training(manual):
    executor, jobs = manual
    first, second = jobs.submit(beta(1), "ann"), jobs.submit(beta(1.0), "bob")
    assert first.run_id == second.run_id and len(executor.futures) == 1
    assert first.owner and not second.owner and second.visitors == 2


def test_waiting_ones_are_in_order_and_start_when_there_is_room(manual):
    executor, jobs = manual
    jobs.submit(beta(1), "ann")
    second, third = jobs.submit(beta(2), "bob"), jobs.submit(beta(3), "cid")
    assert (second.state, second.position, third.position) == ("queued", 1, 2)
    executor.futures[0].set_result("complete")
    assert jobs.status(second.run_id).state == "running" and jobs.status(third.run_id).position == 1
    assert jobs.status(third.run_id).seconds_left is not None, (
        "one job has finished: there is something to base an estimate on"
    )


def test_a_full_queue_says_so_and_keeps_what_it_has(manual):
    _executor, jobs = manual
    kept = [jobs.submit(beta(b), "ann") for b in (1, 2, 3)]
    with pytest.raises(QueueFull, match="2 trainings are waiting"):
        jobs.submit(beta(4), "bob")
    assert jobs.submit(beta(3), "bob").position == 2, "sharing needs no place"
    assert [jobs.status(k.run_id).state for k in kept] == ["running", "queued", "queued"]


def test_only_the_first_to_ask_stops_it(manual):
    _executor, jobs = manual
    run_id = jobs.submit(beta(1), "ann").run_id
    jobs.submit(beta(1), "bob")
    assert not jobs.stop(run_id, "bob") and jobs.status(run_id).visitors == 1
    assert jobs.status(run_id, "ann").state == "running"
    assert jobs.stop(run_id, "ann") and (jobs.store.cache / run_id / STOP).exists()
    assert jobs.status(run_id, "ann").state == "stopping"


def test_stopping_a_waiting_one_frees_its_place(manual):
    executor, jobs = manual
    jobs.submit(beta(1), "ann")
    run_id = jobs.submit(beta(2), "ann").run_id
    assert jobs.stop(run_id, "ann") and jobs.status(run_id).state == "absent" and len(jobs) == 1
    executor.futures[0].set_result("complete")
    assert len(executor.futures) == 1


def test_a_lost_worker_is_told_and_the_next_job_runs(manual):
    executor, jobs = manual
    first = jobs.submit(beta(1), "ann")
    second = jobs.submit(beta(2), "bob")
    write_bytes(jobs.store.cache / first.run_id / "config.json", beta(1).to_json().encode())
    write_bytes(jobs.store.cache / first.run_id / HEARTBEAT, b'{"fraction": 0.5}')
    executor.futures[0].set_exception(BrokenProcessPool("gone"))
    status = jobs.status(first.run_id)
    assert status.state == "failed" and "worker" in status.message and "Ask again" in status.message
    assert jobs.status(second.run_id).state == "running"
    assert jobs.submit(beta(1), "ann").state == "queued", "asking again is all it takes"


class CoworkersBroken(Exception):
    """An exception of a task whose name, and nothing else, speaks of workers and of what is broken."""


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (BrokenExecutor("gone"), True),
        (BrokenProcessPool("gone"), True),
        (TerminatedWorkerError("gone"), True),
        (WorkerLost(), True),
        (None, True),
        (CoworkersBroken("seven"), False),
        (BrokenPipeError(32, "Broken pipe"), False),
        (OSError(28, "No space left on device"), False),
        (DataError("the images are gone."), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_happened_to_a_worker_is_told_by_types(manual, error, lost):
    executor, jobs = manual
    outcome = jobs.call("anything", print)
    run_id = jobs.submit(beta(1), "ann").run_id  # waits for the call
    if error is None:
        cancelled = Future()
        cancelled.cancel()
        cancelled.set_running_or_notify_cancel()
        jobs._finished(jobs._jobs["anything"], cancelled)
    else:
        executor.futures[0].set_exception(error)
    assert isinstance(outcome.exception(), WorkerLost) is lost
    assert ("the worker exited unexpectedly" in jobs.status("anything").message) is lost
    assert lost or str(error) in jobs.status("anything").message
    assert jobs.status(run_id).state == "running", "the next one has its turn"


def test_a_request_that_is_refused_before_there_is_a_run_is_told(manual):
    executor, jobs = manual
    too_many = resolve(SMALL.replace(dataset="mnist-5k", train_size=10_000))
    arguments = too_many.to_dict(), str(jobs.store.cache), str(jobs.store.shipped), 1
    with pytest.raises(ConfigError, match="4000 training images") as refusal:
        local_executor().submit(train_task, *arguments).result()
    run_id = jobs.submit(too_many, "ann").run_id
    executor.futures[0].set_exception(refusal.value)
    status = jobs.status(run_id, "ann")
    assert (status.state, status.message) == ("failed", str(refusal.value))


def test_a_message_for_people_is_told_without_the_name_of_its_class(manual):
    executor, jobs = manual
    jobs.call("anything", print)
    executor.futures[0].set_exception(DataError("the images are gone."))
    assert jobs.status("anything").message == "the images are gone."


def test_a_worker_outlives_the_thread_that_asked_first():
    """Each visitor is a thread of the server; all of them share one warm worker."""
    seen = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: seen.append(local_executor().submit(os.getpid).result()))
        thread.start()
        thread.join()
    assert seen[0] == seen[1] != os.getpid()
    os.kill(seen[0], 0)


SERVER = """
import os, sys, time
from core.jobs.worker import local_executor
print(local_executor().submit(os.getpid).result(), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
@pytest.mark.parametrize("end", ["SIGKILL", "SIGTERM"])
def test_a_worker_ends_with_its_server(end):
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True, cwd=settings.ROOT)
    assert server.stdout is not None
    try:
        worker = psutil.Process(int(server.stdout.readline()))
        server.send_signal(getattr(signal, end))
        worker.wait(timeout=30)
    finally:
        server.kill()
        server.communicate()
    assert not worker.is_running()


def test_no_worker_at_all_is_told(store):
    def broken():
        raise OSError("cannot fork")

    jobs = Jobs(broken, store, limits=LIMITS)
    with pytest.raises(Exception, match="no worker could be started"):
        jobs.call("anything", print).result()
    assert len(jobs) == 0
    status = jobs.submit(SMALL)
    assert status.state == "failed" and "cannot fork" in status.message, (
        "the visitor is told, though the run has no folder yet"
    )


def test_progress_is_read_from_the_heartbeat(manual):
    _executor, jobs = manual
    run_id = jobs.submit(beta(1)).run_id
    write_bytes(jobs.store.cache / run_id / HEARTBEAT, b'{"fraction": 0.25, "seconds_left": 9.5}')
    status = jobs.status(run_id)
    assert (status.fraction, status.active) == (0.25, True) and 9 < status.seconds_left <= 9.5


def test_calls_with_one_key_share_a_future(manual):
    executor, jobs = manual
    assert jobs.call("umap", print) is jobs.call("umap", print) and len(executor.futures) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"beta": 500}, "beta=500"),
        ({"latent_dim": 3, "trunk": "mlp-400"}, "latent_dim=3"),
        ({"epochs": 61}, "epochs=61"),
        ({"batch_size": 1}, "batch_size=1"),
    ],
)
def test_outside_the_limits_nothing_starts(manual, change, told):
    executor, jobs = manual
    with pytest.raises(ConfigError, match=told):
        jobs.submit(SMALL.replace(**change), "eve")
    assert executor.futures == [] and len(jobs) == 0 and not any(jobs.store.cache.glob("*"))


def test_many_threads_asking_at_once_start_it_once(store):
    executor = Manual()
    jobs = Jobs(lambda: executor, store, limits=LIMITS)
    config = resolve(beta(1))
    with ThreadPoolExecutor(16) as pool:
        barrier = threading.Barrier(16)

        def ask(i: int) -> JobStatus:
            barrier.wait()
            return jobs.submit(config, f"visitor {i}")

        results = list(pool.map(ask, range(16)))
    assert len(executor.futures) == 1 and sum(r.owner for r in results) == 1


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


@pytest.mark.slow
def test_real_workers_train_stop_die_and_go_on(store):
    """One worker process through its whole life: a run, a stop, a kill, and what is left after each."""
    jobs = Jobs(local_executor, store, limits=LIMITS)
    base = RunConfig(trunk="mlp-400", epochs=1, latent_dim=2, train_size=256)

    done = jobs.submit(base, "ann").run_id
    wait_for(lambda: not jobs.status(done).active)
    assert jobs.status(done).state == "complete" and store.get(done).status() is Status.COMPLETE
    assert jobs.submit(base, "bob").state == "complete"
    wait_for(lambda: len(jobs) == 0)  # the run is complete on disk a moment before its worker answers

    long = base.replace(epochs=60, train_size=4000)
    run_id = jobs.submit(long, "ann").run_id
    wait_for(lambda: len(store.run(run_id).history()) > 2)
    assert jobs.status(run_id).state == "running" and store.run(run_id).preview() is not None
    jobs.stop(run_id, "ann")
    wait_for(lambda: not jobs.status(run_id).active)
    assert jobs.status(run_id).state == "stopped"

    assert jobs.submit(long, "ann").active
    wait_for(lambda: (store.run(run_id).path / HEARTBEAT).exists())
    for pid in list(local_executor()._processes):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not jobs.status(run_id).active)
    assert jobs.status(run_id).state == "failed" and "worker" in jobs.status(run_id).message

    restarted = Jobs(local_executor, store, limits=LIMITS)  # another server over the same files
    assert restarted.status(done, "ann").state == "complete"
    assert restarted.status(run_id, "ann").state == "failed" and "worker" in restarted.status(run_id).message

    after = base.replace(seed=1)
    jobs.submit(after, "ann")
    wait_for(lambda: not jobs.status(resolve(after).run_id).active)
    assert jobs.status(resolve(after).run_id).state == "complete"
    local_executor().shutdown(kill_workers=True)


def test_a_full_disk_is_told_and_does_not_stall_the_queue(manual):
    executor, jobs = manual
    first, second = jobs.submit(beta(1), "ann"), jobs.submit(beta(2), "bob")
    write_bytes(jobs.store.cache / first.run_id / "config.json", beta(1).to_json().encode())

    (jobs.store.cache / first.run_id / "error.txt").mkdir()  # so that the error cannot be written either
    executor.futures[0].set_exception(OSError(28, "No space left on device"))
    status = jobs.status(first.run_id)
    assert status.state == "failed" and "No space left" in status.message
    assert jobs.status(second.run_id).state == "running", "the next one has its turn"


def said(jobs: Jobs, run_id: str, seconds: float, ago: float = 0.0) -> None:
    """A run's heartbeat, written some seconds ago."""
    path = jobs.store.cache / run_id / HEARTBEAT
    write_bytes(path, json.dumps({"fraction": 0.5, "seconds_left": seconds}).encode())
    os.utime(path, (time.time() - ago,) * 2)


def test_a_place_in_the_queue_adds_up(manual):
    """What the running one says it needs, and for each that waits what its kind of training takes on this machine."""
    _executor, jobs = manual
    first, second = jobs.submit(beta(1)), jobs.submit(beta(2))
    third = jobs.submit(beta(3).replace(epochs=3)).run_id
    assert jobs.status(second.run_id).seconds_left is None, "nothing of the kind was ever timed"
    jobs.speeds.learn(beta(1).replace(epochs=2), "cpu", 1e-3, 20.0)  # 10 s an epoch
    said(jobs, first.run_id, 4.0)
    assert jobs.status(second.run_id).seconds_left == pytest.approx(4 + 10, abs=0.5)
    assert jobs.status(third).seconds_left == pytest.approx(4 + 10 + 30, abs=0.5)
    with pytest.raises(QueueFull, match=r"room in about [34] s"):
        jobs.submit(beta(5))
    said(jobs, first.run_id, 4.0, ago=3.0)
    assert jobs.status(first.run_id).seconds_left == pytest.approx(1, abs=0.3), "time goes by between heartbeats"
    assert jobs.status(third).seconds_left == pytest.approx(1 + 10 + 30, abs=0.5)
    said(jobs, first.run_id, 4.0, ago=60.0)
    assert jobs.status(first.run_id).seconds_left == 0


def test_several_at_a_time_share_the_queue(store):
    executor = Manual()
    jobs = Jobs(
        lambda: executor, store, running=2, queued=4, limits=LIMITS, speeds=Speeds(store.cache.parent / "speed.json")
    )
    jobs.speeds.learn(beta(1), "cpu", 1e-3, 10.0)
    ids = [jobs.submit(beta(b)).run_id for b in (1, 2, 3, 4, 5)]
    said(jobs, ids[0], 6.0)
    said(jobs, ids[1], 2.0)
    found = [jobs.status(run_id).seconds_left for run_id in ids[2:]]
    assert found == pytest.approx([2 + 10, 6 + 10, 2 + 10 + 10], abs=0.5), (
        "at 2 s, at 6 s, and when the first of those is through"
    )
