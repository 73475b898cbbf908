"""The pages Latent maps, Random samples and Interpolation: what is measured or drawn when, and in the URL."""

from __future__ import annotations

from concurrent.futures import Future

import numpy as np
import pytest
from driving import data_of, rested, words

from core.data.dataset import DataKey
from core.files import npz_bytes, write_json
from core.metrics import records
from dashboard import cache
from dashboard.components import assets
from dashboard.components.interpolator import drawn_image, drawn_text
from dashboard.content.maps import laying_out

DRAWING = drawn_text(np.eye(28) * 255)


def test_a_map_that_is_being_laid_out_says_so_shows_pca_meanwhile_and_is_kept_with_the_runs(
    dashboard, jobs, small_store
):
    from core.latent.run_maps import project_task

    jobs.state = "running"
    app = dashboard("latent_maps")
    waiting = laying_out(jobs.status(""), warm=True, compiling=None)
    assert waiting in words(app)
    ((key, function, arguments),) = jobs.called
    assert function is project_task and key.startswith("maps-")
    function(*arguments)
    jobs.future.set_result(None)
    try:
        app.run()
        assert waiting not in words(app) and not app.error and not app.warning
        assert "disparity" in words(app) and len(jobs.called) == 1
    finally:
        for run in small_store:
            if run.has("projection.npz"):
                (run.path / "projection.npz").unlink()
                write_json(
                    run.path / "manifest.json", {k: v for k, v in run.manifest().items() if k != "projection.npz"}
                )


def test_a_layout_that_failed_is_told_and_can_be_asked_for_again(dashboard, jobs):
    jobs.state = "running"
    app = dashboard("latent_maps")
    jobs.future.set_exception(RuntimeError("the worker ran out of memory"))
    app.run()
    assert "the worker ran out of memory" in app.warning[0].value and not app.error
    jobs.future = Future()
    next(b for b in app.button if b.label == "Try again").click().run()
    assert laying_out(jobs.status(""), warm=True, compiling=None) in words(app) and len(jobs.called) == 2


@pytest.mark.usefixtures("no_judge")
def test_samples_are_judged_once_their_judge_has_been_trained(dashboard, jobs):
    app = dashboard("samples")
    assert "still being evaluated" in words(app) and not any(figures_shown(app)) and not verdicts(app)
    ((key, function, arguments),) = jobs.called
    assert key.startswith("judge-")
    function(*arguments)
    jobs.future.set_result(None)
    figures, takeaways = {}, set()
    for query in ({}, {"source": "gaussian"}, {"source": "mixture"}, {"temperature": "0.5"}):
        app = dashboard("samples", **query)
        takeaways |= set(verdicts(app).values())
        figures[tuple(query.items())] = figures_shown(app)
        assert set(verdicts(app)) == {(query.get("source", "prior"),) * 2 + (float(query.get("temperature", 1)),)}
        assert not data_of(app, "sampler")["unmeasured"]
    assert len(takeaways) == 4 and len({repr(f) for f in figures.values()}) == 4


def figures_shown(app) -> list[list[dict]]:
    """The figures of the AE's and the VAE's samples that the page has."""
    data = data_of(app, "sampler")
    return [data["left"]["figures"], data["right"]["figures"]]


def verdicts(app) -> dict[tuple[str, str, float], str]:
    """What the figures say, by the sources and the temperature that they are of."""
    return {(v["left"], v["right"], v["temperature"]): v["text"] for v in data_of(app, "sampler")["verdicts"]}


def test_figures_that_came_with_the_project_are_read_not_measured(dashboard, jobs, own_store):
    kept = {"n": 120, "samples": {"floor": 0.5, "prior": {"fd": 12.5, "density": 0.75, "coverage": 0.25}}}
    for run in own_store:
        records.keep(run, {**records.stamp(run), **kept})
    app = dashboard("samples")
    expected = {"source": "prior", "temperature": 1.0, "fd": "12.5", "density": "0.75", "coverage": "25%"}
    assert figures_shown(app) == [[expected]] * 2 and not jobs.called


def test_where_the_samplers_controls_rest_is_in_the_url(dashboard):
    app = rested(dashboard("samples"), "sampler", noise=1, temperature=0.35, nearest=True)
    assert {k: app.query_params.get(k) for k in ("noise", "temperature", "nearest", "source")} == {
        "noise": "1",
        "temperature": "0.35",
        "nearest": "true",
        "source": None,
    }
    again = dashboard("samples", noise="1", temperature="0.35", nearest="true")
    assert data_of(again, "sampler")["values"] == data_of(app, "sampler")["values"]


