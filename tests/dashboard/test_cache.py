"""What visitors share: figures that came with a run are read; others are measured as soon as a classifier exists."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st

from core.errors import NotMeasurable
from core.metrics import records
from core.metrics.judge import JudgeError
from core.metrics.judge_training import judge_task
from dashboard import cache
from dashboard.cache import limited
from dashboard.session import state


@pytest.mark.usefixtures("dashboard", "no_judge")
def test_published_quality_is_read_and_any_other_waits_for_the_judge(jobs, own_store):
    entry = next(iter(cache.trained.entries()))
    published = {"fd": 3.0, "density": 0.9, "coverage": 0.8, "precision": 0.7, "recall": 0.6}
    kept = {**records.stamp(entry.run), "n": 120, "samples": {"floor": 1.0, "prior": published}}
    records.keep(own_store.get(entry.run_id), kept)
    assert cache.measured.sample_quality(entry.run_id) == {"n": 120, "floor": 1.0, **published} and not jobs.called
    assert cache.measured.sample_quality(entry.run_id, temperature=0.5) is None, "published at temperature 1"
    assert cache.measured.sample_quality(entry.run_id, "mixture") is None
    assert [(function, arguments) for _, function, arguments in jobs.called] == [
        (judge_task, (*entry.data, str(cache.trained.store().cache)))
    ], "asked for once"
    jobs.future.set_exception(JudgeError("a judge needs at least two classes"))
    with pytest.raises(NotMeasurable, match="at least two classes"):
        cache.measured.sample_quality(entry.run_id, "mixture")


def test_a_page_looks_for_runs_once_and_the_next_page_again(own_store, monkeypatch):
    looks: list[int] = []
    finished = own_store.finished
    monkeypatch.setattr(own_store, "finished", lambda: looks.append(1) or finished())
    with cache.trained.listed_once():
        first, pairs = cache.trained.entries(), cache.trained.pairs()
        shutil.rmtree(first[0].run.path)
        assert cache.trained.entries() is first and cache.trained.pairs() is pairs and len(looks) == 1
        state.learn("another")
        assert len(cache.trained.entries()) == len(first) - 1, "images may be seen whose secret was learnt meanwhile"
    with cache.trained.listed_once():
        assert len(cache.trained.entries()) == len(first) - 1
    assert cache.trained.entries() is not cache.trained.entries() and len(looks) == 5


@pytest.mark.usefixtures("dashboard", "no_judge")
def test_what_a_worker_still_measures_is_waited_for(jobs):
    entry = next(iter(cache.trained.entries()))
    jobs.under_way.add(entry.run_id)
    assert cache.measured.sample_quality(entry.run_id) is None and not jobs.called
    jobs.under_way.clear()  # it could not, as these images had no judge
    assert cache.measured.sample_quality(entry.run_id) is None and len(jobs.called) == 1


@pytest.mark.usefixtures("dashboard")
def test_a_flip_rate_that_came_with_no_run_is_measured(monkeypatch):
    """With a judge that takes every other picture for another class, no step changes nothing and a large one all."""
    seen: dict[bytes, int] = {}
    judge = SimpleNamespace(
        predict=lambda images: np.array([seen.setdefault(image.tobytes(), len(seen)) for image in images])
    )
    monkeypatch.setattr("core.metrics.judge_training.load_judge", lambda _dataset: judge)
    run_id = next(iter(cache.trained.entries())).run_id
    assert (cache.measured.flip_rate(run_id, 0.0), cache.measured.flip_rate(run_id, 2.0)) == (0.0, 1.0)


def test_dropping_reaches_every_module_and_spares_the_server():
    from dashboard.cache import _STAYS, decoded, maps, measured, server, trained, uses

    with_caches = [
        [f for f in vars(m).values() if callable(f) and hasattr(f, "clear")]
        for m in (decoded, maps, measured, server, trained, uses)
    ]
    assert all(with_caches) and set(_STAYS) <= {f for found in with_caches for f in found}


def test_what_is_prepared_waits_until_no_page_has_been_asked_for_a_while(monkeypatch):
    """A clock that stands still unless it is moved, and timers that end when they are told to."""
    clock, waiting, done = [100.0], [], []

    def now() -> float:
        return clock[0]

    def after(seconds, task):
        waiting.append((seconds, task))

    monkeypatch.setenv("POINT_OR_CLOUD_WARM", "on")
    cache.server.page_begins(now)
    cache.server._when_idle(lambda: done.append(now()), now, after)
    for _ in range(3):  # visitors keep coming
        seconds, check = waiting.pop()
        clock[0] += seconds - 1
        cache.server.page_begins(now)
        clock[0] += 1
        check()
        assert not done, "prepared a second after a page was asked for"
    seconds, check = waiting.pop()
    clock[0] += seconds
    check()
    assert done == [clock[0]] and not waiting
    monkeypatch.setenv("POINT_OR_CLOUD_WARM", "off")
    cache.server._when_idle(done.clear, now, after)
    assert done and not waiting


def test_a_cache_limited_by_bytes_forgets_the_oldest_and_is_cleared_with_the_others():
    made = []

    @limited.kept(0.0025)
    def picture(run_id: str, scale: int = 1) -> bytes:
        made.append((run_id, scale))
        return bytes(1000)

    for run_id in ("a", "b", "a", "c"):
        picture(run_id)
    assert picture("a", scale=1) == picture("a") and made == [("a", 1), ("b", 1), ("c", 1)]
    picture("b")
    assert made[-1] == ("b", 1), "it was forgotten"
    picture.clear()
    picture("b")
    st.cache_resource.clear()
    picture("b")
    assert made[-3:] == [("b", 1)] * 3


def test_of_large_images_fewer_are_compared_with():
    grey, color = np.zeros((12_000, 1, 28, 28), np.uint8), np.zeros((3_000, 3, 64, 64), np.uint8)
    assert [len(cache.trained.compared(images)) for images in (grey, color, color[:100])] == [10_000, 1302, 100]
