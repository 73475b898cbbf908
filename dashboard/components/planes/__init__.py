"""The two latent planes of d = 2, with the decoder under the cursor; their measures are computed in the page."""

from __future__ import annotations

from dashboard.components.lanes import SIDES, Images, Lane, check_length, class_numbers, packed
from dashboard.components.scripts import register

_mount = register("planes")


def planes(left: Lane, right: Lane, images: Images, judge: str, topic: str, key: str, mode: str = "codes") -> None:
    """Draw both planes. A cursor over either decodes there; the image published under `topic` decides where they begin.

    Args:
        left, right: models with two latent numbers.
        judge: address of the classifier that names what is decoded.
        mode: what is shown at first, "codes", "grid", "holes" or "regions"; another one switches.

    Raises:
        ValueError: codes that are not two-dimensional, or not one an image.
    """
    arrays = {"labels": class_numbers(images.labels)}
    for side, lane in zip(SIDES, (left, right), strict=True):
        check_length(lane, images, latent_dim=2)
        arrays[f"{side}_xy"] = lane.codes
    _mount(
        key=key,
        data={
            **images.describe(key),
            "left": left.describe(),
            "right": right.describe(),
            "judge": judge,
            "topic": topic,
            "mode": mode,
            "arrays": packed(key, arrays),
        },
    )
