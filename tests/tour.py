"""The tour in the README: twenty seconds of the real dashboard, driven in a browser and kept as a GIF.

python -m tests.tour                        writes docs/tour.gif
"""

from __future__ import annotations

import io
import math
import sys
import tempfile
from pathlib import Path

from PIL import Image

from core import settings
from tests.faults.serving import Server

SIZE, SHOWN = (1120, 700), (800, 500)  # of the window; of the picture
FRAMES_A_SECOND = 8
SECONDS = 20
COLOURS = 240
TARGET = settings.ROOT / "docs" / "tour.gif"
FOUR = [
    [(0.36, 0.2), (0.3, 0.55), (0.68, 0.53)],
    [(0.6, 0.25), (0.54, 0.85)],
]  # strokes of a 4, in the pad's own measure


class Camera:
    """Takes one frame whenever it is asked to; twenty seconds are full when there are enough of them."""

    def __init__(self, page):
        self.page = page
        self.frames: list[Image.Image] = []

    def shoot(self, times: int = 1) -> None:
        for _ in range(times):
            png = self.page.screenshot(type="png", scale="css")
            self.frames.append(Image.open(io.BytesIO(png)).convert("RGB").resize(SHOWN, Image.Resampling.LANCZOS))

    def glide(self, points: list[tuple[float, float]], frames: int) -> None:
        """Move the pointer through these points of the window, evenly over so many frames."""
        for i in range(frames):
            at = i / max(frames - 1, 1) * (len(points) - 1)
            k = min(int(at), len(points) - 2)
            (x0, y0), (x1, y1) = points[k], points[k + 1]
            self.page.mouse.move(x0 + (x1 - x0) * (at - k), y0 + (y1 - y0) * (at - k), steps=3)
            self.shoot()


def within(page, selector: str, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of an element's own measure (0 to 1), in the window's."""
    box = page.locator(selector).first.bounding_box()
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def visit(page, url: str, selector: str) -> None:
    from tests.e2e.serving import settled

    page.goto(url)
    settled(page)
    page.locator(selector).first.wait_for()
    page.wait_for_timeout(1500)
    page.locator(selector).first.scroll_into_view_if_needed()
    page.evaluate("document.querySelector('[data-testid=stMain]').scrollBy(0, 0)")


def tour(page, url: str) -> list[Image.Image]:
    """The scenes, about four seconds each."""
    camera = Camera(page)
    visit(page, url, "[data-testid=stImage] img")
    camera.shoot(20)

    visit(page, f"{url}/one_image", ".encode-decode .pad")
    page.get_by_role("button", name="Clear").first.click()
    camera.shoot(3)
    for stroke in FOUR:
        points = within(page, ".encode-decode .pad", stroke)
        page.mouse.move(*points[0])
        page.mouse.down()
        camera.glide(points, 13)
        page.mouse.up()
    camera.shoot(12)

    visit(page, f"{url}/latent_maps?latent=2", 'canvas[data-side="right"]')
    around = [(0.5 + 0.3 * math.cos(t), 0.5 + 0.3 * math.sin(t)) for t in [i / 10 * math.tau for i in range(11)]]
    camera.glide(within(page, 'canvas[data-side="right"]', around), 36)

    visit(page, f"{url}/kl_weight", ".slide")
    start, low, high = within(page, ".slide", [(0.5, 0.5), (0.06, 0.5), (0.95, 0.5)])
    page.mouse.move(*start)
    page.mouse.down()
    camera.glide([start, low, high, start], 40)
    camera.shoot(2)
    return camera.frames


def write(frames: list[Image.Image], path: Path) -> None:
    """One palette for all frames, so that what stands still costs nothing."""
    frames = frames[: SECONDS * FRAMES_A_SECOND]
    frames += [frames[-1]] * (SECONDS * FRAMES_A_SECOND - len(frames))
    sheet = Image.new("RGB", (SHOWN[0], SHOWN[1] * 8))
    for i, frame in enumerate(frames[:: max(len(frames) // 8, 1)][:8]):
        sheet.paste(frame, (0, SHOWN[1] * i))
    palette = sheet.quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=1000 // FRAMES_A_SECOND, loop=0, optimize=True)


def main() -> int:
    from tests.e2e.serving import chromium

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, chromium() as browser:
        server = Server(Path(folder))
        try:
            page = browser.new_page(viewport={"width": SIZE[0], "height": SIZE[1]})
            frames = tour(page, server.url)
        finally:
            server.stop()
    write(frames, TARGET)
    print(f"{TARGET}: {len(frames)} frames taken, {TARGET.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
