"""The progress of a run in training: the time it has left, its heartbeat and live preview, and requests to stop it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from core.config import RunConfig
from core.data.dataset import Dataset
from core.errors import FAILURE
from core.files import write_bytes
from core.runs.run import HEARTBEAT, LIVE, STOP, Run, RunError
from core.training import evaluation
from core.training.duration import Pace, Speeds, Work
from core.training.loop import Epoch

BEAT_SECONDS = 0.4


class Stopped(RunError):
    """Training was asked to stop. Its state is kept; training the same config again continues from there."""

    exit_code = FAILURE


@dataclass(frozen=True)
class Clock:
    """Where a training reads the time; by default the system's clocks.

    Attributes:
        elapsed: seconds since some moment in the past.
        processor: seconds for which the processor's cores have computed for this process.
    """

    elapsed: Callable[[], float] = time.monotonic
    processor: Callable[[], float] = time.process_time


SYSTEM = Clock()


class Timing:
    """The speed of a run in training and the time it has left, in seconds (see `core.training.duration`)."""

    def __init__(self, config: RunConfig, clock: Clock = SYSTEM):
        self.config, self.clock = config, clock
        self.began, self.computing = clock.elapsed(), clock.processor()
        self.speeds, self.pace = Speeds(), Pace()
        self.device, self.work = "", None
        self.known: float | None = None
        self.last: tuple[float, float] | None = None  # when work was last counted, and the work left then

    def start(self, work: Work, device: str) -> None:
        """The data are loaded: from here on there is an estimate, if only from earlier runs."""
        self.work, self.device = work, device
        self.known = self.speeds.seconds(self.config, device)

    @property
    def share(self) -> float:
        """Processor time per elapsed time: below 1 where other processes compete for the core."""
        elapsed = max(self.clock.elapsed() - self.began, 1e-3)
        return min(max((self.clock.processor() - self.computing) / elapsed, 0.02), 1.0)

    def seconds_left(self, fraction: float, measurements: int) -> float | None:
        """The estimate after this fraction of the steps and so many measurements; None without any basis."""
        if self.work is None:
            return None
        now, left = self.clock.elapsed(), self.work.left(fraction, measurements)
        if self.last is not None and now > self.last[0]:
            self.pace.add(now - self.last[0], self.last[1] - left)
        # What happens before the first measurement happens once per process and says nothing about the speed.
        self.last = (now, left) if measurements else None
        self.pace.known = self.known and self.known / self.share
        return None if self.pace.now is None else self.pace.now * left

    def learn(self, whole_run: bool = False) -> None:
        """Keep the measured speed for later runs; the total time is the elapsed one of a whole run, else predicted."""
        if self.pace.measured and self.work is not None:
            seconds = self.share * self.pace.measured
            total = self.share * (self.clock.elapsed() - self.began) if whole_run else seconds * self.work.total
            self.speeds.learn(self.config, self.device, seconds, total)


class Heartbeat:
    """What a run in training does between epochs, at most every so many `seconds`.

    It calls `on_beat`, looks for a request to stop, and writes the live preview and the heartbeat file.
    """

    def __init__(
        self, run: Run, timing: Timing, measurements: int, on_beat: Callable[[], object] | None, seconds: float
    ):
        self.run, self.timing, self.measurements, self.on_beat = run, timing, measurements, on_beat
        self.seconds = seconds
        self.last = timing.began
        self.shown: tuple[Epoch, Dataset] | None = None  # what the live preview draws

    def beat(self, fraction: float) -> None:
        """A beat after this fraction of the steps, unless the last one was a moment ago.

        Raises:
            Stopped: the run was asked to stop.
        """
        now = self.timing.clock.elapsed()
        # The first beats follow quickly, so that a page soon shows progress.
        if now - self.last >= min(self.seconds, (now - self.timing.began) / 2):
            self.beat_now(fraction, draw=True)

    def beat_now(self, fraction: float, draw: bool = False) -> None:
        """A beat at any time; the live preview is written only if `draw`.

        Raises:
            Stopped: the run was asked to stop.
        """
        self.last = self.timing.clock.elapsed()
        if self.on_beat is not None:
            self.on_beat()
        if (self.run.path / STOP).exists():
            reached = max(self.measurements - 1, 0)
            raise Stopped(f"{self.run.run_id} was stopped. Ask for it again to continue from epoch {reached}.")
        if draw and self.shown is not None:
            epoch, dataset = self.shown
            write_bytes(self.run.path / LIVE, evaluation.preview(epoch.model.reference(), dataset))
        left = self.timing.seconds_left(fraction, self.measurements)
        progress = {"fraction": round(fraction, 4), "seconds_left": left and round(left, 1)}
        write_bytes(self.run.path / HEARTBEAT, json.dumps(progress).encode())
