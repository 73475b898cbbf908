"""Pictures that more than one page shows: drawn here once, from the same models, figures and components.

stills.py holds images and charts, live.py what runs in the browser, lab.py the KL-weight lab. `pictures` names those a scene of
the walkthrough may ask for: functions of a `Stage` and options, which draw and return the facts that the scene's texts may name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pictures() -> dict[str, Callable[..., Any]]:
    """Name in scenes.toml -> function."""
    from dashboard.exhibits import live, stills

    drawn = (
        stills.copies,
        stills.point_and_cloud,
        stills.numbers,
        stills.sampled,
        stills.between,
        stills.weights,
        stills.curve,
        live.two_maps,
        live.decoding,
        live.small_steps,
        live.knob,
    )
    return {function.__name__: function for function in drawn}
