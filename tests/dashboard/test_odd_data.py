"""Every page and command on folders as people have them: nothing fails, and no figure is shown that was not measured.

A few folders are looked at in the everyday run; `pytest -m slow` lets hypothesis search for others.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import tempfile
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from unittest import TestCase

import numpy as np
import pytest
import streamlit as st
from driving import APP, Waiting, words
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from core.cli.main import main
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.runs.store import RunStore
from dashboard import cache
from dashboard.session import boundary
from tests.odd_data import LOOKS, PLACES, Folder, train_pairs, write

# What each page can be asked to show; one after the other, so that everything is looked at.
PAGES = {
    "start": [{}],
    "latent_maps": [{"projection": "UMAP"}],
    "one_image": [{"part": part} for part in ("Decode as you move", "One number at a time", "The maths")],
    "training": [{}],
    "samples": [{"source": "mixture"}, {"source": "prior", "nearest": "true"}],
    "interpolation": [{}],
    "kl_weight": [{"beta": "1"}],
    "scorecard": [{}],
    "uses": [{"use": use} for use in ("denoise", "detect anomalies", "compress")],
    "walkthrough": [{"all": "true"}],
}
TITLES = {
    "start": "Point or Cloud",
    "latent_maps": "Latent maps",
    "one_image": "One image through both",
    "training": "How the spaces form",
    "samples": "Random samples",
    "interpolation": "Interpolation",
    "kl_weight": "KL weight",
    "scorecard": "Scorecard",
    "uses": "Uses",
    "walkthrough": "The whole walkthrough",
}
ANOTHER = {
    "start": "Another image",
    "interpolation": "A random pair",
    "samples": "Draw again",
}  # buttons that are pressed, too
NOT_A_NUMBER = re.compile(r"(?<![\w-])-?(nan|inf|infinity)(?![\w-])", re.IGNORECASE)
ABSURD = re.compile(r"(?:distance|times|error|spread|deviation)\D{0,40}(\d{5,}|\d{1,3}(?:,\d{3})+)")
NEIGHBOURS = re.compile(r"most of (?:the|their) (\d+) nearest|measured with (\d+) nearest|image's (\d+) nearest codes")
IMAGES = re.compile(r"(?:against|on|over) ([\d,]+|a thousand) (?:unseen|real|test)(?: test)? images", re.IGNORECASE)
GAUSSIANS = re.compile(r"(\d+|ten) (?:fitted )?Gaussians")
RECONSTRUCTED = re.compile(r"reconstructions of the same (\d+ images|image)")
COMPONENTS = re.compile(r"PCA, (\d+) components")


class AtOnce(Waiting):
    """Jobs that are done when they are asked for; UMAPs, whose code takes long to compile, only if wanted."""

    def __init__(self, umap: bool) -> None:
        super().__init__()
        self.umap = umap
        self.waiting: Future = Future()

    def call(self, _key, function, *arguments) -> Future:
        if function.__name__ == "project_task" and not self.umap:
            self.state = "running"
            return self.waiting
        done: Future = Future()
        try:
            done.set_result(function(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done


def everything_said(app: AppTest) -> str:
    """All that a page sends to the browser: texts, figures' data, components' data; not the components' scripts."""
    said = []
    for node in app._tree:
        element = getattr(node, "proto", None)
        if element is not None:
            component = getattr(element, "bidi_component", element)
            scripted = hasattr(component, "js_content")
            said.append(f"{component.json}{component.mixed.json}" if scripted else str(element))
    return "\n".join(said)


