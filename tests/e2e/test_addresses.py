"""The dashboard at addresses where people open it: below a path, behind a proxy, in a frame, without WebSocket.

In each of them: components load what they draw from, deep links and the walkthrough's keys work, and every address
that is handed on (Share, QR code, notes, the file taken home) is the one that works from outside. nginx is configured
with the lines of docs/hosting.md. The proxy's name is not one that Streamlit allows by itself, so the headers have to
be right, too.
"""

from __future__ import annotations

import contextlib
import http.server
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from serving import STILL, proxied, served
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from dashboard.export import share_menu

ROOT = Path(__file__).parents[2]
LINES = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "hosting.md").read_text(), re.DOTALL)
# As Community Cloud does it: the page at the public address holds a frame with the app, and passes path and query on.
CLOUD = """<!doctype html><title>The page around the app</title><body style="margin:0">
<iframe style="width:100%;height:100vh;border:0" allow="fullscreen; clipboard-write"
  sandbox="allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-same-origin
  allow-scripts allow-downloads"></iframe>
<script>document.querySelector("iframe").src = "/~/+" + location.pathname + location.search</script>"""
# A page of the same site with the app in a frame that may do little.
COURSE = """<!doctype html><title>A course</title><h1>Lesson 3</h1>
<iframe style="width:100%;height:90vh" sandbox="allow-scripts allow-same-origin" allow="fullscreen 'none'"
 src="/vae/walkthrough?scene=copies&amp;present=true"></iframe>"""
ALL = (
    "/",
    "/walkthrough?scene=decode",
    "/latent_maps",
    "/one_image",
    "/training",
    "/samples",
    "/interpolation",
    "/kl_weight",
    "/scorecard",
    "/uses",
    "/own_images",
)
PLACES = ("base path", "prefix", "frame", pytest.param("kept prefix", marks=pytest.mark.slow))
DRAWN = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height), seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return seen.size; }"""


@dataclass
class Place:
    """Where the dashboard is reached: the address to open and hand on, and whether it is shown in a frame there."""

    url: str
    framed: bool = False


class View:
    """A page as a visitor sees it: `page` takes keys, `app` (the page, or its frame) is where the dashboard is."""

    def __init__(self, context: Any, place: Place):
        self.page, self.place = context.new_page(), place
        self.page.set_default_timeout(60_000)
        self.missing, self.errors = [], []
        self.page.on(
            "response",
            lambda r: self.missing.append(f"{r.status} {r.url}") if r.status >= 400 else None,
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def go(self, path: str) -> Any:
        """The dashboard at a path, at rest."""
        self.page.goto(self.place.url + path)
        self.page.wait_for_selector("iframe" if self.place.framed else "[data-testid=stApp]")
        self.app = self.page.frames[1] if self.place.framed else self.page
        self.app.wait_for_selector(STILL)
        return self.app

    def link(self, path: str) -> str:
        return self.place.url + path


@pytest.fixture(scope="session")
def places(dashboard_browser, tmp_path_factory) -> dict[str, Place]:  # noqa: ARG001 - without a browser no server is started
    """One server below a base path; one at the root of its own, behind an nginx that has it at several addresses."""
    folder = tmp_path_factory.mktemp("nginx")
    (folder / "cloud.html").write_text(CLOUD)
    (folder / "course.html").write_text(COURSE)
    cache = str(tmp_path_factory.mktemp("addresses-cache"))
    below = served(
        ROOT / "dashboard" / "app.py",
        STREAMLIT_SERVER_BASE_URL_PATH="vae/demo",
        POINT_OR_CLOUD_FRAMES="any",  # one test shows it in a frame of another site
        POINT_OR_CLOUD_CACHE=cache,
        POINT_OR_CLOUD_WARM="off",
    )
    plain = served(ROOT / "dashboard" / "app.py", POINT_OR_CLOUD_CACHE=cache, POINT_OR_CLOUD_WARM="off")
    with below as below_url, plain as url:
        lines = LINES[1].replace("http://127.0.0.1:8501", url)
        upgrade, location = lines.split("location ", 1)
        location = "location " + location
        server = f"""{upgrade}
