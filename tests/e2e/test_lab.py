"""The KL-weight lab in a real browser: what follows the finger, what the page is told, and agreement with torch."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save
from serving import APPS, opened, painted, release, served, until

from core.config import RunConfig
from core.models.build import build_model
from dashboard.components.networks import layers_of, with_layers
from dashboard.components.scripts import bundled

LAB = ".lab"


@pytest.fixture(scope="module")
def url(dashboard_browser):  # noqa: ARG001 - without a browser no server is started
    with served(APPS / "lab_app.py") as url:
        yield url


@pytest.fixture
def page(dashboard_browser, url):
    page = opened(dashboard_browser, f"{url}/?beta=2")
    ready(page)
    yield page
    assert page.errors == []
    release(page)


def ready(page):
    page.wait_for_selector(f'{LAB}[data-ready="1"][data-settled="1"]', timeout=60_000)


def lab(page, name):
    return page.locator(LAB).get_attribute(f"data-{name}")


def picture(page, section):
    """Grey levels of a canvas of tiles."""
    url = page.locator(f"{LAB} .{section} canvas").evaluate("(canvas) => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("L"), int)


def row(page, index):
    """Cells of a line of the table of figures; 1 is the prediction's, 2 the network's own, 3 the difference."""
    return page.locator(f"{LAB} .figures tr").nth(index).locator("th, td").all_inner_texts()


def chosen(page):
    return page.get_by_text("chosen:").inner_text()


def place(page, beta):
    """Screen position of a weight on the track."""
    box = page.locator(f"{LAB} .slide").bounding_box()
    return box["x"] + 12 + (box["width"] - 24) * (np.log10(beta) + 1) / 2, box["y"] + box["height"] / 2


def shows(page, beta):
    page.wait_for_selector(f'{LAB}[data-beta="{beta}"][data-settled="1"]')


def test_pictures_follow_the_finger_before_the_server_knows(page):
    before, told = picture(page, "samples"), chosen(page)
    page.mouse.move(*place(page, 2))
    page.mouse.down()
    page.mouse.move(*place(page, 7), steps=5)
    page.wait_for_selector(f'{LAB}:not([data-beta="2"])[data-settled="1"]')
    assert np.abs(picture(page, "samples") - before).max() > 5
    assert chosen(page) == told  # no rerun while the finger is down
    assert lab(page, "shows") == "prediction"
    page.mouse.up()
    page.get_by_text(f"chosen: {lab(page, 'beta')}").wait_for()


def test_the_same_weight_gives_the_same_picture_again(page):
    slide = page.locator(f"{LAB} .slide")
    before = picture(page, "samples")
    slide.focus()
    slide.press("ArrowRight")
    shows(page, "2.05")
    assert (picture(page, "samples") != before).any()
    slide.press("ArrowLeft")
    shows(page, "2")
    assert (picture(page, "samples") == before).all()


def test_keys_reach_the_ends_and_the_trained_weights(page):
    slide = page.locator(f"{LAB} .slide")
    slide.focus()
    for key, beta in (("PageUp", "4"), ("PageDown", "1"), ("End", "10"), ("Home", "0.1")):
        slide.press(key)
        page.wait_for_selector(f'{LAB}[data-beta="{beta}"]')
    assert slide.get_attribute("aria-valuetext") == "beta 0.1, a trained weight"
    page.get_by_text("chosen: 0.1").wait_for()


def test_near_a_trained_weight_the_knob_snaps_and_the_trained_network_takes_over(page):
    prediction = picture(page, "samples")
    page.mouse.move(*place(page, 2))
    page.mouse.down()
    x, y = place(page, 4)
    page.mouse.move(x + 2, y, steps=4)
    page.wait_for_selector(f'{LAB}[data-beta="4"][data-shows="prediction"]')
    page.mouse.up()
    page.wait_for_selector(f'{LAB}[data-shows="run-4"][data-settled="1"]')
    page.get_by_text("chosen: 4").wait_for()
    assert (picture(page, "samples") != prediction).any()
    real = picture(page, "samples")
    assert row(page, 2)[0] == "Trained" and row(page, 2)[1:3] == ["112.0", "11.0"]
    page.get_by_role("button", name="show the prediction").click()
    page.wait_for_selector(f'{LAB}[data-shows="prediction"][data-settled="1"]')
    assert (picture(page, "samples") != real).any()


def test_switching_a_living_unit_off_shows_and_a_dead_one_does_not(page):
    before = picture(page, "copies"), picture(page, "samples")
    dead = page.locator(f'{LAB} .bars button[data-unit="15"]')
    dead.click()
    page.locator(f"{LAB} .units p", has_text="change by 0.0000").wait_for()
    assert (picture(page, "copies") == before[0]).all() and (picture(page, "samples") == before[1]).all()
    page.locator(f'{LAB} .bars button[data-unit="3"]').click()
    page.locator(f"{LAB} .units p", has_text="z₄").wait_for()
    page.wait_for_selector(f'{LAB}[data-settled="1"]')
    assert (picture(page, "samples") != before[1]).any()
    assert "change by 0.0000" not in page.locator(f"{LAB} .units p").inner_text()


def test_the_noise_is_kept_until_other_noise_is_asked_for(page):
    samples, copies = picture(page, "samples"), picture(page, "copies")
    page.get_by_role("button", name="Other noise").click()
    until(page, lambda: (picture(page, "samples") != samples).any(), "samples of other noise")
    assert (picture(page, "copies") == copies).all()


def plane_position(page, rate, distortion):
    """Where rd_plane.js draws a point, in pixels from the canvas' corner, with its margins.

    Rates are from 0 to 35 and distortions from 80 to 120, as in lab_app.py.
    """
    box = page.locator(f"{LAB} .plane canvas").bounding_box()
    width, bottom = box["width"], min(box["width"], 380) - 34
    right, low, high = 1.12 * 35, 80 - 0.12 * 40 - 1, 120 + 0.06 * 40 + 1
    return {"x": 40 + rate / right * (width - 48), "y": bottom - (distortion - low) / (high - low) * (bottom - 8)}


def test_a_dot_of_the_plane_moves_the_knob(page):
    canvas = page.locator(f"{LAB} .plane canvas")
    assert "beta 4: rate 11.0, distortion 112.0" in canvas.get_attribute("aria-label")
    canvas.scroll_into_view_if_needed()
    canvas.click(position=plane_position(page, 32, 118))  # no dot is near
    painted(page)
    assert lab(page, "beta") == "2" and chosen(page) == "chosen: 2"
    for beta, rate, distortion in (("4", 10.97, 112.04), ("0.1", 35, 80)):
        canvas.click(position=plane_position(page, rate, distortion))
        page.wait_for_selector(f'{LAB}[data-beta="{beta}"][data-shows="run-{beta}"]')
        page.get_by_text(f"chosen: {beta}", exact=True).wait_for()


def test_a_finger_moves_it(dashboard_browser, url):
    page = opened(
        dashboard_browser, f"{url}/?beta=2", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    ready(page)
    page.touchscreen.tap(*place(page, 0.4))
    page.wait_for_selector(f'{LAB}:not([data-beta="2"])[data-settled="1"]')
    assert float(lab(page, "beta")) == pytest.approx(0.4, rel=0.1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.errors == []
    release(page)


def test_figures_follow_and_say_what_they_are(page):
    """At beta = 2 the app's figures are D = 106.02, R = 15.48; the curve is interpolated between 1.5 and 2.5."""
    name, distortion, rate, elbo, loss, active = row(page, 1)
    assert (
        name == "Prediction"
        and float(distortion) == pytest.approx(106.0, abs=0.3)
        and float(rate) == pytest.approx(15.5, abs=0.2)
    )
    assert float(elbo) == pytest.approx(float(distortion) + float(rate), abs=0.11) and float(loss) == pytest.approx(
        float(distortion) + 2 * float(rate), abs=0.2
    )
    assert active == "16 of 16" and row(page, 2)[1:] == ["–"] * 5
    page.locator(f"{LAB} .ticks button", has_text="4").click()
    page.wait_for_selector(f'{LAB}[data-shows="run-4"]')
    assert [row(page, i)[1] for i in (1, 2, 3)] == ["112.0", "112.0", "0.0"]


