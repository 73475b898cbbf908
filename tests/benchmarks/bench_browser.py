"""Frame times in a real browser.

    python -m tests.benchmarks.bench_browser [--only PART] [--frames 200]

Networks: milliseconds a forward pass (`page_networks`). Training: images a second beside PyTorch with one thread
(`page_training`). Maps: two maps of 10,000 points are dragged. Image: the pen moves over the pad, and the cursor over a
latent plane. Lab: the knob is turned, and let go on a trained weight. Shipped runs, a page of the dashboard each;
medians, with the processor's name. Software rendering (no GPU), so a lower bound for most screens.

Knob, pen and cursor are measured plainly and at Chromium's fourfold CPU throttling: the time from frame to frame, and
what the page's main thread works of it. Wanted: 60 frames a second and at most 14 ms of work; throttled, 20 frames a
second. Exit status 1: something took longer, or did not finish; it is named, and what was measured stands.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.page_networks import networks
from tests.benchmarks.page_training import training
from tests.benchmarks.parts import exit_status, processor

THROTTLES = (1, 4)
FRAME = 1000 / 60 * 1.05  # ms from frame to frame at 60 a second, and what a clock may be off
WORK = 14.0  # ms of a frame that the main thread may work
THROTTLED = 50.5  # ms from frame to frame at fourfold throttling: 20 a second
DASHBOARD = Path(__file__).parents[2] / "dashboard" / "app.py"
LIMIT = 60_000  # ms for one series of frames; what there is then counts

# The pointer's movements are made in the page, one a frame: driving the mouse from outside is slower than drawing.
DRAG = """([x, y, frames]) => new Promise((done) => {
  const root = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
  const maps = root.querySelector('.maps'), canvas = root.querySelector('canvas[data-side=left]');
  const stamps = [], costs = [];
  const tick = (now) => {
    stamps.push(now); costs.push(Number(maps.dataset.frame));
    const i = stamps.length;
    if (i > frames || now - stamps[0] > LIMIT) return done([stamps, costs, maps.dataset.view]);
    const at = {clientX: x + i, clientY: y + i % 40};
    canvas.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, pointerType: "mouse", bubbles: true, ...at}));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})""".replace("LIMIT", str(LIMIT))


def maps(browser, frames: int, n: int = 10_000) -> None:
    from tests.e2e.serving import APPS, opened, served

    with served(APPS / "maps_app.py") as url:
        page = opened(browser, f"{url}/?n={n}")
        page.wait_for_selector('.maps[data-ready="1"] [data-image="0"]')
        page.get_by_label("zoom both together").check()
        page.wait_for_timeout(500)
        box = page.locator('canvas[data-side="left"]').bounding_box()
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        stamps, costs, view = page.evaluate(DRAG, [box["x"] + 100, box["y"] + 100, frames])
        if not float(view.split(",")[1]) > 0.1:
            raise RuntimeError("the maps did not move")
        page.mouse.up()
        gaps = [b - a for a, b in itertools.pairwise(stamps)]
        middle = statistics.median(gaps)
        print(
            f"dragging two maps of {n} points: {1000 / middle:.0f} frames a second "
            f"(median gap {middle:.1f} ms, drawing {statistics.median(costs):.1f} ms)"
        )
        page.close()


MOVE = """([component, canvas, x, y, frames]) => new Promise((done) => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const root = hosts.find((host) => host.querySelector(component)), target = root.querySelector(canvas);
  const times = [], stamps = [];
  const tick = (now) => {
    stamps.push(now); times.push(Number(root.querySelector(component).dataset.ms));
    const i = stamps.length;
    if (i > frames || now - stamps[0] > LIMIT) return done([stamps.slice(1), times.slice(2)]);
    const at = {clientX: x + i % 90, clientY: y + (i * 7) % 60};
    target.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, pointerType: "mouse", bubbles: true, ...at}));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})""".replace("LIMIT", str(LIMIT))


def frames_of(page, name: str, script: str, arguments: list) -> bool:
    """Prints a line for each throttling of what `script` measures: frame stamps first. True if all are as wanted."""
    client, fine = page.context.new_cdp_session(page), True
    client.send("Performance.enable")

    def worked() -> float:
        return 1000 * next(
            m["value"] for m in client.send("Performance.getMetrics")["metrics"] if m["name"] == "TaskDuration"
        )

    for rate in THROTTLES:
        client.send("Emulation.setCPUThrottlingRate", {"rate": rate})
        page.evaluate(script, [*arguments[:-1], 30])  # the compiler has seen it
        before = worked()
        stamps, *_ = page.evaluate(script, arguments)
        gaps = sorted(b - a for a, b in itertools.pairwise(stamps))
        if len(gaps) < 10:
            raise RuntimeError(f"{len(gaps)} frames in {LIMIT / 1000:.0f} s")
        gap, work = statistics.median(gaps), (worked() - before) / len(gaps)
        late = gap > (FRAME if rate == 1 else THROTTLED) or (rate == 1 and work > WORK)
        fine &= not late
        print(
            f"{name:34}{'plain' if rate == 1 else f'{rate}x throttled':>15}"
            f"{1000 / gap:>8.0f}{gap:>9.1f}{gaps[int(0.95 * len(gaps))]:>9.1f}{work:>9.1f}"
            f"{'   slower than wanted' if late else ''}",
            flush=True,
        )
    client.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    return fine


def one_image(browser, frames: int) -> bool:
    from tests.e2e.serving import opened, served

    fine = True
    with served(DASHBOARD) as url:
        page = opened(browser, f"{url}/one_image", viewport={"width": 1280, "height": 1200})
        page.wait_for_selector('.encode-decode[data-ready="1"]', timeout=LIMIT)
        page.get_by_role("button", name="Clear, to draw").click()
        for name, component, canvas, press in (
            ("pen to both models' answers", ".encode-decode", ".pad", True),
            ("cursor to both decoded pictures", ".planes", ".plane[data-side=left] .space", False),
        ):
            page.locator(component).scroll_into_view_if_needed()
            page.wait_for_timeout(1500)
            box = page.locator(canvas).bounding_box()
            page.mouse.move(box["x"] + 60, box["y"] + 60)
            if press:
                page.mouse.down()
            fine &= frames_of(page, name, MOVE, [component, canvas, box["x"] + 60, box["y"] + 60, frames])
            page.mouse.up()
        page.close()
    return fine


# The knob is moved in the page too, through the event that a finger causes; it never leaves the range's middle half.
TURN = """([frames]) => new Promise((done) => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  const root = hosts.map((host) => host.shadowRoot).find((r) => r.querySelector('.lab'));
  const lab = root.querySelector('.lab'), slide = root.querySelector('.slide'), stamps = [], costs = [];
  const first = Number(lab.dataset.complete);
  slide.dispatchEvent(new PointerEvent('pointerdown'));
  const tick = (now) => {
    stamps.push(now); costs.push(Number(lab.dataset.frame));
    const i = stamps.length;
    if (i > frames || now - stamps[0] > LIMIT) {
      slide.dispatchEvent(new PointerEvent('pointerup'));
      return done([stamps, costs, Number(lab.dataset.complete) - first]);
    }
    slide.value = 0.5 * Math.sin(i / 20) + 0.0007;
    slide.dispatchEvent(new Event('input'));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})""".replace("LIMIT", str(LIMIT))
# From letting go on a trained weight to its own network's pictures.
LET_GO = """(beta) => new Promise((done) => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')];
  const root = hosts.map((host) => host.shadowRoot).find((r) => r.querySelector('.lab'));
  const lab = root.querySelector('.lab'), slide = root.querySelector('.slide');
  slide.value = Math.log10(beta);
  slide.dispatchEvent(new Event('input'));
  const start = performance.now();
  slide.dispatchEvent(new Event('change'));
  const look = () => {
    if (lab.dataset.shows.includes(`-b${beta}-`)) return done(performance.now() - start);
    return performance.now() - start > LIMIT ? done(null) : requestAnimationFrame(look);
  };
  look();
})""".replace("LIMIT", str(LIMIT))


def beta_lab(browser, frames: int) -> bool:
    from tests.e2e.serving import opened, served

    with served(DASHBOARD) as url:
        page = opened(browser, f"{url}/kl_weight?auto=false", viewport={"width": 1280, "height": 1000})
        page.wait_for_selector('.lab[data-settled="1"]', timeout=LIMIT)
        page.wait_for_timeout(1000)
        fine = frames_of(page, "knob: 36 samples, 10 copies, clouds", TURN, [frames])
        stamps, costs, complete = page.evaluate(TURN, [frames])
        print(
            f"  of a frame, scripts take {statistics.median(costs):.1f} ms; "
            f"every picture is up to date in {complete / len(stamps):.0%} of the frames"
        )
        times = []
        for beta in (4, 0.25, 6, 0.6, 2.5):
            taken = page.evaluate(LET_GO, beta)
            if taken is None:
                raise RuntimeError(f"the network of beta {beta:g} was not on screen within {LIMIT / 1000:.0f} s")
            times.append(taken)
            page.wait_for_timeout(1500)
        print(
            f"from letting go on a trained weight to its own network's pictures, first visit: "
            f"{statistics.median(times):.0f} ms (longest {max(times):.0f})"
        )
        page.close()
    return fine


def main(arguments: list[str] | None = None) -> int:
    from playwright.sync_api import Error

    from tests.e2e.serving import CHROMIUM, chromium

    parts: dict[str, Callable] = {
        "networks": networks,
        "training": training,
        "maps": maps,
        "image": one_image,
        "lab": beta_lab,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=list(parts))
    parser.add_argument("--frames", type=int, default=200, help="frames per series")
    chosen = parser.parse_args(arguments)
    if chosen.frames < 20:
        parser.error(f"--frames {chosen.frames}: at least 20 are needed for a median")
    if CHROMIUM is None:
        print("no browser was found: install Chromium or Google Chrome")
        return 1
    failed = []
    print(
        f"{processor()}; frames per second, and in ms: median from frame to frame, 95 % within, "
        "work of the main thread per frame"
    )
    with chromium() as browser:
        print(f"{'':34}{'':>15}{'/s':>8}{'median':>9}{'95 %':>9}{'work':>9}" if chosen.only != "networks" else "")
        for name, part in parts.items():
            if chosen.only not in (None, name):
                continue
            try:
                if part(browser, chosen.frames) is False:
                    failed.append(f"{name}: slower than wanted")
            except (Error, RuntimeError, OSError) as error:
                failed.append(f"{name} did not finish: {str(error).splitlines()[0]}")
    for line in failed:
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
