"""The two latent planes of d = 2, with the real decoder under the cursor; what is measured on them is measured in the page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from dashboard.components.assets import OCTETS, media_url, script
from dashboard.components.through import Lane

_mount = st.components.v2.component(
    "point_or_cloud_planes",
    html=script("planes.html"),
    css=script("base.css", "planes.css"),
    js=script("networks.js", "canvas.js", "scatter.js", "share.js", "nearest.js", "planes.js"),
)


def planes(
    left: Lane,
    right: Lane,
    labels: np.ndarray,
    classes: Sequence[str],
    class_colors: Sequence[str],
    images_png: bytes,
    topic: str,
    key: str,
    *,
    class_word: str = "class",
) -> None:
    """Draw both planes. A cursor over either decodes there; the image published under `topic` decides where they begin.

    Args:
        labels: (n,) class indices of the test images that `images_png` holds, whose codes the lanes carry.

    Raises:
        ValueError: codes that are not two-dimensional, or not as many as labels.
    """
    from safetensors.numpy import save

    arrays = {"labels": np.asarray(labels, np.uint8)}
    for side, lane in (("left", left), ("right", right)):
        if lane.codes.shape != (len(labels), 2):
            raise ValueError(f"codes of shape {lane.codes.shape} for {len(labels)} images: a plane needs two numbers an image.")
        arrays[f"{side}_xy"] = np.ascontiguousarray(lane.codes, np.float32)

    def describe(lane: Lane) -> dict[str, str]:
        return {"title": lane.title, "short": lane.short, "color": lane.color, "color_dark": lane.color_dark, "weights": lane.weights}

    _mount(
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
        },
    )
