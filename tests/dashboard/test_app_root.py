"""The app's root and the links made from it, for every address a browser may show it at."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.session.addresses import root_of

ROOTS = {
    "http://localhost:8501": "http://localhost:8501/",
    "http://localhost:8501/latent_maps": "http://localhost:8501/",
    "https://lab.example/vae/demo/": "https://lab.example/vae/demo/",
    "https://lab.example/vae/demo/walkthrough?scene=a#b": "https://lab.example/vae/demo/",
    "https://lab.example/my-samples/": "https://lab.example/my-samples/",  # ends like a page's name
    "https://hub.example/user/me/proxy/8501/one_image": "https://hub.example/user/me/proxy/8501/",
    "https://name.streamlit.app/~/+/": "https://name.streamlit.app/",
    "https://name.streamlit.app/~/+/walkthrough": "https://name.streamlit.app/",
}


@pytest.mark.parametrize("url", ROOTS)
def test_the_root_is_the_folder_of_the_page(url):
    assert root_of(url) == ROOTS[url]
    assert root_of(ROOTS[url]) == ROOTS[url]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "file:///tmp/x.html",
        "about:blank",
        "http://[",
        "//host/a",
        "http://host/<b>/x",
        "http://host/a b/",
        "http://host/" + "a" * 3000,
    ],
)
def test_what_is_no_address_of_the_web_is_none(url):
    assert root_of(url) == ""


def page() -> None:
    """A script that shows its link as the app does."""
    import streamlit as st

    from dashboard.session import addresses

    addresses._sent = lambda: st.session_state["sent"]
    addresses.set_page(st.session_state["page"])
    st.text(addresses.link())


def linked(sent: str, page_path: str, reported: str | None = None, **parameters: str) -> str:
    app = AppTest.from_function(page)
    app.session_state["sent"], app.session_state["page"] = sent, page_path
    if reported:
        app.session_state["_root"] = reported
    for name, value in parameters.items():
        app.query_params[name] = value
    shown = app.run()
    assert not shown.exception
    return shown.text[0].value


def test_a_link_has_the_page_and_its_choices_and_nothing_of_the_site_around(monkeypatch):
    from dashboard.session import addresses

    monkeypatch.setattr(addresses, "_sent", addresses._sent)  # the script replaces it
    assert (
        linked("http://h/vae/", "samples", seed="1", source="mixture") == "http://h/vae/samples?seed=1&source=mixture"
    )
    assert linked("http://h/vae/latent_maps", "") == "http://h/vae/"
    assert (
        linked("https://n.hf.space/", "samples", __sign="secret", __theme="dark", seed="2")
        == "https://n.hf.space/samples?seed=2"
    )
    assert (
        linked("https://school.example/course.html", "samples", reported="https://school.example/vae/")
        == "https://school.example/vae/samples"
    )
    assert linked("", "samples") == ""
