"""Builds the site: records all views, turns them into HTML, writes the files."""

from __future__ import annotations

import contextlib
import importlib.resources
import multiprocessing
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import settings
from core.errors import UserFacingError
from dashboard.plots import theme
from dashboard.site import plan
from dashboard.site.elements import Elements
from dashboard.site.files import START, Addresses, Files
from dashboard.site.parts import PREFIX
from dashboard.site.plan import Recorded
from dashboard.site.recorder import UNKNOWN, Recorder, SiteError

HERE = Path(__file__).parent
WEB = HERE.parent / "web"
DATA = ("mnist-5k", "fashion-mnist")  # the images of the second are downloaded; without a network it is left out
FONTS = {"Material Symbols Rounded": "MaterialSymbols-Rounded.", "Source Sans": "SourceSansVF-Upright."}
TITLE = "Point or Cloud"
# While the pages are recorded: nothing in the background, and no training, whatever is clicked.
ENVIRONMENT = {"WARM": "off", "HOURLY": "0", "PROFILE": "own", "FOLDERS": "off", "IMPORT_MB": "0"}
SLOW = ("uses", "walkthrough")
Say = Callable[[str], None]


@dataclass
class Page:
    """One view as it is written.

    Attributes:
        view: what was recorded.
        title: its heading.
        main, side: HTML of the page and of the controls beside it, with addresses that begin with "site:".
        components: names of the components on it.
        fixed: labels of the controls that cannot be changed.
    """

    view: Recorded
    title: str
    main: str
    side: str
    components: list[str]
    fixed: list[str]


@dataclass
class Site:
    """Everything that is written: pages, shared files, and the navigation as (section, page, title, icon)."""

    pages: list[Page]
    files: Files
    addresses: Addresses
    navigation: list[tuple[str, str, str, str]]


@contextlib.contextmanager
def environment(data: Sequence[str]) -> Iterator[None]:
    """Settings for a recording, until the block ends: the shipped runs alone, and none of this user's own."""
    wanted = {**ENVIRONMENT, "DATASETS": ",".join(data), "DATA": str(settings.data_dir())}
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="point-or-cloud-site-", ignore_cleanup_errors=True) as folder:
        wanted |= {"CACHE": folder, "SITE": ""}  # no page of the site links to the site
        os.environ.update({f"{settings.PREFIX}{name}": value for name, value in wanted.items()})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def available(names: Sequence[str], say: Say) -> tuple[str, ...]:
    """The data sets whose images are here or can be downloaded; the others are named.

    Raises:
        SiteError: none is.
    """
    from core.data.datasets import load_dataset

    found: list[str] = []
    for name in names:
        try:
            load_dataset(name)
            found.append(name)
        except UserFacingError as error:
            say(f"Without {name}: {error}")
    if not found:
        raise SiteError(f"None of the data sets {', '.join(names)} can be read.")
    return tuple(found)


def make(data: Sequence[str] = DATA, pages: Sequence[str] = (), say: Say = print) -> Site:
    """Record the dashboard and turn it into HTML.

    Args:
        data: names of data sets; those that cannot be read are left out.
        pages: `url_path` of the pages to build, "start" for the first; all by default.

    Raises:
        SiteError: a page cannot be recorded, or shows something that has no translation.
    """
    data = available(data, say)
    address = settings.value("SITE") or UNKNOWN
    with environment(data):
        recorded, files, binds, navigation = record(data, pages, address, say)
    addresses = Addresses(recorded)
    return Site([_written(view, files, addresses, binds) for view in recorded], files, addresses, navigation)


Navigation = list[tuple[str, str, str, str]]
Binds = dict[str, dict[str, dict[str, Any]]]


def record(
    data: Sequence[str], pages: Sequence[str], address: str, say: Say
) -> tuple[list[Recorded], Files, Binds, Navigation]:
    """Record all views of the pages, in as many processes as there are cores, at most two."""
    workers = max(1, min(2, os.cpu_count() or 1))
    context = multiprocessing.get_context("spawn")  # a copy of a process with torch's threads would hang
    with ProcessPoolExecutor(workers, context, _begin, (address,)) as pool:
        navigation = pool.submit(_navigation).result()
        known = [page for _, page, _, _ in navigation]
        asked = ["" if page == START else page for page in pages] or known
        for page in asked:
            if page not in known:
                raise SiteError(f"There is no page {page!r}; the pages are {', '.join(p or START for p in known)}.")
        # The slow pages first, so that no process ends long before the other.
        order = sorted(asked, key=lambda page: page not in SLOW)
        waiting = {page: pool.submit(_views, page, tuple(data)) for page in order}
        found_binds = pool.submit(_binds)
        files, views = Files(), dict[str, list[Recorded]]()
        for page in order:
            views[page], more, seconds = waiting[page].result()
            files.names |= more.names
            files.content |= more.content
            say(f"{page or START:14} {len(views[page]):3} views   {seconds:5.1f} s")
        return [view for page in asked for view in views[page]], files, found_binds.result(), navigation


