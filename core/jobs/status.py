"""The state of a job as it is reported to a visitor, and the errors of the queue."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import FAILURE
from core.runs.run import RunError

WORKER_LOST = (
    "the worker exited unexpectedly (killed, or out of memory). "
    "Ask again: training continues from the last saved epoch."
)


class WorkerLost(RunError):
    """The process that ran a job exited unexpectedly. Its saved state is kept, and the next request continues there."""

    exit_code = FAILURE

    def __init__(self, message: str = WORKER_LOST):
        super().__init__(message)


class QueueFull(RunError):
    """The queue is full; the message says when there should be room."""


@dataclass(frozen=True)
class JobStatus:
    """The state of a run for one visitor.

    Attributes:
        run_id: of the run.
        state: "queued", "running", "stopping", or the state according to the files (`core.runs.run.Status`):
            "complete", "stopped", "failed", "stale", "damaged", "absent".
        position: place in the queue, 1 for the next; 0 if it is not queued.
        fraction: of training done, 0 to 1.
        seconds_left: estimated time until the run is finished, including the queue; None without any basis.
        owner: whether this visitor was the first to ask for the run and may stop it.
        visitors: number of visitors who wait for it.
        message: what went wrong and what to do; "" if nothing did.
    """

    run_id: str
    state: str
    position: int = 0
    fraction: float = 0.0
    seconds_left: float | None = None
    owner: bool = False
    visitors: int = 0
    message: str = ""

    @property
    def active(self) -> bool:
        """Whether the state will change without a new request."""
        return self.state in ("queued", "running", "stopping")
