"""A drawing pad whose image goes through both models while it is drawn; encoders and decoders run in the browser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from core.latent.projection import plane_of
from dashboard.components.lanes import SIDES, Images, Lane, check_length, class_numbers, packed
from dashboard.components.scripts import register
from dashboard.session.upload_form import Upload

_mount = register("encode_decode")


def encode_decode(
    left: Lane,
    right: Lane,
    images: Images,
    key: str,
    *,
    start: int = 0,
    upload: Upload | None = None,
    on_choose: Callable[[int], None] | None = None,
) -> str:
    """Draw the pad with the AE's and the VAE's code and reconstruction of the image on it.

    Args:
        key: names this pair in the page.
        start: index of the test image to begin with; a new value replaces what is on the pad.
        upload: an image that replaces what is on the pad, once per upload id.
        on_choose: called with the index of a test image that the visitor has chosen.

    Returns:
        the topic under which other components of the page find the image on the pad.

    Raises:
        ValueError: not one code per image.
    """
    arrays: dict[str, np.ndarray] = {"labels": class_numbers(images.labels)}
    lanes = {}
    for side, lane in zip(SIDES, (left, right), strict=True):
        check_length(lane, images)
        basis, offset = plane_of(lane.codes)
        arrays |= {f"{side}_xy": lane.codes @ basis.T + offset, f"{side}_basis": basis, f"{side}_offset": offset}
        d = lane.latent_dim
        space = (
            "The latent space itself"
            if d <= 2
            else f"The plane in which the {lane.label.short}'s {d}-dimensional codes vary most"
        )
        lanes[side] = lane.describe(
            native=d <= 2, map_label=f"{space}; dots are test images, coloured by {images.word}."
        )
    first = [int(np.flatnonzero(images.labels == c)[0]) for c in np.unique(images.labels)]
    topic = f"{key}/image"
    result = _mount(
        key=key,
        data={
            **images.describe(key),
            **lanes,
            "topic": topic,
            "arrays": packed(key, arrays),
            "thumbs": first[:10],
            "start": int(start),
            "upload": upload
            and {"id": upload.id, "name": upload.name, "pixels": np.asarray(upload.pixels).reshape(-1).tolist()},
        },
        on_chosen_change=lambda: None,
    )
    chosen = result.get("chosen")
    if on_choose is not None and isinstance(chosen, int) and 0 <= chosen < len(images.labels):
        on_choose(chosen)
    return topic
