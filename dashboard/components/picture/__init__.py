"""A button that saves the view as a PNG: text, images, charts and canvases as on screen, without the controls."""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("picture")


def save_picture(file: str, key: str = "save-picture") -> None:
    """`file` is what the picture is saved as."""
    _mount(key=key, data={"label": "This view as a picture (PNG)", "busy": "Drawing…", "file": file})
