"""Interpolation in a real browser: dragging, drawing and choosing ends without the server, and agreement with torch."""

from __future__ import annotations

import base64
import io
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from PIL import Image
from serving import STILL, until

from core.data.datasets import load_dataset
from core.data.shape import Shape
from core.latent.interpolation import cross_fade, interpolate, nearest
from core.runs.store import RunStore
from dashboard.components.interpolator import drawn_image
from dashboard.components.networks import layers_of, with_layers
from dashboard.components.scripts import bundled

PATH = ".interpolator[data-ready='1']"
METHODS = ("left", "right", "pixels")
RUNS = {"left": "ae-mnist-5k-d16-s0-4f27b29ee4b4", "right": "vae-mnist-5k-d16-b1-s0-a9acf80037e8"}


def image_of(index: int) -> np.ndarray:
    return load_dataset("mnist-5k").test_images[index, 0].astype(np.float32) / 255


def expected(a: np.ndarray, b: np.ndarray, steps: int, way: str) -> dict[str, np.ndarray]:
    """The frames by torch, of images with grey levels in [0, 1]."""
    ends = [torch.from_numpy(end[None].astype(np.float32)) for end in (a, b)]
    models = {side: RunStore().get(run_id).load_model() for side, run_id in RUNS.items()}
    found = {side: interpolate(model, *ends, steps, way)[:, 0].numpy() for side, model in models.items()}
    return {**found, "pixels": cross_fade(a, b, steps)}


