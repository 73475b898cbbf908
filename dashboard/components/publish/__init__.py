"""Publishes one test image under a topic, for the components of a page without a drawing pad. Invisible."""

from __future__ import annotations

from dashboard.components.lanes import Images
from dashboard.components.scripts import register

_mount = register("publish", base=False)


def publish(images: Images, index: int, key: str) -> str:
    """Publish image `index`; returns the topic under which `planes`, `neighbours` and `traverse` find it."""
    _mount(
        key=key,
        data={**images.describe(key), "label": int(images.labels[index]), "index": index, "topic": key},
        height=1,
    )
    return key
