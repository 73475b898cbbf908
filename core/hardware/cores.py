"""How many CPU cores a computation may use now: what this process is allowed, less what others are using.

    allowed = cores of the affinity mask, at most the quota of the process's control group
    free    = cores of the mask - what other processes used of them a moment ago

Threads that work on one small matrix product wait for the slowest of them every tenth of a millisecond. Beside one busy
process on two cores, two threads therefore take several times longer than one, most of all when they spin while they wait:
the scheduler lets one of them stand for milliseconds, and the other spins through them. So the number of threads follows
the load while a training runs (`Threads.follow`). Elsewhere than on Linux what others use is not known, and counts as nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MOST = 4  # these networks are small: more threads cost more in waiting than they save
WINDOW = 0.3  # seconds over which use is measured: 30 ticks of the kernel's clock a core
RECENT = 20.0  # seconds after which a reading says nothing about now
SLACK = 0.25  # of a core that others may use before it counts as taken
CGROUPS, MEMBERSHIP, STAT = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup"), Path("/proc/stat")


def affinity() -> frozenset[int]:
    """Numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _number(path: Path, word: int = 0) -> float | None:
    """One number of a control file; None where there is no such file or it says "max"."""
    try:
        return float(path.read_text().split()[word])
    except (OSError, ValueError, IndexError):
        return None


def quota(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> float | None:
    """Cores' worth of time that the process's control group, or one around it, may use; None where there is no limit.

    Control groups of version 2 keep it in cpu.max ("200000 100000"), of version 1 in cpu.cfs_quota_us (-1 is no limit) and
    cpu.cfs_period_us. In a container the group's path is often that of the host, while the files lie at the root: every
    folder from the path up to the root is asked, and the least answer counts.
    """
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return None
    limits = []
    for line in lines:
        _, controllers, path = (line.split(":", 2) + ["", ""])[:3]
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
    """Cores that this process may keep busy: at most its quota rounded down, at least 1.

    `mask` is the number of cores in the affinity mask, by default this process's.
    """
    most, cores = quota(root, membership), mask or len(affinity())
    return cores if most is None else max(1, min(cores, int(most + 0.01)))


@dataclass(frozen=True)
class Use:
    """A reading of the clocks: seconds that the mask's cores have been busy, and that this process has, at a time."""

    at: float
    busy: float
    own: float


def reading(stat: Path = STAT) -> Use | None:
    """The clocks now; None where the system does not tell."""
    tick = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
    mask, busy = affinity(), 0.0
    try:
        for line in stat.read_text().splitlines():
            name, *ticks = line.split()
            if name.startswith("cpu") and name[3:].isdecimal() and int(name[3:]) in mask:
                user, nice, system, _idle, _wait, irq, soft, steal = (int(t) for t in ticks[:8])
                busy += (
                    user + nice + system + irq + soft + steal
                ) / tick  # stolen: another machine on the same hardware
    except (OSError, ValueError):
        return None
    return Use(time.monotonic(), busy, time.process_time())


def others(before: Use, after: Use) -> float:
    """Cores that other processes kept busy between two readings."""
    return max(0.0, (after.busy - before.busy - (after.own - before.own)) / (after.at - before.at))


@dataclass(frozen=True)
class Host:
    """What `Threads` asks the machine it runs on. By default that is this machine; a simulation passes its own.

    Attributes:
        cores: number of cores in the affinity mask.
        available: number of cores this process may keep busy.
        reading: what has been used so far, None where the system does not say.
        now: seconds on a monotonic clock.
    """

    cores: Callable[[], int] = lambda: len(affinity())
    available: Callable[[], int] = available_cores
    reading: Callable[[], Use | None] = reading
    now: Callable[[], float] = time.monotonic


class Threads:
    """The number of threads of this process, following what others leave free.

    Args:
        apply: called with a new number: `torch.set_num_threads`.
        count: this many whatever the load; None follows it.
        spare: cores to leave to others in any case.
        before: an earlier reading, so that the first number already knows the load.
        host: where cores, load and time are read.

    Attributes:
        count: the number now.
        most: never more: the cores that are available less the spare ones, at most `MOST`.
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
        """Look what others use and change the number accordingly; at most once in `WINDOW` seconds, else it costs nothing."""
        if self.fixed or self.most == 1 or self.last is None or self.host.now() - self.last.at < WINDOW:
            return
        before, self.last = self.last, self.host.reading()
        if self.last is not None:
            self._set(max(1, min(self.most, int(self.cores - others(before, self.last) + SLACK))))

    def _set(self, count: int) -> None:
        if count != self.count:
            self.count = count
            self.apply(count)


_begun = reading()  # before torch, whose import takes seconds: by then it is known what others use


def threads(apply: Callable[[int], None], count: int | None = None, spare: int = 0) -> Threads:
    """`Threads` of this process; what others used since it began counts where that is not long ago."""
    fresh = _begun is not None and time.monotonic() - _begun.at < RECENT
    return Threads(apply, count, spare, _begun if fresh else None)


def spin() -> None:
    """Let threads that wait for one another spin for a moment before they sleep; to be called before torch is imported.

    On two cores that others leave alone an epoch is a third shorter for it, and beside a busy process many times longer:
    only for a program that calls `Threads.follow` while it computes. See `core.__init__` for the usual setting.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
