"""The frame around every page: settings, navigation, shared controls, error messages, share menu.

streamlit run dashboard/app.py
"""

import streamlit as st
from streamlit import runtime
from streamlit.navigation.page import StreamlitPage

from core import settings
from dashboard import cache
from dashboard.components.color_scheme import follow_color_scheme
from dashboard.export import capture
from dashboard.export.share_menu import share_menu
from dashboard.middleware import MIDDLEWARE
from dashboard.session import addresses, admission, boundary, controls, state


def pages() -> dict[str, list[StreamlitPage]]:
    """All pages, by heading. To add one, add a file to views/ and a line here.

    Streamlit serves the font of the Material icons. A Material *favicon*, however, would be fetched from another
    server, so the favicon is an emoji.
    """
    return {
        "": [
            st.Page("views/start.py", title="Start", icon=":material/home:", default=True),
            st.Page("views/walkthrough.py", title="Walkthrough", icon=":material/slideshow:"),
            *own_images(),
        ],
        "See": [
            st.Page("views/latent_maps.py", title="Latent maps", icon=":material/map:"),
            st.Page("views/one_image.py", title="One image through both", icon=":material/draw:"),
            st.Page("views/training.py", title="How the spaces form", icon=":material/movie:"),
        ],
        "Make": [
            st.Page("views/samples.py", title="Random samples", icon=":material/casino:"),
            st.Page("views/interpolation.py", title="Interpolation", icon=":material/swap_horiz:"),
            st.Page("views/kl_weight.py", title="KL weight", icon=":material/tune:"),
        ],
        "Measure": [
            st.Page("views/scorecard.py", title="Scorecard", icon=":material/fact_check:"),
            st.Page("views/uses.py", title="Uses", icon=":material/build:"),
        ],
    }


def own_images() -> list[StreamlitPage]:
    """The page for a visitor's own images, where they may be uploaded."""
    try:
        possible = settings.value("IMPORT_MB") > 0
    except settings.SettingError:  # the page shows the error
        possible = False
    return [st.Page("views/own_images.py", title="Your own images", icon=":material/upload:")] if possible else []


def run_page() -> None:
    """Draw the page that the visitor has chosen; Streamlit runs this again for every change."""
    st.set_page_config(page_title="Point or Cloud", page_icon="☁️", layout="wide", initial_sidebar_state="auto")
    page = st.navigation(pages())
    addresses.set_page(page.url_path)
    st.html(settings.ROOT / "dashboard" / "web" / "frame.css")
    notices = st.container()
    with boundary.guard():
        settings.check()
        cache.server.page_begins()
        if admission.admitted():
            admission.relieve()
            cache.trained.remove_expired_uploads()
            show(page)
        else:
            admission.waiting_page()
    for text in state.take_notices():
        notices.warning(text, icon=":material/link_off:")
    follow_color_scheme(state.dark())
    addresses.watch()
    cache.server.warm()


def show(page: StreamlitPage) -> None:
    """Draw a page and the sidebar beside it."""
    with cache.trained.listed_once():
        if page.title == "Walkthrough":  # each scene names the models it shows
            state.keep(*controls.SHARED)
        else:
            with st.sidebar:
                state.put("pair", controls.shared())
        with capture.recording() as drawn:
            page.run()
        with st.sidebar:
            share_menu(page.title, page.url_path or "start", drawn, state.get("pair"))


if runtime.exists():
    with cache.turns.take():
        run_page()
else:  # `streamlit run` imports this file first for the server `app`, which then runs it as the script of every page
    app = st.App(__file__, middleware=MIDDLEWARE)
