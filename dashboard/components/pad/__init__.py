"""A drawing pad that hands its image to the server after every stroke, placed the way MNIST's digits are."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from dashboard.components.scripts import register

_mount = register("pad")


def decoded(value: object) -> np.ndarray | None:
    """The image a browser sent, uint8 (28, 28); None for an empty pad, and for anything a pad does not send."""
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
        previous: what the pad returned before it was last taken off the page.

    Returns:
        (what to hand over as `previous`, the image uint8 (28, 28) or None).
    """
    result = _mount(
        key=key,
        data={"hint": "draw here", "label": "Drawing pad. Draw with mouse, pen or finger.", "image": previous},
        default={"image": previous},
        on_image_change=lambda: None,
    )
    value = result.get("image") or ""
    return (value if isinstance(value, str) else ""), decoded(value)
