"""How many threads a computation starts: affinity, quotas of both kinds of control groups, and what others use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.hardware import cores
from core.hardware.cores import Host, Threads, Use, available_cores, quota


def group(root: Path, membership: str, files: dict[str, str]) -> tuple[Path, Path]:
    """A folder of control files and a /proc/self/cgroup."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "membership").write_text(membership)
    return root, root / "membership"


V1 = {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}


@pytest.mark.parametrize(
    ("membership", "files", "limit"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/\n", {}, None),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n", "cpu.max": "800000 100000\n"}, 3),
        ("0::/docker/0123\n", {"cpu.max": "200000 100000\n"}, 2),  # the host's path, seen from inside the container
        ("0::/../other\n", {"cpu.max": "200000 100000\n"}, 2),
        ("3:cpu,cpuacct:/\n0::/\n", {f"cpu,cpuacct/{k}": v for k, v in V1.items()}, 0.5),
        ("3:cpu,cpuacct:/docker/0123\n", {f"cpu/{k}": v for k, v in V1.items()}, 0.5),
        ("2:cpuset:/\n1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        (
            "1:cpu:/x\n",
            {"cpu/x/cpu.cfs_quota_us": "-1\n", "cpu/x/cpu.cfs_period_us": "100000\n"}
            | {f"cpu/{k}": v for k, v in V1.items()},
            0.5,
        ),
        ("1:cpuset:/\n", {f"cpuset/{k}": v for k, v in V1.items()}, None),
        ("nonsense\n", {"cpu.max": "x\n"}, None),
        ("0::/\n", {"cpu.max": ""}, None),
    ],
)
def test_the_quota_of_a_control_group(tmp_path, membership, files, limit):
    assert quota(*group(tmp_path, membership, files)) == limit


def test_no_control_groups_is_no_limit(tmp_path):
    assert quota(tmp_path, tmp_path / "absent") is None


@pytest.mark.parametrize(
    ("most", "mask", "count"),
    [("max", 64, 64), ("100000", 64, 1), ("150000", 64, 1), ("400000", 64, 4), ("400000", 2, 2), ("50000", 8, 1)],
)
def test_a_container_with_a_quota_does_not_count_the_hosts_cores(tmp_path, most, mask, count):
    assert available_cores(*group(tmp_path, "0::/\n", {"cpu.max": f"{most} 100000\n"}), mask) == count


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone has affinity masks")
def test_an_affinity_mask_counts():
    script = f"import os; os.sched_setaffinity(0, {{{min(os.sched_getaffinity(0))}}})"
    script += "; from core.hardware import device; print(device.set_threads().count)"
    environment = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "POINT_OR_CLOUD_THREADS")}
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == "1"


class Machine:
    """Clocks of a machine with some cores, other processes that want some, and this one, which wants one per thread."""

    def __init__(self, size: int, available: int | None = None, clocks: bool = True):
        self.size, self.wanted, self.now, self.busy, self.own, self.count = size, 0.0, 0.0, 0.0, 0.0, 0
        self.host = Host(
            cores=lambda: size,
            available=lambda: available or size,
            reading=lambda: Use(self.now, self.busy, self.own) if clocks else None,
            now=lambda: self.now,
        )

    def apply(self, count: int) -> None:
        self.count = count

    def run(self, seconds: float) -> None:
        """Time goes by; where more is wanted than there is, all get the same share of what they want."""
        share = min(1.0, self.size / max(self.count + self.wanted, 1e-9))
        self.now += seconds
        self.own += share * self.count * seconds
        self.busy += share * (self.count + self.wanted) * seconds


def test_threads_follow_the_load_down_and_up():
    machine = Machine(2)
    threads = Threads(machine.apply, host=machine.host)
    assert machine.count == 2, "nothing is known yet"
    for wanted, count in [(0, 2), (0.1, 2), (1, 1), (1, 1), (3, 1), (0, 2), (0, 2), (0.9, 1), (0, 2)]:
        machine.wanted = wanted
        machine.run(0.4)
        threads.follow()
        assert threads.count == machine.count == count, wanted


def test_the_load_before_the_start_counts():
    machine = Machine(2)
    before = machine.host.reading()
    machine.wanted = 1
    machine.run(2)
    assert Threads(machine.apply, before=before, host=machine.host).count == 1


def test_a_number_that_was_asked_for_stays():
    machine = Machine(2)
    threads = Threads(machine.apply, count=3, host=machine.host)
    machine.wanted = 2
    machine.run(5)
    threads.follow()
    assert threads.count == 3


def test_without_clocks_all_available_cores_are_used():
    machine = Machine(8, available=3, clocks=False)
    threads = Threads(machine.apply, spare=1, host=machine.host)
    machine.run(1)
    threads.follow()
    assert threads.count == 2


@given(
    size=st.integers(1, 64),
    available=st.integers(1, 64),
    wanted=st.integers(0, 1000).map(lambda tenths: tenths / 10),
    spare=st.integers(0, 2),
)
def test_it_settles_between_one_and_what_is_allowed(size, available, wanted, spare):
    machine = Machine(size, min(size, available))
    machine.wanted = wanted
    threads = Threads(machine.apply, spare=spare, host=machine.host)
    seen = []
    for _ in range(20):
        machine.run(0.4)
        threads.follow()
        seen.append(threads.count)
    assert len(set(seen[-4:])) == 1, "a steady load gives a steady number"
    most = max(1, min(size, available) - spare) if spare else min(size, available)
    assert 1 <= threads.count <= min(most, cores.MOST)
    assert threads.count == 1 or size / (threads.count + wanted) > 0.85, "none of several threads stands still for long"
    if wanted == 0 and size > 1:
        assert threads.count == min(most, cores.MOST)


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="the kernel's clocks are Linux's")
def test_the_real_clocks_see_this_process_and_others():
    """A reading is of the mask's cores; this process's own work is not counted as others'."""
    before = cores.reading()
    end = before.at + 0.5
    while cores.reading().at < end:
        pass
    after = cores.reading()
    assert after.own > before.own and after.busy > before.busy
    assert 0 <= cores.others(before, after) <= len(cores.affinity()) + 0.2


def test_only_commands_that_follow_the_load_let_threads_spin():
    script = """
import contextlib, os, sys
sys.argv = ["core", "{}", "--help"]
from core.cli.main import program
with contextlib.suppress(SystemExit):
    program()
print(os.environ.get("GOMP_SPINCOUNT"), os.environ["OMP_WAIT_POLICY"])
"""
    environment = {k: v for k, v in os.environ.items() if k not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    for command, spins in {"train": True, "sweep": True, "evaluate": False, "judge": False}.items():
        answer = subprocess.run(
            [sys.executable, "-c", script.format(command)], capture_output=True, text=True, check=True, env=environment
        ).stdout
        assert answer.splitlines()[-1].split() == ["20000" if spins else "None", "PASSIVE"], command
