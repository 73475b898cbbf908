"""How long a training takes on this machine: the work that is left times the current seconds per unit of work.

The unit of work is one training image. The measurement after an epoch and the publishing of a finished run count as a
fixed number of images, so that a single figure, seconds per image, gives the time of everything. It is measured during
training and kept in the cache folder for each kind of training: the next run of that kind, and runs that wait behind
it, have an estimate before they start. The kept figure is the time with a processor core of its own; a run that shares
a core corrects it by its share of processor time. This module does not import torch: the server uses it.
"""

from __future__ import annotations

import contextlib
import json
import math
import statistics
from pathlib import Path
from typing import Any

from core import settings
from core.config import RunConfig
from core.data.form import shape_named

MEASURED = 1000  # test images measured after every epoch; the finished run is measured on all of them
# Units of work for measuring a test image: once through the encoder and twice through the decoder, timed on CPUs.
TEST_IMAGE = 0.65
# Units of work for encoding an image for the densities of a finished run, and for fitting those.
PUBLISHED_IMAGE = 0.3
PUBLISHED_MOST = 10_000  # images the densities are fitted to
PRIOR_SECONDS = 0.05  # the speed known from earlier runs weighs as much as this time of the current run
MEMORY_SECONDS = 2.5  # time constant after which a change of speed is noticed


class Work:
    """The work of one run, counted in training images.

    Args:
        config: of the run.
        images: training images per epoch.
        tests: test images of the data set.
    """

    def __init__(self, config: RunConfig, images: int, tests: int):
        self.epochs, self.images = config.epochs, images
        self.epoch_end = TEST_IMAGE * min(tests, MEASURED)
        self.publishing = TEST_IMAGE * tests + PUBLISHED_IMAGE * min(images, PUBLISHED_MOST)
        self.total = self.left(0.0, 0)

    def left(self, fraction: float, measurements: int) -> float:
        """The work left after this fraction of the training steps and so many measurements.

        There is one measurement before the first step and one after every epoch.
        """
        return (
            (1 - fraction) * self.epochs * self.images
            + (self.epochs + 1 - measurements) * self.epoch_end
            + self.publishing
        )


class Pace:
    """Seconds per image of a run in progress, with more weight on the last few seconds.

    Args:
        known: seconds per image from earlier runs, or None.
    """

    def __init__(self, known: float | None = None):
        self.known, self.prior, self.seconds, self.images = known, PRIOR_SECONDS, 0.0, 0.0

    def add(self, seconds: float, images: float) -> None:
        """Record that the work of so many images took so many seconds."""
        keep = math.exp(-seconds / MEMORY_SECONDS)
        self.prior *= keep
        self.seconds, self.images = keep * self.seconds + seconds, keep * self.images + images

    @property
    def measured(self) -> float | None:
        """Seconds per image in this run alone; None before the first record."""
        return self.seconds / self.images if self.images else None

    @property
    def now(self) -> float | None:
        """The best estimate of seconds per image; None without any basis."""
        if not self.known or not self.measured:
            return self.measured or self.known
        weight = self.prior / (self.prior + self.seconds)
        # The geometric mean: a factor too fast and the same factor too slow are equally wrong.
        return self.known**weight * self.measured ** (1 - weight)


def kind(config: RunConfig) -> str:
    """The key under which speeds are kept: runs of the same kind take about the same time per image."""
    return f"{config.dataset} {config.model} {config.trunk} {config.optimiser} batch {config.batch_size}"


class Speeds:
    """Seconds per image for each kind of training and device, kept in one file. An unreadable file counts as empty.

    Args:
        path: the file; by default speed.json in the user's cache folder.
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
        """Seconds per image, or None if nothing is known.

        A kind that was never trained here gets the median of the kinds that were.

        Args:
            config: of the run.
            device: a name returned by `core.hardware.device.describe`; None for the device that was used last.
        """
        entries = [v for v in self._read().values() if device is None or v.get("device") == device]
        same = [v for v in entries if v["kind"] == kind(config)]
        if same:
            return float(same[-1]["seconds"])
        return statistics.median(float(v["seconds"]) for v in entries) if entries else None

    def expected(self, config: RunConfig) -> float | None:
        """Seconds that the whole run is expected to take; None if no run of its kind was ever timed."""
        known = [v for v in self._read().values() if v["kind"] == kind(config)]
        return config.epochs * float(known[-1]["total"]) if known else None

    def estimate(self, config: RunConfig, images: int, tests: int) -> float | None:
        """Seconds that the whole run is likely to take; None if no run was ever timed here.

        For a kind that was never trained, the median speed of the others, in proportion to the numbers per image.

        Args:
            config: of the run.
            images: training images per epoch.
            tests: test images of the data set.
        """
        if (known := self.expected(config)) is not None:
            return known
        speeds = [float(v["seconds"]) / shape_named(v["kind"].rsplit(" ", 5)[0]).pixels for v in self._read().values()]
        work = Work(config, images, tests).total
        return statistics.median(speeds) * config.shape.pixels * work if speeds else None

    def learn(self, config: RunConfig, device: str, seconds: float, total: float) -> None:
        """Keep the figures of a run. If the file cannot be written, later runs have no estimate; nothing else fails.

        Args:
            config: of the run.
            device: a name returned by `core.hardware.device.describe`.
            seconds: per image.
            total: seconds of the whole run.
        """
        from core.files import write_json

        entries = self._read()
        key = f"{device}: {kind(config)}"
        entries.pop(key, None)  # written again at the end: the last entry is the one used last
        entries[key] = {"kind": kind(config), "device": device, "seconds": seconds, "total": total / config.epochs}
        with contextlib.suppress(OSError, ValueError):
            write_json(self.path, entries)
