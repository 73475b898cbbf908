"""What was taken home works on its own: opened from a file with no network, decoders and charts run in it."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image
from serving import settled, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def online(dashboard_browser, dashboard_url):
    """online("decode") -> that scene's page, with its share menu open; one browser page for all."""
    context = dashboard_browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.set_default_timeout(120_000)

    def go(scene: str):
        page.goto(f"{dashboard_url}/walkthrough?scene={scene}")
        settled(page)
        page.get_by_role("button", name="Share", exact=True).click()
        return page

    yield go
    context.close()


@pytest.fixture
def offline(dashboard_browser):
    """offline(path) -> a page that shows a file, without a network; what it asked for and what failed are on it."""
    context = dashboard_browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.outside, page.errors = [], []
    page.on("request", lambda r: None if r.url.startswith(("file:", "blob:", "data:")) else page.outside.append(r.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)

    def show(path):
        page.goto(path.as_uri())
        return page

    yield show
    assert page.outside == [] and page.errors == []
    context.close()


def fetched(page, button: str, folder):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


HTML = "This page as one HTML file"


def test_the_decoder_runs_under_the_cursor_in_a_file_without_a_network(online, offline, tmp_path):
    path = fetched(online("decode"), HTML, tmp_path)
    assert path.suffix == ".html" and path.stat().st_size < 8_000_000
    page = offline(path)
    plane = page.locator(".planes[data-ready='1'] canvas.space").first
    decoded = page.locator(".planes section").first.locator("canvas.tile").first
    seen = set()
    for x, y in ((60, 60), (200, 200), (320, 90)):
        plane.hover(position={"x": x, "y": y})
        seen.add(
            until(
                page,
                lambda: ({decoded.evaluate("canvas => canvas.toDataURL()")} - seen or {""}).pop(),
                "another place decodes to another image",
            )
        )
    assert len(seen) == 3
    assert page.locator("h1").inner_text() == "Every point decodes to an image"


def test_the_knob_turns_in_a_file_without_a_network(online, offline, tmp_path):
    page = offline(fetched(online("turn"), HTML, tmp_path))
    slide, samples = page.locator(".lab[data-ready='1'] .slide"), page.locator(".lab .samples canvas")
    slide.focus()
    before = samples.evaluate("canvas => canvas.toDataURL()")
    slide.press("ArrowRight")
    page.wait_for_function(
        "([canvas, before]) => canvas.toDataURL() !== before", arg=[samples.element_handle(), before]
    )


def test_charts_and_pictures_are_in_the_file(online, offline, tmp_path):
    page = offline(fetched(online("price&reveal=true"), HTML, tmp_path))
    page.locator(".chart svg rect[fill]").first.wait_for()
    assert page.evaluate(
        "document.images.length >= 2 && [...document.images].every((image) => image.complete && image.naturalWidth > 0)"
    )


def test_numbers_models_and_link_can_be_had(online, tmp_path):
    page = online("which-half")
    with zipfile.ZipFile(fetched(page, "Data of this page", tmp_path)) as archive:
        tables = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    maps = next(rows for name, rows in tables.items() if "maps" in name)
    assert len(maps) == 1001 and "left_xy_0" in maps[0]
    with zipfile.ZipFile(fetched(page, "Download the VAE", tmp_path)) as archive:
        names = {name.split("/")[-1]: name for name in archive.namelist()}
        weights = io.BytesIO(archive.read(names["weights.safetensors"]))
        header = json.loads(weights.read(struct.unpack("<Q", weights.read(8))[0]))
        assert (
            any(name.startswith("decoder") for name in header)
            and json.loads(archive.read(names["config.json"]))["model"] == "vae"
        )
        assert "load_state_dict" in archive.read(names["load.py"]).decode()
    with Image.open(fetched(page, "This page as an image", tmp_path)) as picture:
        assert picture.format == "PNG" and picture.width > 1200
        colours = np.unique(np.asarray(picture.convert("RGB")).reshape(-1, 3) // 32, axis=0)
        assert len(colours) > 20, "the maps' points are in it, in their colours"
    page.get_by_role("button", name="Copy the link to this view").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert page.locator("img[alt*='QR code of']").get_attribute("alt").endswith("/walkthrough?scene=which-half")
