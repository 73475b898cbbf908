"""The background jobs that the environment asks for: on this machine, or on a cluster."""

from __future__ import annotations

from core import settings
from core.jobs.background import Jobs, local_executor
from core.jobs.cluster import cluster_executor
from core.jobs.limits import limits_from_settings
from core.runs.store import RunStore


def jobs_from_settings(store: RunStore | None = None) -> Jobs:
    """Jobs as the environment asks for them; see the table in README.md."""
    workers, queue, limits = settings.value("WORKERS"), settings.value("QUEUE"), limits_from_settings()
    if address := settings.value("SCHEDULER"):
        return Jobs(lambda: cluster_executor(address), store, workers, queue, limits)
    return Jobs(lambda: local_executor(workers), store, workers, queue, limits)
