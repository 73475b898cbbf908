"""A running server and unknown visitors: what it accepts, refuses and reveals."""

from __future__ import annotations

import contextlib
import http.client
import json
from urllib.parse import urlsplit

import pytest
import websockets
from conftest import IMPORT_MB
from serving import served, settled

from core import settings
from tests.faults.client import Browser, Visitor, run


def ask(
    url: str, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Send one request exactly as written; no path is normalised on the way."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    with contextlib.closing(connection), connection.getresponse() as answer:
        return answer.status, answer.headers, answer.read()


def test_cookies_stay_with_this_page_and_no_statistics_are_asked_for(dashboard_url):
    status, headers, _ = ask(dashboard_url, "GET", "/_stcore/health")
    assert status == 200 and "_streamlit_xsrf" in headers["set-cookie"] and "SameSite=Lax" in headers["set-cookie"]
    config = json.loads(ask(dashboard_url, "GET", "/_stcore/host-config")[2])
    assert config["metricsUrl"] == "" and not config["enableCustomParentMessages"]
    page = ask(dashboard_url, "GET", "/")
    assert page[1]["cache-control"] == "no-cache" and "access-control-allow-origin" not in {k.lower() for k in page[1]}


def test_an_upload_without_the_token_is_refused(dashboard_url):
    assert ask(dashboard_url, "PUT", "/_stcore/upload_file/a/b", b"x")[0] == 403
    assert (
        ask(
            dashboard_url,
            "PUT",
            "/_stcore/upload_file/a/b",
            b"x",
            **{"X-Xsrftoken": "2|00|00|1", "Cookie": "_streamlit_xsrf=2|11|22|1"},
        )[0]
        == 403
    )


def test_an_upload_that_is_too_large_is_refused(dashboard_url):
    async def send(megabytes: float) -> int:
        async with Visitor(dashboard_url) as visitor:
            await visitor.open("one_image")
            return (await visitor.upload("a.png", b"\0" * int(megabytes * 1e6)))[0]

    assert run(send(1)) == 204
    assert run(send(IMPORT_MB * 1.1 + 0.3)) == 413


def test_a_foreign_page_cannot_open_a_session(dashboard_url):
    async def knock(origin: str) -> bool:
        where = dashboard_url.replace("http", "ws", 1) + "/_stcore/stream"
        try:
            async with websockets.connect(where, subprotocols=["streamlit"], origin=origin):
                return True
        except websockets.InvalidStatus:
            return False

    assert run(knock(dashboard_url)) and not run(knock("https://somewhere.else"))


@pytest.mark.parametrize(
    "path",
    [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/media/../../../etc/passwd",
        "/app/static/../app.py",
        "/app/static/app.py",
        "/_stcore/component/..%2f..%2fapp.py",
        "/component/../../../../etc/passwd",
        "/static/..%5c..%5capp.py",
        "//etc/passwd",
        "/_stcore/bidi-components/../../app.py",
    ],
)
def test_no_file_of_the_machine_is_served(dashboard_url, path):
    status, _, body = ask(dashboard_url, "GET", path)
    assert b"root:" not in body and b"st.set_page_config" not in body
    assert status >= 300 or b"<!doctype html" in body[:2000].lower(), "a page that is not there is Streamlit's own page"


def test_visitors_get_no_developers_tools(visit):
    page = visit("/")
    settled(page)
    page.get_by_test_id("stMainMenu").get_by_role("button").click()
    told = page.get_by_test_id("stMainMenuPopover").inner_text()
    assert not {word for word in ("Rerun", "Clear cache", "Deploy", "Developer") if word.lower() in told.lower()}, told
    assert page.get_by_test_id("stAppDeployButton").count() == 0


@pytest.mark.slow
def test_the_public_server_says_with_every_answer_what_a_browser_may_do(tmp_path):
    async def look(url: str):
        browser = Browser()
        async with Visitor(url, browser) as visitor:
            return await visitor.open(), browser

    with served(settings.ROOT / "dashboard" / "server.py", POINT_OR_CLOUD_CACHE=str(tmp_path)) as url:
        shown, browser = run(look(url))
        assert "An autoencoder" in shown.text and not shown.errors
        media = next(path for path in browser.files if path.startswith("/media/"))
        for path in ("/", "/_stcore/health", "/one_image", media, "/no/such/thing.js"):
            headers = ask(url, "GET", path)[1]
            assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin", path
            assert headers.get_all("content-security-policy") == [
                "frame-ancestors 'self' https://huggingface.co https://*.streamlit.app https://share.streamlit.io"
            ], path
