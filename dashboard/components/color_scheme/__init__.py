"""When the page turns dark or light while it is open, what the server has drawn for the other is drawn again. Shows nothing."""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("color_scheme", base=False)


def follow_color_scheme(dark: bool, key: str = "color-scheme") -> None:
    """`dark`: what this run draws for. A browser that shows the other asks for one run more, which then knows."""
    _mount(key=key, data={"dark": dark}, on_turned_change=lambda: None)
