"""Pictures that more than one page shows: drawn here once, from the same models, numbers and components.

    static.py, charts and grids of images       interactive.py, components that run in the browser
    beta_lab.py, the KL weight's panel          on_demand.py, training a small pair
    beta_conventions.py, names of beta          scene_context.py, which models a scene of the walkthrough shows

`pictures` names those that a scene of the walkthrough may ask for: functions of a `Stage` and options, which draw and
return the values that the scene's texts may name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pictures() -> dict[str, Callable[..., Any]]:
    """Name in scenes.toml -> function."""
    from dashboard.panels import interactive, static

    drawn = (
        static.copies,
        static.point_and_cloud,
        static.numbers,
        static.sampled,
        static.between,
        static.weights,
        static.curve,
        interactive.two_maps,
        interactive.decoding,
        interactive.small_steps,
        interactive.knob,
    )
    return {function.__name__: function for function in drawn}
