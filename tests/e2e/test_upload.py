"""A visitor's own images, below a path: dropped as a folder, trained on, shown to whoever has the link only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import STILL, opened, release, served

ROOT = Path(__file__).parents[2]
PATIENCE = 120_000  # milliseconds


@pytest.fixture
def folder(tmp_path) -> Path:
    """Twenty grey images in two sub-folders, and a file that is none."""
    rng, root = np.random.default_rng(0), tmp_path / "shapes"
    for name in ("bright", "dark"):
        (root / name).mkdir(parents=True)
        for i in range(10):
            pixels = np.zeros((28, 28), np.uint8)
            top, left = rng.integers(2, 14, 2)
            pixels[top : top + 12, left : left + 12] = 250 if name == "bright" else 120
            Image.fromarray(pixels).save(root / name / f"{i}.png")
    (root / "notes.txt").write_text("not an image")
    return root


@pytest.mark.slow
def test_a_folder_becomes_what_all_pages_are_about(dashboard_browser, dashboard_cache, folder):
    environment = {"POINT_OR_CLOUD_CACHE": str(dashboard_cache), "STREAMLIT_SERVER_BASE_URL_PATH": "a/b"}
    with served(ROOT / "dashboard" / "app.py", **environment) as url:
        page = opened(dashboard_browser, f"{url}/own_images")
        page.set_default_timeout(PATIENCE)
        missing = []
        page.on("response", lambda r: missing.append(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.get_by_text("a folder", exact=True).click()
        page.locator("input[type=file][webkitdirectory]").set_input_files(folder)
        page.get_by_text("20 images in 2 classes").wait_for()
        page.wait_for_url("**/own_images?images=folder%3Aupload%3A*")
        page.reload()
        page.get_by_text("20 images in 2 classes").wait_for()
        page.get_by_role("button", name="Train the pair").click()
        page.get_by_text("every page is about them now").wait_for()
        for path, title in (("samples", "Random samples"), ("latent_maps", "Latent maps")):
            page.locator(f"[data-testid=stSidebarNav] a[href$='{path}']").click()
            page.get_by_role("heading", name=title, level=1).wait_for()
            page.locator(STILL).wait_for()
            page.get_by_text("of Upload shapes").first.wait_for()
            page.wait_for_url(f"**/{path}?data=folder%3Aupload%3A*")
        shared = page.url.split("?")[1]
        assert missing == []
        release(page)

        stranger = opened(dashboard_browser, url)
        stranger.get_by_text("Measured on").first.wait_for()
        text = stranger.locator("[data-testid=stApp]").inner_text()
        assert "mnist-5k" in text and "Upload shapes" not in text and "folder:upload" not in text
        release(stranger)
        friend = opened(dashboard_browser, f"{url}/samples?{shared}")
        friend.get_by_text("of Upload shapes").first.wait_for()
        release(friend)
