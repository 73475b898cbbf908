"""Both latent planes for d = 2: the point under the cursor is decoded; measures are computed in the browser."""

from __future__ import annotations

from dashboard.components.lanes import SIDES, Images, Lane, check_length, class_numbers, packed
from dashboard.components.scripts import register

_mount = register("planes")


def planes(left: Lane, right: Lane, images: Images, judge: str, topic: str, key: str, mode: str = "codes") -> None:
    """Draw both planes, which begin at the code of the image published under `topic`.

    Args:
        left, right: models with two latent numbers.
        judge: address of the classifier that names what is decoded.
        mode: what is shown: "codes", "grid", "holes" or "regions". The visitor can change it; so does a new value.

    Raises:
        ValueError: codes that are not two-dimensional, or not one per image.
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
