"""What the metrics' tests share: the small data set, a judge for it, and untrained models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core import settings
from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.metrics.judge import Judge
from core.metrics.judge_training import load_judge, train_judge
from core.metrics.scores import score_run
from core.models.build import build_model
from core.models.networks import Autoencoder
from core.runs.run import Run


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of shipped runs, figures and judges: empty."""
    monkeypatch.setattr(settings, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "shipped"


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    return load_dataset("tiny")


@pytest.fixture(scope="session")
def judge(tiny: Dataset) -> Judge:
    """Trained for a second on 320 digits: right about most of them, which is enough to tell digits from nonsense."""
    return train_judge(tiny, epochs=12)


@pytest.fixture(scope="session")
def whole() -> tuple[Dataset, Judge]:
    """The embedded data set and its shipped judge, which is trained well."""
    dataset = load_dataset("mnist-5k")
    return dataset, load_judge(dataset)


@pytest.fixture(scope="session")
def images(tiny: Dataset) -> np.ndarray:
    """float32 (120, 28, 28)."""
    return tiny.test_images[:, 0].astype(np.float32) / 255


@pytest.fixture(scope="session")
def measured(trained: dict[str, Run], tiny: Dataset, judge: Judge) -> dict[str, dict]:
    """The trained AE and VAE, measured whole without writing anything."""
    return {name: score_run(run, tiny, judge, keep=False) for name, run in trained.items()}


@pytest.fixture(scope="session")
def untrained() -> Callable[..., Autoencoder]:
    """Makes models with fresh weights: untrained("ae", latent_dim=2)."""

    def make(model: str = "vae", latent_dim: int = 4, **changes) -> Autoencoder:
        return (
            build_model(RunConfig(model=model, dataset="tiny", latent_dim=latent_dim, **changes))
            .eval()
            .requires_grad_(False)
        )

    return make
