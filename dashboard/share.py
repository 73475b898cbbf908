"""Links to what is on screen, and their QR codes."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from dashboard import state


def link() -> str:
    """The address of this page as it is now; "" where there is no browser to have one."""
    if not st.context.url:
        return ""
    parts = urlsplit(st.context.url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(state.parameters()), ""))


def qr(address: str) -> str:
    """The QR code of an address, as an SVG in a data address; "" for none, or for one too long to be read off a wall."""
    import segno

    if not address or len(address) > 1000:
        return ""
    return segno.make(address, error="m", micro=False).svg_data_uri(border=3, scale=8, light="#fff", dark="#000")
