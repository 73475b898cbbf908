"""A chart on a page: a plotly figure, drawn in the browser by a small script of the project (chart.js).

Streamlit's own chart element makes every visitor's browser load plotly.js, 4.7 MB, before the first chart of a page
appears. The figures are still plotly objects (dashboard/plots/charts.py), so `figure.show()` works on them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from core.recent import Recent
from dashboard.components.scripts import register
from dashboard.plots.plotly_json import array_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

_mount = register("chart")
_DRAWN = Recent(8_000_000)  # some hundred charts


def plain(value: Any) -> Any:
    """Plotly's nested values as JSON values: arrays become lists, numbers that are not finite become None."""
    if isinstance(value, dict) and "bdata" in value:
        value = array_of(value)
    if isinstance(value, dict):
        return {name: plain(inside) for name, inside in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inside) for inside in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def described(figure: go.Figure) -> dict[str, Any]:
    """A figure as JSON values: {"data": traces, "layout": layout without plotly's template}."""
    whole: dict[str, Any] = figure.to_plotly_json()
    return {
        "data": plain(whole["data"]),
        "layout": plain({k: v for k, v in whole["layout"].items() if k != "template"}),
    }


def drawn(draw: Callable[..., go.Figure], *numbers: Any) -> dict[str, Any]:
    """The figure that a function of `dashboard.plots` draws of these numbers, `described`.

    It is kept for all visitors: plotly checks every value of a figure, which takes 3 to 5 ms each time.
    """
    return _DRAWN.get((draw, _hashable(numbers)), lambda: described(draw(*numbers)))


def _hashable(value: Any) -> Hashable:
    """Nested numbers and texts as a key that only equal ones have; a list and a tuple count as equal."""
    if isinstance(value, Mapping):
        return tuple((name, _hashable(inside)) for name, inside in value.items())
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if isinstance(value, list | tuple):
        return tuple(map(_hashable, value))
    return type(value), value


def chart(figure: go.Figure | dict[str, Any], key: str, alt: str) -> None:
    """Draw a figure.

    Args:
        figure: of `dashboard.plots.charts`, or what `drawn` returns.
        key: names the chart on its page.
        alt: what it shows, for screen readers.
    """
    _mount(key=key, data={"figure": figure if isinstance(figure, dict) else described(figure), "alt": alt})
