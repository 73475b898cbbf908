"""What may be trained on request: by one visitor, and by all of them together on one machine.

Enforced where jobs are submitted (`core.jobs.background`), so that no page, link or widget can go around it; pages ask the same
object what to offer.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from core import settings
from core.config import ConfigError, RunConfig
from core.data.sources import DATASETS
from core.hardware import allocator
from core.runs.run import RunError

HOUR = 3600.0


class TooMany(RunError):
    """Not now: the visitor has asked for much, or the machine is full. The message says until when."""


@dataclass(frozen=True)
class Limits:
    """What may be trained on request; the defaults suit one's own machine.

    Attributes:
        hourly: trainings one visitor may start in an hour; None is no limit.
        memory_mb: memory of this process and its children above which nothing new is trained; None is no limit.

    Raises (from `check`):
        ConfigError: naming the value, the range and the remedy.
    """

    betas: tuple[float, float] = (0.01, 100.0)
    latent_dims: tuple[int, ...] = (2, 4, 8, 16, 32)
    epochs: int = 60
    seeds: int = 1000
    datasets: tuple[str, ...] = tuple(DATASETS)
    folders: bool = True
    hourly: int | None = None
    memory_mb: int | None = None

    def offers(self, dataset: str) -> bool:
        """Whether this data set may be shown and trained on."""
        return dataset in self.datasets or (self.folders and dataset.startswith("folder:"))

    def check(self, config: RunConfig) -> None:
        def require(ok: bool, name: str, value: Any, choices: str) -> None:
            if not ok:
                raise ConfigError(
                    f"{name}={value} cannot be trained on request here; choose {choices}. (`python -m core train` has wider limits.)"
                )

        low, high = self.betas
        require(
            config.beta is None or low <= config.beta <= high,
            "beta",
            f"{config.beta}",
            f"a value from {low:g} to {high:g}",
        )
        require(
            config.latent_dim in self.latent_dims,
            "latent_dim",
            config.latent_dim,
            f"one of {', '.join(map(str, self.latent_dims))}",
        )
        require(config.epochs <= self.epochs, "epochs", config.epochs, f"at most {self.epochs}")
        require(config.seed < self.seeds, "seed", config.seed, f"a seed below {self.seeds}")
        require(config.batch_size >= 16, "batch_size", config.batch_size, "at least 16")
        require(self.offers(config.dataset), "dataset", repr(config.dataset), f"one of {', '.join(self.datasets)}")


def limits_from_settings() -> Limits:
    """The limits that the environment asks for; see the table in README.md."""
    own = Limits()
    return Limits(
        latent_dims=settings.value("LATENT_DIMS"),
        epochs=settings.value("EPOCHS"),
        datasets=settings.value("DATASETS") or own.datasets,
        folders=settings.value("FOLDERS"),
        hourly=settings.value("HOURLY"),
        memory_mb=settings.value("MEMORY_MB"),
    )


class Rate:
    """Who started how many trainings in the last hour. Not thread-safe: the owner's lock is held.

    Args:
        most: a visitor's trainings an hour; None is no limit.
    """

    def __init__(self, most: int | None):
        self.most = most
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def spend(self, visitor: str, now: float | None = None) -> None:
        """Count one training of this visitor.

        Raises:
            TooMany: it would be one too many; says when the next is possible.
        """
        if self.most is None:
            return
        now = time.monotonic() if now is None else now
        for who in [who for who, times in self._times.items() if times[-1] < now - HOUR]:
            del self._times[who]  # nobody is remembered for longer than an hour
        if self.most == 0:
            raise TooMany(
                "Nothing is trained on request on this server. Look at the trained models, or run the project on your own machine: there it trains what you ask for."
            )
        times = self._times[visitor]
        while times and times[0] < now - HOUR:
            times.popleft()
        if len(times) >= self.most:
            minutes = max(math.ceil((times[0] + HOUR - now) / 60), 1)
            raise TooMany(
                f"You started {len(times)} trainings within an hour, as many as one visitor may here. The next is possible in {minutes} min; "
                "until then, everything that is trained is there to look at, and on your own machine there is no such limit."
            )
        times.append(now)


def check_memory(most: int | None) -> None:
    """Refuse when server and workers already use more than `most` MB.

    Raises:
        TooMany: they do.
    """
    if most is not None and (used := memory_mb()) > most:
        raise TooMany(
            f"This server's memory is full ({used:.0f} of {most} MB), so nothing new is trained now. Try again in some minutes, or look at a trained model."
        )


LARGE = 256 << 10  # bytes


def spare_memory(pools: int = 2) -> None:
    """Have a server's process give back what it frees; does nothing without glibc. To be called before its threads start.

    By default each thread gets a pool of memory of its own, up to eight per core, and what was freed in one serves no other:
    a server makes a thread for every rerun of every visitor. And arrays of up to 32 MB are taken from the pools, where small
    blocks that live on keep them from being given back: 290 of 600 MB, used by nobody, after a few minutes of five visitors.
    So there are few pools, and arrays from a quarter of a MB on come from the system itself and go back to it.
    """
    allocator.mallopt({allocator.ARENA_MAX: pools, allocator.MMAP_THRESHOLD: LARGE, allocator.TRIM_THRESHOLD: LARGE})


def memory_mb(process: int | None = None) -> float:
    """Resident memory of a process, by default this one, and of all its descendants, in MB; 0 for a process that is gone."""
    import psutil

    def resident(one: psutil.Process) -> int:
        try:
            return one.memory_info().rss
        except psutil.Error:  # it ended meanwhile, or belongs to somebody else
            return 0

    try:
        root = psutil.Process(process)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(resident(one) for one in family) / 1e6
