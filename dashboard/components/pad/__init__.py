"""A drawing pad that sends its image to the server after every stroke, scaled and centred like the digits of MNIST."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from dashboard.components.scripts import register

_mount = register("pad")


def decoded(value: object) -> np.ndarray | None:
    """The image that a browser has sent, uint8 (28, 28); None for an empty pad and for invalid input."""
    if not isinstance(value, str) or len(value) > 2000:
        return None
    try:
        pixels = np.frombuffer(base64.b64decode(value, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    return pixels.reshape(28, 28) if len(pixels) == 784 and pixels.any() else None


def pad(key: str, previous: str = "") -> tuple[str, np.ndarray | None]:
    """Draw the pad.

    Args:
        previous: the first value that the pad returned before it was last removed from the page.

    Returns:
        (the value to pass as `previous`, the image as uint8 (28, 28) or None).
    """
    result = _mount(
        key=key,
        data={"hint": "draw here", "label": "Drawing pad. Draw with mouse, pen or finger.", "image": previous},
        default={"image": previous},
        on_image_change=lambda: None,
    )
    value = result.get("image") or ""
    return (value if isinstance(value, str) else ""), decoded(value)
