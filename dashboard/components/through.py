"""A drawing pad whose image goes through both models while it is being drawn; encoders and decoders run in the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from dashboard.components.assets import OCTETS, media_url, script

_mount = st.components.v2.component(
    "point_or_cloud_through",
    html=script("through.html"),
    css=script("base.css", "through.css"),
    js=script("networks.js", "canvas.js", "scatter.js", "share.js", "drawing.js", "through.js"),
)


@dataclass(frozen=True)
class Lane:
    """One model.

    Attributes:
        title, short: heading, and the model's name in running text.
        color, color_dark: the model's colour on a light and on a dark page.
        weights: address of its weights.
        codes: (n, d) posterior means of the images it is compared with.
    """

    title: str
    short: str
    color: str
    color_dark: str
    weights: str
    codes: np.ndarray


@dataclass(frozen=True)
class Upload:
    """An uploaded image: uint8 (28, 28), a name for people, and an id that changes with every upload."""

    id: str
    name: str
    pixels: np.ndarray


def plane_of(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The plane codes (n, d) are drawn in: basis (2, d) and offset (2,), a code's place being basis @ z + offset.

    The latent space itself for d <= 2, else the two directions along which the codes vary most (PCA), each pointing to
    where its largest entry is positive.
    """
    d = codes.shape[1]
    if d <= 2:
        return np.eye(2, d, dtype=np.float32), np.zeros(2, np.float32)
    centre = codes.mean(0, dtype=np.float64)
    basis = np.linalg.svd(codes - centre, full_matrices=False)[2][:2]
    basis *= np.sign(basis[np.arange(2), np.abs(basis).argmax(1)])[:, None]
    return basis.astype(np.float32), (-basis @ centre).astype(np.float32)


def through(
    left: Lane,
    right: Lane,
    labels: np.ndarray,
    classes: Sequence[str],
    class_colors: Sequence[str],
    images_png: bytes,
    key: str,
    *,
    start: int = 0,
    upload: Upload | None = None,
    class_word: str = "class",
    on_choose: Callable[[int], None] | None = None,
) -> str:
    """Draw the pad, and the AE's and the VAE's answer to what is on it.

    Args:
        labels: (n,) class indices of the test images that `images_png` holds (see `sprites.sprite`).
        key: names this pair in the page.
        start: the test image to begin with; a new value replaces what is on the pad.
        upload: an image that replaces what is on the pad, once for every id.
        on_choose: called with the index of a test image the visitor picked.

    Returns:
        The topic under which other components of the page find the image on the pad.

    Raises:
        ValueError: fewer codes than labels.
    """
    from safetensors.numpy import save

    arrays: dict[str, np.ndarray] = {"labels": np.asarray(labels, np.uint8)}
    for side, lane in (("left", left), ("right", right)):
        if len(lane.codes) != len(labels):
            raise ValueError(f"{len(lane.codes)} codes of the {lane.short} for {len(labels)} images.")
        basis, offset = plane_of(lane.codes)
        xy = (lane.codes @ basis.T + offset).astype(np.float32)
        arrays |= {f"{side}_xy": np.ascontiguousarray(xy), f"{side}_basis": np.ascontiguousarray(basis), f"{side}_offset": offset}

    def describe(lane: Lane) -> dict:
        d = lane.codes.shape[1]
        space = "The latent space itself" if d <= 2 else f"The plane in which the {lane.short}'s {d}-dimensional codes vary most"
        return {
            "title": lane.title, "short": lane.short, "color": lane.color, "color_dark": lane.color_dark, "weights": lane.weights, "native": d <= 2,
            "map_label": f"{space}; dots are test images, coloured by class.",
        }  # fmt: skip

    thumbs = [int(np.flatnonzero(labels == c)[0]) for c in np.unique(labels)]
    topic = f"{key}/image"
    result = _mount(
        key=key,
        data={
            "topic": topic,
            "arrays": media_url(save(arrays), OCTETS, f"{key}/arrays"),
            "sprite": media_url(images_png, "image/png", f"{key}/sprite"),
            "left": describe(left),
            "right": describe(right),
            "classes": list(classes),
            "class_colors": [class_colors[i % len(class_colors)] for i in range(len(classes))],
            "class_word": class_word,
            "thumbs": thumbs[:10],
            "start": int(start),
            "upload": upload and {"id": upload.id, "name": upload.name, "pixels": np.asarray(upload.pixels).reshape(-1).tolist()},
        },
        on_chosen_change=lambda: None,
    )
    chosen = result.get("chosen")
    if on_choose is not None and isinstance(chosen, int) and 0 <= chosen < len(labels):
        on_choose(chosen)
    return topic
