"""A button that copies the address of the page as the browser has it, with every choice in it.

Where copying is not allowed, the address is shown instead, selected.
"""

from __future__ import annotations

import streamlit as st

from dashboard.components.assets import script

_mount = st.components.v2.component(
    "point_or_cloud_copy_link",
    html='<div class="poc"><button type="button" style="width:100%" aria-live="polite"></button>'
    '<input readonly hidden aria-label="The link to this view" style="width:100%; box-sizing:border-box"></div>',
    css=script("base.css"),
    js=script("copy_link.js"),
)


def copy_link(key: str = "copy-link") -> None:
    failed = "The browser did not allow copying: press Ctrl+C"
    _mount(key=key, data={"label": "Copy the link to this view", "done": "Copied", "failed": failed})