def check_figures(app: AppTest, data: Dataset) -> None:
    """No figure that is not a number, and none about more images or neighbours than there are."""
    said, read = everything_said(app), "\n".join([words(app), *(str(metric.value) for metric in app.metric)])

    def around(match: re.Match) -> str:
        return match.string[max(0, match.start() - 120) : match.end() + 60]

    for pattern, text in ((NOT_A_NUMBER, said), (ABSURD, read)):
        assert not (found := pattern.search(text)), around(found)
    for found in NEIGHBOURS.finditer(said):
        assert int(next(filter(None, found.groups()))) < len(data.test_images), around(found)
    for found in IMAGES.finditer(said):
        number = found[1].replace(",", "")
        assert number.isdecimal() and int(number) <= max(len(data.test_images), len(data.train_images)), around(found)
    for found in RECONSTRUCTED.finditer(said):
        shown = min(8, len(np.unique(data.test_labels)))
        assert found[1] == (f"{shown} images" if shown > 1 else "image"), around(found)
    for pattern, most in ((GAUSSIANS, len(data.train_images) // 2), (COMPONENTS, len(data.train_images))):
        for found in pattern.finditer(said):
            assert int({"ten": "10"}.get(found[1], found[1])) <= most, around(found)


@contextlib.contextmanager
def dashboard_on(store: RunStore, umap: bool) -> Iterator[None]:
    """The dashboard with these runs and no others; arrays that are sent to components have to be finite."""
    import safetensors.numpy

    save = safetensors.numpy.save

    def checked(arrays: dict[str, np.ndarray]) -> bytes:
        assert not (bad := [name for name, array in arrays.items() if not np.isfinite(array).all()]), (
            f"{bad} are not finite"
        )
        return save(arrays)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINT_OR_CLOUD_WARM", "off")
        patch.setattr(cache.trained, "store", lambda: store)
        jobs = AtOnce(umap)
        patch.setattr(cache.server, "jobs", lambda: jobs)
        patch.setattr(safetensors.numpy, "save", checked)
        st.cache_resource.clear()
        yield
    st.cache_resource.clear()


def look_at(page: str, dataset: str, **query: str) -> AppTest:
    """A page that has run; it must not have failed."""
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params.update({"data": dataset, **query})
    app.switch_page(f"views/{page}.py")
    with TestCase().assertNoLogs(boundary.log, logging.ERROR):  # where an unexpected error's traceback goes
        app.run()
        for button in app.button:
            if button.label == ANOTHER.get(page):
                button.click().run()
    told = [error.value for error in app.error]
    assert [title.value for title in app.title] == [TITLES[page]] or "scene" in query, (page, query, told)
    assert not app.exception, (page, query, [error.stack_trace for error in app.exception])
    assert page == "walkthrough" or not told, (page, query, told)  # a scene may need models that there are not,
    assert not any("no test image" in text for text in told), (query, told)  # but never an image
    return app


def run_commands(store: RunStore, runs: list[str], test_images: int, umap: bool) -> None:
    """Each command on each run; `evaluate --all` on all of them."""
    with tempfile.TemporaryDirectory() as folder:
        out = ("--out", f"{folder}/picture.png")
        commands = [["evaluate", "--all"]]
        for run in runs:
            commands += [
                ["evaluate", run, "--json"],
                ["sample", run, "--source", "mixture", *out],
                ["interpolate", run, "--from", "0", "--to", "0", *out],
            ]
            commands += [["project", run]] if umap or "-d2-" in run else []
        for command in commands:
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
                code = main([*command, "--store", str(store.cache)])
            assert code == 0, (command, printed.getvalue())
            assert not NOT_A_NUMBER.search(printed.getvalue()), (command, printed.getvalue())
            if command == ["evaluate", "--all"] and test_images < 16:
                assert re.search(r"not measured: .*(at least 16 test images|two|equal)", printed.getvalue()), (
                    printed.getvalue()
                )


def check(folder: Folder, root: Path, umap: bool = False, thorough: bool = False) -> None:
    """Train on a folder and look at everything about it; `thorough`: with every choice of every page."""
    dataset = write(folder, root)
    store = RunStore(root / "runs", root / "none", limit_bytes=10**9)
    latent_dims = (2, 4) if thorough or folder.classes % 2 else (4,)
    runs = train_pairs(dataset, store, latent_dims)
    data = load_dataset(dataset)
    with dashboard_on(store, umap):
        for place, (page, queries) in enumerate(PAGES.items()):
            for query in queries if thorough else queries[(folder.classes + place) % len(queries) :][:1]:
                for latent in latent_dims if thorough else latent_dims[:1]:
                    check_figures(look_at(page, dataset, latent=str(latent), **query), data)
    run_commands(
        store,
        [run.run_id for run in runs.values()]
        if thorough
        else [runs[model, latent_dims[0]].run_id for model in ("ae", "vae")],
        len(data.test_images),
        umap,
    )
    with dashboard_on(store, umap):  # with the maps that the commands kept
        check_figures(look_at("latent_maps", dataset, latent=str(latent_dims[0])), data)
    for run in store:
        found = store.get(run.run_id)
        assert all(
            np.isfinite(array).all() for name in ("gallery.npz", "density.npz") for array in found.arrays(name).values()
        )


EXAMPLES = (
    Folder(2, 5),  # two test images
    Folder(1, 30),  # six, of one class
    Folder(3, 30, "alike"),  # eighteen, all alike
    Folder(4, 25, "black", side=9),
    Folder(24, 3, "dark on light", place="my__images"),  # more classes than buttons
)


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.name)
def test_no_page_and_no_command_fails(folder, tmp_path):
    check(folder, tmp_path)


def test_a_scene_chooses_other_images_where_its_own_are_missing(tmp_path):
    """The shipped scenes name images 2, 3 and 14 of `mnist-5k`; a folder of ten has two test images, one per class."""
    dataset = write(Folder(2, 5), tmp_path)
    store = RunStore(tmp_path / "runs", tmp_path / "none", limit_bytes=10**9)
    train_pairs(dataset, store, (2,))
    with dashboard_on(store, umap=False):
        for scene, chosen in (("point-or-cloud", ("0", "1")), ("decode", ("0", "1")), ("between", ("0", "1"))):
            app = look_at("walkthrough", dataset, scene=scene, reveal="true")
            assert not app.error, (scene, [error.value for error in app.error])
            link = next(node.proto.query_string for node in app._tree if node.type == "page_link")
            asked = dict(urllib.parse.parse_qsl(link))
            assert {asked[key] for key in ("index", "a", "b") if key in asked} <= set(chosen), (scene, link)
            if scene == "between":  # of two classes
                assert asked["a"] != asked["b"]


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    classes=some.one_of(some.integers(1, 4), some.sampled_from([21, 60, 300])),
    per_class=some.integers(3, 40),
    look=some.sampled_from(LOOKS),
    side=some.sampled_from([1, 28, 61]),
    singles=some.sampled_from([0, 0, 5]),
    place=some.sampled_from(PLACES),
)
@example(classes=1, per_class=4, look="real", side=28, singles=6, place="")  # a single test image
def test_no_page_and_no_command_fails_on_any_folder(classes, per_class, look, side, singles, place):
    assume(10 <= classes * per_class + singles <= 1200)
    with tempfile.TemporaryDirectory() as root:
        check(Folder(classes, per_class, look, side, singles, place), Path(root), umap=True, thorough=True)
