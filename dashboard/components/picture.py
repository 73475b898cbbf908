"""A button that saves the view as a PNG: text, images, charts and live canvases as they are on screen, without the controls."""

from __future__ import annotations

import streamlit as st

from dashboard.components.assets import script

_mount = st.components.v2.component(
    "point_or_cloud_picture",
    html='<div class="poc"><button type="button" style="width:100%" aria-live="polite"></button></div>',
    css=script("base.css"),
    js=script("picture.js"),
)


def save_picture(file: str, key: str = "save-picture") -> None:
    """`file` is what the picture is saved as."""
    _mount(key=key, data={"label": "This view as a picture (PNG)", "busy": "Drawing…", "file": file})
