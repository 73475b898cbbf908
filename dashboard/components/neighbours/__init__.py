"""Steps from an image's code, in standard deviations of the codes, with the judged class, at two latent sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.components.lanes import Images, Lane, check_length, packed
from dashboard.components.scripts import register

MEASURED = 200  # codes that reach the page: as many as neighbours.js measures flip rates on

_mount = register("neighbours")


def neighbours(
    lanes: Sequence[Lane],
    images: Images,
    judge: str,
    topic: str,
    key: str,
    said: Mapping[str, str],
    step: float = 0.3,
    rates: bool = True,
) -> None:
    """Draw one board a lane; the image published under `topic` is in the middle of each.

    Args:
        lanes: models, AE and VAE in turn, for one or more latent sizes.
        judge: address of the classifier (see `assets.judge_url`).
        said: for the steps at which it was decided, whose pictures change class more often, e.g. {"0.1": "At this
            step, ..."}. The page measures rates of these models at every step, and decides nothing.
        step: where the slider stands at first.
        rates: measure and tell over many images how often the class changes; without, only what is on screen is
            counted.

    Raises:
        ValueError: not one code an image.
    """
    for lane in lanes:
        check_length(lane, images)
    _mount(
        key=key,
        data={
            "lanes": [lane.describe() for lane in lanes],
            "classes": list(images.classes),
            "judge": judge,
            "topic": topic,
            "step": step,
            "rates": rates,
            "said": dict(said),
            "arrays": packed(key, {f"codes_{i}": lane.codes[:MEASURED] for i, lane in enumerate(lanes)}),
        },
    )
