"""Frame times in a real browser: `python -m tests.benchmarks.bench_browser`.

Networks: milliseconds a forward pass for one image and for 36, for each architecture. Maps: frames a second while two
maps of 10,000 points are dragged. Page: from a movement of the pen to both models' answers, and from a movement over the
latent planes to both decoded pictures, on the shipped runs. Lab: frames a second while beta is turned, and from letting go on
a trained weight to that network's pictures. Medians; software rendering (no GPU), so a lower bound for
most screens.
"""

from __future__ import annotations

import base64
import statistics
from pathlib import Path

TIME = """([weights, d, repeats]) => {
  const network = new Network(Uint8Array.from(atob(weights), (c) => c.charCodeAt(0)).buffer);
  const random = (n) => Float32Array.from({length: n}, Math.random);
  const median = (f) => {
    for (let i = 0; i < 20; i++) f(i);
    return Array.from({length: repeats}, (_, i) => { const t = performance.now(); f(i); return performance.now() - t; }).sort((a, b) => a - b)[repeats >> 1];
  };
  const one = random(784), many = random(36 * 784), z = random(d), zs = random(36 * d), beta = (i) => 0.1 + (i % 90) / 10;
  return {
    "encode 1": median((i) => network.encode(one, 1, beta(i))), "decode 1": median((i) => network.decodeImage(z, 1, beta(i))),
    "encode 36": median((i) => network.encode(many, 36, beta(i))), "decode 36": median((i) => network.decodeImage(zs, 36, beta(i))),
  };
}"""
# The pointer's movements are made in the page, one a frame: driving the mouse from outside is slower than drawing.
DRAG = """([x, y, frames]) => new Promise((done) => {
  const root = document.querySelector('[data-testid=stBidiComponentIsolated]').shadowRoot;
  const maps = root.querySelector('.maps'), canvas = root.querySelector('canvas[data-side=left]');
  const stamps = [], costs = [];
  const tick = (now) => {
    stamps.push(now); costs.push(Number(maps.dataset.frame));
    const i = stamps.length;
    if (i > frames) return done([stamps, costs, maps.dataset.view]);
    canvas.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, pointerType: "mouse", clientX: x + i, clientY: y + i % 40, bubbles: true}));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""


def networks(browser, repeats: int = 31) -> None:
    from safetensors.torch import save

    from core.config import RunConfig
    from core.models import build_model
    from core.trunks import describe
    from dashboard.components.assets import script, with_layers

    page = browser.new_page()
    page.add_script_tag(content=f"{script('networks.js')}\nObject.assign(window, {{Network}}); window.ready = true;", type="module")
    page.wait_for_function("window.ready")
    print(f"{'network':24}{'encode 1':>10}{'decode 1':>10}{'encode 36':>11}{'decode 36':>11}   ms, median of {repeats}")
    for name, fields in {
        "conv, d = 16": {"model": "vae"},
        "mlp, d = 2": {"model": "vae", "latent_dim": 2},
        "multi-rate conv, d = 16": {"model": "multirate"},
    }.items():
        config = RunConfig(**fields)
        weights = save({k: v.half().contiguous() for k, v in build_model(config).state_dict().items()}, {"config": config.to_json()})
        weights = with_layers(weights, describe(config.trunk, config.latent_dim))
        got = page.evaluate(TIME, [base64.b64encode(weights).decode(), config.latent_dim, repeats])
        print(f"{name:24}{got['encode 1']:>10.2f}{got['decode 1']:>10.2f}{got['encode 36']:>11.1f}{got['decode 36']:>11.1f}")
    page.close()


def maps(browser, n: int = 10_000, frames: int = 200) -> None:
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
        assert float(view.split(",")[1]) > 0.1, "the maps did not move"
        page.mouse.up()
        gaps = [b - a for a, b in zip(stamps, stamps[1:])]
        middle = statistics.median(gaps)
        print(f"dragging two maps of {n} points: {1000 / middle:.0f} frames a second (median gap {middle:.1f} ms, drawing {statistics.median(costs):.1f} ms)")
        page.close()


MOVE = """([component, canvas, x, y, frames]) => new Promise((done) => {
  const hosts = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot);
  const root = hosts.find((host) => host.querySelector(component)), target = root.querySelector(canvas), times = [], stamps = [];
  const tick = (now) => {
    stamps.push(now); times.push(Number(root.querySelector(component).dataset.ms));
    const i = stamps.length;
    if (i > frames) return done([stamps.slice(1), times.slice(2)]);
    target.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, pointerType: "mouse", clientX: x + i % 90, clientY: y + (i * 7) % 60, bubbles: true}));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""


