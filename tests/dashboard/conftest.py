"""A dashboard over a store of small runs that were really trained, without background work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from driving import APP, BETAS, Waiting
from streamlit.testing.v1 import AppTest

from core.config import RunConfig
from core.runs.run import Run
from core.runs.store import RunStore
from dashboard import cache

TINY = {"dataset": "tiny", "epochs": 2, "batch_size": 16}


@pytest.fixture(scope="session")
def small_store(trained: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """AE and VAE at d = 4, VAEs over three betas, and a pair at d = 2; seed 0."""
    import torch

    from core.training.train_run import train

    folder = tmp_path_factory.mktemp("dashboard")
    shutil.copytree(trained["ae"].path.parent, folder / "runs")
    store = RunStore(folder / "runs", folder / "none", limit_bytes=10**9)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # batches this small only lose by being shared out
    wanted = [RunConfig(**TINY, beta=beta, latent_dim=4) for beta in BETAS] + [
        RunConfig(**TINY, model=m, latent_dim=2) for m in ("ae", "vae")
    ]
    for config in wanted:
        train(config, store)
    torch.set_num_threads(threads)
    return store


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    jobs = Waiting()
    monkeypatch.setattr(cache.server, "jobs", lambda: jobs)
    return jobs


@pytest.fixture
def runs(small_store: RunStore, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The runs that the dashboard shows: `runs.store` may be replaced by another store."""
    shown = SimpleNamespace(store=small_store)
    monkeypatch.setattr(cache.trained, "store", lambda: shown.store)
    return shown


@pytest.fixture
def own_store(runs: SimpleNamespace, tmp_path: Path) -> RunStore:
    """The small store as a copy that a test may change; it is the one shown."""
    folder = shutil.copytree(runs.store.cache, tmp_path / "own")
    runs.store = RunStore(folder, tmp_path / "none", limit_bytes=10**9)
    return runs.store


@pytest.fixture
def dashboard(runs: SimpleNamespace, jobs: Waiting, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:  # noqa: ARG001 - its runs, and no training
    """Open a page by its link: dashboard("samples", source="mixture") is an AppTest that has run.

    The latent size is 4 unless another is asked for.
    """
    monkeypatch.setenv("POINT_OR_CLOUD_WARM", "off")
    st.cache_resource.clear()

    def open_page(name: str = "start", **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        query.setdefault("latent", "4")
        app.query_params.update(query)
        if name != "start":
            app.switch_page(f"views/{name}.py")
        return app.run()

    yield open_page
    st.cache_resource.clear()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The arrays that pages send to components, one dictionary for each file."""
    import safetensors.numpy

    files, save = [], safetensors.numpy.save
    monkeypatch.setattr(safetensors.numpy, "save", lambda arrays: files.append(arrays) or save(arrays))
    return files


@pytest.fixture
def no_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test that ran before has left a classifier of the small images."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def shipped(dashboard: Callable[..., AppTest], runs: SimpleNamespace, tmp_path: Path) -> Callable[..., AppTest]:
    """The dashboard over the shipped runs and their committed figures alone."""
    runs.store = RunStore(tmp_path / "none")
    return dashboard
