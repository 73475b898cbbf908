"""Steps from an image's code in all directions, with the predicted class of what they decode to, at two latent sizes.

The length of a step is in standard deviations of the model's codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboard.components.lanes import Images, Lane, check_length, packed
from dashboard.components.scripts import register

MEASURED = 200  # codes that are sent: neighbours.js measures flip rates on as many

_mount = register("neighbours")


def neighbours(
    lanes: Sequence[Lane],
    images: Images,
    judge: str,
    topic: str,
    key: str,
    conclusions: Mapping[str, str],
    step: float = 0.3,
    rates: bool = True,
) -> None:
    """Draw one board per lane; the image published under `topic` is in the middle of each.

    Args:
        lanes: models, AE and VAE in turn, for one or more latent sizes.
        judge: address of the classifier (see `assets.judge_url`).
        conclusions: for the lengths that were measured over all seeds, which model's images change class more often,
            e.g. {"0.1": "At this step, ..."}. The page shows the rates of these two models at every length, and draws
            no conclusion of its own.
        step: initial position of the slider.
        rates: measure over many images how often the class changes; without, only the images on screen are counted.

    Raises:
        ValueError: not one code per image.
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
            "conclusions": dict(conclusions),
            "arrays": packed(key, {f"codes_{i}": lane.codes[:MEASURED] for i, lane in enumerate(lanes)}),
        },
    )
