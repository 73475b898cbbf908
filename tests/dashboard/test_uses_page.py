"""Uses: each reacts to the chosen image, and its text follows from its figures."""

from __future__ import annotations

import base64
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
from driving import words

from core.config import RunConfig
from core.runs.store import RunStore
from dashboard.components.pad import decoded
from dashboard.content import catalog
from dashboard.content.uses import (
    METHODS,
    anomaly_takeaway,
    best_denoiser,
    compress_takeaway,
    denoise_takeaway,
    detection,
    held_out_takeaway,
    untrained_takeaway,
)
from dashboard.plots import tiles, uses_charts


def pictures(app) -> str:
    return next(e.proto.body for e in app.get("html") if 'class="tiles"' in e.proto.body)


@pytest.mark.parametrize(("use", "latent"), [("denoise", "4"), ("detect anomalies", "4"), ("compress", "2")])
def test_every_use_is_alive(dashboard, use, latent):
    app = dashboard("uses", use=use, latent=latent)
    assert not app.error and not app.warning and not app.exception
    assert "<figure>" in pictures(app) and "nan" not in pictures(app)


def test_another_image_is_another_picture_and_follows_the_link(dashboard):
    first, other = (pictures(dashboard("uses", use="compress", item=str(i))) for i in (0, 5))
    assert first != other


def test_more_bits_cost_more_bytes(dashboard):
    app = dashboard("uses", use="compress", bits="1")
    few = pictures(app)
    app.segmented_control(key="bits").set_value(6).run()
    size = [float(body.split("AE code</b>")[1].split(" bytes")[0].rsplit(">", 1)[1]) for body in (few, pictures(app))]
    assert size[0] < size[1] and not app.error


def test_noise_is_added_and_without_a_trained_pair_the_page_says_how_to_train_one(dashboard):
    app = dashboard("uses", sigma="0.1")
    weak = pictures(app)
    assert "--noise 0.5" in words(app) and "--dataset tiny" in words(app)
    app.slider(key="sigma").set_value(0.9).run()
    noisy = [float(body.split("Noisy</b>")[1].split(" dB")[0].rsplit(">", 1)[1]) for body in (weak, pictures(app))]
    assert noisy[0] > noisy[1] + 5


def test_levels_of_noise_are_drawn_for_models_trained_to_denoise_and_for_others(shipped, monkeypatch):
    drawn = []
    monkeypatch.setattr(uses_charts, "denoising", lambda _levels, curves, *_: drawn.append(set(curves)) or go.Figure())
    trained, others = (words(shipped("uses", latent=size)) for size in ("16", "2"))
    assert "were trained at noise 0.5 only" in trained and "were trained on clean images only" in others
    assert drawn[0] == {"ae", "vae", "clean", "median", "pca", "input"} and drawn[-1] == {
        "clean",
        "clean vae",
        "median",
        "pca",
        "input",
    }


def test_more_false_alarms_catch_more(dashboard):
    app = dashboard("uses", use="detect anomalies", alarms="1")
    caught = []
    for allowed in (1.0, 50.0):
        app.slider(key="alarms").set_value(allowed).run()
        caught.append(
            [float(m.value.split("for ")[1].split("%")[0]) for m in app.markdown if "raises the alarm" in m.value]
        )
    assert len(caught[0]) == 2 and all(a <= b for a, b in zip(*caught, strict=True)) and caught[0] != caught[1]


@pytest.mark.parametrize(("key", "value"), [("sigma", "nan"), ("item", "99999"), ("picture", "steal one")])
def test_hostile_links_are_told(dashboard, key, value):
    app = dashboard("uses", **{key: value})
    assert not app.exception and not app.error
    assert "The link asks for" in "\n".join(w.value for w in app.warning)


def test_a_denoising_pair_is_found_and_is_not_taken_for_the_plain_one(small_store):
    found = [catalog.Entry(run, run.config) for run in small_store]
    pair = catalog.pairs(found)["tiny", 4, 0]
    assert catalog.trained_to_denoise(found, pair, 0.5) is None
    noisy = [
        catalog.Entry(SimpleNamespace(run_id=m, shipped=True), e.config.replace(noise=0.5))
        for m, e in (("ae", pair.ae), ("vae", pair.vae))
    ]
    twin = catalog.trained_to_denoise([*found, *noisy], pair, 0.5)
    assert (twin.ae.run_id, twin.vae.run_id) == ("ae", "vae")
    assert catalog.trained_to_denoise([*found, noisy[0]], pair, 0.5) is None, "one of two is no pair"
    assert catalog.pairs([*found, *noisy])["tiny", 4, 0] == pair


