"""The share menu of every page: its link, QR code, the page as a file, its data as CSV, and the models shown."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from core import settings
from dashboard import cache
from dashboard.components.copy_link import copy_link
from dashboard.components.picture import save_picture
from dashboard.content.catalog import Pair
from dashboard.export import capture, csv_data, page_file
from dashboard.session import addresses, state

QR_MOST = 1000  # longest address whose QR code can still be scanned from a projector


@functools.lru_cache(maxsize=256)
def qr(address: str) -> str:
    """The QR code of an address, as an SVG in a data address; "" without an address or if it is too long."""
    import segno

    if not address or len(address) > QR_MOST:
        return ""
    return segno.make(address, error="m", micro=False).svg_data_uri(border=3, scale=8, light="#fff", dark="#000")


def share_menu(title: str, name: str, drawn: list[Any], pair: Pair | None) -> None:
    """Draw the menu for the page that has just been drawn.

    Args:
        title, name: of the page, for people and for file names.
        drawn: its messages, see `capture.recording`.
        pair: the models shown; None on pages about no particular pair.
    """
    dark, address = state.dark(), addresses.link()
    with st.popover("Share", icon=":material/ios_share:", width="stretch", key="share"):
        copy_link()
        code = qr(address)
        if code:
            st.image(code, width=220, caption="Scan to open this page", alt=f"QR code of {address}")
        if site := settings.value("SITE"):
            place = "" if name == "start" else f"{name}/"
            st.caption(f"[This page on the static site]({site}{place}), which has room for any number of visitors")
        save_picture(f"point-or-cloud-{name}.png")
        st.download_button(
            "This page as one HTML file",
            icon=":material/html:",
            mime="text/html",
            file_name=f"point-or-cloud-{name}.html",
            on_click="ignore",
            width="stretch",
            key="take-html",
            data=lambda: page_file.PageFile(capture.media, dark).page(capture.tree(drawn), title, address),
            help="Complete with images, charts and the networks, so that it stays interactive without a connection.",
        )
        st.download_button(
            "Data of this page (CSV)",
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
                f"Download the {kind.upper()}",
                icon=":material/deployed_code:",
                mime="application/zip",
                file_name=f"{entry.run_id}.zip",
                on_click="ignore",
                width="stretch",
                key=f"take-{kind.upper()}",
                data=lambda run_id=entry.run_id: cache.trained.export(run_id),
                help="Its weights as safetensors, everything else as JSON, and a short Python script that loads it.",
            )
