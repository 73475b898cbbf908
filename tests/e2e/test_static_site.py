"""The static site in a real browser: below a path of a plain file server, and from disk without any server."""

from __future__ import annotations

import functools
import http.server
import threading
from pathlib import Path

import pytest
from serving import chromium

from dashboard.site import build
from dashboard.site.hosted import Hosted
from dashboard.site.single import Single

pytestmark = pytest.mark.slow

MOUNTED = "() => [...document.querySelectorAll('.component')].every((host) => host.dataset.mounted)"
# Every view that has a line for problems or a mark for readiness, in the page and in its components.
PROBLEMS = """() => [...document.querySelectorAll('.component')].flatMap((host) =>
  [...(host.shadowRoot ?? host).querySelectorAll('.problem:not([hidden])')].map((line) => line.textContent))"""
PAGES = 10


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[build.Site, Path, Path]:
    site = build.make(["mnist-5k"], say=lambda _: None)
    root, disk = tmp_path_factory.mktemp("host"), tmp_path_factory.mktemp("disk")
    below = root / "some" / "path"
    below.mkdir(parents=True)
    Hosted(site).write(below)
    Single(site).write(disk)
    return site, root, disk


@pytest.fixture(scope="module")
def address(built):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(built[1])))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/some/path/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def visit(browser):
    """visit(address) -> a page whose components are ready; nothing may fail or come from elsewhere."""
    contexts = []

    def go(address: str, own: str, **options):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.errors, page.outside = [], []
        page.on("console", lambda m: page.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "request",
            lambda r: None if r.url.startswith((own, "blob:", "data:")) else page.outside.append(r.url),
        )
        page.goto(address)
        page.wait_for_function(MOUNTED)
        return page

    yield go
    for context in contexts:
        for page in context.pages:
            assert getattr(page, "errors", []) == [] and getattr(page, "outside", []) == []
        context.close()


def paths(site: build.Site) -> list[str]:
    return [path for _, path, _, _ in site.navigation]


def test_every_page_is_complete_below_a_path(built, address, visit):
    site = built[0]
    assert len(paths(site)) == PAGES
    page = visit(address, address, service_workers="block")
    page.errors.clear()  # that the test blocks the worker is said once
    for path in paths(site):
        page.goto(address + (f"{path}/" if path else ""))
        page.wait_for_function(MOUNTED)
        assert page.locator("main h1").count() == 1
        assert page.evaluate(PROBLEMS) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.errors[:] = [text for text in page.errors if "Service Worker registration blocked" not in text]


def test_every_page_opens_from_disk(built, visit):
    site, _, disk = built
    assert len(list(disk.glob("*.html"))) == PAGES
    for path in paths(site):
        page = visit((disk / f"{path or 'index'}.html").as_uri(), "file:", offline=True)
        assert page.locator("main h1").count() == 1
        assert page.evaluate(PROBLEMS) == [], path
        page.wait_for_function("() => [...document.images].every((image) => image.complete && image.naturalWidth)")


def test_a_choice_changes_the_page_without_loading_it_anew(address, visit):
    page = visit(f"{address}latent_maps/", address)
    page.evaluate("window.same = true")
    maps = page.locator(".component[data-name$=maps]")
    before = page.locator("main").inner_text()
    page.get_by_role("group", name="Latent size").get_by_role("link", name="2", exact=True).click()
    page.wait_for_url("**/latent_maps/latent-2.html")
    page.wait_for_function("before => document.querySelector('main').innerText !== before", arg=before)
    assert page.evaluate("window.same") and maps.count() == 1
    page.go_back()
    page.wait_for_function("before => document.querySelector('main').innerText.length === before.length", arg=before)
    assert page.evaluate("window.same")


def test_a_link_of_the_dashboard_opens_the_same_view(address, visit):
    page = visit(f"{address}one_image?latent=2&index=5", address)
    page.get_by_text("Test image 5, class").wait_for()
    assert page.get_by_role("group", name="Latent size").locator("[aria-current]").inner_text() == "2"
    page = visit(f"{address}kl_weight/?beta=4", address)
    page.get_by_text("β = 4", exact=True).wait_for()


def test_the_walkthrough_is_presented_by_keys(address, visit):
    page = visit(f"{address}walkthrough/", address)
    page.get_by_role("link", name="Present").click()
    page.wait_for_selector("html[data-present]")
    titles = [page.locator("h1").inner_text()]
    page.evaluate("window.same = true")
    for _ in range(4):
        scene = page.locator(".presenter").evaluate("root => root.dataset.scene + root.dataset.revealed")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => { const {scene, revealed} = document.querySelector('.presenter').dataset;"
            " return scene + revealed !== before }",
            arg=scene,
        )
        titles.append(page.locator("h1").inner_text())
    assert titles[0] == titles[1] != titles[2] == titles[3] != titles[4]
    assert page.evaluate("window.same"), "the page was not loaded anew: full screen and the notes window stay"
    page.keyboard.press("Escape")
    page.wait_for_selector("html:not([data-present])")
    assert page.locator("[data-testid=stSidebar]").is_visible()


def test_networks_are_trained_in_the_page_below_a_path_and_from_disk(built, address, visit):
    page = visit(f"{address}training/", address)
    disk = visit((built[2] / "training.html").as_uri(), "file:", offline=True)
    for tab in (page, disk):
        tab.get_by_role("button", name="Train both").click()
        tab.get_by_text("squared error 0.0").nth(2).wait_for()  # the two recorded ones, and the first that is measured
        tab.get_by_role("button", name="Stop").click()
        assert tab.evaluate(PROBLEMS) == []


def test_light_and_dark_are_the_visitors_choice(address, visit):
    page = visit(f"{address}interpolation/", address, color_scheme="dark")
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.get_by_role("button", name="Dark page").click()
    light = page.evaluate(background)
    assert dark != light == "rgb(255, 255, 255)"
    page.reload()
    page.wait_for_function(MOUNTED)
    assert page.evaluate(background) == light


# Whether the worker keeps everything that the page has fetched.
KEPT = """() => Promise.all([location.href, ...performance.getEntriesByType('resource').map((entry) => entry.name)]
  .filter((address) => address.startsWith('http')).map((address) => caches.match(address.split(/[?#]/)[0])))
  .then((kept) => kept.every(Boolean))"""


def test_what_was_opened_opens_again_without_a_network(address, visit):
    page = visit(f"{address}latent_maps/", address)
    assert page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.scope)") == address
    page.reload()
    page.wait_for_function(MOUNTED)
    page.wait_for_load_state("networkidle")  # components are there before their images and networks
    page.wait_for_function(KEPT)
    page.context.set_offline(True)
    page.reload()
    page.wait_for_function(MOUNTED)
    assert page.locator("h1").inner_text() == "Latent maps"
    assert page.evaluate(PROBLEMS) == []