def test_shipped_denoisers_belong_to_the_default_pair(tmp_path):
    entries = [catalog.Entry(run, run.config) for run in RunStore(tmp_path)]
    pair = catalog.pairs(entries)["mnist-5k", 16, 0]
    twin = catalog.trained_to_denoise(entries, pair, 0.5)
    assert twin.ae.config == RunConfig(model="ae", noise=0.5, data_digest=pair.ae.config.data_digest)


def test_what_a_browser_sends_is_an_image_or_nothing():
    pixels = np.arange(784, dtype=np.uint8)
    np.testing.assert_array_equal(decoded(base64.b64encode(pixels.tobytes()).decode()), pixels.reshape(28, 28))
    for bad in (
        None,
        "",
        7,
        ["x"],
        "not base64!",
        base64.b64encode(b"short").decode(),
        base64.b64encode(bytes(784)).decode(),
        "A" * 10_000,
        {"a": 1},
    ):
        assert decoded(bad) is None


def test_denoising_words_follow_the_figures():
    strong = {"input": 9, "ae": 19, "vae": 18, "median": 14, "pca": 15}
    weak = {"input": 22, "ae": 18, "vae": 18, "median": 23, "pca": 20}
    assert [best_denoiser(psnr) for psnr in (strong, weak)] == ["ae", "median"]
    told, otherwise = denoise_takeaway(0.5, strong, 10), denoise_takeaway(0.1, weak, 15)
    assert METHODS["ae"] in told and "19.0" in told and "15.0" in told
    assert METHODS["median"] in otherwise and "23.0" in otherwise


def test_words_about_models_nobody_trained_to_denoise():
    told = {
        untrained_takeaway(0.5, {"input": 9, "ae": ae, "vae": 10, "median": 14, "pca": 15}).split("PCA 15.0.")[1]
        for ae in (10, 12, 16)
    }
    assert len(told) == 2, "one verdict below a simple filter, one above"


def test_anomaly_words_follow_the_figures():
    above = {"ae": 0.97, "vae": 0.5}
    scores = ((0.8, 0.9, 0.7), (0.9, 0.901, 0.7), (0.6, 0.55, 0.5), (0.4, 0.3, 0.5))
    by_method = [dict(zip(("ae", "vae", "pca"), values, strict=True)) for values in scores]
    assert [detection(auroc) for auroc in by_method] == ["best", "level", "chance", "reversed"]
    told = [anomaly_takeaway("turned", above, auroc).split(f"PCA {auroc['pca']:.3f}.")[1] for auroc in by_method]
    assert len(set(told)) == 4 and "**VAE**" in told[0]
    failure = held_out_takeaway({"0": 0.9, "1": 0.2}, {"0": 0.8, "1": 0.3})
    assert "hardest **1**" in failure and "*better* than" in failure
    assert "better* than" not in held_out_takeaway({"0": 0.9, "1": 0.7}, {"0": 0.8, "1": 0.8})


def test_compression_words_follow_the_figures():
    def kept(size: float, error: float):
        return SimpleNamespace(bytes=size, mse=error)

    said = compress_takeaway(4, 16, kept(6, 0.01), kept(7, 0.02), kept(5, 0.03), kept(36, 0.01))
    assert "3.0 times its error" in said and "6 times as many" in said
    said = compress_takeaway(1, 16, kept(6, 0.01), kept(7, 0.02), kept(5, 0.005), kept(36, 0.02))
    assert "no more error" in said and "does not reach that error" in said


def test_figures_hold_what_they_are_given():
    rng = np.random.default_rng(0)
    normal, odd = rng.normal(80, 10, 500), rng.normal(150, 20, 400)
    histogram = uses_charts.anomaly_scores(normal, odd, 140.0, 100.0, "ae")
    assert [sum(trace.y) for trace in histogram.data] == pytest.approx([1, 1])
    assert {shape.x0 for shape in histogram.layout.shapes} == {140.0, 100.0}
    sizes = uses_charts.sizes({"ae": [(7, 0.1), (3, 0.2)]}, {"PNG": 171.0}, {"ae": (6.0, 0.1)})
    assert list(sizes.data[0].x) == [3, 7] and list(sizes.data[1].x) == [6.0]


def test_tiles_escape_and_colour():
    html = tiles.row([tiles.Tile("<b>", np.zeros((28, 28)), "1 < 2", "vae")])
    assert "&lt;b&gt;" in html and "1 &lt; 2" in html and "#0072B2" in html and html.count("<img") == 1