def test_the_page_can_move_the_knob_and_the_knob_can_go_back(page):
    page.locator(f"{LAB} .ticks button", has_text="4").click()
    page.get_by_text("chosen: 4").wait_for()
    page.get_by_role("button", name="Go to 0.5").click()
    page.get_by_text("chosen: 0.5").wait_for()
    page.wait_for_selector(f'{LAB}[data-beta="0.5"][data-shows="prediction"]')
    page.locator(f"{LAB} .ticks button", has_text="4").click()  # told once before: it has to be told again
    page.get_by_text("chosen: 4").wait_for()


def test_a_network_in_training_shows_its_own_pictures_and_figures(dashboard_browser, url):
    page = opened(dashboard_browser, f"{url}/?beta=2&epoch=3")
    page.wait_for_selector(f'{LAB}[data-live="3"][data-settled="1"]')
    samples, pitch = picture(page, "samples"), 29
    bright = [int(samples[pitch * (i // 6) + 14, pitch * (i % 6) + 14]) for i in range(36)]
    assert set(bright[:16]) == {255}, "the first sixteen are the network's in training"
    assert max(bright[16:]) < 0.35 * 255, "the prediction's are dimmed"
    assert row(page, 2)[0] == "In training, epoch 3" and row(page, 2)[1] == "106.0"
    page.locator(f"{LAB} .slide").press("ArrowRight")
    page.wait_for_selector(f'{LAB}[data-live=""]')
    assert page.errors == []
    release(page)


def test_without_a_multirate_model_the_nearest_trained_network_is_shown_and_said_to_be(dashboard_browser, url):
    page = opened(dashboard_browser, f"{url}/?beta=1&alone")
    page.wait_for_selector(f'{LAB}[data-shows="run-1"][data-settled="1"]')
    page.locator(f"{LAB} .slide").press("End")
    page.wait_for_selector(f'{LAB}[data-beta="10"][data-shows="run-4"][data-settled="1"]')
    assert "Nearest trained network: β = 4" in page.locator(f"{LAB} .whose").inner_text()
    assert len(page.locator(f"{LAB} .figures tr").all()) == 2 and row(page, 1)[0] == "Trained, β = 4"
    page.get_by_text("chosen: 10").wait_for()
    assert page.errors == []
    release(page)


def test_codes_between_the_nodes_agree_with_torch(dashboard_browser):
    """The polynomial through 13 weights stands in for the encoder: within 1e-3 of it at any weight."""
    config, n = RunConfig(model="multirate"), 7
    model, generator = build_model(config).eval().requires_grad_(False), torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():  # conditioning as strong as training makes it
        parameter.add_((0.1 if "films" in name else 0.05) * torch.randn(parameter.shape, generator=generator))
    images = torch.rand(n, 1, 28, 28, generator=generator)
    weights = with_layers(save(model.state_dict(), {"config": config.to_json()}), layers_of(config))
    text = [base64.b64encode(data).decode() for data in (weights, images.numpy().tobytes())]
    page = dashboard_browser.new_page()
    code = """import { CodeInterpolator } from "./web/code_interpolator.js";
import { Network } from "./web/networks.js";
Object.assign(window, { CodeInterpolator, Network, Uint8Array, ready: true });"""
    page.add_script_tag(content=bundled(code), type="module")
    page.wait_for_function("window.ready")
    got = page.evaluate(
        """async ([weights, images, n, betas]) => {
          const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
          const interpolator = new CodeInterpolator(new Network(bytes(weights)), new Float32Array(bytes(images)), n);
          await interpolator.fill();
          return betas.map((beta) => {
            const { mean, logvar } = interpolator.codes(beta);
            return [[...mean], [...logvar]];
          });
        }""",
        [*text, n, betas := [0.1, 0.137, 0.42, 1, 1.9, 6.6, 10]],
    )
    page.close()
    for beta, (mean, logvar) in zip(betas, got, strict=True):
        posterior = model.at(beta).encode(images)
        assert np.abs(np.array(mean) - posterior.mean.numpy().ravel()).max() < 1e-3
        assert np.abs(np.array(logvar) - posterior.logvar.numpy().ravel()).max() < 1e-3
    low, high = np.array(got[0][0]), np.array(got[-1][0])
    assert np.abs(low - high).max() > 0.05  # the weight does change the codes


# ---- training in the page ----


def trains_at(browser, url, **parameters):
    """The lab with training in the page, the knob released a step above beta = 2."""
    page = opened(browser, f"{url}/?beta=2&" + "&".join(f"{k}={v}" for k, v in parameters.items()))
    page.set_default_timeout(120_000)  # on a busy machine a training takes long
    ready(page)
    page.locator(f"{LAB} .slide").press("ArrowRight")
    return page


def act(page, name):
    page.locator(f'{LAB} .training [data-act="{name}"]').click()


def test_releasing_the_knob_trains_in_the_page_and_the_browser_keeps_the_network(dashboard_browser, url):
    page = trains_at(dashboard_browser, url, train=3)
    page.wait_for_selector(f'{LAB}[data-shows^="in-this-browser"][data-settled="1"]', timeout=60_000)
    trained = picture(page, "samples")
    assert page.locator(f"{LAB} .ticks .local").count() == 1
    assert float(row(page, 2)[1]) > 0, "its distortion on the test images"
    page.get_by_role("button", name="show the prediction").click()
    page.wait_for_selector(f'{LAB}[data-shows="prediction"][data-settled="1"]')
    assert (picture(page, "samples") != trained).any()

    page.goto(f"{url}/?beta=2.05&train=3")  # the next visit
    page.wait_for_selector(f'{LAB}[data-shows^="in-this-browser"][data-settled="1"]', timeout=60_000)
    assert (picture(page, "samples") == trained).all()

    act(page, "give")
    page.get_by_text("give: 2.05").wait_for()
    act(page, "forget")
    page.wait_for_selector(f'{LAB}[data-shows="prediction"][data-settled="1"]')
    assert page.locator(f"{LAB} .ticks .local").count() == 0
    assert page.errors == []
    release(page)


def test_a_training_in_the_page_can_be_stopped_and_waits_for_a_newer_one(dashboard_browser, url):
    page = trains_at(dashboard_browser, url, train=400)
    page.wait_for_selector(f'{LAB}[data-shows^="in-training"]')
    act(page, "stop")
    page.wait_for_selector(f'{LAB} [data-training="stopped"]')
    bar = page.locator(f"{LAB} .training progress")
    fraction = bar.evaluate("(bar) => bar.value")
    act(page, "go")
    page.wait_for_selector(f'{LAB} [data-training="running"]')
    assert bar.evaluate(
        """(bar, fraction) => new Promise((done) => {
          const look = () => (bar.value > fraction ? done(true) : setTimeout(look, 50));
          look();
        })""",
        fraction,
    )

    slide = page.locator(f"{LAB} .slide")
    slide.press("ArrowRight")  # another weight: this one is trained now, the other waits
    page.wait_for_selector(f'{LAB}[data-beta="2.09"][data-shows^="in-training"]')
    slide.press("ArrowLeft")
    page.wait_for_selector(f'{LAB}[data-beta="2.05"] [data-training="stopped"]')
    assert page.errors == []
    release(page)


def test_a_browser_that_is_too_slow_hands_the_training_to_the_server(dashboard_browser, url):
    page = trains_at(dashboard_browser, url, train=400, patience=1)
    page.get_by_text("slow: 2.05").wait_for()
    page.wait_for_selector(f'{LAB}[data-shows="prediction"] [data-training=""]')
    assert page.errors == []
    release(page)
