"""What was taken home works on its own: opened from a file with no network, decoders and charts run in it."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest
from serving import settled

ALL = "/walkthrough?all=true"


@pytest.fixture(scope="module")
def shared(dashboard_browser, dashboard_url):
    """The whole walkthrough's page, with its drawer open."""
    context = dashboard_browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.goto(dashboard_url + ALL)
    settled(page)
    page.get_by_role("button", name="Share", exact=True).click()
    yield page
    context.close()


def fetched(page, button: str, folder):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=button).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_the_whole_walkthrough_works_from_one_file_without_a_network(shared, dashboard_browser, tmp_path):
    path = fetched(shared, "This page as one HTML file", tmp_path)
    assert path.suffix == ".html" and path.stat().st_size < 30_000_000
    context = dashboard_browser.new_context(offline=True, viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        outside, errors = [], []
        page.on("request", lambda r: None if r.url.startswith(("file:", "blob:", "data:")) else outside.append(r.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(path.as_uri())
        plane = page.locator(".planes[data-ready='1'] canvas.space").first
        plane.scroll_into_view_if_needed()
        decoded = page.locator(".planes[data-ready='1'] section").first.locator("canvas.tile").first
        seen = set()
        for x, y in ((60, 60), (200, 200), (320, 90)):
            plane.hover(position={"x": x, "y": y})
            page.wait_for_timeout(100)
            seen.add(decoded.evaluate("canvas => canvas.toDataURL()"))
        assert len(seen) == 3, "the decoder runs under the cursor"
        page.locator(".chart .main-svg >> visible=true").first.wait_for()
        assert page.evaluate("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
        assert page.locator("h2").count() >= 10
        page.locator("summary", has_text="Predict first").first.click()
        assert page.locator("details[open]").first.inner_text().count("✓") == 1
        assert outside == [] and errors == []
    finally:
        context.close()


def test_numbers_models_and_link_can_be_had(shared, tmp_path):
    with zipfile.ZipFile(fetched(shared, "figures' numbers", tmp_path)) as archive:
        tables = {name: archive.read(name).decode().splitlines() for name in archive.namelist()}
    maps = next(rows for name, rows in tables.items() if "maps" in name)
    assert len(maps) == 1001 and "left_xy_0" in maps[0]
    with zipfile.ZipFile(fetched(shared, "The VAE shown", tmp_path)) as archive:
        names = {name.split("/")[-1]: name for name in archive.namelist()}
        weights = io.BytesIO(archive.read(names["weights.safetensors"]))
        header = json.loads(weights.read(struct.unpack("<Q", weights.read(8))[0]))
        assert any(name.startswith("decoder") for name in header) and json.loads(archive.read(names["config.json"]))["model"] == "vae"
        assert "load_state_dict" in archive.read(names["load.py"]).decode()
    shared.get_by_role("button", name="Copy the link to this view").click()
    shared.get_by_role("button", name="Copied").wait_for()
    assert shared.evaluate("navigator.clipboard.readText()") == shared.url
    assert shared.locator("img[alt*='QR code of']").get_attribute("alt").endswith(ALL)
