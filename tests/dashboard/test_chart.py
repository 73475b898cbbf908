"""What a chart tells the page: plain numbers, and nothing that chart.js would not draw."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.components.chart import described, drawn
from dashboard.plots import charts, uses_charts

RNG = np.random.default_rng(0)
NORMAL, ODD = RNG.normal(size=50), RNG.normal(2, 1, size=50)
POINT = {"beta": 1.0, "rate": 2.0, "distortion": 3.0, "neg_elbo": 5.0, "active_units": 2}
FIGURES = {
    "kl_bars": lambda: charts.kl_bars([0.05, 2.0], 0.1),
    "rate_distortion": lambda: charts.rate_distortion([POINT, {**POINT, "beta": 4.0}], 1.0, 4.0),
    "distances": lambda: charts.distances([("AE", "ae", NORMAL[:5])]),
    "rescue": lambda: charts.rescue(
        {(m, s): [3.0, 4.0] for m in ("ae", "vae") for s in ("prior", "gaussian", "mixture")}, 1.0
    ),
    "denoising": lambda: uses_charts.denoising([0.1, 0.5], {"ae": [20, 10], "pca": [15, 9]}, 0.5),
    "anomaly_scores": lambda: uses_charts.anomaly_scores(NORMAL, ODD, 1.0, 1.5, "vae"),
    "roc": lambda: uses_charts.roc(
        {k: (np.array([0, 0.2, 1]), np.array([0, 0.7, 1])) for k in ("ae", "vae", "pca")}, 0.05
    ),
    "by_class": lambda: uses_charts.by_class({"ae": {"0": 0.9}, "vae": {"0": 0.8}}, "AUROC", 0.5),
    "sizes": lambda: uses_charts.sizes({"ae": [(1, 2), (3, 1)]}, {"PNG": 100.0}, {"ae": (2, 1.5)}),
    "quality_over_beta": lambda: charts.quality_over_beta({1.0: {"fd": 3.0}, 4.0: {"fd": 5.0}}, {"fd": "FD"}, 1.0, 0.4),
}
# What chart.js draws.
DRAWN = {
    "scatter": {
        "type",
        "x",
        "y",
        "mode",
        "name",
        "line",
        "marker",
        "text",
        "textposition",
        "textfont",
        "customdata",
        "hovertemplate",
        "hoverinfo",
        "showlegend",
        "legendgroup",
    },
    "bar": {"type", "x", "y", "width", "name", "marker", "hovertemplate"},
}
MARKS = {"size", "color", "opacity", "symbol", "line"}


def test_every_figure_is_tried_here():
    public = {
        name
        for module in (charts, uses_charts)
        for name, f in vars(module).items()
        if callable(f) and getattr(f, "__module__", "") == module.__name__ and not name.startswith("_")
    }
    assert public - {"for_projector", "empty"} == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_use_only_what_is_drawn(name):
    for figure in (FIGURES[name](), charts.for_projector(FIGURES[name]())):
        found = described(figure)
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        for trace in found["data"]:
            assert set(trace) <= DRAWN[trace["type"]], trace["type"]
            assert set(trace.get("marker", {})) <= MARKS and set(trace.get("line", {})) <= {"color", "width", "dash"}
            assert isinstance(trace["x"], list) and len(trace["x"]) == len(trace["y"])
            assert trace.get("marker", {}).get("symbol", "circle") in ("circle", "diamond")
        assert {shape["type"] for shape in found["layout"].get("shapes", [])} <= {"line"}
        assert "template" not in found["layout"]


def test_numbers_arrive_as_they_are_and_what_is_not_finite_as_nothing():
    figure = go.Figure(go.Scatter(x=np.array([1.5, 2.5], np.float32), y=np.array([[1, 2]], np.int64)[0]))
    assert described(figure)["data"][0]["x"] == [1.5, 2.5] and described(figure)["data"][0]["y"] == [1, 2]
    assert described(go.Figure(go.Scatter(x=[1, 2], y=[float("nan"), np.inf])))["data"][0]["y"] == [None, None]


def test_a_chart_of_the_same_numbers_is_drawn_once_and_any_other_number_draws_it_anew():
    calls: list[tuple] = []

    def line(points, x, dark=False):
        calls.append((points, x, dark))
        return go.Figure(go.Scatter(x=x, y=[point["y"] for point in points.values()]), layout={"height": 90 + dark})

    def points(y: float) -> dict:
        return {0.5: {"y": 1.0}, 2.0: {"y": y}}

    first = drawn(line, points(3.0), np.array([1.0, 2.0]))
    assert drawn(line, points(3.0), np.array([1.0, 2.0])) is first and len(calls) == 1
    assert first == described(line(points(3.0), [1.0, 2.0])) and calls.pop()
    others = [
        drawn(line, points(4.0), np.array([1.0, 2.0])),
        drawn(line, points(3.0), np.array([1.0, 2.5])),
        drawn(line, points(3.0), np.array([1.0, 2.0]), True),
        drawn(lambda *numbers: line(*numbers), {1.0: {"y": 0.0}}, [1.0]),
    ]
    assert len(calls) == 5 and all(other != first for other in others)
