"""Every page through Streamlit's AppTest: drawn without waiting, its choices in the URL, bad input reported."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest
from driving import BETAS, data_of, rested, words

from core.config import QUICK, RunConfig
from core.data import datasets
from core.data.dataset import DataError, DataKey
from core.data.sources import DATASETS
from core.files import npz_bytes, write_json
from core.metrics import records
from core.runs.store import RunStore
from core.training.train_run import train
from dashboard import cache
from dashboard.components import assets
from dashboard.components.interpolator import drawn_image, drawn_text
from dashboard.content.kl_weight import untrained
from dashboard.content.maps import laying_out
from dashboard.session.beta_state import BetaState

PAGES = ("start", "latent_maps", "samples", "interpolation", "kl_weight", "training")
NAMES = {
    "start": "Point or Cloud",
    "latent_maps": "Latent maps",
    "samples": "Random samples",
    "interpolation": "Interpolation",
    "kl_weight": "KL weight",
    "training": "How the spaces form",
    "one_image": "One image through both",
}


DRAWING = drawn_text(np.eye(28) * 255)
SHARED = {
    "latent_maps": "maps",
    "samples": "sampler",
    "interpolation": "interpolator",
}  # pages whose settings a component has


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("latent", ["4", "2"])
def test_page_is_alive_and_says_what_it_measured_on(dashboard, page, latent):
    app = dashboard(page, latent=latent)
    text = words(app)
    assert app.title[0].value == NAMES[page]
    assert not app.error and not app.warning and not app.exception
    assert re.search(r"Measured (on|against) \d+ .*`tiny` · latent size " + latent, text), "no provenance line"
    assert "-tiny-d" + latent in text
    assert [e.label for e in app.expander if e.label.startswith("Explanation")]
    assert "nan" not in text.lower().replace("nats", "")


def test_start_shows_the_real_numbers_of_the_pair_shown(dashboard, small_store):
    app = dashboard("start")
    ae, vae = (
        small_store.find(model=m, latent_dim=4, **({"beta": 1.0} if m == "vae" else {}))[0].evaluation()
        for m in ("ae", "vae")
    )
    shown = {(m.label, m.value) for m in app.metric}
    assert ("Distortion D", f"{ae['distortion']:.1f}") in shown and (
        "Distortion D",
        f"{vae['distortion']:.1f}",
    ) in shown
    assert ("Rate R", "n/a") in shown and ("Rate R", f"{vae['rate']:.1f}") in shown, (
        "an AE's rate is not available; a VAE's is"
    )


def test_start_another_image_is_another_image(dashboard):
    app = dashboard("start")
    before = [image.value for image in app.image]
    next(b for b in app.button if b.label == "Another image").click().run()
    assert not app.error
    assert app.session_state["member"] == 1
    assert [image.value for image in app.image] != before


@pytest.mark.parametrize(
    ("page", "key", "value"),
    [
        ("start", "latent", "999"),
        ("start", "latent", "'; DROP TABLE--"),
        ("start", "data", "../../etc/passwd"),
        ("start", "seed", "nan"),
        ("samples", "temperature", "nan"),
        ("samples", "temperature", "inf"),
        ("samples", "temperature", "99"),
        ("samples", "noise", "-5"),
        ("samples", "noise", "1e999"),
        ("samples", "source", "<script>alert(1)</script>"),
        ("samples", "nearest", "perhaps"),
        ("samples", "class", "eleven"),
        ("samples", "number", "37"),
        ("one_image", "index", "1e9"),
        ("one_image", "view", "<b>"),
        ("interpolation", "a", "123456"),
        ("interpolation", "steps", "2000"),
        ("interpolation", "way", "sideways"),
        ("interpolation", "at", "1.01"),
        ("interpolation", "a_drawn", "javascript:alert(1)"),
        ("latent_maps", "projection", "tsne"),
        ("latent_maps", "umap", "7"),
        ("latent_maps", "pictures", "some"),
        ("kl_weight", "beta", "1e9"),
        ("kl_weight", "beta", "nan"),
        ("kl_weight", "beta", "many"),
        ("kl_weight", "beta", "-1"),
    ],
)
def test_hostile_links_are_told_and_the_page_lives(dashboard, jobs, page, key, value):
    app = dashboard(page, **{key: value})
    assert not app.exception and not app.error, [e.value for e in app.error]
    assert app.title[0].value == NAMES[page]
    told = "\n".join(w.value for w in app.warning)
    assert "The link asks for" in told and "Shown is" in told, f"{key}={value} was swallowed without a word"
    assert "<script>" not in told and "/etc/" not in told.replace("../../etc/passwd", "")
    assert not jobs.asked, "a link must not start a training"


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("samples", {"source": "mixture", "temperature": "0.5", "noise": "3"}),
        ("kl_weight", {"beta": "4"}),
        ("samples", {"source": "gaussian", "vae_prior": "True"}),
        ("samples", {"source": "class", "class": "7", "number": "16"}),
        ("interpolation", {"a": "5", "b": "9", "way": "spherical"}),
        ("interpolation", {"steps": "3", "at": "0.25", "b_drawn": DRAWING}),
        ("latent_maps", {"projection": "PCA"}),
        ("latent_maps", {"pictures": "True"}),
    ],
)
def test_a_link_restores_the_view(dashboard, page, query):
    app = dashboard(page, **query)
    assert not app.warning and not app.error
    for key, value in query.items():
        if page in SHARED and key != "projection":
            stored = data_of(app, SHARED[page])["values"][key]
        else:
            stored = app.session_state["_beta"].value if key == "beta" else app.session_state[key]
        assert (f"{stored:g}" if isinstance(stored, float) else str(stored)) == value
        assert app.query_params.get(key) == value, "the choice left the URL"


def test_an_infinite_link_leaves_the_control_working(dashboard):
    app = rested(dashboard("samples", noise="1e999"), "sampler", noise=5)
    assert data_of(app, "sampler")["values"]["noise"] == 5 and app.query_params["noise"] == "5" and not app.error


def test_shared_choice_follows_to_another_page(dashboard):
    app = dashboard("start", latent="2")
    app.switch_page("views/samples.py").run()
    assert "latent size 2" in words(app)


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
    assert "is being trained" in words(app) and not any(figures_shown(app)) and not verdicts(app)
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


def test_untrained_weight_from_a_link_is_offered_not_started(dashboard, jobs):
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert not jobs.asked
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert [(c.beta, c.model, c.dataset, c.epochs) for c in jobs.asked] == [(2.7, "vae", "tiny", QUICK["epochs"])]


def test_weight_off_the_grid_can_be_linked(dashboard):
    app = dashboard("kl_weight", beta="3.1416")
    assert "β = 3.1416" in words(app) and not app.warning


def larger(data, n):
    """A data set with its training images repeated until there are n."""
    chosen = [i % len(data.train_images) for i in range(n)]
    return replace(data, train_images=data.train_images[chosen], train_labels=data.train_labels[chosen])


def released(app, beta):
    """What the page does when the knob tells that it has come to rest (a component sends nothing under this driver)."""
    weight = app.session_state["_beta"] if "_beta" in app.session_state else BetaState()
    app.session_state["_beta"] = weight.rested({"beta": beta, "sequence": weight.sequence})
    return app.run()


def test_releasing_the_knob_starts_a_training_that_can_be_watched_and_stopped(dashboard, jobs):
    app = released(dashboard("kl_weight", train_in="the server"), 2.2)
    assert [c.beta for c in jobs.asked] == [2.2]
    assert app.query_params.get("beta") == "2.2"
    assert any("Starting" in str(p.proto) for p in app.get("progress"))
    next(b for b in app.button if b.label == "Stop").click().run()
    assert jobs.stopped == [jobs.asked[0].run_id]
    app.run()
    assert "was stopped" in words(app) and any(b.label == "Resume" for b in app.button)


def test_in_the_browser_releasing_the_knob_asks_the_server_for_nothing(dashboard, jobs):
    app = released(dashboard("kl_weight"), 2.2)
    assert not jobs.asked and app.query_params.get("beta") == "2.2"
    assert not any(b.label.startswith("Train β") for b in app.button), "the lab has that button"


def test_images_of_a_large_data_set_are_not_sent_to_browsers(dashboard, jobs, monkeypatch):
    assert any("Train in" in c.label for c in dashboard("kl_weight").segmented_control)
    real = cache.trained.dataset
    monkeypatch.setattr(cache.trained, "dataset", lambda data: larger(real(data), 10_001))
    app = released(dashboard("kl_weight"), 2.2)
    assert not any("Train in" in c.label for c in app.segmented_control)
    assert not jobs.asked, "nor are they trained on when the knob is released"


def test_each_trainings_status_is_asked_for_once_per_rerun(dashboard, jobs):
    jobs.states = {}
    app = dashboard("kl_weight", train_in="the server")
    app.button("train-pair").click().run()
    jobs.looked_up.clear()
    released(app, 2.2)
    assert len(jobs.asked) == 3, "a pair and a weight"
    assert sorted(jobs.looked_up) == sorted(config.run_id for config in jobs.asked)
    jobs.looked_up.clear()
    app.run()
    assert sorted(jobs.looked_up) == sorted(config.run_id for config in jobs.asked)


def test_a_visitor_who_sweeps_the_knob_starts_one_training_not_ten(dashboard, jobs):
    app = dashboard("kl_weight", train_in="the server")
    jobs.states = {}
    for beta in (2.2, 2.6, 3.3):
        released(app, beta)
    assert [c.beta for c in jobs.asked] == [2.2]
    assert any(b.label == "Train β = 3.3" for b in app.button), "the others can still be asked for"


def test_nothing_is_trained_on_release_when_that_is_switched_off(dashboard, jobs):
    app = released(dashboard("kl_weight", train_in="the server", auto="false"), 2.2)
    assert not jobs.asked and any(b.label == "Train β = 2.2" for b in app.button)
    assert app.query_params.get("auto") == "false"


def test_the_weight_is_translated_and_the_classic_mistake_told_where_no_run_shows_it(dashboard):
    text = words(dashboard("kl_weight", beta="4"))
    assert "PyTorch-VAE](https://github.com/AntixK/PyTorch-VAE)" in text
    assert "≈ **0.0102**" in text, "4 / (784 / 2), the distortion being another one"
    assert "| **0.005102** |" in text, "4 / 784 where D is averaged"
    assert "--reduction mean" in text


def test_a_training_that_a_restart_interrupted_is_called_that(dashboard, jobs):
    jobs.state = "stale"
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert untrained(jobs.status(""), RunConfig(beta=2.7)) in words(app)
    next(b for b in app.button if b.label == "Resume").click().run()
    assert [c.beta for c in jobs.asked] == [2.7]


def test_a_full_queue_is_told_with_the_wait(dashboard, jobs):
    from core.jobs.background import QueueFull

    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    jobs.refusal = QueueFull("8 trainings are waiting already. It should have room in about 40 s.")
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert any(str(jobs.refusal) in w.value for w in app.warning) and not app.error


def test_epochs_come_from_the_link_within_core_limits(dashboard, jobs):
    app = dashboard("kl_weight", train_in="the server", beta="2.7", epochs="3")
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert [c.epochs for c in jobs.asked] == [3]
    told = dashboard("kl_weight", epochs="100000")
    assert any("100000" in w.value and "from 1 to" in w.value for w in told.warning)


def test_the_data_sets_are_pictures_that_choose_their_models(shipped):
    app = shipped("start", latent="16")
    assert app.session_state["pair"].dataset == "mnist-5k"
    for name, latent_dim in (("emoji", 32), ("sprites", 10), ("mnist-5k", 16)):
        app.button(f"data-{name}").click().run()
        pair = app.session_state["pair"]
        assert (pair.dataset, pair.latent_dim) == (name, latent_dim) and not app.exception and not app.warning


def test_a_pair_of_another_likelihood_is_a_choice_and_part_of_the_link(dashboard, runs, small_store, tmp_path):
    assert [c.key for c in dashboard("start").segmented_control if c.key == "likelihood"] == []
    shutil.copytree(small_store.cache, tmp_path / "runs")
    runs.store = RunStore(tmp_path / "runs", tmp_path / "none", limit_bytes=10**9)
    for model in ("ae", "vae"):
        config = RunConfig(dataset="tiny", epochs=2, batch_size=16, latent_dim=4, model=model, likelihood="gaussian")
        train(config, runs.store)
    app = dashboard("start")
    assert app.session_state["pair"].likelihood == "bernoulli"
    assert app.segmented_control(key="likelihood").options == ["bernoulli", "gaussian"]
    app.segmented_control(key="likelihood").set_value("gaussian").run()
    chosen = app.session_state["pair"]
    assert {entry.config.likelihood for entry in chosen.entries} == {"gaussian"} and chosen.latent_dim == 4
    linked = dashboard("kl_weight", likelihood="gaussian")
    assert linked.session_state["pair"].vae.run_id == chosen.vae.run_id and not linked.exception
    assert any("calibrated" in w.value for w in dashboard("start", likelihood="calibrated").warning)


@pytest.mark.usefixtures("small_store")
def test_a_pair_of_another_latent_size_is_asked_for_watched_and_shown(dashboard, jobs):
    jobs.states = {}
    app = dashboard("kl_weight")
    app.selectbox(key="pair-data").set_value("mnist-5k").run()
    app.segmented_control(key="pair-latent").set_value(8).run()
    app.button("train-pair").click().run()
    assert [(c.model, c.beta, c.dataset, c.latent_dim, c.epochs) for c in jobs.asked] == [
        ("ae", None, "mnist-5k", 8, QUICK["epochs"]),
        ("vae", 1.0, "mnist-5k", 8, QUICK["epochs"]),
    ]
    assert len([b for b in app.button if b.label == "Stop"]) == 2
    jobs.states = {c.run_id: "complete" for c in jobs.asked}
    app.run()
    assert any(b.label == "Show the pair: mnist-5k, latent size 8, seed 0" for b in app.button)


def test_a_failed_training_says_why(dashboard, jobs):
    jobs.state, jobs.message = "failed", "the loss is nan in epoch 3: training diverged. Lower learning_rate."
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert "Lower learning_rate" in words(app) and any(b.label == "Resume" for b in app.button)


def test_trained_weights_are_all_there(dashboard):
    app = dashboard("kl_weight", beta="4")
    assert f"{len(BETAS)} trained values of β" in words(app)
    assert "At β = 4 the" in words(app)


@pytest.fixture
def failing(monkeypatch) -> Callable[[Exception], None]:
    """Let the images be read again, and reading them fail with this error."""

    def fail_with(error: Exception) -> None:
        def load(_places):
            raise error

        monkeypatch.setitem(DATASETS, "tiny", replace(DATASETS["tiny"], load=load))
        datasets.named.cache_clear()

    return fail_with


def test_expected_errors_show_their_own_words(dashboard, failing):
    failing(DataError("Fashion-MNIST is not there. Connect to a network."))
    app = dashboard("start")
    assert [e.value for e in app.error] == ["Fashion-MNIST is not there. Connect to a network."]


def test_unexpected_errors_apologise_without_a_traceback(dashboard, failing, caplog):
    failing(ZeroDivisionError("secret detail in /home/somebody"))
    app = dashboard("start")
    assert len(app.error) == 1 and "Sorry" in app.error[0].value
    assert "secret" not in words(app) and not app.exception
    assert "ZeroDivisionError" in caplog.text, "the server's log must have it"


def test_no_models_at_all_says_how_to_train(dashboard, runs, tmp_path):
    from core.runs.store import RunStore

    runs.store = RunStore(tmp_path / "a", tmp_path / "b", limit_bytes=10**9)
    app = dashboard("start")
    assert "python -m core train" in app.error[0].value


def test_what_a_training_takes_is_said_before_it_starts(dashboard):
    text = words(dashboard("kl_weight", train_in="the server", beta="2.7"))
    assert re.search(r"Trains 6 epochs in the background: about .*\d+ MB of memory", text)
    assert re.search(r"Each of the two trainings takes about .*\d+ MB of memory", text)
