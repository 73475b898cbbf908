"""What a visitor waits for, and what a server with one visitor takes: a fresh server process and a real browser.

    python -m tests.benchmarks.bench_dashboard [--repeats 3]

Each repeat starts a server with an empty cache and prints, from its log of one visit:
  first picture   from opening the page to the first picture on screen; whether torch or umap was imported before it
  trained weight  on the KL-weight page, from letting the knob go at a trained weight until its own network's pictures are drawn
  new weight      from letting it go at an untrained one: the first pictures of its own network in training; the finished network's
  memory          resident, of the server and its worker, summed at the end (what they share is counted twice)
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from pathlib import Path

from core import settings
from core.limits import memory_mb
from tests.e2e.serving import chromium, served, settled

PICTURE = ":is([data-testid=stImage] img, .js-plotly-plot, [data-testid^=stBidiComponent] :is(canvas, img, svg))"
NATIVE = {"torch": "libtorch_cpu", "umap": "llvmlite"}  # libraries that are mapped once a package is imported
WARM = 15.0  # seconds on the page after which the worker has warmed up


def server_pid() -> int:
    """The process that `served` started."""
    me = os.getpid()
    children = Path(f"/proc/{me}/task/{me}/children").read_text().split()
    return next(int(pid) for pid in children if b"streamlit" in Path(f"/proc/{pid}/cmdline").read_bytes())


def imported(pid: int) -> list[str]:
    """Which of the slow packages a process has imported."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    return [name for name, library in NATIVE.items() if library in maps]


def released(page, beta: float, *selectors: str) -> list[float]:
    """Drag the knob to a weight and let go; seconds from then until each selector, in order, is there."""
    box = page.locator(".lab .slide").bounding_box()

    def to(beta: float, steps: int) -> None:
        page.mouse.move(box["x"] + box["width"] * (math.log10(beta) + 1) / 2, box["y"] + box["height"] / 2, steps=steps)

    to(float(page.locator(".lab").get_attribute("data-beta")), 1)
    page.mouse.down()
    to(beta, 10)
    page.wait_for_timeout(300)
    start, times = time.perf_counter(), []
    page.mouse.up()
    for selector in selectors:
        page.wait_for_selector(selector, timeout=120_000)
        times.append(time.perf_counter() - start)
    return times


def visit(browser) -> dict[str, float | str]:
    """One visitor of a server that has just started."""
    with tempfile.TemporaryDirectory() as cache, served(settings.ROOT / "dashboard" / "app.py", POINT_OR_CLOUD_CACHE=cache) as url:
        pid, page = server_pid(), browser.new_page(viewport={"width": 1280, "height": 1000})
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(PICTURE)
        figures: dict[str, float | str] = {"first picture, s": time.perf_counter() - start}
        figures["imported before it"] = ", ".join(imported(pid)) or "neither"
        settled(page)
        page.goto(f"{url}/kl_weight")
        page.wait_for_selector('.lab[data-settled="1"][data-shows^="vae-"]')
        page.wait_for_timeout(1000 * WARM)
        (figures["trained weight, s"],) = released(page, 1.5, '.lab[data-beta="1.5"][data-shows^="vae-"]')
        page.wait_for_timeout(2000)
        first, last = released(page, 1.23, '.lab:not(:is([data-live=""], [data-live="0"]))', '.lab[data-live=""][data-shows^="vae-"]')
        figures |= {"new weight: first picture, s": first, "new weight: finished, s": last, "memory, MB": memory_mb(pid)}
        page.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    with chromium() as browser:
        visits = [visit(browser) for _ in range(repeats)]
    print(f"median of {repeats} fresh servers")
    for name, first in visits[0].items():
        values = [figures[name] for figures in visits]
        print(f"  {name:30s} {first if isinstance(first, str) else format(statistics.median(values), '.2f')}")


if __name__ == "__main__":
    main()