def pixels(locator) -> np.ndarray:
    """A canvas as grey levels."""
    url = locator.evaluate("canvas => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as image:
        return np.asarray(image.convert("L"), np.float32) / 255


def strip(page, method: str) -> np.ndarray:
    grey = pixels(page.locator(f"{PATH} .strip[data-method={method}] canvas"))
    return np.stack([grey[:, 29 * i : 29 * i + 28] for i in range((grey.shape[1] + 1) // 29)])


def now(page, method: str) -> np.ndarray:
    return pixels(page.locator(f"{PATH} .now [data-method={method}] canvas"))


def drawn(page) -> None:
    page.wait_for_selector(f"{PATH}:not([data-version=''])")


def measured(page) -> None:
    page.wait_for_selector(f"{PATH}:not([data-measured=''])")


def same(shown: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal but for the canvas's 256 grey levels."""
    return shown.shape == wanted.shape and bool(np.abs(shown - wanted).max() < 1.5 / 255)


@pytest.mark.parametrize("way", ["linear", "spherical"])
def test_a_link_shows_the_frames_that_the_server_decodes(visit, way):
    page = visit(f"/interpolation?a=17&b=4&steps=5&at=0.25&way={way}")
    drawn(page)
    frames = expected(image_of(17), image_of(4), 5, way)
    for method in METHODS:
        assert same(strip(page, method), frames[method]), method
        assert same(now(page, method), frames[method][1]), method
    measured(page)
    train = load_dataset("mnist-5k").train_images
    middle = {method: nearest(frames[method][2:3], train)[1][0] for method in METHODS}
    told = page.locator(f"{PATH} .lead").inner_text()
    assert "At the midpoint" in told and all(f"{value:.1f}" in told for value in middle.values()), (told, middle)
    assert f"{middle['left']:.1f}" in page.locator(f"{PATH} canvas.far").get_attribute("aria-label")


def test_a_drag_along_the_strip_moves_the_pictures_and_is_told_when_it_rests(visit):
    page = visit("/interpolation?steps=5")
    drawn(page)
    before = now(page, "right")
    track = page.locator(f"{PATH} .strip[data-method=right] .track")
    track.scroll_into_view_if_needed()
    box = track.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    for share in (0.6, 0.7, 0.9):  # the last is the middle of the fifth frame
        page.mouse.move(box["x"] + box["width"] * share, y)
    until(page, lambda: np.abs(now(page, "right") - before).max() > 0.2, "the picture follows")
    assert "at=" not in page.url, "nothing is told while it moves"
    page.mouse.up()
    page.wait_for_url("**at=1**")
    assert same(now(page, "right"), strip(page, "right")[-1])
    again = visit("/interpolation" + page.url.split("/interpolation")[1])
    drawn(again)
    assert same(now(again, "right"), now(page, "right"))


def test_position_and_frames_from_the_keyboard(visit):
    page = visit("/interpolation")
    drawn(page)
    page.get_by_label("Position on the path").focus()
    page.keyboard.press("Home")
    page.wait_for_url("**at=0**")
    assert same(now(page, "left"), strip(page, "left")[0])
    page.get_by_role("slider", name="Frames").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**steps=10**")
    assert len(strip(page, "left")) == 10


def test_gallery_class_and_random_pair_choose_the_ends(visit):
    page = visit("/interpolation")
    drawn(page)
    page.get_by_text("Choose from the first 60 test images").click()
    page.locator(f"{PATH} .thumbs button").nth(17).click()
    page.wait_for_url("**a=17**")
    page.get_by_role("button", name="Set the second end").click()
    page.locator(f"{PATH} .thumbs button").nth(5).click()
    page.wait_for_url("**b=5**")
    frames = expected(image_of(17), image_of(5), 9, "linear")
    until(page, lambda: same(strip(page, "right"), frames["right"]), "both ends are those chosen")
    page.get_by_label("Class, To").select_option(label="7")
    page.get_by_text("class 7").wait_for()
    first = page.get_by_text("class 7").inner_text()
    page.locator(f"{PATH} .ends section").nth(1).get_by_role("button", name="Another").click()
    until(page, lambda: page.get_by_text("class 7").inner_text() != first, "another image of the class")
    before = strip(page, "pixels")
    page.get_by_role("button", name="A random pair").click()
    until(page, lambda: not same(strip(page, "pixels"), before), "two other images")


def test_an_end_is_drawn_and_the_link_restores_the_drawing(visit):
    page = visit("/interpolation?steps=3")
    drawn(page)
    before = strip(page, "right")
    page.locator(f"{PATH} .ends section").first.get_by_role("button", name="Draw").click()
    pad = page.locator(f"{PATH} .pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    page.mouse.move(box["x"] + 130, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 220, steps=8)
    until(page, lambda: np.abs(strip(page, "right") - before).max() > 0.2, "the path follows the pen")
    page.mouse.up()
    page.wait_for_url("**a_drawn=**")
    page.wait_for_selector(STILL)
    page.get_by_text("A drawing", exact=True).wait_for()
    drawing = drawn_image(parse_qs(urlsplit(page.url).query)["a_drawn"][0])
    frames = expected(drawing.astype(np.float32) / 255, image_of(14), 3, "linear")
    again = visit("/interpolation" + page.url.split("/interpolation")[1])
    drawn(again)
    for method in METHODS:
        for where in (page, again):
            until(where, lambda where=where, method=method: same(strip(where, method), frames[method]), method)
    again.get_by_label("Class, From").select_option(label="3")
    again.wait_for_function("() => !location.search.includes('a_drawn')")


def test_a_drawing_in_colour_is_seen_and_kept_in_the_link(visit):
    """On images in colour the pen has colours, which keys choose, and the ground is that of the images."""
    page = visit("/interpolation?data=emoji&steps=3")
    drawn(page)
    page.locator(f"{PATH} .ends section").first.get_by_role("button", name="Draw").click()
    page.get_by_role("radio", name="orange").focus()
    page.keyboard.press("ArrowLeft")
    assert page.get_by_role("radio", name="red").is_checked()
    pad = page.locator(f"{PATH} .pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    x, (top, bottom) = box["x"] + box["width"] / 2, (box["y"] + share * box["height"] for share in (0.2, 0.8))
    page.mouse.move(x, top)
    page.mouse.down()
    page.mouse.move(x, bottom, steps=8)
    page.mouse.up()
    page.wait_for_url("**a_drawn=**")
    image = drawn_image(parse_qs(urlsplit(page.url).query)["a_drawn"][0], Shape(3, 32))
    red, green, blue = image[:, 16, 16].astype(int)
    assert red > 200 and max(green, blue) < 80, "the stroke is red"
    assert (image[:, 16, 2] > 240).all(), "the ground is white"
    again = visit("/interpolation" + page.url.split("/interpolation")[1])
    drawn(again)
    tile = again.locator(f"{PATH} .ends canvas").first.evaluate("canvas => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(tile.split(",")[1]))) as shown:
        np.testing.assert_allclose(np.asarray(shown.convert("RGB")).transpose(2, 0, 1), image, atol=1)


MODULE = """
import { Network } from "./web/networks.js";
import { Path } from "./components/interpolator/path.js";
Object.assign(window, { Network, Path }); window.ready = true;"""
RUN = """([weights, a, b, way]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const network = new Network(bytes(weights)), path = new Path();
  path.take({ left: network, right: network });
  path.connect(new Float32Array(bytes(a)), new Float32Array(bytes(b)), way, 9);
  return btoa(Array.from(new Uint8Array(path.frames.left.buffer), (v) => String.fromCharCode(v)).join(""));
}"""


@pytest.mark.parametrize("side", RUNS)
def test_decoded_frames_equal_the_servers(dashboard_browser, side):
    run, (a, b) = RunStore().get(RUNS[side]), (image_of(3), image_of(14))
    page = dashboard_browser.new_page()
    page.add_script_tag(content=bundled(MODULE), type="module")
    page.wait_for_function("window.ready")
    files = with_layers(run.read("weights.safetensors"), layers_of(run.config)), a.tobytes(), b.tobytes()
    for way in ("linear", "spherical"):
        got = page.evaluate(RUN, [*(base64.b64encode(file).decode() for file in files), way])
        frames = np.frombuffer(base64.b64decode(got), np.float32).reshape(9, 28, 28)
        assert np.abs(frames - expected(a, b, 9, way)[side]).max() < 1e-3, way
    page.close()
