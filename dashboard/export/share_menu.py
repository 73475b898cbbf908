"""The share menu, the same on every page: link, QR code, the page as a file, the charts' data, the models shown."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from dashboard import cache
from dashboard.components.copy_link import copy_link
from dashboard.components.picture import save_picture
from dashboard.content.catalog import Pair
from dashboard.export import capture, csv_data, page_file
from dashboard.session import addresses, state

QR_MOST = 1000  # characters of an address that can still be read off a wall


@functools.lru_cache(maxsize=256)
def qr(address: str) -> str:
    """The QR code of an address, as an SVG in a data address; "" for none, or for one too long."""
    import segno

    if not address or len(address) > QR_MOST:
        return ""
    return segno.make(address, error="m", micro=False).svg_data_uri(border=3, scale=8, light="#fff", dark="#000")


def drawer(title: str, name: str, drawn: list[Any], pair: Pair | None) -> None:
    """What to do with the page that has just been drawn.

    Args:
        title, name: the page's, for people and for files.
        drawn: its messages, see `recording`.
        pair: the models shown.
    """
    dark, address = state.dark(), addresses.link()
    with st.popover("Share", icon=":material/ios_share:", width="stretch", key="share"):
        copy_link()
        code = qr(address)
        if code:
            st.image(code, width=220, caption="This view, to be read off a screen", alt=f"QR code of {address}")
        save_picture(f"point-or-cloud-{name}.png")
        st.download_button(
            "This page as one HTML file",
            icon=":material/html:",
            mime="text/html",
            file_name=f"point-or-cloud-{name}.html",
            on_click="ignore",
            width="stretch",
            key="take-html",
            data=lambda: page_file.Handout(capture.media, dark).page(capture.tree(drawn), title, address),
            help=(
                "With everything in it: pictures, charts, and the networks themselves, so that what moves here "
                "moves there. Needs no network."
            ),
        )
        st.download_button(
            "Its figures' numbers (CSV)",
            icon=":material/table:",
            mime="application/zip",
            file_name=f"point-or-cloud-{name}-data.zip",
            on_click="ignore",
            width="stretch",
            key="take-csv",
            data=lambda: csv_data.csv_zip(capture.tree(drawn), capture.media),
        )
        for kind, entry in pair.items() if pair else ():
            st.download_button(
                f"The {kind.upper()} shown, to load yourself",
                icon=":material/deployed_code:",
                mime="application/zip",
                file_name=f"{entry.run_id}.zip",
                on_click="ignore",
                width="stretch",
                key=f"take-{kind.upper()}",
                data=lambda run_id=entry.run_id: cache.trained.export(run_id),
                help="Weights as safetensors, everything else as JSON, and ten lines of Python that load it.",
            )
