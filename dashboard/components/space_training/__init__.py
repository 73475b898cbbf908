"""Both models trained in the page from random weights: their spaces form before the visitor's eyes.

The recorded trainings of the same page are `dashboard.components.scrubber`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.components.lanes import Images, ModelLabel, class_numbers, packed
from dashboard.components.scripts import register

_mount = register("space_training")


@dataclass(frozen=True)
class TrainedLane:
    """One model to train.

    Attributes:
        label: its name and colours.
        source: its configuration and the images, see `page_training.training`.
    """

    label: ModelLabel
    source: Mapping[str, Any]


def space_training(lanes: Sequence[TrainedLane], images: Images, key: str) -> None:
    """Draw the models side by side, with the button that trains them.

    Args:
        images: test images whose codes are shown; the first of each class are reconstructed.
        key: names the data set in the page.
    """
    _mount(
        key=key,
        data={
            **images.describe(key),
            "key": key,
            "arrays": packed(key, {"labels": class_numbers(images.labels)}),
            "n": len(images.labels),
            "lanes": [{**asdict(lane.label), **lane.source} for lane in lanes],
        },
    )