_recorder: list[Recorder] = []  # of a process of `record`


def _begin(address: str) -> None:
    _recorder.append(Recorder(address).__enter__())


def _navigation() -> Navigation:
    with _recorder[0].view("", {}) as first:
        return first.pages


def _views(page: str, data: tuple[str, ...]) -> tuple[list[Recorded], Files, float]:
    began, files = time.monotonic(), Files()
    found = plan.views(_recorder[0], page, {"data": data}, files.keep)
    for view in found:
        view.light, view.dark = view.light.still(), view.dark.still()
    return found, files, time.monotonic() - began


def _binds() -> Binds:
    return plan.binds(_recorder[0])


class _Target(Files):
    """The files and addresses as one object, see `parts.Target`."""

    def __init__(self, files: Files, addresses: Addresses) -> None:
        super().__init__(files.names, files.content, files.components)
        self.href = addresses.href


def _written(view: Recorded, files: Files, addresses: Addresses, binds: dict) -> Page:
    def ahead(key: str) -> bool:
        return bool(key) and key not in plan.FIXED and len({v.state.get(key) for v in addresses.pages[view.page]}) > 1

    sets = {
        f"{PREFIX}{component}": {trigger: {"page": _page(addresses, to), "parameter": parameter, "part": part}}
        for (component, trigger), (to, parameter, part) in plan.SETS.items()
        if to is None or to in addresses.pages
    }
    elements = Elements(
        view.light, view.dark, _Target(files, addresses), view.leads, view.event_links, binds, view.state, ahead
    )
    elements.sets = sets
    main = elements.both(view.light.main, view.dark.main)
    fixed = list(elements.written.fixed)
    side = elements.both(view.light.sidebar, view.dark.sidebar)
    title = re.search(r"<h1>(.*?)</h1>", main)
    words = re.sub(r"<[^>]+>", "", title[1]) if title else TITLE
    return Page(view, words, main, side, elements.written.components, fixed)


def _page(addresses: Addresses, page: str | None) -> str | None:
    return None if page is None else addresses.href(page, {})


def shared_text(name: str) -> str:
    """A file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


# Colours and frame, text and layout, controls, then what is different on some screens.
STYLES = ("site.css", "elements.css", "controls.css", "screens.css")


def style() -> str:
    """The site's style sheet: the app's own frame, and Streamlit's part of the look."""
    shades = {"muted": theme.muted, "line": theme.faint}
    light = "".join(f"--{name}: {shade(False)};" for name, shade in shades.items())
    dark = DARK + "".join(f"--{name}: {shade(True)};" for name, shade in shades.items())
    rules = "".join(map(shared_text, STYLES)).replace("/*light*/", light).replace("/*dark-colors*/", dark)
    return rules + (WEB / "frame.css").read_text(encoding="utf-8")


# The dark theme of .streamlit/config.toml, and Streamlit's own colours for the rest.
DARK = """color-scheme: dark; --st-background-color: #0e1117; --st-secondary-background-color: #262730;
--st-text-color: #fafafa; --st-primary-color: #56b4e9; --orange: #ff8a3d; --blue: #56b4e9; --green: #3fb950;
--red: #ff7b72; --code: #b5b2ad;"""


def font(name: str) -> bytes:
    """A font that Streamlit ships."""
    folder = importlib.resources.files("streamlit") / "static" / "static" / "media"
    found = [path for path in folder.iterdir() if path.name.startswith(FONTS[name])]
    if not found:
        raise SiteError(f"The installed Streamlit does not have the font {name!r}.")
    return found[0].read_bytes()


def clear(folder: Path) -> None:
    """Empty a folder that an earlier build has made.

    Raises:
        SiteError: it holds something else.
    """
    mark = folder / ".point-or-cloud-site"
    if folder.exists() and any(folder.iterdir()):
        if not mark.exists():
            raise SiteError(f"{folder} is not empty and was not made by this command; name another folder.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("made by python -m dashboard.site\n", encoding="utf-8")
