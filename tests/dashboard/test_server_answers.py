"""What dashboard/middleware.py changes in Streamlit's answers, on a stand-in for Streamlit."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import streamlit
from safetensors.numpy import load, load_file
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse
from starlette.routing import Route

from core.runs.run import WEIGHTS
from core.settings import PREFIX
from dashboard import middleware, preloads
from dashboard.components import networks
from tests.faults.client import run

PAGE = "<html><head><title>x</title></head><body></body></html>"
HTML = {"accept": "text/html", "accept-encoding": "gzip"}


@dataclass
class Answer:
    status_code: int
    headers: Headers
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Client:
    """Sends a request to an ASGI app."""

    def __init__(self, app: Any):
        self.app = app

    def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
        path, _, query = url.partition("?")
        given = [(name.encode(), value.encode()) for name, value in {"host": "here", **(headers or {})}.items()]
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": given,
            "scheme": "http",
            "server": ("here", 80),
        }
        messages: list[Any] = []

        async def receive() -> Any:
            await asyncio.Event().wait()  # nothing more is sent, and nobody goes away

        async def send(message: Any) -> None:
            messages.append(message)

        run(self.app(scope, receive, send))
        return Answer(
            messages[0]["status"],
            Headers(raw=messages[0]["headers"]),
            b"".join(m.get("body", b"") for m in messages[1:]),
        )


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """client(FRAMES="any", base="vae") -> a client of a server with these settings."""
    from streamlit import config

    (tmp_path / "index.html").write_text(PAGE)

    def page(_request):
        return FileResponse(tmp_path / "index.html")

    def made(base: str = "", **given: str) -> Client:
        for name, value in given.items():
            monkeypatch.setenv(PREFIX + name, value)
        config.set_option("server.baseUrlPath", base)
        routes = [
            Route("/slash/", lambda _: RedirectResponse("/slash")),
            Route("/mount", lambda request: RedirectResponse(str(request.url) + "/")),
            Route("/away", lambda _: RedirectResponse("https://login.example/x")),
            Route("/text.html", lambda _: PlainTextResponse(PAGE)),
            Route("/own", lambda _: HTMLResponse(PAGE, headers={"referrer-policy": "no-referrer"})),
            Route("/{path:path}", page),
        ]
        return Client(middleware.Answers(Starlette(routes=routes)))

    before = config.get_option("server.baseUrlPath")
    yield made
    config.set_option("server.baseUrlPath", before)


def test_a_page_has_the_script_first_in_its_head_and_a_length_that_is_true(client):
    answer = client().get("/latent_maps", headers=HTML)
    assert answer.text.startswith("<html><head><script>") and answer.text.endswith("></head><body></body></html>")
    assert "<title>x</title><link " in answer.text, "links come last, after those of Streamlit's own scripts"
    assert int(answer.headers["content-length"]) == len(answer.content) and "_stcore/stream" in answer.text
    assert "etag" not in answer.headers and "last-modified" not in answer.headers, (
        "they are those of the file without the script"
    )


def test_the_root_is_marked_because_only_it_needs_a_slash_at_its_end(client):
    assert (
        "<script data-root>" in client().get("/", headers=HTML).text
        and "<script data-root>" not in client().get("/samples", headers=HTML).text
    )
    assert "<script data-root>" in client("vae").get("/vae/", headers=HTML).text


def test_what_is_no_page_is_left_as_it_is(client):
    assert client().get("/text.html", headers=HTML).text == PAGE
    assert client().get("/latent_maps", headers={"accept": "*/*"}).text == PAGE, (
        "a script or picture asked for, not a page"
    )


def test_headers_are_added_and_do_not_replace(client):
    assert (
        client().get("/own").headers["referrer-policy"] == "no-referrer"
        and client().get("/own").headers["x-content-type-options"] == "nosniff"
    )
    for frames, rule in (
        ("self", "'self'"),
        ("any", "*"),
        ("https://a.example, https://*.b.example:8443", "'self' https://a.example https://*.b.example:8443"),
        ("nonsense;", "'self'"),
    ):
        assert client(FRAMES=frames).get("/").headers["content-security-policy"] == f"frame-ancestors {rule}"


def test_the_hosts_that_show_the_app_in_a_frame_may_by_default(client):
    rule = client().get("/").headers["content-security-policy"].split()
    assert rule[:2] == ["frame-ancestors", "'self'"] and {"https://huggingface.co", "https://*.streamlit.app"} <= set(
        rule
    )


def test_redirects_stay_right_behind_a_proxy_that_removes_a_prefix(client):
    assert client().get("/slash/?a=1").headers["location"] == "../slash"
    assert client().get("/mount").headers["location"] == "./mount/"
    assert client().get("/away").headers["location"] == "https://login.example/x"


@pytest.mark.parametrize(
    ("path", "target", "there"),
    [
        ("/a/", "/a", "../a"),
        ("/vae/demo", "/vae/demo/", "./demo/"),
        ("/a/b/c/", "/a/b/c", "../c"),
        ("/a", "/", "./"),
        ("/a/b", "/c", "../c"),
    ],
)
def test_a_relative_redirect_leads_to_the_same_place_below_any_prefix(path, target, there):
    from urllib.parse import urljoin

    assert middleware.relative(path, target) == there
    for prefix in ("", "/user/me/proxy/8501"):
        assert urljoin(f"https://host{prefix}{path}", there) == f"https://host{prefix}{target}"


def test_a_path_deeper_than_a_page_leads_to_the_page_it_names(client):
    for base in ("", "vae/demo"):
        below = client(base).get(f"/{base}/one/two/samples".replace("//", "/"), headers=HTML)
        assert (below.status_code, below.headers["location"]) == (307, "../../samples")
        assert client(base).get(f"/{base}/samples".replace("//", "/"), headers=HTML).status_code == 200
    assert client().get("/media/deep/file", headers=HTML).status_code == 200
    assert client().get("/static/js/a.js").status_code == 200


def test_a_websocket_address_asked_for_without_an_upgrade_says_what_the_proxy_lacks(client, caplog):
    answer = client("vae").get("/vae/_stcore/stream")
    assert answer.status_code == 426 and "Upgrade and Connection" in answer.text and answer.text in caplog.text


def test_a_browser_keeps_what_is_named_by_its_content_and_nothing_else(client):
    kept = "private, immutable, max-age=86400"
    assert client("vae").get("/vae/media/1f2e.png").headers["cache-control"] == kept
    for path in ("/vae/static/media/a.js", "/vae/_stcore/media", "/vae/samples", "/media/1f2e.png"):
        assert "cache-control" not in client("vae").get(path).headers, path


def test_a_network_is_sent_as_it_is_until_its_run_is_removed(client, trained, tmp_path):
    path = shutil.copytree(trained["vae"].path, tmp_path / trained["vae"].run_id)
    name = networks.name_of(path)
    os.utime(path / WEIGHTS)  # as when a page uses it: between the page and the browser's request, and before
    assert networks.name_of(path) == name
    for base in ("", "/vae/demo"):
        sent = client(base.strip("/")).get(f"{base}/media/{name}")
        assert sent.status_code == 200 and sent.headers["cache-control"].startswith("private, immutable")
        assert "content-encoding" not in sent.headers and sent.headers["x-content-type-options"] == "nosniff"
        assert name == f"{hashlib.sha256(sent.content).hexdigest()}.zip"
        assert load_file(path / WEIGHTS).keys() == load(sent.content).keys()
    for other in (f"/media/deep/{name}", f"/media/{'0' * 64}.zip"):
        assert client().get(other).content != sent.content
    shutil.rmtree(path)
    assert client().get(f"/media/{name}").content != sent.content, "although it is still in memory"


@pytest.mark.parametrize("page", preloads.PAGES)
def test_a_page_names_the_scripts_of_its_elements_and_what_these_import(client, page):
    static = Path(streamlit.__file__).parent / "static" / "static" / "js"
    answer = client("vae").get(f"/vae/{page}", HTML)
    named = re.findall(r'<link rel="modulepreload" crossorigin href="./static/js/([^"]+)">', answer.text)
    assert len(named) == len(set(named)) and all((static / name).is_file() for name in named)
    assert {name.split(".")[0] for name in named} >= set(preloads.PAGES[page]), "Streamlit has a script of each name"
    assert answer.headers["content-length"] == str(len(answer.content))
    head = set(preloads.NAMED.findall((static.parents[1] / "index.html").read_text()))
    for name in named:
        imported = set(preloads.IMPORTED.findall((static / name).read_text()))
        assert imported <= head | set(named), name


def test_a_page_that_is_not_known_names_none(client):
    assert "modulepreload" not in client("vae").get("/vae/no_such_page", HTML).text


@dataclass
class Files:
    """Files on a stand-in for Streamlit, which counts what it is asked for."""

    asked: list[str]
    client: Client
    kept: middleware.ImmutableFiles


@pytest.fixture
def files(tmp_path) -> Files:
    (tmp_path / "a.js").write_bytes(b"a" * 300_000)
    asked = []

    def file(request):
        asked.append(request.url.path)
        kind = request.path_params["kind"]
        cached = {"cache-control": "public, immutable, max-age=31536000"} if kind != "index" else {}
        vary = {"vary": "accept-encoding"} if kind == "varied" else {}
        return FileResponse(tmp_path / "a.js", 404 if kind == "missing" else 200, headers=cached | vary)

    kept = middleware.ImmutableFiles(Starlette(routes=[Route("/{kind}/{name}", file)]))
    return Files(asked, Client(middleware.Answers(kept)), kept)


def test_a_file_that_never_changes_is_read_once_and_answered_alike(files):
    first, second = files.client.get("/static/a.js"), files.client.get("/static/a.js")
    assert files.asked == ["/static/a.js"]
    assert first == second and len(first.content) == 300_000
    assert second.headers["x-content-type-options"] == "nosniff" and second.headers["content-length"] == "300000"
    assert [name for name in second.headers if name == "x-content-type-options"] == ["x-content-type-options"]


@pytest.mark.parametrize("kind", ["index", "missing", "varied"])
def test_what_may_change_is_asked_for_every_time(files, kind):
    first, second = files.client.get(f"/{kind}/a.js"), files.client.get(f"/{kind}/a.js")
    assert first == second
    assert files.asked == [f"/{kind}/a.js"] * 2 and not files.kept.kept


def test_a_part_of_a_file_and_a_newer_one_are_asked_for_and_not_kept(files):
    part = files.client.get("/static/a.js", {"range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    etag = files.client.get("/static/a.js").headers["etag"]
    files.client.get("/static/a.js", {"if-none-match": etag})  # an answer without content is Streamlit's to give
    assert len(files.asked) == 3


def test_no_more_is_kept_than_the_limit(files):
    files.kept.most_bytes = 500_000
    for path in ("/static/a.js", "/static/b.js", "/static/b.js"):
        assert len(files.client.get(path).content) == 300_000
    assert files.asked == ["/static/a.js", "/static/b.js", "/static/b.js"] and files.kept.bytes == 300_000
