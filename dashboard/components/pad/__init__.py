"""A drawing pad that sends its image to the server after every stroke.

Grey drawings are scaled and centred like the digits of MNIST; those in colour stay where they are, on a ground.
"""

from __future__ import annotations

import base64
import binascii

import numpy as np

from core.data.shape import GREY_28, Shape, shape_of
from core.data.square import ground_level
from dashboard.components.scripts import register

SEEN = 200  # images whose edges decide on the ground

_mount = register("pad")


def decoded(value: object, shape: Shape = GREY_28) -> np.ndarray | None:
    """The picture that a browser has sent, uint8 (H, W) or (3, H, W); None for an empty pad and for invalid input."""
    if not isinstance(value, str) or len(value) > 4 * (shape.pixels // 3 + 1):
        return None
    try:
        pixels = np.frombuffer(base64.b64decode(value, validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    drawn = len(pixels) == shape.pixels and (shape.color or pixels.any())
    return pixels.reshape(shape.picture) if drawn else None


def ground_of(images: np.ndarray) -> list[int]:
    """The ground that images uint8 (n, C, H, W) in colour have in common: the median of their edges; black for grey."""
    return [int(level) for level in ground_level(images[:SEEN])] if shape_of(images).color else [0]


def pad(key: str, previous: str = "", images: np.ndarray | None = None) -> tuple[str, np.ndarray | None]:
    """Draw the pad.

    Args:
        previous: the first value that the pad returned before it was last removed from the page.
        images: uint8 (n, C, H, W), images of the shape that is drawn, on the ground they have; grey 28x28 without any.

    Returns:
        (the value to pass as `previous`, the picture as uint8 (H, W) or (3, H, W), or None).
    """
    shape = GREY_28 if images is None else shape_of(images)
    hint = {"hint": "draw here", "label": "Drawing pad. Draw with mouse, pen or finger."}
    ground = [0] if images is None else ground_of(images)
    result = _mount(
        key=key,
        data={**hint, "image": previous, "shape": list(shape.chw), "ground": ground},
        default={"image": previous},
        on_image_change=lambda: None,
    )
    value = result.get("image") or ""
    return (value if isinstance(value, str) else ""), decoded(value, shape)
