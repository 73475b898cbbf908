"""A chart on a page: a plotly figure, drawn in the browser by a small script of the project (chart.js).

Streamlit's own chart element makes every visitor's browser load plotly.js, 4.7 MB, before the first chart of a page
appears. The figures are still plotly objects (dashboard/plots/charts.py), so `figure.show()` works on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.components.scripts import register
from dashboard.plots.plotly_json import array_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

_mount = register("chart")


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


def chart(figure: go.Figure, key: str, alt: str) -> None:
    """Draw a figure of `dashboard.plots.charts`.

    Args:
        key: names the chart on its page.
        alt: what it shows, for screen readers.
    """
    _mount(key=key, data={"figure": described(figure), "alt": alt})
