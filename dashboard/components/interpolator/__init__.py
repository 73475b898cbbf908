"""A path between two images in both latent spaces and as a cross-fade, decoded in the browser while one drags along.

Its ends are test images or drawings. A drawing is part of the settings, as text: 16 grey levels, two pixels a byte,
base64 for URLs (`drawn_image` reads it, path.js writes it), so that a link restores it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.latent.interpolation import KINDS
from dashboard.components.assets import media_url
from dashboard.components.lanes import SIDES, Images, ModelLabel, class_numbers, packed
from dashboard.components.picker import GALLERY
from dashboard.components.scripts import register

if TYPE_CHECKING:
    from dashboard.session.shared_settings import SharedSettings

FRAMES = (3, 15)  # the fewest and the most
LEVELS = 15  # steps of grey in a drawing

_mount = register("interpolator")


def drawn_image(text: Any) -> np.ndarray | None:
    """The drawing in a text, uint8 (28, 28); None for anything that is none, an empty one included."""
    if not isinstance(text, str) or len(text) != 523 or not text.isascii():
        return None
    try:
        packed_pixels = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    pairs = np.frombuffer(packed_pixels, np.uint8)
    levels = np.stack([pairs >> 4, pairs & LEVELS], 1)
    return (levels * (255 // LEVELS)).astype(np.uint8).reshape(28, 28) if levels.any() else None


def drawn_text(image: np.ndarray) -> str:
    """The text of an image uint8 (28, 28), from which `drawn_image` reads it, rounded to 16 grey levels."""
    levels = np.round(np.asarray(image, float).reshape(-1, 2) * LEVELS / 255).astype(np.uint8)
    return base64.urlsafe_b64encode((levels[:, 0] * 16 + levels[:, 1]).tobytes()).decode().rstrip("=")


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
        data[side] = {
            "title": label.title,
            "short": label.short,
            "color": label.color,
            "color_dark": label.color_dark,
            "weights": weights,
        }
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
