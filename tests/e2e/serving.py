"""A real Streamlit server for one script, and a real browser; without a browser, tests that use them are skipped."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")  # as Debian, Ubuntu, Google name it
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STILL = '[data-testid="stApp"][data-test-script-state="notRunning"]'
APPS = Path(__file__).parent / "apps"


@functools.cache
def driver():
    """The one playwright of this process, whose event loop allows no second. It is stopped when the process ends."""
    from playwright.sync_api import sync_playwright

    started = sync_playwright().start()
    atexit.register(started.stop)
    return started


@contextlib.contextmanager
def chromium() -> Iterator:
    """A headless browser.

    Without one the test is skipped, or fails where POINT_OR_CLOUD_REQUIRE_BROWSER is set (as CI does).
    """
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("POINT_OR_CLOUD_REQUIRE_BROWSER") else pytest.skip)(
            f"no browser on the PATH: looked for {', '.join(NAMES)}"
        )
    browser = driver().chromium.launch(executable_path=CHROMIUM, args=ARGS)
    try:
        yield browser
    finally:
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(
    command: list[str], well: Callable[[], bool], attempts: int, why: Callable[[], str] = lambda: "", **options: Any
) -> Iterator[None]:
    """A server process until the block ends, entered once it is `well`, or after so many attempts 0.1 s apart.

    Raises:
        RuntimeError: it exited before; `why` adds what it said.
    """
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        for _ in range(attempts):
            if well():
                break
            try:
                server.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(
                f"{Path(command[0]).name} exited with code {server.returncode} before it answered: {why()}"
            )
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def server_command(script: Path, port: int) -> list[str]:
    """What starts a server of `script` on a port of this machine, with the project's settings, as for its users."""
    run = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    return [*run, "--server.address", "127.0.0.1", "--server.headless", "true"]


def answers(address: str) -> bool:
    """Whether a server is up at an address."""
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
        return answer.status == 200
    return False


@contextlib.contextmanager
def served(script: Path, **environment: str) -> Iterator[str]:
    """The address of a server that runs `script` until the block ends.

    It is below STREAMLIT_SERVER_BASE_URL_PATH, where that is given.
    """
    port = free_port()
    base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    address = f"http://127.0.0.1:{port}" + (f"/{base}" if base else "")
    up = functools.partial(answers, address)
    with running(server_command(script, port), up, attempts=300, env={**os.environ, **environment}):
        yield address


@contextlib.contextmanager
def proxied(folder: Path, server: str) -> Iterator[str]:
    """The address of an nginx whose `server` block is given, until the block ends.

    In the block, "@port@" becomes its port and "@folder@" its folder.

    Without nginx the test is skipped, or fails where POINT_OR_CLOUD_REQUIRE_BROWSER is set (as CI does).
    """
    if NGINX is None:
        (pytest.fail if os.environ.get("POINT_OR_CLOUD_REQUIRE_BROWSER") else pytest.skip)(
            "no nginx on the PATH (Debian's package nginx-light)"
        )
    port = free_port()
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    http = f"access_log off;\ntypes {{ text/html html; }}\n{temporary}{server}".replace("@port@", str(port)).replace(
        "@folder@", str(folder)
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # or its worker could not read what root's tests write
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{http}\n}}\n"
    )
    log = folder / "error.log"

    def well() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(log)]
    with running(command, well, attempts=100, why=lambda: log.read_text() if log.exists() else ""):
        # Browsers resolve this name to this machine; Streamlit itself only accepts "localhost".
        yield f"http://point-or-cloud.localhost:{port}"


_SHARED: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # browser -> the context its pages share
_FREE: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # browser -> pages of that context for the next visitor


def new_page(browser, viewport: dict[str, int], color_scheme: str | None = None, **options):
    """A page of a visitor of its own.

    A new browser context loads and compiles 2 MB of Streamlit's scripts again, and a new page compiles them again. So
    pages share one context, and with it the browser's cache, and one that was given back with `release` is used again.
    Cookies tell visitors apart and are cleared for each page. Other options (touch, offline) need a context of their
    own, which is closed with the page.
    """
    if options:
        return browser.new_page(viewport=viewport, color_scheme=color_scheme, **options)
    if browser not in _SHARED:
        _SHARED[browser] = browser.new_context()
    _SHARED[browser].clear_cookies()
    free = _FREE.setdefault(browser, [])
    page = free.pop() if free else _SHARED[browser].new_page()
    page.bring_to_front()  # a page in the background draws no frames
    page.set_viewport_size(viewport)
    page.emulate_media(color_scheme=color_scheme or "light")
    return page


def release(page) -> None:
    """Leave the page's address and keep the page for the next visitor; one with a context of its own is closed."""
    browser = page.context.browser
    if page.is_closed():
        return
    if page.context is not _SHARED.get(browser):
        page.close()
        return
    page.mouse.move(0, 0)
    page.goto("about:blank")
    _FREE[browser].append(page)


def opened(browser, url: str, viewport: dict[str, int] | None = None, **options):
    """A page at `url` whose script has finished; console errors are collected in page.errors."""
    page = new_page(browser, viewport or {"width": 1280, "height": 1000}, **options)
    if not hasattr(page, "errors"):
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.errors = []
    page.goto(url)
    settled(page)
    return page


def settled(page) -> None:
    """Wait until the script has stopped running."""
    page.wait_for_selector(STILL, timeout=60_000)


def painted(page) -> None:
    """Wait until what has been asked for is drawn: components draw in the next animation frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))")


def at_rest(element: Any) -> Any:
    """The element, once it has stood in one place for 20 frames and half a second.

    A fold that opens and a window that was resized move what is on the page for a while, and a click is lost where it
    moves between the press and the release of the button.
    """
    element.evaluate(
        """element => new Promise((done) => {
          let place = "", frames = 0, since = 0;
          const look = (now) => {
            const { x, y } = element.getBoundingClientRect();
            if (`${x} ${y}` !== place) [place, frames, since] = [`${x} ${y}`, 0, now];
            frames += 1;
            if (frames > 20 && now - since > 500) done();
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        })"""
    )
    return element


def until(page, condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """Wait, frame by frame, until a condition holds; returns its value.

    Raises:
        AssertionError: it did not hold in time; the message names `what`.
    """
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds:g} seconds: {what}"
        painted(page)
    return value
