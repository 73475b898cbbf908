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


def available_cores(root: Path = CGROUPS, membership: Path = MEMBERSHIP) -> int:
    """Cores that this process may keep busy: those of its affinity mask, at most its quota rounded down, at least 1."""
    most, cores = quota(root, membership), len(affinity())
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
                busy += (user + nice + system + irq + soft + steal) / tick  # stolen: another machine on the same hardware
    except (OSError, ValueError):
        return None
    return Use(time.monotonic(), busy, time.process_time())


def others(before: Use, after: Use) -> float:
    """Cores that other processes kept busy between two readings."""
    return max(0.0, (after.busy - before.busy - (after.own - before.own)) / (after.at - before.at))


class Threads:
    """The number of threads of this process, following what others leave free.

    Args:
        most: never more; None is one a core that is available (`available_cores`), at most `MOST`.
        spare: cores to leave to others in any case.
        apply: called with a new number: `torch.set_num_threads`.
        read: the clocks; None where there are none.

    Attributes:
        count: the number now.
    """

    def __init__(self, apply: Callable[[int], None], most: int | None = None, spare: int = 0, read: Callable[[], Use | None] = reading):
        self.apply, self.read = apply, read
        self.most = most or max(1, min(available_cores() - spare, MOST))
        self.cores = len(affinity())
        self.last = STARTED if read is reading else read()
        self.count = 0
        self.follow()
        if not self.count:
            self._set(self.most)

    def follow(self) -> None:
        """Look what others use and change the number accordingly; at most once in `WINDOW` seconds, and at little cost."""
        now = self.read()
        if now is None or self.last is None or now.at - self.last.at < WINDOW:
            return
        free = self.cores - others(self.last, now)
        self.last = now
        self._set(max(1, min(self.most, int(free + SLACK))))

    def _set(self, count: int) -> None:
        if count != self.count:
            self.count = count
            self.apply(count)


STARTED = reading()  # when this module was first imported: by the time a command begins to compute, long enough ago