server {{
  listen 127.0.0.1:@port@;
  {location}
  {location.replace("/vae/", "/~/+/")}
  {location.replace("/vae/", "/no-host/").replace("proxy_set_header Host $http_host;", "")}
  {location.replace("/vae/", "= /vae")}
  {location.replace("/vae/", "/vae/demo/").replace(url + "/", below_url.removesuffix("/vae/demo"))}
  location /without/ {{ proxy_pass {url}/; proxy_set_header Host $http_host; }}
  location /course.html {{ root @folder@; }}
  location / {{ root @folder@; try_files /cloud.html =404; }}
}}"""
        with proxied(folder, server) as proxy:
            yield {
                "base path": Place(below_url),
                "kept prefix": Place(proxy + "/vae/demo"),
                "prefix": Place(proxy + "/vae"),
                "frame": Place(proxy, framed=True),
                "without": Place(proxy + "/without"),
                "no host": Place(proxy + "/no-host"),
                "course": Place(proxy, framed=True),
                "server": Place(url),
            }


@pytest.fixture(params=PLACES, scope="module")
def view(request, dashboard_browser, places):
    """One browser page per place."""
    context = dashboard_browser.new_context(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    yield View(context, places[request.param])
    context.close()


@pytest.fixture(scope="module")
def context(dashboard_browser):
    """One browser cache for the pages of `visit`."""
    context = dashboard_browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def visit(context, places):
    """visit("course") -> a page at that place, of a visitor without cookies."""
    context.clear_cookies()
    pages = []

    def go(place: str) -> View:
        pages.append(View(context, places[place]))
        return pages[-1]

    yield go
    for view in pages:
        view.page.close()


def drawn(app: Any, selector: str) -> None:
    """Wait until a canvas holds more than an even ground."""
    app.wait_for_function(f"canvas => ({DRAWN})(canvas) > 8", arg=app.locator(selector).first.element_handle())


def at(app: Any, scene: str, revealed: bool = False) -> None:
    """Wait until a scene is on screen, asked or revealed."""
    app.locator(f".presenter[data-scene='{scene}'][data-revealed='{'1' if revealed else ''}']").wait_for(
        state="attached"
    )
    app.wait_for_selector(STILL)


def test_components_load_and_draw(view):
    for path, component, canvas in (
        ("/latent_maps", ".maps[data-ready='1']", ".maps canvas[data-side]"),
        ("/kl_weight", ".lab[data-ready='1']", ".lab .samples canvas"),
    ):
        app = view.go(path)
        app.locator(component).first.wait_for()
        drawn(app, canvas)
    assert view.missing == [] and view.errors == [] and not view.app.locator("#no-websocket").count()


def test_a_talk_opened_by_its_link_has_its_keys_code_and_notes(view):
    talk = "/walkthrough?scene=which-half&present=true"
    app = view.go(talk)
    at(app, "which-half")
    view.page.keyboard.press("q")
    sheet = app.locator(".presenter-screen.link")
    assert sheet.inner_text().strip() == view.link(talk) and sheet.locator("img").get_attribute("src") == share_menu.qr(
        view.link(talk)
    )
    view.page.keyboard.press("Escape")
    sheet.wait_for(state="detached")
    with view.page.context.expect_page() as opening:
        view.page.keyboard.press("n")
    notes = opening.value
    notes.get_by_role("button", name="Next").click()
    at(app, "which-half", revealed=True)
    notes.close()
    view.page.keyboard.press("ArrowRight")
    at(app, "decode")
    app.get_by_role("link", name="Try this yourself").click()
    app.get_by_role("heading", name="One image through both", level=1).wait_for()
    app.locator(".planes[data-ready='1'], .encode-decode[data-ready='1']").first.wait_for()
    assert view.missing == [] and view.errors == []


def test_what_is_shared_and_taken_home_names_the_address_that_works(view, dashboard_browser, tmp_path):
    path = "/walkthrough?scene=decode"
    app = view.go(path)
    at(app, "decode")
    app.get_by_role("button", name="Share", exact=True).click()
    app.get_by_role("button", name="Copy the link to this view").click()
    app.get_by_role("button", name="Copied").wait_for()
    assert view.page.evaluate("navigator.clipboard.readText()") == view.link(path)
    code = app.locator("img[alt*='QR code of']")
    assert code.get_attribute("alt") == f"QR code of {view.link(path)}"
    with view.page.expect_download() as waiting:
        app.get_by_role("button", name="This page as one HTML file").click()
    home = tmp_path / "home.html"
    waiting.value.save_as(home)
    assert f'href="{view.link(path)}"' in home.read_text() and "./media/" not in home.read_text()
    offline = dashboard_browser.new_context(offline=True)
    page = offline.new_page()
    page.goto(home.as_uri())
    page.locator(".planes[data-ready='1']").wait_for()
    offline.close()


def test_without_websocket_the_page_says_so_and_what_to_do(visit):
    view = visit("without")
    view.page.goto(view.link("/latent_maps?seed=1"))
    told = view.page.locator("#no-websocket[role=alert]")
    told.wait_for(timeout=20_000)
    assert all(name in told.inner_text() for name in ("WebSocket", "Upgrade", "Connection", "Host", "_stcore/stream"))


def test_framed_by_another_page_of_the_same_site_links_name_the_app_and_not_that_page(visit):
    view = visit("course")
    app = view.go("/course.html")
    at(app, "copies")
    app.locator("body").press("q")
    app.locator(".presenter-screen.link", has_text=view.link("/vae/walkthrough?scene=copies&present=true")).wait_for()
    view.page.keyboard.press("n")
    app.locator(".presenter-screen.message[data-about='notes']").wait_for()
    view.page.keyboard.press("f")
    app.locator(".presenter-screen.message[data-about='full-screen']").wait_for()
    view.page.keyboard.press("Escape")
    app.locator(".presenter-screen").wait_for(state="detached")
    at(app, "copies")
    assert view.errors == []


@contextlib.contextmanager
def framed_by_another_site(path: str) -> Iterator[Place]:
    """A page at another site, to which 127.0.0.1 is foreign, with this address in a frame."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(f'<!doctype html><iframe style="width:100%;height:95vh" src="{path}"></iframe>'.encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Place(f"http://localhost:{server.server_port}", framed=True)
        server.shutdown()