def one_image(browser, frames: int = 120) -> None:
    from tests.e2e.serving import opened, served

    with served(Path(__file__).parents[2] / "dashboard" / "app.py") as url:
        page = opened(browser, f"{url}/one_image", viewport={"width": 1280, "height": 1200})
        page.wait_for_selector('.through[data-ready="1"]')
        page.get_by_role("button", name="Clear, to draw").click()
        for name, component, canvas, press in (
            ("pen to both models' answers", ".through", ".pad", True),
            ("cursor on a plane to both decoded pictures", ".planes", ".plane[data-side=left] .space", False),
        ):
            page.locator(component).scroll_into_view_if_needed()
            page.wait_for_timeout(1500)
            box = page.locator(canvas).bounding_box()
            page.mouse.move(box["x"] + 60, box["y"] + 60)
            if press:
                page.mouse.down()
            stamps, times = page.evaluate(MOVE, [component, canvas, box["x"] + 60, box["y"] + 60, frames])
            page.mouse.up()
            gaps = [b - a for a, b in zip(stamps, stamps[1:])]
            print(f"{name}: {statistics.median(times):.1f} ms (95 % within {sorted(times)[int(0.95 * len(times))]:.1f}), {1000 / statistics.median(gaps):.0f} frames a second")
        page.close()


# The knob is moved in the page too, through the event that a finger causes; it never leaves the range's middle half.
TURN = """([frames]) => new Promise((done) => {
  const root = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot).find((r) => r.querySelector('.lab'));
  const lab = root.querySelector('.lab'), slide = root.querySelector('.slide'), stamps = [], costs = [], first = Number(lab.dataset.complete);
  slide.dispatchEvent(new PointerEvent('pointerdown'));
  const tick = (now) => {
    stamps.push(now); costs.push(Number(lab.dataset.frame));
    const i = stamps.length;
    if (i > frames) { slide.dispatchEvent(new PointerEvent('pointerup')); return done([stamps, costs, Number(lab.dataset.complete) - first]); }
    slide.value = 0.5 * Math.sin(i / 20) + 0.0007;
    slide.dispatchEvent(new Event('input'));
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})"""
# From letting go on a trained weight to its own network's pictures.
LET_GO = """(beta) => new Promise((done) => {
  const root = [...document.querySelectorAll('[data-testid=stBidiComponentIsolated]')].map((host) => host.shadowRoot).find((r) => r.querySelector('.lab'));
  const lab = root.querySelector('.lab'), slide = root.querySelector('.slide');
  slide.value = Math.log10(beta);
  slide.dispatchEvent(new Event('input'));
  const start = performance.now();
  slide.dispatchEvent(new Event('change'));
  const look = () => (lab.dataset.shows.includes(`-b${beta}-`) ? done(performance.now() - start) : requestAnimationFrame(look));
  look();
})"""


def beta_lab(browser, frames: int = 200) -> None:
    from tests.e2e.serving import opened, served

    with served(Path(__file__).parents[2] / "dashboard" / "app.py") as url:
        page = opened(browser, f"{url}/kl_weight?auto=false", viewport={"width": 1280, "height": 1000})
        page.wait_for_selector('.lab[data-settled="1"]')
        page.wait_for_timeout(1000)
        stamps, costs, complete = page.evaluate(TURN, [frames])
        gaps = [b - a for a, b in zip(stamps, stamps[1:])]
        print(
            f"turning beta with 36 samples, 10 copies, 500 clouds: {1000 / statistics.median(gaps):.0f} frames a second "
            f"(median gap {statistics.median(gaps):.1f} ms, drawing {statistics.median(costs):.1f} ms), {complete / frames:.0%} of the frames with every picture up to date"
        )
        times = []
        for beta in (4, 0.25, 6, 0.6, 2.5):
            times.append(page.evaluate(LET_GO, beta))
            page.wait_for_timeout(1500)
        print(f"from letting go on a trained weight to its own network's pictures, first visit: {statistics.median(times):.0f} ms (longest {max(times):.0f})")
        page.close()


def main() -> int:
    from tests.benchmarks.parts import Parts
    from tests.e2e.serving import chromium

    parts = Parts()
    with parts("the browser"), chromium() as browser:
        for measure in (networks, maps, one_image, beta_lab):
            if parts.begin(measure.__name__):
                with parts(measure.__name__):
                    measure(browser)
    return parts.status()


if __name__ == "__main__":
    raise SystemExit(main())
