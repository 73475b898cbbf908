"""Visitors' own images on a server: found only by their secret, and removed with all that was made of them."""

import io
import os
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.config import FEW_EPOCHS, QUICK, QUICK_STEPS, ConfigError, RunConfig, quick
from core.data import uploads
from core.data.datasets import load_dataset, resolve
from core.data.folder_name import TITLE, TOKEN, locate, token_of, upload_root
from core.data.form import Form
from core.data.given_files import ArchiveError
from core.data.snapshot import path_of
from core.jobs.limits import Limits, limits_from_settings
from core.training.train_run import train


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))


def files(seed: int = 0, count: int = 20, folder: str = "pets") -> list[tuple[str, io.BytesIO]]:
    """Images as a browser sends them, with the path of each."""
    rng, found = np.random.default_rng(seed), []
    for i in range(count):
        Image.fromarray(rng.integers(0, 256, (30, 30), np.uint8)).save(file := io.BytesIO(), "PNG")
        found.append((f"{folder}/a/{i}.png", file))
    return found


@pytest.fixture
def uploaded():
    """The names of the data sets of two uploads of 20 images."""
    return [uploads.take(files(seed)).dataset() for seed in range(2)]


def test_the_secret_is_in_the_name_and_the_path_of_the_server_is_not(uploaded, tmp_path):
    first, second = map(token_of, uploaded)
    assert first and second and first != second
    assert uploaded[0] == f"folder:upload:{first}/pets" and str(tmp_path) not in uploaded[0]
    assert locate(f"folder:{upload_root()}/{first}/pets").name == uploaded[0], "its path is another spelling of it"
    data = load_dataset(f"{uploaded[0]}?color=1&size=32")
    assert token_of(data.name) == first and data.shape.chw == (3, 32, 32) and sum(data.counts) == 20
    assert data.title == "Upload pets, 32×32 colour"


def test_nothing_else_has_a_secret(uploaded, tmp_path):
    token, inside = token_of(uploaded[0]), upload_root()
    for other in ("mnist-5k", f"folder:{tmp_path}/uploads/{token}/pets", f"folder:{inside}", f"folder:{inside}/x/pets"):
        assert token_of(other) is None
    for path in (
        f"{token}/..",
        f"{token}/.",
        f"{token}/pets/a",
        f"{token}/../../runs",
        token,
        f"{'x' * 22}/../{token}",
    ):
        assert token_of(f"folder:upload:{path}") is None, path


@given(st.text(max_size=70), st.sampled_from(["", ".zip", "/a/b.png"]))
def test_any_title_becomes_part_of_a_name_that_means_the_same_folder(name, suffix):
    title = uploads.title_of(name + suffix)
    assert TITLE.fullmatch(title)
    upload = uploads.Upload("A" * 22, title)
    place = locate(upload.dataset(Form(True, 32)))
    assert place.token == upload.token and place.name == upload.dataset(Form(True, 32)) and not place.unknown


def test_tokens_cannot_be_guessed():
    tokens = {uploads.new_token() for _ in range(200)}
    assert len(tokens) == 200 and all(TOKEN.fullmatch(token) and not token.startswith("-") for token in tokens)


@pytest.mark.parametrize(
    "given_files", [[], files(count=0), [("notes.txt", io.BytesIO(b"x"))], [("a.zip", io.BytesIO(b"x"))]]
)
def test_what_cannot_be_taken_leaves_nothing(given_files):
    with pytest.raises(ArchiveError):
        uploads.take(given_files)
    assert not upload_root().exists() or os.listdir(upload_root()) == []


def trained(name: str, store) -> "Run":  # noqa: F821
    return train(RunConfig(dataset=name, model="ae", epochs=1, latent_dim=2, batch_size=16), store)


def test_an_upload_goes_with_its_runs_after_its_time_and_others_stay(uploaded, store):
    runs = [trained(name, store) for name in uploaded]
    kept = [path_of(store.cache, run.config.data_digest) for run in runs]
    assert all(path.exists() for path in kept)
    first, second = map(token_of, uploaded)
    old = time.time() - (uploads.hours() + 1) * 3600
    os.utime(upload_root() / first, (old, old))
    assert uploads.remove_expired(store) == [first]
    assert [run.complete for run in runs] == [False, True] and not runs[0].path.exists()
    assert [path.exists() for path in kept] == [False, True]
    assert os.listdir(upload_root()) == [second] and sum(load_dataset(uploaded[1]).counts) == 20
    assert uploads.remove_expired(store, time.time() + 1e7) == [second] and list(store) == []


def test_images_that_were_uploaded_twice_stay_for_the_other_visitor(store):
    names = [uploads.take(files()).dataset() for _ in range(2)]
    runs = [trained(name, store) for name in names]
    assert runs[0].run_id != runs[1].run_id and runs[0].config.data_digest == runs[1].config.data_digest
    uploads.remove(token_of(names[0]), store)
    assert not runs[0].complete and runs[1].complete
    assert path_of(store.cache, runs[1].config.data_digest).exists()


@pytest.mark.usefixtures("uploaded")
def test_nothing_but_an_upload_is_removed(store):
    for token in ("", ".", "..", "../runs"):
        uploads.remove(token, store)
    assert len(os.listdir(upload_root())) == 2


def test_where_folders_are_not_offered_uploads_are_unless_they_are_off(uploaded, tmp_path, monkeypatch):
    demo = Limits(folders=False, epochs=10)
    few = resolve(RunConfig(dataset=uploaded[0], epochs=FEW_EPOCHS))
    demo.check(few)
    path = f"folder:{upload_root() / token_of(uploaded[0])}"
    for other in (f"folder:{tmp_path}", path, "folder:upload:x/pets", f"folder:upload:{token_of(uploaded[0])}/.."):
        with pytest.raises(ConfigError, match="dataset="):
            demo.check(RunConfig(dataset=other, epochs=1))
    with pytest.raises(ConfigError, match="epochs=60"):
        demo.check(RunConfig(epochs=60))
    monkeypatch.setenv("POINT_OR_CLOUD_IMPORT_MB", "0")
    assert not limits_from_settings().offers(uploaded[0]) and limits_from_settings().offers(f"folder:{tmp_path}")


@given(st.integers(1, 100_000))
def test_few_images_get_as_many_steps_as_many_do(images):
    recipe = quick(images)
    steps = -(-images // recipe["batch_size"]) * recipe["epochs"]
    assert steps >= min(QUICK_STEPS, FEW_EPOCHS) and 16 <= recipe["batch_size"] <= QUICK["batch_size"]
    assert images >= 2700 or steps <= 3 * QUICK_STEPS, "few images would be learned by heart"
    assert (recipe == QUICK) == (images >= 2667)
