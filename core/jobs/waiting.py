"""Estimates of how long jobs take and wait, in seconds. None stands for a time that cannot be estimated."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from core.runs.run import HEARTBEAT, Run


def heartbeat(run: Run) -> dict[str, Any]:
    """The last heartbeat of a run: fraction, and seconds_left less the time since then; {} if there is none."""
    path = run.path / HEARTBEAT
    try:
        beat, age = json.loads(path.read_bytes()), time.time() - path.stat().st_mtime
        if beat.get("seconds_left") is not None:
            beat["seconds_left"] = round(max(beat["seconds_left"] - max(age, 0), 0), 1)
        return beat
    except (OSError, ValueError):
        return {}


def _all_known(times: Iterable[float | None]) -> list[float] | None:
    """The times; None if one of them is unknown."""
    known: list[float] = []
    for seconds in times:
        if seconds is None:
            return None
        known.append(seconds)
    return known


def until_room(left: Iterable[float | None]) -> float | None:
    """The time until one of the started jobs is finished, from the time that each has left; 0 if there are none."""
    known = _all_known(left)
    return None if known is None else min(known, default=0.0)


def until_done(left: Iterable[float | None], queued: Iterable[float | None], slots: int) -> float | None:
    """The time until the last of several queued jobs is finished.

    Args:
        left: the time that each started job has left.
        queued: the expected duration of each queued job, in the order of the queue.
        slots: number of jobs at a time.
    """
    free, durations = _all_known(left), _all_known(queued)
    if free is None or durations is None:
        return None
    free += [0.0] * (slots - len(free))  # when each of the slots will be free
    end = 0.0
    for seconds in durations:  # each job starts in the slot that is free first
        slot = free.index(min(free))
        end = free[slot] = free[slot] + seconds
    return end
