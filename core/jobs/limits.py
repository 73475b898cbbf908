"""What may be trained on request: limits per training, per visitor, and for the memory of the machine.

They are enforced where jobs are submitted (`core.jobs.background`), so that no page, link or widget can bypass them.
Pages use the same object to decide what they offer.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

from core import settings
from core.config import FEW_EPOCHS, ConfigError, RunConfig
from core.data.folder_name import PREFIX, token_of
from core.data.sources import DATASETS
from core.hardware import allocator
from core.runs.run import RunError

HOUR = 3600.0


class TooMany(RunError):
    """No training for now: the visitor started too many, or the memory is full. The message says until when."""


@dataclass(frozen=True)
class Limits:
    """What may be trained on request; the defaults are for the user's own machine.

    Attributes:
        betas: smallest and largest beta.
        latent_dims: the latent sizes.
        epochs: the largest number of epochs.
        seeds: seeds must be below this.
        datasets: names of data sets.
        folders: whether folders of images are allowed.
        uploads: whether images that visitors uploaded are allowed. As they are few, they may take more epochs.
        hourly: trainings that one visitor may start per hour; None for no limit.
        memory_mb: memory of this process and its children above which no training starts; None for no limit.
    """

    betas: tuple[float, float] = (0.01, 100.0)
    latent_dims: tuple[int, ...] = (2, 4, 8, 16, 32)
    epochs: int = 60
    seeds: int = 1000
    datasets: tuple[str, ...] = tuple(DATASETS)
    folders: bool = True
    uploads: bool = True
    hourly: int | None = None
    memory_mb: int | None = None

    @property
    def trains(self) -> bool:
        """Whether anything is trained on request at all."""
        return self.hourly != 0

    def offers(self, dataset: str) -> bool:
        """Whether this data set may be shown and trained on."""
        if dataset.startswith(PREFIX):
            return self.uploads if token_of(dataset) else self.folders
        return dataset in self.datasets

    def epochs_on(self, dataset: str) -> int:
        """The largest number of epochs on this data set."""
        return max(self.epochs, FEW_EPOCHS) if token_of(dataset) else self.epochs

    def check(self, config: RunConfig) -> None:
        """Check a config against the limits.

        Raises:
            ConfigError: naming the value, the range and the remedy.
        """

        def require(ok: bool, name: str, value: Any, choices: str) -> None:
            if not ok:
                raise ConfigError(
                    f"{name}={value} cannot be trained on request here; choose {choices}. "
                    "(`python -m core train` has wider limits.)"
                )

        low, high = self.betas
        in_range = config.beta is None or low <= config.beta <= high
        require(in_range, "beta", config.beta, f"a value from {low:g} to {high:g}")
        sizes = ", ".join(map(str, self.latent_dims))
        require(config.latent_dim in self.latent_dims, "latent_dim", config.latent_dim, f"one of {sizes}")
        most = self.epochs_on(config.dataset)
        require(config.epochs <= most, "epochs", config.epochs, f"at most {most}")
        require(config.seed < self.seeds, "seed", config.seed, f"a seed below {self.seeds}")
        require(config.batch_size >= 16, "batch_size", config.batch_size, "at least 16")
        require(self.offers(config.dataset), "dataset", repr(config.dataset), f"one of {', '.join(self.datasets)}")


def limits_from_settings() -> Limits:
    """The limits according to the environment; see the table of settings in README.md."""
    own = Limits()
    return Limits(
        latent_dims=settings.value("LATENT_DIMS"),
        epochs=settings.value("EPOCHS"),
        datasets=settings.value("DATASETS") or own.datasets,
        folders=settings.value("FOLDERS"),
        uploads=settings.value("IMPORT_MB") > 0,
        hourly=settings.value("HOURLY"),
        memory_mb=settings.value("MEMORY_MB"),
    )


class Rate:
    """The trainings that each visitor started in the last hour. Not thread-safe: used under the lock of `Jobs`.

    Args:
        most: trainings per visitor and hour; None for no limit.
    """

    def __init__(self, most: int | None):
        self.most = most
        self._times: dict[str, deque[float]] = defaultdict(deque)

    def spend(self, visitor: str, now: float | None = None) -> None:
        """Count one training of this visitor.

        Raises:
            TooMany: the visitor has reached the limit; says when the next training is possible.
        """
        if self.most is None:
            return
        now = time.monotonic() if now is None else now
        for who in [who for who, times in self._times.items() if times[-1] < now - HOUR]:
            del self._times[who]  # data on a visitor are kept for an hour at most
        if self.most == 0:
            raise TooMany(
                "Nothing is trained on request on this server. Look at the trained models, or run the project on your "
                "own machine: there it trains what you ask for."
            )
        times = self._times[visitor]
        while times and times[0] < now - HOUR:
            times.popleft()
        if len(times) >= self.most:
            minutes = max(math.ceil((times[0] + HOUR - now) / 60), 1)
            raise TooMany(
                f"You started {len(times)} trainings within an hour, as many as one visitor may here. "
                f"The next is possible in {minutes} min; until then, everything that is trained is there to look at, "
                "and on your own machine there is no such limit."
            )
        times.append(now)


def check_memory(most: int | None) -> None:
    """Check that server and workers use at most `most` MB; None for no limit.

    Raises:
        TooMany: they use more.
    """
    if most is not None and (used := memory_mb()) > most:
        raise TooMany(
            f"This server's memory is full ({used:.0f} of {most} MB), so nothing new is trained now. "
            "Try again in some minutes, or look at a trained model."
        )


LARGE = 256 << 10  # bytes of a block that is allocated from the system itself


def spare_memory(pools: int = 2) -> None:
    """Let the process of a server return freed memory to the system; call it before threads start. Only with glibc.

    By default each thread has its own memory pool, up to eight per core, and memory freed in one pool is not used by
    another; a server starts a thread for every rerun of every visitor. Arrays of up to 32 MB are also taken from the
    pools, and small blocks that are still in use prevent their return: after a few minutes with five visitors, 290 of
    600 MB were unused. Here there are few pools, and blocks of at least `LARGE` bytes are allocated from the system and
    returned to it.
    """
    allocator.mallopt({allocator.ARENA_MAX: pools, allocator.MMAP_THRESHOLD: LARGE, allocator.TRIM_THRESHOLD: LARGE})


def memory_mb(process: int | None = None) -> float:
    """Resident memory of a process (by default this one) and all its descendants, in MB; 0 if it does not exist."""
    import psutil

    def resident(one: psutil.Process) -> int:
        try:
            return one.memory_info().rss
        except psutil.Error:  # it ended in the meantime, or belongs to another user
            return 0

    try:
        root = psutil.Process(process)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(resident(one) for one in family) / 1e6
