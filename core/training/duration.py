"""How long a training takes on this machine: what is left to do, times how long its kind of work took a moment ago.

Work is counted in images trained on. An epoch's measurement and the publishing of a finished run are worth a fixed number
of those, so that one figure, seconds an image, tells the time of everything. It is measured while a run trains and kept in
the cache folder by kind of training, so that the next one of that kind has an estimate before it begins, and those that
wait for it have one, too. What is kept is the time with a core of its own; a run that shares one notices by the share it is
given, before it has measured much. No torch: the server asks.
"""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig

MEASURED = 1000  # test images measured after every epoch; the finished run is measured on all of them
TEST_IMAGE = (
    0.65  # measuring one: forward through the encoder and twice through the decoder, by epochs of both timed on CPUs
)
PUBLISHED_IMAGE = 0.3  # encoding one for the densities of a finished run, and fitting those
PUBLISHED_MOST = 10_000
PRIOR_SECONDS = 0.1  # of this run that what is known from earlier ones is worth
MEMORY_SECONDS = 2.5  # a busier machine is noticed in about this time


class Work:
    """The work of one run in images trained on.

    Args:
        config: of the run.
        images: training images an epoch.
        tests: test images of the data set.
    """

    def __init__(self, config: RunConfig, images: int, tests: int):
        self.epochs, self.images = config.epochs, images
        self.epoch_end = TEST_IMAGE * min(tests, MEASURED)
        self.publishing = TEST_IMAGE * tests + PUBLISHED_IMAGE * min(images, PUBLISHED_MOST)
        self.total = self.left(0.0, 0)

    def left(self, fraction: float, measurements: int) -> float:
        """What is left when this fraction of the training steps is done, and so many measurements, the first before any step."""
        return (
            (1 - fraction) * self.epochs * self.images
            + (self.epochs + 1 - measurements) * self.epoch_end
            + self.publishing
        )


class Pace:
    """Seconds an image, from how far a run got in what time; the last few seconds count most.

    Args:
        known: seconds an image from earlier runs, or None.
    """

    def __init__(self, known: float | None = None):
        self.known, self.prior, self.seconds, self.images = known, PRIOR_SECONDS, 0.0, 0.0

    def add(self, seconds: float, images: float) -> None:
        """So much work was done in so much time."""
        keep = math.exp(-seconds / MEMORY_SECONDS)
        self.prior *= keep
        self.seconds, self.images = keep * self.seconds + seconds, keep * self.images + images

    @property
    def measured(self) -> float | None:
        """Seconds an image in this run alone."""
        return self.seconds / self.images if self.images else None

    @property
    def now(self) -> float | None:
        """The best estimate of seconds an image; None while there is nothing to base it on."""
        if not self.known or not self.measured:
            return self.measured or self.known
        weight = self.prior / (self.prior + self.seconds)
        return self.known**weight * self.measured ** (1 - weight)  # so that too fast and too slow are equally wrong


def kind(config: RunConfig) -> str:
    """Runs that take the same time an image, as far as their config tells."""
    return f"{config.dataset} {config.model} {config.trunk} {config.optimiser} batch {config.batch_size}"


class Speeds:
    """Seconds an image of each kind of training on each device, in one file; whatever is wrong with it counts as unknown.

    Args:
        path: the file; by default in the user's cache folder.
    """

    def __init__(self, path: Path | None = None):
        self.path = path or settings.cache_dir() / "speed.json"

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self.path.read_bytes())
            entries = {k: dict(v) for k, v in found.items()}
            return {
                k: v
                for k, v in entries.items()
                if all(0 < float(v[n]) < math.inf for n in ("seconds", "total")) and isinstance(v["kind"], str)
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}

    def seconds(self, config: RunConfig, device: str | None = None) -> float | None:
        """Seconds an image on a device, as `core.hardware.device.describe` names it; None stands for whichever was used last.

        A kind that was never trained gets the median of the kinds that were.
        """
        entries = [v for v in self._read().values() if device is None or v.get("device") == device]
        same = [v for v in entries if v["kind"] == kind(config)]
        if same:
            return float(same[-1]["seconds"])
        return statistics.median(float(v["seconds"]) for v in entries) if entries else None

    def expected(self, config: RunConfig) -> float | None:
        """Seconds a whole run should take; None where no run of its kind was ever timed."""
        known = [v for v in self._read().values() if v["kind"] == kind(config)]
        return config.epochs * float(known[-1]["total"]) if known else None

    def learn(self, config: RunConfig, device: str, seconds: float, total: float) -> None:
        """Keep what a run has measured: seconds an image, and the whole run's. A disk that cannot be written costs only the estimate."""
        from core.files import write_json

        entries = self._read()
        key = f"{device}: {kind(config)}"
        entries.pop(key, None)  # the last one written is the last one used
        entries[key] = {"kind": kind(config), "device": device, "seconds": seconds, "total": total / config.epochs}
        try:
            write_json(self.path, entries)
        except (OSError, ValueError):
            pass