def test_samples_of_one_class_have_no_figures_of_all_classes(dashboard, jobs):
    app = dashboard("samples", **{"source": "class", "class": "7"})
    assert not any(figures_shown(app)) and not verdicts(app) and not jobs.called
    assert data_of(app, "sampler")["drawable"] == [True] * 10


def test_a_run_without_class_densities_gets_them_when_a_class_is_asked_for(dashboard, sent, own_store):
    for run in own_store:
        older = {k: v for k, v in run.arrays("density.npz").items() if not k.startswith("classes")}
        run.add("density.npz", npz_bytes(**older))
    app = dashboard("samples")
    assert not app.error and "left_class_means" not in sent[-1] and "left_mixture_means" in sent[-1]
    app = rested(app, "sampler", source="class")
    found = sent[-1]
    assert not app.error and found["left_class_means"].shape == found["right_class_means"].shape == (10, 4)


@pytest.fixture
def reason(dashboard, monkeypatch) -> str:  # noqa: ARG001 - its runs
    """Why the page can run no network: it knows no kind of layer."""
    monkeypatch.setattr(assets, "LAYER_KINDS", ())
    pair = cache.trained.pairs()["tiny", 4, 0]
    return assets.not_in_page(pair.ae.config, pair.vae.config)


def test_where_the_page_cannot_run_the_networks_the_server_draws_the_samples(dashboard, reason):
    app = dashboard("samples", source="mixture", noise="3")
    assert not app.error and reason and reason in words(app) and len(app.image) == 2
    next(b for b in app.button if b.label == "Draw again").click().run()
    assert app.query_params.get("noise") == "4"


def test_the_paths_ends_are_the_first_images_of_two_classes_and_what_is_chosen_is_in_the_url(dashboard):
    app = dashboard("interpolation")
    labels, values = cache.trained.dataset(DataKey("tiny")).test_labels, data_of(app, "interpolator")["values"]
    assert [int(labels[values[end]]) for end in ("a", "b")] == [3, 8] and values["at"] == 0.5
    app = rested(app, "interpolator", a=7, at=0.2, way="spherical", b_drawn=DRAWING)
    assert {k: app.query_params.get(k) for k in ("a", "b", "at", "way", "b_drawn", "a_drawn")} == {
        "a": "7",
        "b": None,
        "at": "0.2",
        "way": "spherical",
        "b_drawn": DRAWING,
        "a_drawn": None,
    }


def test_a_drawing_in_a_link_is_read_and_anything_else_is_none():
    assert np.array_equal(drawn_image(DRAWING), np.eye(28) * 255)
    image = np.arange(784).reshape(28, 28) % 256
    assert np.abs(drawn_image(drawn_text(image)).astype(int) - image).max() <= 9, "rounded to 16 grey levels"
    for wrong in ("", "A" * 523, "A" * 522, "A" * 524, "é" * 523, "=" * 523, None, 523, ["A"] * 523):
        assert drawn_image(wrong) is None


def test_paths_of_drawings_are_decoded_by_the_server_too(dashboard):
    dashboard("interpolation")
    pair = next(p for p in cache.trained.pairs().values() if p.latent_dim == 4)
    drawing, run_id = drawn_image(DRAWING).tobytes(), pair.vae.run_id
    made = cache.decoded.decoded_path(run_id, 3, drawing, 5, "linear")
    assert made.shape == (5, 28, 28)
    np.testing.assert_allclose(made[0], cache.decoded.decoded_path(run_id, 3, 8, 5, "linear")[0], atol=1e-5)
    np.testing.assert_allclose(made[::-1], cache.decoded.decoded_path(run_id, drawing, 3, 5, "linear"), atol=1e-5)
    image = cache.trained.dataset(DataKey("tiny")).test_images[8].tobytes()
    stored, encoded = (cache.decoded.decoded_path(run_id, 3, end, 5, "linear") for end in (8, image))
    np.testing.assert_allclose(stored, encoded, atol=5e-3)


def test_where_the_page_cannot_run_the_networks_the_server_draws_the_path(dashboard, reason):
    app = dashboard("interpolation")
    assert not app.error and reason and reason in words(app) and "At the midpoint" in words(app)
    app.selectbox("a-class").set_value("7").run()
    data = cache.trained.dataset(DataKey("tiny"))
    assert data.test_labels[app.session_state["a"]] == 7
    next(b for b in app.button if b.label == "A random pair").click().run()
    assert app.session_state["a"] != app.session_state["b"] and not app.error
