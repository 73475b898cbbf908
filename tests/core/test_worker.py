"""A worker process gives way to pages, and measures what it has trained."""

from __future__ import annotations

import os
import sys

import pytest

from core.config import RunConfig
from core.data.datasets import load_dataset
from core.jobs.worker import NICENESS, local_executor, train_task
from core.metrics import scores
from core.metrics.judge_training import folders, train_judge
from core.metrics.records import scores_of


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems schedule otherwise")
def test_a_worker_stands_below_the_server():
    executor = local_executor()
    niceness, policy = (
        executor.submit(function, 0).result(timeout=60) for function in (os.nice, os.sched_getscheduler)
    )
    assert niceness == min(os.nice(0) + NICENESS, 19) and policy == os.SCHED_BATCH
    assert os.sched_getscheduler(0) != os.SCHED_BATCH, "the server itself stays as it is"


@pytest.mark.parametrize("judged", [True, False])
def test_what_a_worker_has_trained_it_measures_where_the_images_have_a_judge(store, tmp_path, monkeypatch, judged):
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("core.metrics.judge_training._LOADED", {})
    config = RunConfig(dataset="tiny", epochs=1, latent_dim=2, batch_size=64, beta=4.0)
    data = load_dataset("tiny")
    if judged:
        judge = train_judge(data, folders(data.name, data.digest)[1], epochs=1)
    assert train_task(config.to_dict(), str(store.cache), str(store.shipped), 1) == "complete"
    (run,) = store
    assert run.complete and ("samples" in scores_of(run)) == judged
    if judged:
        expected = scores.score_run(run, data, judge, fresh=True, keep=False, measures={"samples": scores.samples_part})
        assert scores_of(run) == expected and expected["samples"]["prior"]["fd"] > 0


def test_a_run_whose_samples_cannot_be_measured_is_finished_all_the_same(store, monkeypatch, caplog):
    def fails(*_, **__):
        raise RuntimeError("no")

    monkeypatch.setattr("core.metrics.judge_training.find_judge", fails)
    config = RunConfig(dataset="tiny", epochs=1, latent_dim=2, batch_size=64)
    assert train_task(config.to_dict(), str(store.cache), str(store.shipped), 1) == "complete"
    (run,) = store
    assert run.complete and "were not measured: RuntimeError: no" in caplog.text
