"""Redraws server-side images when the visitor's color scheme changes while the page is open. Shows nothing itself."""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("color_scheme", base=False)


def follow_color_scheme(dark: bool, key: str = "color-scheme") -> None:
    """`dark`: what this run draws for. A browser that shows the other asks for one run more, which then knows."""
    _mount(key=key, data={"dark": dark}, on_turned_change=lambda: None)
