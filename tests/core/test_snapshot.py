"""A run is shown with the images it was trained on, whatever its folder holds by then, or not at all."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.config import RunConfig
from core.data import folder, snapshot
from core.data.dataset import DataError
from core.data.datasets import load_dataset, resolve
from core.files import write_json
from core.runs.run import CONFIG
from core.runs.store import RunStore
from core.training.train_run import train

SMALL = {"epochs": 1, "latent_dim": 2, "batch_size": 16, "trunk": "mlp-400"}


def fill(root: Path, n: int = 10, level: int = 0) -> str:
    rng = np.random.default_rng(level)
    for name in ("a", "b"):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            Image.fromarray(rng.integers(level, level + 60, (30, 30), np.uint8)).save(root / name / f"{i}.png")
    return f"folder:{root}"


def change(root: Path) -> None:
    """Some images go, others come."""
    for i in range(4):
        (root / "a" / f"{i}.png").unlink()
    fill(root / "more", 5, 120)


def forget() -> None:
    """As a new process would begin."""
    folder._loaded.clear()
    snapshot._read.cache_clear()


@pytest.fixture
def mine(tmp_path: Path) -> str:
    return fill(tmp_path / "mine")


def test_a_run_keeps_its_images_and_a_changed_folder_is_trained_anew(mine, tmp_path, store):
    config = RunConfig(dataset=mine, model="ae", **SMALL)
    first = train(config, store)
    images = first.dataset()
    change(tmp_path / "mine")
    second = train(config, store)
    assert second.run_id != first.run_id, "in one process: the folder is not remembered by its name"
    forget()
    again = first.dataset()
    assert again.digest == images.digest == first.config.data_digest != second.dataset().digest
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert np.array_equal(getattr(again, name), getattr(images, name))
    assert again.classes == images.classes and not again.test_images.flags.writeable
    shutil.rmtree(tmp_path / "mine")
    forget()
    assert first.dataset().digest == images.digest, "even where the folder is gone"


def test_a_run_without_kept_images_is_refused_once_the_folder_has_changed(mine, tmp_path, store):
    run = train(RunConfig(dataset=mine, model="ae", **SMALL), store)
    snapshot.path_of(store.cache, run.config.data_digest).unlink()
    forget()
    assert run.dataset().digest == run.config.data_digest, "the folder still holds them"
    assert snapshot.path_of(store.cache, run.config.data_digest).exists(), "and from now on they are kept"
    snapshot.path_of(store.cache, run.config.data_digest).write_bytes(b"damaged")
    change(tmp_path / "mine")
    forget()
    with pytest.raises(DataError, match=r"are gone: no copy was kept.*has changed since.*Put the folder back.*train"):
        run.dataset()
    shutil.rmtree(tmp_path / "mine")
    with pytest.raises(DataError, match=r"are gone.*is not a folder"):
        run.dataset()


def test_other_images_under_a_digest_are_never_returned(mine, tmp_path, store):
    run = train(RunConfig(dataset=mine, model="ae", **SMALL), store)
    other = load_dataset(fill(tmp_path / "other", 12, 90))
    snapshot.keep(store.cache, other)
    shutil.copy(snapshot.path_of(store.cache, other.digest), snapshot.path_of(store.cache, run.config.data_digest))
    forget()
    assert np.array_equal(run.dataset().test_images, load_dataset(mine).test_images)


def test_evaluation_and_pictures_are_about_the_images_of_the_training(mine, tmp_path, capsys):
    where = ["--store", str(tmp_path / "store")]
    assert main(["train", "--dataset", mine, "--model", "vae", "--epochs", "1", "--latent-dim", "2", *where]) == 0
    run = next(iter(RunStore(tmp_path / "store", tmp_path / "none")))
    change(tmp_path / "mine")
    forget()
    capsys.readouterr()
    assert main(["evaluate", run.run_id, *where]) == 0
    measured, recorded = (line.split()[1:] for line in capsys.readouterr().out.splitlines()[2:4])
    assert measured == recorded
    last = len(run.dataset().test_images) - 1
    assert (
        main(["interpolate", run.run_id, "--from", "0", "--to", str(last), "--out", str(tmp_path / "i.png"), *where])
        == 0
    )
    assert (
        main(
            ["interpolate", run.run_id, "--from", "0", "--to", str(last + 1), "--out", str(tmp_path / "i.png"), *where]
        )
        == 2
    )
    assert main(["sample", run.run_id, "--source", "gaussian", "--out", str(tmp_path / "s.png"), *where]) == 0


def test_kept_images_stay_with_their_runs_and_go_with_the_last(mine, store):
    first = train(RunConfig(dataset=mine, model="ae", **SMALL), store)
    second = train(RunConfig(dataset=mine, model="vae", **SMALL), store)
    images = snapshot.path_of(store.cache, first.config.data_digest)
    os.utime(images, (0, 0))
    small = RunStore(store.cache, store.shipped, limit_bytes=0)
    assert small.evict(keep=second.run_id) == [first.run_id] and images.exists(), "a run still needs them"
    assert small.evict() == [second.run_id] and not images.exists()
    assert (store.cache / ".locks").is_dir(), "what is no run is left alone"


def test_images_that_a_training_may_just_have_written_are_left_alone(mine, store):
    dataset = load_dataset(mine)
    snapshot.keep(store.cache, dataset)
    store.evict()
    assert snapshot.path_of(store.cache, dataset.digest).exists()
    old = time.time() - 10_000
    os.utime(snapshot.path_of(store.cache, dataset.digest), (old, old))
    store.evict()
    assert not snapshot.path_of(store.cache, dataset.digest).exists()


def test_a_run_that_an_earlier_version_named_by_another_spelling_is_found(mine, store):
    config = resolve(RunConfig(dataset=mine, model="ae", **SMALL))
    old = config.replace(dataset=mine + "/")
    run = train(old, store)
    assert run.run_id == old.run_id != config.run_id, "what is stored keeps its id"
    assert store.run(config).run_id == train(RunConfig(dataset=mine, model="ae", **SMALL), store).run_id == old.run_id
    assert store.run(config.replace(seed=1)).run_id == config.replace(seed=1).run_id


def test_changed_compares_pixels_and_not_only_files(mine, tmp_path):
    dataset = load_dataset(mine)
    assert folder.changed(dataset) is None
    os.utime(tmp_path / "mine" / "a" / "0.png")
    (tmp_path / "mine" / "a" / "broken.png").write_text("no")
    assert folder.changed(dataset) is None
    change(tmp_path / "mine")
    assert len(folder.changed(dataset).train_images) > 0


def test_a_reference_map_is_of_the_same_images(mine, tmp_path, store):
    from core.latent.run_maps import reference_for

    ae = train(RunConfig(dataset=mine, model="ae", **SMALL), store)
    vae = train(RunConfig(dataset=mine, model="vae", **SMALL), store)
    assert reference_for(store, vae).run_id == ae.run_id
    change(tmp_path / "mine")
    assert reference_for(store, train(RunConfig(dataset=mine, model="vae", **SMALL), store)) is None


def test_the_sweep_takes_what_train_takes(mine, tmp_path, capsys):
    odd = fill(tmp_path / "a,b", 6)
    command = [
        "sweep",
        "--datasets",
        f"{mine},{odd},mnist-5k",
        "--model",
        "ae",
        "--latent-dim",
        "2,4",
        "--seed",
        "0-1",
        "--noise",
        "0.3",
        "--dry-run",
        "--json",
    ]
    assert main([*command, "--store", str(tmp_path / "store")]) == 0
    out, told = capsys.readouterr()
    assert out.count("run_id") == 3 * 2 * 2 and f"{mine}: 20 images" in told and f"{odd}: 12 images" in told
    assert main(["sweep", "--dataset", "nothing", "--dry-run"]) == 2
    assert "folder:PATH" in capsys.readouterr().err


def test_train_says_what_was_skipped_and_data_lists_all_of_it(mine, tmp_path, capsys):
    for i in range(8):
        (tmp_path / "mine" / "a" / f"bad{i}.png").write_text("no")
    assert (
        main(["train", "--dataset", mine, "--epochs", "1", "--latent-dim", "2", "--store", str(tmp_path / "store")])
        == 0
    )
    told = capsys.readouterr().err
    assert "skipped: 8 of 28 files" in told and "a/bad0.png: not an image" in told and "`python -m core data" in told
    assert main(["data", mine, "--out", str(tmp_path / "sheet.png")]) == 0
    listed = capsys.readouterr().out
    assert all(f"a/bad{i}.png" in listed for i in range(8))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 300


def test_runs_of_a_folder_are_listed_by_any_of_its_spellings(mine, tmp_path, store, capsys):
    run = train(RunConfig(dataset=mine, model="ae", **SMALL), store)
    for spelling in (mine, mine + "/", f"folder:{tmp_path}/./mine"):
        assert main(["runs", "--dataset", spelling, "--store", str(store.cache)]) == 0
        assert run.run_id in capsys.readouterr().out


def test_a_config_of_a_folder_that_is_gone_is_still_a_config(tmp_path, store):
    config = RunConfig(dataset=f"folder:{tmp_path / 'gone'}", data_digest="0" * 16, model="ae")
    write_json(store.cache / config.run_id / CONFIG, config.to_dict())
    assert [run.config for run in store] == [config]
