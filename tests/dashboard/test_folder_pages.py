"""Pages about a folder that changed after the training: the training's images, a note of the change, no failure."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from driving import words
from PIL import Image

from core.config import RunConfig
from core.data import folder, snapshot
from core.runs.store import RunStore
from core.training.train_run import train
from dashboard import cache
from dashboard.session import upload_form


def changed_folder(place: Path) -> tuple[RunStore, Path]:
    """A pair at d = 2 on 60 dark icons on transparency; then 20 of them go and 5 others come."""
    rng, root = np.random.default_rng(0), place / "mine"
    for name in ("discs", "boxes", "lines"):
        (root / name).mkdir(parents=True)
        for i in range(20):
            icon = np.zeros((30, 30, 4), np.uint8)
            top, left = rng.integers(2, 10, 2)
            icon[top : top + 12, left : left + 12, 3] = rng.integers(150, 255)
            Image.fromarray(icon).save(root / name / f"{i}.png")
    (root / "discs" / "broken.png").write_text("no")
    store = RunStore(place / "runs", place / "none", limit_bytes=10**9)
    for model in ("ae", "vae"):
        train(RunConfig(dataset=f"folder:{root}", model=model, epochs=1, latent_dim=2, batch_size=16), store)
    for i in range(20):
        (root / "lines" / f"{i}.png").unlink()
    for i in range(5):
        Image.fromarray(rng.integers(0, 255, (30, 30), np.uint8)).save(root / "discs" / f"new {i}.png")
    return store, root


@pytest.fixture(scope="module")
def changed_once(tmp_path_factory) -> tuple[RunStore, Path]:
    return changed_folder(tmp_path_factory.mktemp("folder"))


@pytest.fixture
def show(runs):
    """show(store, root): the dashboard shows these runs and has read nothing yet."""

    def begin(store: RunStore, root: Path) -> tuple[RunStore, Path]:
        runs.store = store
        folder._loaded.clear()
        snapshot._read.cache_clear()
        st.cache_resource.clear()
        return store, root

    return begin


@pytest.fixture
def trained_on_folder(changed_once, show) -> tuple[RunStore, Path]:
    """The runs and the folder of `changed_folder`, shared: read only."""
    return show(*changed_once)


@pytest.fixture
def own_folder(tmp_path, show) -> tuple[RunStore, Path]:
    """The same for a test that changes them."""
    return show(*changed_folder(tmp_path))


@pytest.mark.parametrize(
    "page",
    ["start", "latent_maps", "one_image", "training", "samples", "interpolation", "kl_weight", "scorecard", "uses"],
)
def test_every_page_shows_the_images_of_the_training_and_says_that_the_folder_has_changed(
    trained_on_folder, dashboard, page
):
    _, root = trained_on_folder
    app = dashboard(page, latent="2", data=f"folder:{root}/")
    assert not app.exception and not app.error, [e.value for e in app.error]
    told = words(app)
    assert (
        "the 60 images" in told
        and "now contains 45 images, not all" in told
        and "core train --model ae --dataset" in told
    )
    assert "asks for" not in told, "another spelling of the folder is the same data set"
    assert app.selectbox(key="data").value == f"folder:{root}"
    assert "1 file was skipped" in told and any("discs/broken.png" in block.value for block in app.code)
    assert cache.trained.dataset(next(iter(cache.trained.pairs().values())).data).classes == ("boxes", "discs", "lines")


def test_a_page_does_not_wait_for_a_large_folder_that_has_changed(trained_on_folder, dashboard, monkeypatch):
    """Reading a thousand photos takes minutes: until they are compared, only that files have changed is said."""
    _, root = trained_on_folder
    monkeypatch.setattr(cache.trained, "COMPARED_WITHIN", 0.01)
    go_on, changed = threading.Event(), folder.changed
    monkeypatch.setattr(folder, "changed", lambda images: go_on.wait(60) and changed(images))
    told = words(dashboard("start", latent="2", data=f"folder:{root}"))
    assert "the 60 images" in told and "still being compared" in told and "now contains" not in told
    go_on.set()
    data = next(iter(cache.trained.pairs().values())).data
    assert "now contains 45" in cache.trained._comparison(data, cache.trained._fingerprint(data)).result(60)
    assert "now contains 45 images, not all" in words(dashboard("start", latent="2", data=f"folder:{root}"))


def test_a_touched_file_is_no_change(own_folder, dashboard):
    store, root = own_folder
    for model in ("ae", "vae"):
        train(RunConfig(dataset=f"folder:{root}", model=model, epochs=1, latent_dim=2, batch_size=16), store)
    (root / "discs" / "1.png").touch()
    assert "has changed" not in words(dashboard("start", latent="2", data=f"folder:{root}"))


@pytest.mark.usefixtures("trained_on_folder")
def test_a_picture_is_given_to_a_model_in_the_polarity_of_its_training_images():
    from core.data.uploaded_image import ground_of, prepare

    images = cache.trained.dataset(next(iter(cache.trained.pairs().values())).data).train_images
    assert ground_of(images) == "light", "dark icons were laid on white"
    import io

    strokes = np.zeros((60, 60), np.uint8)
    strokes[20:40, 20:40] = 255
    for picture in (strokes, 255 - strokes):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        seen = prepare(buffer.getvalue(), ground="light").image
        assert seen[1, 1] == 255 and seen[14, 14] == 0


def test_the_two_upload_forms_are_one(dashboard):
    """Both pages call the same form: one limit, one default, one list of formats."""
    forms = {}
    for page, query in (("one_image", {}), ("uses", {"picture": "upload one"})):
        app = dashboard(page, **query)
        shown = app.get("file_uploader")[0].proto
        toggle = next(t for t in app.toggle if t.label == "Scale and centre it like the digits of MNIST")
        forms[page] = (shown.label, tuple(shown.type), shown.max_upload_size_mb, toggle.value)
    assert len(set(forms.values())) == 1
    views = Path(upload_form.__file__).parent / "views"
    assert not [path.name for path in views.glob("*.py") if "st.file_uploader" in path.read_text()]


def test_a_retrained_pair_takes_the_old_ones_place(own_folder):
    store, root = own_folder
    old = next(iter(cache.trained.pairs().values()))
    for model in ("ae", "vae"):
        run = train(RunConfig(dataset=f"folder:{root}", model=model, epochs=1, latent_dim=2, batch_size=16), store)
        assert next(iter(cache.trained.pairs().values())).data == (
            old.data if model == "ae" else cache.trained.data_of(run.run_id)
        ), "a pair is of one digest"
    new = next(iter(cache.trained.pairs().values()))
    assert {e.run_id for e in (new.ae, new.vae)} & {e.run_id for e in (old.ae, old.vae)} == set()
    shutil.rmtree(root)
    assert len(cache.trained.dataset(new.data).classes) == 2 and len(cache.trained.dataset(old.data).classes) == 3


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["mnist-5k", "fashion-mnist", "mnist"], True),
        (["mnist-5k", "folder:/home/somebody/photographs/2026"], False),
        ([f"data-{i}" for i in range(6)], False),
    ],
)
def test_data_sets_stand_side_by_side_if_they_are_few_and_short(names, expected):
    from dashboard.session.controls import side_by_side

    assert side_by_side(names) is expected
