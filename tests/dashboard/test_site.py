"""The static site says what the pages say: both are read from the same scripts, and compared here."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import APP
from streamlit.proto.Element_pb2 import Element
from streamlit.testing.v1 import AppTest

from dashboard.export.capture import Node
from dashboard.site import build
from dashboard.site.elements import Elements
from dashboard.site.files import Addresses, Files
from dashboard.site.hosted import Hosted
from dashboard.site.plan import Recorded
from dashboard.site.recorder import SiteError, View

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def view(page: str, *elements: Element, query: dict[str, str] | None = None) -> View:
    root = Node(children={i: Node(element=element) for i, element in enumerate(elements)})
    return View(page, query or {}, root, Node(), [], lambda _: None, lambda *_: None)


def translated(*elements: Element) -> str:
    shown = view("start", *elements)
    recorded = Recorded("start", {}, shown, shown)
    addresses = Addresses([recorded])
    return Elements(shown, shown, build._Target(Files(), addresses), {}, {}, {}, {}, lambda _: False).both(
        shown.main, shown.main
    )


def test_an_element_of_an_unknown_kind_fails_the_build_by_its_name():
    unknown = Element()
    unknown.balloons.show = True
    with pytest.raises(SiteError, match=r"'balloons'.*_balloons"):
        translated(unknown)


def test_what_a_text_contains_stays_text():
    written = Element()
    written.markdown.body = "<script>alert(1)</script> :orange[**AE**] and :green[:material/check_circle:]"
    out = translated(written)
    assert "<script" not in out and "&lt;script" in out
    assert '<span class="c-orange"><strong>AE</strong></span>' in out
    assert '<span class="icon" aria-hidden="true">check_circle</span>' in out


def test_an_address_leads_to_the_view_with_its_choices_and_otherwise_the_usual_ones():
    def recorded(**state: str) -> Recorded:
        shown = view("maps", query=state)
        return Recorded("maps", state, shown, shown)

    usual = recorded(latent="16", projection="UMAP", umap="0")
    seed, pca, flat = (
        recorded(latent="16", projection="UMAP", umap="1"),
        recorded(latent="16", projection="PCA"),
        recorded(latent="2"),
    )
    found = Addresses([usual, seed, pca, flat])
    assert found.find("maps", {}) is usual
    assert found.find("maps", {"umap": "1"}) is seed
    assert found.find("maps", {"projection": "PCA", "umap": "0"}) is pca
    assert found.find("maps", {"latent": "2"}) is flat
    assert found.find("maps", {"latent": "3"}) is None and found.find("other", {}) is None
    assert found.href("maps", {"latent": "2", "index": "5"}) == "site:view/maps/latent-2.html?index=5"
    assert found.href("maps", {}) == "site:view/maps/"
    assert found.href("maps", {"noise": "1"}, strict=True) is None
    assert len({found.path(v) for v in (usual, seed, pca, flat)}) == 4


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SiteError, match="not empty"):
        build.clear(tmp_path)
    assert (tmp_path / "thesis.tex").exists()
    build.clear(tmp_path / "site")
    (tmp_path / "site" / "old.html").write_text("")
    build.clear(tmp_path / "site")
    assert not (tmp_path / "site" / "old.html").exists()


# ---- both, walked: slow ----


@pytest.fixture(scope="module")
def site() -> build.Site:
    return build.make(["mnist-5k"], say=lambda _: None)


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def numbers(text: str) -> list[str]:
    return NUMBER.findall(text)


def said_by_the_page(app: AppTest) -> Iterator[tuple[str, str]]:
    """What a page says, kind by kind, as Streamlit's own test harness reads it."""
    for kind in ("title", "header", "markdown", "caption", "info", "warning", "error"):
        for element in getattr(app.main, kind):
            yield kind, str(element.value)
    for element in app.main.metric:
        yield "metric", str(element.value)


@pytest.mark.slow
def test_both_say_the_same_on_every_page(site: build.Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name, value in build.ENVIRONMENT.items():  # as for the site: nothing is trained on the server
        monkeypatch.setenv(f"POINT_OR_CLOUD_{name}", value)
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path))
    monkeypatch.setenv("POINT_OR_CLOUD_DATASETS", "mnist-5k")
    shown = {page.view.page: page for page in reversed(site.pages)}  # the usual view of each
    assert len(shown) == 10
    for _, path, title, _ in site.navigation:
        app = AppTest.from_file(str(APP), default_timeout=120)
        if path:
            app.switch_page(f"views/{path}.py")
        app.run()
        assert not app.exception and app.main.markdown, title
        page = shown[path]
        text = plain(page.main)
        for kind, said in said_by_the_page(app):
            if said.startswith("<"):
                continue  # html, which is passed on as it is
            figures = numbers(re.sub(r"\(https?://[^)]*\)|:\w+\[|:material/\w+:", " ", said))
            missing = [figure for figure in figures if figure not in text]
            assert not missing, f"{title}: {kind} {said[:80]!r} has {missing}, and the site does not"
        words = [re.sub(r"\W+", "", str(e.value)) for e in app.main.title]
        assert words == [re.sub(r"\W+", "", page.title)], title
        takeaway = re.sub(r":\w+\[(.*?)\]|[*`]", lambda m: m[1] or "", str(app.main.markdown[0].value))
        assert re.sub(r"\W+", "", takeaway)[:150] in re.sub(r"\W+", "", text), title


@pytest.mark.slow
def test_every_address_in_the_hosted_form_exists(site: build.Site, tmp_path: Path):
    sizes = Hosted(site).write(tmp_path)
    assert sum(sizes.values()) < 25_000_000
    seen = 0
    for path in tmp_path.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "unsafe-inline" not in re.search(r"script-src[^;]*", text)[0]
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), "no script in a page"
        assert not re.search(r"\son\w+=", re.sub(r'="[^"]*"', "", text))
        for address in re.findall(r'(?:href|src)="([^"]*)"', text):
            address = html.unescape(address).split("?")[0].split("#")[0]
            if re.match(r"(https?|data):", address) or not address:
                continue
            target = path.parent / address
            assert (target / "index.html" if address.endswith("/") else target).exists(), (path, address)
            seen += 1
        for name in re.findall(r"site:([\w./-]+)", text):
            assert (tmp_path / name).exists(), (path, name)
        assert "/media/" not in text.replace("../media/", "").replace("site:media/", "").replace("./media/", "")
        assert "point-or-cloud.invalid/" not in re.sub(r"data-\w+=\"[^\"]*\"", "", text)
    assert seen > 1000
    for path in tmp_path.rglob("views.json"):
        for _, name in json.loads(path.read_text())["views"]:
            assert (tmp_path / name).exists()
