"""What one visitor and one machine may be asked for."""

import ctypes
import subprocess
import sys
from concurrent.futures import Future

import pytest

from core.config import ConfigError, RunConfig
from core.jobs.background import Jobs
from core.jobs.from_settings import jobs_from_settings
from core.jobs.limits import Limits, Rate, TooMany, check_memory, memory_mb
from core.runs.store import RunStore

SMALL = RunConfig(dataset="tiny", trunk="mlp-400", epochs=1, latent_dim=2)


class Manual:
    """An executor whose tasks end when the test says so."""

    def __init__(self):
        self.futures: list[Future] = []

    def submit(self, *_):
        self.futures.append(Future())
        return self.futures[-1]


def jobs_with(store: RunStore, **limits) -> tuple[Manual, Jobs]:
    executor = Manual()
    return executor, Jobs(lambda: executor, store, queued=100, limits=Limits(datasets=("tiny",), **limits))


def test_a_visitor_has_so_many_an_hour_and_others_are_not_touched(store):
    _executor, jobs = jobs_with(store, hourly=2)
    for beta in (1, 2):
        jobs.submit(SMALL.replace(beta=beta), "ann")
    with pytest.raises(TooMany, match=r"2 trainings within an hour.*next is possible in 60 min"):
        jobs.submit(SMALL.replace(beta=3), "ann")
    assert len(jobs) == 2
    jobs.submit(SMALL.replace(beta=3), "bob")
    assert jobs.submit(SMALL.replace(beta=3), "ann").visitors == 2, "sharing another's training costs nothing"


def test_an_hour_later_there_is_room_again():
    rate = Rate(2)
    rate.spend("ann", 0.0)
    rate.spend("ann", 1800.0)
    with pytest.raises(TooMany, match="in 30 min"):
        rate.spend("ann", 1801.0)
    rate.spend("ann", 3601.0)
    with pytest.raises(TooMany):
        rate.spend("ann", 3602.0)


def test_a_rate_of_nothing_trains_nothing(store):
    executor, jobs = jobs_with(store, hourly=0)
    with pytest.raises(TooMany, match="Nothing is trained on request"):
        jobs.submit(SMALL, "ann")
    assert executor.futures == [] and len(jobs) == 0


def test_a_full_memory_trains_nothing(store):
    executor, jobs = jobs_with(store, memory_mb=1)
    with pytest.raises(TooMany, match="memory is full"):
        jobs.submit(SMALL, "ann")
    assert executor.futures == [] and len(jobs) == 0
    check_memory(None)
    check_memory(10**9)


def test_memory_counts_children():
    before = memory_mb()
    assert before > 20, "this very process is larger"
    with subprocess.Popen(
        [sys.executable, "-c", "b = bytearray(150_000_000); print(len(b), flush=True); input()"], stdin=-1, stdout=-1
    ) as child:
        child.stdout.readline()
        assert memory_mb() - before > 140
        child.kill()


def test_the_demo_profile_is_enforced_where_jobs_are_submitted(store, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_PROFILE", "demo")
    jobs = jobs_from_settings(store)
    for refused in (
        {"epochs": 11},
        {"latent_dim": 4},
        {"latent_dim": 32},
        {"dataset": "mnist"},
        {"dataset": "folder:/etc"},
        {"batch_size": 1},
        {"seed": 5000},
    ):
        with pytest.raises(ConfigError, match=next(iter(refused))):
            jobs.submit(RunConfig(**{"epochs": 10, **refused}), "eve")
    assert (
        (jobs.running, jobs.queued, jobs.limits.hourly) == (1, 4, 6)
        and len(jobs) == 0
        and not any(store.cache.glob("*"))
    )


def test_abandoned_runs_are_evicted_like_finished_ones(store):
    """A visitor who starts and stops trainings all day does not fill the disk; a run in training is kept."""
    import os
    import time

    for name, age in (("left", 10_000), ("lately", 5)):
        folder = store.cache / name
        folder.mkdir(parents=True)
        for file in ("config.json", "history.jsonl", "resume.safetensors"):
            (folder / file).write_bytes(b"0" * 1000)
        for path in (*folder.iterdir(), folder):
            os.utime(path, (time.time() - age,) * 2)
    store.limit_bytes = 100
    assert store.evict() == ["left"]


POOLS = """
import ctypes, sys, threading
from core.jobs.limits import spare_memory

if sys.argv[1] == "shared":
    spare_memory()
gate = threading.Barrier(12)
threads = [threading.Thread(target=gate.wait) for _ in range(12)]  # all alive at once
[thread.start() for thread in threads] and [thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file), libc.fclose(file)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="pools are glibc's")
def test_threads_share_two_memory_pools(tmp_path):
    pools = {}
    for name in ("shared", "own"):
        subprocess.run([sys.executable, "-c", POOLS, name, str(tmp_path / name)], check=True, timeout=60)
        pools[name] = (tmp_path / name).read_text().count("<heap nr=")
    assert pools["shared"] <= 2 < pools["own"]


FREED = """
import sys
import numpy as np
from core.jobs.limits import spare_memory

def anonymous():
    return next(int(line.split()[1]) for line in open("/proc/self/smaps_rollup") if line.startswith("Anonymous")) / 1000

if sys.argv[1] == "spared":
    spare_memory()
np.ones(8 << 20, np.uint8)  # freed at once: from here on glibc takes blocks of this size from its pools
before, large, small = anonymous(), [], []
for _ in range(100):
    large.append(np.ones(1 << 20, np.uint8))
    small.append(np.ones(60_000, np.uint8))  # lies between two large ones, and stays
large.clear()
print(anonymous() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="pools are glibc's")
def test_large_arrays_go_back_to_the_system():
    def held(name: str) -> float:
        return float(
            subprocess.run(
                [sys.executable, "-c", FREED, name], check=True, timeout=60, capture_output=True, text=True
            ).stdout
        )

    assert held("spared") < 20 < 80 < held("not")
