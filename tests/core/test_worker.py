"""A worker process gives way to pages."""

from __future__ import annotations

import os
import sys

import pytest

from core.jobs.worker import NICENESS, local_executor


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems schedule otherwise")
def test_a_worker_stands_below_the_server():
    executor = local_executor()
    niceness, policy = (
        executor.submit(function, 0).result(timeout=60) for function in (os.nice, os.sched_getscheduler)
    )
    assert niceness == min(os.nice(0) + NICENESS, 19) and policy == os.SCHED_BATCH
    assert os.sched_getscheduler(0) != os.SCHED_BATCH, "the server itself stays as it is"
