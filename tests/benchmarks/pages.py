"""How long each page takes in a fresh browser, relative to a bare Streamlit page with one picture (`bench_dashboard`).

A page's time runs from the navigation until its script has finished *and* its main picture is drawn: all pictures the
server sends have arrived, or the component says that it has drawn, or the chart is there. Servers are warm: each page
has been opened once before, so what is measured is what the second visitor waits for. Every visit has a browser
context of its own, with an empty cache. The bare page is opened in the same round, on a server of its own, so that a
slow or busy machine slows both: the ratios are what counts.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator

from core import settings
from tests.e2e.serving import APPS, STILL, served

BARE = "a bare page"
MOST = 1.3  # wanted: no page takes more times as long as the bare page
MOST_OF = {"kl_weight": 1.5}
IMAGES = """() => {
  const all = [...document.querySelectorAll('[data-testid=stImage] img')];
  return all.length && all.every((image) => image.complete && image.naturalWidth);
}"""
# The main picture of each page: a selector, or a function that says when all pictures have arrived.
DRAWN: dict[str, tuple[str, ...]] = {
    "": (IMAGES,),
    "walkthrough": (IMAGES,),
    "latent_maps": (".maps[data-ready]",),
    "one_image": (".encode-decode[data-ready]",),
    "training": (".scrubber[data-ready]",),
    "samples": (".sampler:not([data-shown=''])",),
    "interpolation": (".interpolator:not([data-version=''])",),
    "kl_weight": ('.lab[data-complete]:not([data-complete="0"])',),
    "scorecard": (".claim", ".chart svg"),
    "uses": (".tiles img", ".chart svg"),
    "own_images": ("[data-testid=stFileUploader]",),
}


# Looks in every frame, in the page itself: Playwright looks for a selector at growing intervals, of .5 s in the end.
WATCH = """{
  const found = (selector) => [document, ...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
    .some((place) => (place.shadowRoot ?? place).querySelector(selector));
  const look = () => [SIGNS].every((sign) => sign()) ? window.drawnAt = performance.now() : requestAnimationFrame(look);
  requestAnimationFrame(look);
}"""


def seconds(browser, url: str, drawn: tuple[str, ...]) -> float:
    """Open a page in a fresh context and wait until it stands still with its main picture drawn."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        signs = [sign if sign.startswith("()") else f"() => found({json.dumps(sign)})" for sign in (STILL, *drawn)]
        page.add_init_script(WATCH.replace("SIGNS", ", ".join(signs)))
        page.goto(url, wait_until="commit")
        return page.wait_for_function("window.drawnAt", timeout=60_000).json_value() / 1000
    finally:
        context.close()


def visits(browser, repeats: int, only: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, float]]:
    """(page, seconds) of every page and of the bare one, round by round."""
    with served(APPS / "bare_app.py") as bare, served(settings.ROOT / "dashboard" / "app.py") as url:
        places = {BARE: (bare, (IMAGES,))} | {
            page: (f"{url}/{page}", drawn) for page, drawn in DRAWN.items() if only(page)
        }
        for round_ in range(repeats + 1):  # the first one warms the servers up
            for page, (address, drawn) in places.items():
                took = seconds(browser, address, drawn)
                if round_:
                    yield page, took


class Pages:
    """The times so far; a table even if not all pages could be opened."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}

    def add(self, page: str, took: float) -> None:
        self.times.setdefault(page, []).append(took)

    def ratios(self) -> dict[str, float]:
        """Median time of each page over the bare page's."""
        medians = {page: statistics.median(times) for page, times in self.times.items()}
        if BARE not in medians:
            return {}
        return {page: m / medians[BARE] for page, m in medians.items() if page != BARE}

    def late(self) -> list[str]:
        """The pages that take too long."""
        return [page for page, ratio in self.ratios().items() if ratio > MOST_OF.get(page, MOST)]

    def table(self) -> str:
        ratios = {BARE: 1.0, **self.ratios()} if BARE in self.times else {}
        lines = [f"{'page':16}{'median, s':>11}{'worst, s':>10}{'times bare':>12}{'wanted':>9}"]
        for page, ratio in ratios.items():
            wanted = "" if page == BARE else f"{MOST_OF.get(page, MOST):.1f}"
            lines.append(
                f"{page or 'start':16}{statistics.median(self.times[page]):11.2f}{max(self.times[page]):10.2f}"
                f"{ratio:12.2f}{wanted:>9}"
            )
        return "\n".join(lines)


def measured(browser, repeats: int, only: Callable[[str], bool] = lambda _: True) -> tuple[Pages, str]:
    """The pages' times, and what went wrong, or "": a page that does not appear is reported, not raised."""
    pages = Pages()
    try:
        for page, took in visits(browser, repeats, only):
            pages.add(page, took)
    except Exception as error:
        return pages, f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return pages, ""
