"""Every page through Streamlit's AppTest: drawn without waiting, its choices in the URL, bad input reported."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from driving import data_of, rested, words

from core.config import RunConfig
from core.data import datasets
from core.data.dataset import DataError
from core.data.sources import DATASETS
from core.runs.store import RunStore
from core.training.train_run import train
from dashboard.components.interpolator import drawn_text

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
    assert "The link asks for" in told and "Shown is" in told, f"{key}={value} was ignored silently"
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