def upload_in_a_frame_of_another_site(browser: Any, app: str, picture: Path) -> tuple[int | None, str]:
    """The status that answers an upload there, None where the form is disabled; and what the page warns of."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    with framed_by_another_site(f"{app}/uses?picture=upload%20one") as place:
        view = View(context, place)
        frame = view.go("/")
        field = frame.locator("input[type=file]")
        field.wait_for(state="attached")
        warned = " ".join(frame.get_by_role("alert").all_inner_texts())
        if field.is_disabled():
            link = frame.get_by_role("link", name="Open this page in its own tab").get_attribute("href")
            context.close()
            return None, f"{warned} -> {link}"
        with view.page.expect_response(lambda r: r.request.method == "PUT") as answered:
            field.set_input_files(picture)
        status = answered.value.status
        context.close()
        return status, warned


@pytest.fixture
def picture(tmp_path) -> Path:
    from PIL import Image

    Image.new("L", (40, 40), 200).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_in_a_frame_of_another_site_the_upload_form_says_why_it_is_disabled(dashboard_browser, places, visit, picture):
    address = places["base path"].url
    status, warned = upload_in_a_frame_of_another_site(dashboard_browser, address, picture)
    assert status is None and "cannot be uploaded here" in warned and f"-> {address}/uses?" in warned
    app = visit("base path").go("/uses?picture=upload%20one")
    assert app.locator("input[type=file]").is_enabled(), "in a tab of its own it is not disabled"


@pytest.mark.slow
def test_without_xsrf_protection_a_frame_of_another_site_takes_uploads(dashboard_browser, picture, tmp_path):
    """As docs/hosting.md sets it for a Space; other sites still cannot open a session."""
    options = {
        "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
        "POINT_OR_CLOUD_FRAMES": "any",
        "POINT_OR_CLOUD_CACHE": str(tmp_path),
    }
    with served(ROOT / "dashboard" / "app.py", POINT_OR_CLOUD_WARM="off", **options) as address:
        assert upload_in_a_frame_of_another_site(dashboard_browser, address, picture) == (204, "")
        stream = address.replace("http", "ws", 1) + "/_stcore/stream"
        with pytest.raises(InvalidStatus) as refused, connect(stream, origin="https://somewhere.else"):
            pass
        assert refused.value.response.status_code == 403


def test_a_path_that_no_page_has_leads_to_the_dashboard(visit):
    view = visit("prefix")
    app = view.go(
        "/latent_maps/?seed=0"
    )  # Streamlit redirects to the path without the slash, from the root of the host
    app.get_by_role("heading", name="Latent maps", level=1).wait_for()
    assert view.page.url.startswith(view.link("/latent_maps"))
    app = view.go("/one/two/samples")
    app.get_by_role("heading", name="Random samples", level=1).wait_for()
    app = view.go("?latent=2")  # as jupyter-server-proxy passes it on, to the root
    app.get_by_role("heading", name="Point or Cloud", level=1).wait_for()
    assert view.page.url == view.link("/?latent=2")


def test_a_request_without_upgrade_is_answered_as_that(places):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(places["server"].url + "/_stcore/stream")
    assert refused.value.code == 426 and b"Upgrade" in refused.value.read()


@pytest.mark.slow
def test_a_proxy_that_passes_another_host_on_is_told_of_it(visit):
    view = visit("no host")
    view.page.goto(view.link("/latent_maps"))
    view.page.locator("#no-websocket[role=alert]", has_text="Host").wait_for()


@pytest.mark.slow
def test_the_message_goes_away_when_a_connection_opens(visit):
    view = visit("without")
    view.page.goto(view.link("/samples"))
    told = view.page.locator("#no-websocket")
    told.wait_for()
    view.page.evaluate(
        "address => void new WebSocket(address)",
        view.place.url.replace("http", "ws").replace("/without", "/vae") + "/_stcore/stream",
    )
    told.wait_for(state="detached")


@pytest.mark.slow
def test_every_page_finds_all_that_it_asks_for(view):
    for path in ALL:
        app = view.go(path)
        app.wait_for_function("() => [...document.images].every((image) => image.complete && image.naturalWidth)")
        view.page.wait_for_load_state("networkidle")
        failed = app.locator("text=could not be loaded").all_inner_texts()
        assert view.missing == [] and view.errors == [] and not failed, path
