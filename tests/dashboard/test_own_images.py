"""Your own images: dropped, seen as the models get them, trained on, shown to nobody else, removed."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from driving import words
from PIL import Image

from core.config import RunConfig, quick
from core.data import uploads
from core.data.folder_name import token_of, upload_root
from core.runs.store import RunStore
from core.training.train_run import train
from dashboard import cache

PAGES = ("start", "latent_maps", "samples", "interpolation", "kl_weight", "training", "one_image", "scorecard", "uses")


def zipped(count: int = 24, color: bool = False) -> bytes:
    """A zip of so many images in two folders, each a disc or a box somewhere."""
    rng, file = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(count):
            pixels = np.zeros((40, 40, 3), np.uint8)
            top, left = rng.integers(4, 20, 2)
            pixels[top : top + 14, left : left + 14] = rng.integers(80, 255, 3) if color else rng.integers(80, 255)
            Image.fromarray(pixels).save(image := io.BytesIO(), "PNG")
            archive.writestr(f"mine/{'ab'[i % 2]}/{i}.png", image.getvalue())
        archive.writestr("mine/notes.txt", b"not an image")
    return file.getvalue()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch, own_store):  # noqa: ARG001 - trainings must not change the shared store
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def drop(dashboard):
    """drop(content): the page after a zip was dropped on it."""

    def begin(content: bytes, name: str = "pets.zip"):
        app = dashboard("own_images")
        app.file_uploader[0].set_value([(name, content, "application/zip")])
        return app.run()

    return begin


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> tuple[Path, str]:
    """A cache with an upload and a pair that was trained on it, and the name of the data set."""
    root = tmp_path_factory.mktemp("uploaded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINT_OR_CLOUD_CACHE", str(root))
        name = uploads.take([("pets.zip", io.BytesIO(zipped()))]).dataset()
        store = RunStore(root / "runs", root / "none", limit_bytes=10**9)
        for kind in ("ae", "vae"):
            train(RunConfig(dataset=name, model=kind, latent_dim=16, **quick(18)), store)
    return root, name


@pytest.fixture
def shown(prepared, own_store, tmp_path) -> str:
    """The name of a data set that somebody uploaded, with a trained pair."""
    root, name = prepared
    shutil.copytree(root / "uploads", tmp_path / "cache" / "uploads")
    shutil.copytree(root / "runs", own_store.cache, dirs_exist_ok=True)
    return name


@pytest.mark.parametrize("color", [False, True])
def test_what_was_dropped_is_shown_as_the_models_get_it(drop, jobs, color):
    app = drop(zipped(color=color))
    assert not app.exception and not app.error and len(app.image) == 1
    assert app.segmented_control(key="own-color").value == ("colour" if color else "grey levels")
    assert "24 images in 2 classes" in words(app) and "notes.txt" in app.code[0].value
    app.segmented_control(key="own-size").set_value(64).run()
    app.segmented_control(key="own-fit").set_value("crop").run()
    app.button("own-train").click().run()
    (config, _) = jobs.asked
    assert config.dataset.endswith(f"/pets?{'color=1&' if color else ''}size=64&fit=crop") and token_of(config.dataset)
    assert {name: getattr(config, name) for name in quick(18)} == quick(18), "few images get enough steps"


def test_the_pair_is_trained_on_request_and_then_selected(drop, jobs, own_store):
    jobs.states = {}
    app = drop(zipped())
    app.button("own-train").click().run()
    assert [(c.model, c.beta) for c in jobs.asked] == [("ae", None), ("vae", 1.0)]
    assert len([b for b in app.button if b.label == "Stop"]) == 2
    for config in jobs.asked:
        train(config, own_store)
    jobs.states = {c.run_id: "complete" for c in jobs.asked}
    app.run()
    assert app.session_state["pair"].dataset == jobs.asked[0].dataset and "your 24 images" in words(app)
    assert token_of(app.query_params["images"]) == token_of(jobs.asked[0].dataset)


def test_every_page_is_about_them_once_the_pair_is_trained(shown, dashboard):
    for page in PAGES:
        app = dashboard(page, data=shown, latent="16")
        assert not app.exception and not app.error and not app.warning, (page, words(app))
        assert app.session_state["pair"].dataset == shown, page
        assert token_of(shown) not in words(app), "the secret belongs into the address only"


def test_a_reload_and_a_link_bring_them_back(shown, dashboard):
    again = dashboard("own_images", images=shown)
    assert "your 24 images" in words(again) and again.session_state["pair"].dataset == shown, "and they are selected"
    again.selectbox(key="data").set_value("tiny").run()
    assert again.session_state["pair"].dataset == "tiny", "another choice is not undone"
    again.button("own-show").click().run()
    assert again.session_state["pair"].dataset == shown
    for wrong in (shown.replace(token_of(shown), "A" * 22), "mnist-5k", "folder:/etc", "folder:upload:x/../.."):
        app = dashboard("own_images", images=wrong)
        assert not app.exception and not app.error and "Upload them again" in words(app), wrong


def test_nobody_else_sees_them_without_the_link(shown, dashboard, monkeypatch):
    stranger = dashboard("start")
    offered = [option for widget in (*stranger.segmented_control, *stranger.selectbox) for option in widget.options]
    assert "tiny" in offered and not [option for option in offered if "upload" in option]
    assert "upload" not in words(stranger).lower()
    assert stranger.session_state["pair"].dataset == "tiny"
    assert {pair.dataset for pair in cache.trained.pairs().values()} == {"tiny"}, "outside of any session, too"
    guess = shown.replace(token_of(shown), "A" * 22)
    assert dashboard("start", data=guess).session_state["pair"].dataset == "tiny"
    friend = dashboard("start", data=shown, latent="16")
    assert friend.session_state["pair"].dataset == shown
    friend.switch_page("views/samples.py").run()
    assert friend.session_state["pair"].dataset == shown
    monkeypatch.setenv("POINT_OR_CLOUD_FOLDERS", "off")
    assert dashboard("start", data=shown, latent="16").session_state["pair"].dataset == shown, "an upload is no folder"


def test_they_are_removed_when_the_visitor_says_so(shown, dashboard, own_store):
    app = dashboard("own_images", images=shown)
    app.button("own-remove").click().run()
    assert not app.exception and not app.error and app.session_state["pair"].dataset == "tiny"
    assert "were removed" in words(app) and app.file_uploader
    assert os.listdir(upload_root()) == []
    assert not [run for run in own_store if run.config.dataset == shown]
    linked = dashboard("samples", data=shown, latent="16")  # the same as after its time, see tests/core/test_uploads.py
    assert not linked.exception and linked.session_state["pair"].dataset == "tiny" and linked.warning


def test_a_training_that_is_under_way_is_stopped_before_its_images_are_removed(drop, jobs):
    app = drop(zipped())
    app.button("own-train").click().run()
    app.button("own-remove").click().run()
    assert sorted(jobs.stopped) == sorted(config.run_id for config in jobs.asked)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"no zip", "is not a zip"), (zipped(4), "At least 10 are needed"), (b"PK\x05\x06" + bytes(18), "no image")],
)
def test_what_cannot_be_used_is_refused_with_the_reason(drop, content, said):
    app = drop(content)
    assert not app.exception and any(said in error.value for error in app.error), [e.value for e in app.error]
    assert app.file_uploader, "the next files can be dropped"


def test_too_much_is_refused_and_nothing_is_kept(drop, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_IMPORT_MB", "1")
    app = drop(zipped() + bytes(1_100_000))
    assert any("more than 1 MB" in error.value for error in app.error)
    assert not upload_root().exists() or os.listdir(upload_root()) == []


def test_without_the_setting_there_is_no_such_page(dashboard, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_IMPORT_MB", "0")
    start = dashboard("start")
    assert not [b for b in start.button if b.label == "Use your own images"] and not start.exception
