"""Reports where the browser has found the app, if the server expects it elsewhere. Shows nothing."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.components.assets import script

_mount = st.components.v2.component(
    "point_or_cloud_address", html="<i></i>", css="i { position: absolute; }", js=script("report_address.js")
)


def mount_address(root: str, key: str, on_report: Callable[[], None]) -> None:
    """`root`: where the server expects the app. `on_report`: called when the component's value `root` names another place."""
    _mount(key=key, data={"root": root}, on_root_change=on_report)
