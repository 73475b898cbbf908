"""What a visitor waits for, and what a server with one visitor takes: real servers and a real browser.

    python -m tests.benchmarks.bench_dashboard [--repeats 3] [--only pages|visit]

pages: every page on a warm server, its time as a ratio to that of a bare Streamlit page with one picture, opened in the
same rounds (`tests.benchmarks.pages` says from when to when). Wanted: at most 1.3, KL weight 1.5.

visit: each repeat starts a server with an empty cache and prints, from its log of one visit:
  first picture   from opening the page to the first picture on screen; whether torch or umap was imported before it
  trained weight  on the KL-weight page, from letting the knob go at a trained weight until its own network's pictures
                  are drawn
  new weight      from letting it go at an untrained one: the first pictures of its own network in training; the
                  finished network's
  memory          resident, of the server and its worker at rest, summed at the end (what they share is counted twice)

What does not come within two minutes is named, with what was measured until then. Exit status 1: that, or a page above
its ratio.
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
from core.jobs.limits import memory_mb
from tests.benchmarks import pages
from tests.benchmarks.parts import exit_status
from tests.e2e.serving import chromium, served, settled

PICTURE = ":is([data-testid=stImage] img, [data-testid^=stBidiComponent] :is(canvas, img, svg))"
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


def visit(browser, figures: dict[str, float | str]) -> None:
    """One visitor of a server that has just started; fills in `figures` as they are known."""
    app = settings.ROOT / "dashboard" / "app.py"
    with tempfile.TemporaryDirectory() as cache, served(app, POINT_OR_CLOUD_CACHE=cache) as url:
        pid, page = server_pid(), browser.new_page(viewport={"width": 1280, "height": 1000})
        start = time.perf_counter()
        page.goto(url)
        page.wait_for_selector(PICTURE)
        figures["first picture, s"] = time.perf_counter() - start
        figures["imported before it"] = ", ".join(imported(pid)) or "neither"
        settled(page)
        page.goto(f"{url}/kl_weight?train_in=the+server")
        page.wait_for_selector('.lab[data-settled="1"][data-shows^="vae-"]')
        page.wait_for_timeout(1000 * WARM)
        (figures["trained weight, s"],) = released(page, 1.5, '.lab[data-beta="1.5"][data-shows^="vae-"]')
        page.wait_for_timeout(2000)
        live, finished = '.lab:not(:is([data-live=""], [data-live="0"]))', '.lab[data-live=""][data-shows^="vae-"]'
        first, last = released(page, 1.23, live, finished)
        page.wait_for_timeout(3000)  # until the worker has measured the samples of what it has trained
        figures |= {
            "new weight: first picture, s": first,
            "new weight: finished, s": last,
            "memory, MB": memory_mb(pid),
        }
        page.close()


def all_visits(browser, repeats: int) -> int:
    """The visits' figures, printed; the exit status."""
    visits: list[dict[str, float | str]] = []
    status = 0
    for _ in range(repeats):
        visits.append({})
        try:
            visit(browser, visits[-1])
        except Exception as error:  # most likely a wait that was too long: tell what there is, and go on
            print(f"a visit did not finish ({type(error).__name__}): {str(error).splitlines()[0]}")
            print(f"  what it had measured: {visits.pop() or 'nothing'}")
            status = 1
    if visits:
        print(f"median of {len(visits)} fresh servers")
        for name, first in visits[0].items():
            values = [figures[name] for figures in visits]
            print(f"  {name:30s} {first if isinstance(first, str) else format(statistics.median(values), '.2f')}")
    return status


def all_pages(browser, repeats: int) -> int:
    """The pages' ratios, printed; the exit status."""
    found, problem = pages.measured(browser, repeats)
    print(found.table())
    if problem:
        print(f"not all pages were opened: {problem}")
    if late := found.late():
        print(f"too slow: {', '.join(page or 'start' for page in late)}")
    return int(bool(problem or late))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=("pages", "visit"), help="leave the other part out")
    options = parser.parse_args()
    with chromium() as browser:
        status = 0 if options.only == "visit" else all_pages(browser, options.repeats)
        return max(status, 0 if options.only == "pages" else all_visits(browser, options.repeats))


if __name__ == "__main__":
    raise SystemExit(exit_status(main))
