"""A path between two images in both latent spaces and as a cross-fade, decoded in the browser while one drags along.

Its ends are test images or drawings. A drawing is part of the settings, as text, so that a link restores it; what the
text holds is written in drawn_text.js, which makes it, and `drawn_image` reads it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.shape import GREY_28, Shape
from core.latent.interpolation import KINDS
from dashboard.components.assets import media_url
from dashboard.components.lanes import SIDES, Images, ModelLabel, class_numbers, packed
from dashboard.components.picker import GALLERY
from dashboard.components.scripts import register

if TYPE_CHECKING:
    from dashboard.session.shared_settings import SharedSettings

FRAMES = (3, 15)  # the fewest and the most
RUN = 16  # equal pixels in a word of a drawing's text, at most
LEVELS = 15  # steps from black to white in a drawing, and those of each colour

_mount = register("interpolator")


def drawn_image(text: Any, shape: Shape = GREY_28) -> np.ndarray | None:
    """The drawing in a text, uint8 (H, W) or (3, H, W); None for anything that is none, an empty one included."""
    area = shape.side**2
    longest = 2 * area if shape.color else area // 2  # bytes
    if not isinstance(text, str) or not 0 < len(text) <= -(-4 * longest // 3) or not text.isascii():
        return None
    try:
        stored = np.frombuffer(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), np.uint8)
    except (binascii.Error, ValueError):
        return None
    if not shape.color:
        levels = np.stack([stored >> 4, stored & LEVELS], 1)
        return _pictured(levels, shape) if levels.size == area and levels.any() else None
    if len(stored) % 2:
        return None
    high, low = stored[::2], stored[1::2]
    colors = np.stack([high & LEVELS, low >> 4, low & LEVELS])
    drawn = colors.repeat(1 + (high >> 4), axis=1)
    return _pictured(drawn, shape) if drawn.shape[1] == area else None


def _pictured(levels: np.ndarray, shape: Shape) -> np.ndarray:
    return (levels * (255 // LEVELS)).astype(np.uint8).reshape(shape.picture)


def drawn_text(image: np.ndarray) -> str:
    """The text of a picture uint8 (H, W) or (3, H, W), for `drawn_image`; rounded to 16 levels a channel."""
    levels = np.round(np.asarray(image, float) * LEVELS / 255).astype(np.uint16)
    if levels.ndim == 2:
        pairs = levels.reshape(-1, 2)
        stored = (pairs[:, 0] * 16 + pairs[:, 1]).astype(np.uint8).tobytes()
    else:
        red, green, blue = levels.reshape(3, -1)
        colors = red * 256 + green * 16 + blue
        starts = np.flatnonzero(np.diff(colors, prepend=colors[0] ^ 1)).tolist()
        ends = [*starts[1:], len(colors)]
        pieces = [(at, end) for start, stop in zip(starts, ends, strict=True) for at, end in _pieces(start, stop)]
        stored = b"".join(int((end - at - 1) * 4096 + colors[at]).to_bytes(2, "big") for at, end in pieces)
    return base64.urlsafe_b64encode(stored).decode().rstrip("=")


def _pieces(start: int, stop: int) -> list[tuple[int, int]]:
    """A run of equal pixels as runs of at most `RUN`."""
    return [(at, min(at + RUN, stop)) for at in range(start, stop, RUN)]


@dataclass(frozen=True)
class Reference:
    """The training images that frames are compared with: a PNG as of `sprites.sprite` and how many it holds."""

    png: bytes
    count: int


def interpolator(
    lanes: Mapping[str, tuple[ModelLabel, str]],
    images: Images,
    reference: Reference,
    settings: SharedSettings,
    key: str,
    *,
    name: str,
    verdicts: Mapping[str, str],
    tolerance: float,
    on_rest: Callable[[], None] = lambda: None,
) -> None:
    """Draw the path with its controls.

    Args:
        lanes: label and address of the weights, by "ae" and "vae".
        images: the test images that may be chosen.
        settings: the path, see PathSettings in data.d.ts.
        key: of the element.
        name: of the pair, for its files.
        verdicts: what is said of the midpoint, by "ae", "vae", "both" and "pixels", whichever is closest.
        tolerance: distances within this share of the smallest are equal.
        on_rest: called before the rerun when the controls have come to rest elsewhere. The element's state then has
            `rested`: {"values", "sequence"}, see `dashboard.session.shared_settings`.
    """
    data: dict[str, Any] = {**images.describe(name)}
    for side, (label, weights) in zip(SIDES, (lanes["ae"], lanes["vae"]), strict=True):
        data[side] = {**asdict(label), "weights": weights}
    _mount(
        key=key,
        data={
            **data,
            "values": dict(settings.values),
            "sequence": settings.sequence,
            "arrays": packed(name, {"labels": class_numbers(images.labels)}),
            "count": len(images.labels),
            "gallery": min(GALLERY, len(images.labels)),
            "frames": list(FRAMES),
            "ways": list(KINDS),
            "reference": media_url(reference.png, "image/png", f"{name}/reference"),
            "references": reference.count,
            "verdicts": {
                "left": verdicts["ae"],
                "right": verdicts["vae"],
                "both": verdicts["both"],
                "pixels": verdicts["pixels"],
            },
            "tolerance": tolerance,
        },
        on_rested_change=on_rest,
    )
