"""Reruns the page when the visitor changes the colour scheme, so that images from the server follow. Invisible."""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("color_scheme", base=False)


def follow_color_scheme(dark: bool, key: str = "color-scheme") -> None:
    """Rerun the page if the browser's colour scheme differs from `dark`, the one that this run draws for."""
    _mount(key=key, data={"dark": dark}, on_turned_change=lambda: None)
