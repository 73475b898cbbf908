"""The background jobs according to the environment: on this machine, or on a cluster."""

from __future__ import annotations

from core import settings
from core.jobs.background import Jobs
from core.jobs.cluster import cluster_executor
from core.jobs.limits import limits_from_settings
from core.jobs.worker import local_executor
from core.runs.store import RunStore


def jobs_from_settings(store: RunStore | None = None) -> Jobs:
    """The jobs of a server according to the environment; see the table of settings in README.md."""
    workers, queue, limits = settings.value("WORKERS"), settings.value("QUEUE"), limits_from_settings()
    if address := settings.value("SCHEDULER"):
        return Jobs(lambda: cluster_executor(address), store, workers, queue, limits)
    return Jobs(lambda: local_executor(workers), store, workers, queue, limits)
