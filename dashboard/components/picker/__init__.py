"""A gallery of images to choose from: buttons that also work with keyboard and screen reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.recent import remembered
from dashboard.components.assets import media_url
from dashboard.components.scripts import register
from dashboard.plots import images as pictures

COLUMNS = 10  # of the sprite, not of the page
GALLERY = 60  # images that a page offers

_mount = register("picker", base=False)


@remembered(2_000_000)
def _sprite(pixels: bytes, shape: tuple[int, ...]) -> bytes:
    """The images as one PNG, which takes longer than everything else on a page."""
    images = np.frombuffer(pixels, np.uint8).reshape(shape)
    return pictures.png(pictures.opaque(pictures.mosaic(images, COLUMNS, scale=2, gap=0)))


def picker(
    images: np.ndarray, names: Sequence[str], key: str, on_choose: Callable[[], None] = lambda: None
) -> int | None:
    """Show images uint8 (n, C, H, W) as buttons.

    Args:
        names: description of each image, for the tooltip and screen readers.
        on_choose: called before the page reruns; the index is then `st.session_state[key]["chosen"]`.

    Returns:
        the index that was clicked just now, or None.
    """
    sprite = _sprite(images.tobytes(), images.shape)
    data = {"url": media_url(sprite, "image/png", key), "columns": COLUMNS, "names": list(names)}
    result = _mount(data=data, key=key, on_chosen_change=on_choose)
    return result.get("chosen")
