"""Random samples in a real browser: what moves without the server, and agreement with what the server draws."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save
from serving import STILL, painted, until

from core.data.datasets import load_dataset
from core.latent.interpolation import nearest
from core.latent.sampling import decode_all, unpack
from core.runs.store import RunStore
from dashboard.components.networks import layers_of, with_layers
from dashboard.components.sampler import arrays_of
from dashboard.components.scripts import bundled

SAMPLER = ".sampler[data-ready='1']"
RUNS = {"ae": "ae-mnist-5k-d16-s0-4f27b29ee4b4", "vae": "vae-mnist-5k-d16-b1-s0-a9acf80037e8"}


def samples(kind: str, source: str, temperature: float, seed: int) -> np.ndarray:
    """What the server decodes; the source "class 7" is the Gaussian of that class."""
    run = RunStore().get(RUNS[kind])
    densities = unpack(run.arrays("density.npz"))
    density = densities["classes"].only(int(source[-1])) if source.startswith("class") else densities[source]
    return decode_all(run.load_model(), density.sample(64, temperature, seed))


def tiles(page, lane: int, columns: int = 6) -> np.ndarray:
    """The pictures of one model on the page, grey levels (n, 28, 28), with the height of the canvas / 29 rows."""
    url = page.locator(f"{SAMPLER} canvas.tiles").nth(lane).evaluate("canvas => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as image:
        grey = np.asarray(image.convert("L"), np.float32) / 255
    rows = (grey.shape[0] + 1) // 29
    return np.stack([grey[29 * (i // columns) :, 29 * (i % columns) :][:28, :28] for i in range(rows * columns)])


def drawn(page) -> None:
    """Wait until all pictures show the settings, which the component reads in its next frame."""
    painted(page)
    page.wait_for_selector(f"{SAMPLER}:not([data-complete=''])")


def move(page, temperature: float) -> None:
    """The slider moves as under a finger that does not come to rest."""
    page.locator(f"{SAMPLER} .temperature").evaluate(
        "(slide, value) => { slide.value = value; slide.dispatchEvent(new Event('input')); }", temperature
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("source=prior&noise=3", ("prior", 1.0, 3)),
        ("source=mixture&temperature=0.5", ("mixture", 0.5, 0)),
        ("source=class&class=7&temperature=0.8&noise=2", ("class 7", 0.8, 2)),
    ],
)
def test_a_link_shows_the_pictures_that_the_server_draws(visit, query, expected):
    page = visit(f"/samples?{query}")
    drawn(page)
    for lane, kind in enumerate(RUNS):
        assert np.abs(tiles(page, lane) - samples(kind, *expected)[:36]).max() < 1.5 / 255, kind


def test_temperature_moves_both_models_pictures_without_the_server(visit):
    page = visit("/samples?source=mixture")
    drawn(page)
    before = [tiles(page, lane) for lane in (0, 1)]
    runs = page.evaluate("performance.getEntriesByType('resource').length")
    for value in (0.9, 0.6, 0.3):
        move(page, value)
    drawn(page)
    for lane, kind in enumerate(RUNS):
        shown = tiles(page, lane)
        assert np.abs(shown - before[lane]).max() > 0.2
        assert np.abs(shown - samples(kind, "mixture", 0.3, 0)[:36]).max() < 1.5 / 255
    assert "temperature" not in page.url, "nothing was told before it rested"
    assert page.evaluate("performance.getEntriesByType('resource').length") == runs
    assert "Fréchet" not in page.locator(f"{SAMPLER} .lead").inner_text(), "the figures are of another temperature"
    assert page.locator(f"{SAMPLER} dd").all_inner_texts() == ["–"] * 6
    page.wait_for_url("**temperature=0.3**")
    page.wait_for_selector(STILL)
    until(page, lambda: "–" not in page.locator(f"{SAMPLER} dl").first.inner_text(), "measured where it rests")


def test_draw_again_and_the_number_of_samples(visit):
    page = visit("/samples")
    drawn(page)
    page.get_by_role("button", name="Draw again").click()
    page.locator(f"{SAMPLER} .count").select_option("16")
    page.wait_for_url("**number=16**")
    assert "noise=1" in page.url
    drawn(page)
    until(
        page,
        lambda: (
            (shown := tiles(page, 1, 4)).shape[0] == 16
            and np.abs(shown - samples("vae", "prior", 1.0, 1)[:16]).max() < 1.5 / 255
        ),
        "sixteen samples of the next seed",
    )


def test_one_class_from_the_keyboard_is_counted_by_the_classifier(visit):
    page = visit("/samples")
    drawn(page)
    page.get_by_role("button", name="one class").focus()
    page.keyboard.press("Enter")
    page.locator(f"{SAMPLER} select.class").select_option("3")
    page.wait_for_url("**class=3**")
    page.locator(f"{SAMPLER} button[data-source='class'][aria-pressed='true']").wait_for()
    counts = lambda: [int(n) for n in re.findall(r"\d+", page.locator(f"{SAMPLER} .lead").inner_text())]  # noqa: E731
    until(page, lambda: len(counts()) >= 4 and counts().count(3) >= 1, "samples, class and both models' counts")
    page.locator(f"{SAMPLER} .none").wait_for()
    assert not page.locator(f"{SAMPLER} dl").first.is_visible()


def test_the_most_similar_training_images_are_the_servers(visit):
    page = visit("/samples?source=mixture&nearest=true&noise=1")
    drawn(page)

    def unit(images):
        flat = images.reshape(len(images), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    train = load_dataset("mnist-5k").train_images.astype(np.float32) / 255
    for lane, kind in enumerate(RUNS):
        made = samples(kind, "mixture", 1.0, 1)[:24]
        index, _ = nearest(unit(made), unit(train))
        until(page, lambda: tiles(page, lane, 8)[1].any(), "they have been fetched")  # noqa: B023 - called at once
        shown = tiles(page, lane, 8)
        assert np.abs(shown[0::2] - made).max() < 1.5 / 255
        same = [np.abs(shown[2 * i + 1] - train[index[i], 0]).max() < 1.5 / 255 for i in range(24)]
        assert sum(same) >= 23, "a tie may be broken in another way"
    move(page, 0.5)
    until(page, lambda: not tiles(page, 0, 8)[1::2].any(), "none stays beside a sample that it was not found for")


MODULE = """
import { Network } from "./web/networks.js";
import { parseSafetensors } from "./web/weights.js";
import { MOST, Samples } from "./components/sampler/samples.js";
Object.assign(window, { Network, parseSafetensors, MOST, Samples }); window.ready = true;"""
RUN = """([weights, arrays, source, klass, temperature, noise]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const read = parseSafetensors(bytes(arrays)).tensors, densities = {};
  for (const source of ["gaussian", "mixture", "class"])
    densities[source] = Object.fromEntries(
      ["means", "roots", "ends"].map((name) => [name, read[`left_${source}_${name}`].data]));
  const network = new Network(bytes(weights)), made = new Samples();
  made.take({ left: network, right: network }, { left: densities, right: densities });
  made.draw({ source, temperature, noise, number: MOST, vae_prior: false }, klass);
  while (!made.decode());
  return btoa(Array.from(new Uint8Array(made.tiles.left.buffer), (v) => String.fromCharCode(v)).join(""));
}"""


@pytest.mark.parametrize("kind", RUNS)
def test_decoded_pictures_equal_the_servers(dashboard_browser, kind):
    run = RunStore().get(RUNS[kind])
    found = unpack(run.arrays("density.npz"))
    arrays = arrays_of({"gaussian": found["gaussian"], "mixture": found["mixture"], "class": found["classes"]}, "left")
    files = (
        with_layers(run.read("weights.safetensors"), layers_of(run.config)),
        save({name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}),
    )
    page = dashboard_browser.new_page()
    page.add_script_tag(content=bundled(MODULE), type="module")
    page.wait_for_function("window.ready")
    for source, temperature, seed in (("prior", 1.0, 0), ("gaussian", 1.3, 7), ("mixture", 0.5, 99), ("class 4", 1, 2)):
        name, klass = source.split()[0], int(source[-1]) if source.startswith("class") else 0
        got = page.evaluate(RUN, [*(base64.b64encode(file).decode() for file in files), name, klass, temperature, seed])
        shown = np.frombuffer(base64.b64decode(got), np.float32).reshape(-1, 28, 28)
        assert np.abs(shown - samples(kind, source, temperature, seed)).max() < 1e-3, source
    page.close()
