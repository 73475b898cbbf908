"""The number of CPU cores that a computation may use: those allowed to this process, less those that others use.

    allowed = cores of the affinity mask, at most the quota of the process's control group
    free    = cores of the mask - the time that other processes used on them a moment ago

Threads that compute a small matrix product together wait for the slowest of them every tenth of a millisecond. Beside a
busy process on two cores, two threads are therefore several times slower than one, most of all if waiting threads spin:
the scheduler suspends one of them for milliseconds while the other spins. The number of threads therefore follows the
load during training (`Threads.follow`). The load is known only on Linux; elsewhere it counts as zero.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOST = 4  # the networks are small: further threads would wait longer than they help
WINDOW = 0.3  # seconds over which the load is measured: 30 ticks of the kernel's clock per core
RECENT = 20.0  # seconds after which a reading is too old
SLACK = 0.25  # fraction of a core that others may use before it counts as busy
CGROUPS, MEMBERSHIP, STAT = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"), Path("/proc/stat")


def affinity() -> frozenset[int]:
    """Numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _number(path: Path, word: int = 0) -> float | None:
    """One number of a control file; None if there is no such file or it contains "max"."""
    try:
        return float(path.read_text().split()[word])
    except (OSError, ValueError, IndexError):
        return None


def quota(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> float | None:
    """The number of cores that the process's control group, or a parent of it, may use; None without a limit.

    Control groups of version 2 have it in cpu.max ("200000 100000"), those of version 1 in cpu.cfs_quota_us (-1 for no
    limit) and cpu.cfs_period_us. In a container the path of the group is often that on the host, while the files are at
    the root: every folder from the path up to the root is read, and the smallest value is used.

    Args:
        root: folder of the control groups.
        membership: file with the groups of the process.
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    limits: list[float] = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        names = controllers.split(",")
        if controllers and "cpu" not in names:
            continue
        for top in [root] if not controllers else [root / controllers, root / "cpu"]:
            folder = top / path.strip("/")
            for place in (folder, *folder.parents):
                if controllers:
                    most, period = _number(place / "cpu.cfs_quota_us"), _number(place / "cpu.cfs_period_us")
                else:
                    most, period = _number(place / "cpu.max"), _number(place / "cpu.max", word=1)
                if most is not None and period and most > 0:
                    limits.append(most / period)
                if place == top:
                    break
    return min(limits, default=None)


def available_cores(root: Path = CGROUPS, membership: Path = MEMBERSHIP, mask: int | None = None) -> int:
    """The number of cores that this process may use: at most its quota, rounded down, and at least 1.

    Args:
        root, membership: as for `quota`.
        mask: number of cores in the affinity mask; by default that of this process.
    """
    most, cores = quota(root, membership), mask or len(affinity())
    return cores if most is None else max(1, min(cores, int(most + 0.01)))


@dataclass(frozen=True)
class Use:
    """A reading of the clocks, in seconds: the time, and how long the cores of the mask and this process were busy."""

    at: float
    busy: float
    own: float


def reading(stat: Path = STAT) -> Use | None:
    """The current state of the clocks; None if the system does not provide it."""
    tick = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    mask, busy = affinity(), 0.0
    try:
        for line in stat.read_text().splitlines():
            name, *ticks = line.split()
            if name.startswith("cpu") and name[3:].isdecimal() and int(name[3:]) in mask:
                user, nice, system, _idle, _wait, irq, soft, steal = (int(t) for t in ticks[:8])
                # Stolen time was used by another machine on the same hardware.
                busy += (user + nice + system + irq + soft + steal) / tick
    except (OSError, ValueError):
        return None
    return Use(time.monotonic(), busy, time.process_time())


def others(before: Use, after: Use) -> float:
    """The number of cores that other processes used between two readings."""
    return max(0.0, (after.busy - before.busy - (after.own - before.own)) / (after.at - before.at))


@dataclass(frozen=True)
class Host:
    """What `Threads` needs to know about a machine: by default this one; a simulation provides its own.

    Attributes:
        cores: returns the number of cores in the affinity mask.
        available: returns the number of cores that this process may use.
        reading: returns the state of the clocks; None if the system does not provide it.
        now: returns seconds on a monotonic clock.
    """

    cores: Callable[[], int] = lambda: len(affinity())
    available: Callable[[], int] = available_cores
    reading: Callable[[], Use | None] = reading
    now: Callable[[], float] = time.monotonic


class Threads:
    """The number of threads of this process, which follows the load by other processes.

    Args:
        apply: called with a new number, e.g. `torch.set_num_threads`.
        count: a fixed number; None to follow the load.
        spare: idle cores that are not used.
        before: an earlier reading, so that the first number already takes the load into account.
        host: where cores, load and time are read.

    Attributes:
        count: the current number.
        most: its maximum: the available cores less the spare ones, at most `MOST`.
    """

    def __init__(
        self,
        apply: Callable[[int], None],
        count: int | None = None,
        spare: int = 0,
        before: Use | None = None,
        host: Host | None = None,
    ):
        self.apply, self.fixed, self.host = apply, count is not None, host or Host()
        self.most = count or max(1, min(self.host.available() - spare, MOST))
        self.cores, self.last = self.host.cores(), before or self.host.reading()
        self.count = 0
        self.follow()
        if not self.count:
            self._set(self.most)

    def follow(self) -> None:
        """Adapt the number to the load; calls within `WINDOW` seconds of the last one return at once."""
        if self.fixed or self.most == 1 or self.last is None or self.host.now() - self.last.at < WINDOW:
            return
        before, self.last = self.last, self.host.reading()
        if self.last is not None:
            self._set(max(1, min(self.most, int(self.cores - others(before, self.last) + SLACK))))

    def _set(self, count: int) -> None:
        if count != self.count:
            self.count = count
            self.apply(count)


# Read before torch is imported, which takes seconds: after it the load by others during that time is known.
_at_start = reading()


def threads(apply: Callable[[int], None], count: int | None = None, spare: int = 0) -> Threads:
    """`Threads` of this process, starting with the load since this module was imported if that was recently."""
    fresh = _at_start is not None and time.monotonic() - _at_start.at < RECENT
    return Threads(apply, count, spare, _at_start if fresh else None)


def spin() -> None:
    """Let waiting threads spin for a moment before they sleep; call it before torch is imported.

    On two idle cores an epoch takes a third less time, but beside a busy process many times longer: only for a program
    that calls `Threads.follow` while it computes. See `core.__init__` for the usual setting.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
