"""A button that saves the page as a PNG: text, images, charts and canvases as on screen, without the controls."""

from __future__ import annotations

from dashboard.components.scripts import register

_mount = register("picture")


def save_picture(file: str, key: str = "save-picture") -> None:
    """Draw the button; `file` is the name that the image is saved under."""
    _mount(key=key, data={"label": "This page as an image (PNG)", "busy": "Drawing…", "file": file})
