"""Visitors' own pictures on a server: found only by their secret, and removed with all that was made of them."""

import os
import time

import numpy as np
import pytest
from PIL import Image

from core.config import RunConfig
from core.data import uploads
from core.data.datasets import load_dataset
from core.data.snapshot import path_of
from core.training.train_run import train


@pytest.fixture
def uploaded(tmp_path, monkeypatch):
    """Two uploads of 20 pictures: their names."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    names = []
    for seed in range(2):
        place = uploads.new_place("pets")
        (place / "a").mkdir(parents=True)
        rng = np.random.default_rng(seed)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (30, 30), np.uint8)).save(place / "a" / f"{i}.png")
        names.append(f"folder:{place}")
    return names


def test_the_secret_is_in_the_name_and_nowhere_else(uploaded, tmp_path):
    first, second = map(uploads.token_of, uploaded)
    assert first and second and first != second and len(first) >= 22
    assert uploads.token_of(f"{uploaded[0]}?color=1&size=32") == first
    inside = str(uploads.root())
    for other in ("mnist-5k", f"folder:{tmp_path}/uploads/{first}/pets", f"folder:{inside}", f"folder:{inside}/x/pets"):
        assert uploads.token_of(other) is None
    assert uploads.token_of(f"folder:{inside}/{first}/../../runs") is None, "a path that leads out of it"


def test_an_upload_goes_with_its_runs_after_its_time_and_others_stay(uploaded, store):
    runs = [
        train(RunConfig(dataset=name, model="ae", epochs=1, latent_dim=2, batch_size=16), store) for name in uploaded
    ]
    kept = [path_of(store.cache, run.config.data_digest) for run in runs]
    assert all(path.exists() for path in kept)
    first, second = map(uploads.token_of, uploaded)
    old = time.time() - (uploads.hours() + 1) * 3600
    os.utime(uploads.root() / first, (old, old))
    assert uploads.remove_expired(store) == [first]
    assert [run.complete for run in runs] == [False, True] and not runs[0].path.exists()
    assert [path.exists() for path in kept] == [False, True]
    assert os.listdir(uploads.root()) == [second] and len(load_dataset(uploaded[1]).train_images) == 16
    assert uploads.remove_expired(store, time.time() + 1e6) == [second] and list(store) == []


@pytest.mark.usefixtures("uploaded")
def test_nothing_but_an_upload_is_removed(store):
    for token in ("", ".", "..", "../runs"):
        uploads.remove(token, store)
    assert len(os.listdir(uploads.root())) == 2
