"""What a training costs on this machine, in words, before it starts."""

from __future__ import annotations

from core.config import RunConfig
from core.data.sources import DATASETS
from core.training.duration import Speeds
from core.training.memory import memory_mb


def duration(seconds: float) -> str:
    """A time in words, rounded as an estimate is: "8 s", "3 min", "2 h"."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def memory(megabytes: float) -> str:
    """An amount of memory in words: "350 MB", "1.4 GB"."""
    return f"{round(megabytes, -1):.0f} MB" if megabytes < 995 else f"{megabytes / 1000:.1f} GB"


def sizes(dataset: str) -> tuple[int, int] | None:
    """Numbers of training and test images of a named data set; None if they are not known before it is read."""
    source = DATASETS.get(dataset)
    return source.size if source else None


def cost(config: RunConfig, images: tuple[int, int] | None, speeds: Speeds | None = None) -> str:
    """Time and memory of a training: "about 8 s and 450 MB of memory on this machine"; "" if nothing is known.

    Args:
        config: of the run.
        images: numbers of training and test images; None if they are not known.
        speeds: how long trainings took here; by default those in the user's cache.
    """
    if images is None:
        return ""
    train, test = images
    train = min(train, config.train_size or train)
    seconds = (speeds or Speeds()).estimate(config, train, test)
    space = f"{memory(memory_mb(config, train, test))} of memory"
    if seconds is None:
        return f"about {space}; how long it takes is known once something was trained on this machine"
    return f"about {duration(seconds)} and {space} on this machine"
