"""Parts that more than one page shows.

    encoding.py          one image, its code in the latent plane, and its reconstruction
    static.py            charts and grids of images
    trained_weights.py   the same, of VAEs with different KL weights
    interactive.py       components that run in the browser
    beta_lab.py          the KL-weight lab
    beta_conventions.py  the KL weight in other code bases
    denoising.py, anomalies.py, compression.py  the uses of a pair, about one `uses_context.UsesContext`
    on_demand.py         training a small pair
    upload.py            the form for uploading a data set
    page_cards.py        links to pages, each with its question
    scene_context.py     the models that a scene of the walkthrough is about

`pictures` lists what a scene of the walkthrough can show: functions of a `SceneContext` and options, which draw and
return the values that the texts of the scene may contain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def pictures() -> dict[str, Callable[..., Any]]:
    """The function for every name that scenes.toml can use."""
    from dashboard.panels import interactive, static, trained_weights

    drawn = (
        static.copies,
        static.point_and_cloud,
        static.numbers,
        static.sampled,
        static.between,
        trained_weights.weights,
        trained_weights.separation,
        trained_weights.curve,
        interactive.two_maps,
        interactive.decoding,
        interactive.small_steps,
        interactive.knob,
    )
    return {function.__name__: function for function in drawn}
