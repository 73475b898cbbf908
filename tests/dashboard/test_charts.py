"""Charts show the numbers they were given, in the models' colours, and only claim what their data can carry."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from dashboard.plots import charts, encoding_diagram, theme

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(60, 2))
LABELS = np.arange(60) % 3
CURVE = [
    {"beta": b, "rate": r, "distortion": d, "neg_elbo": r + d, "active_units": u}
    for b, r, d, u in ((4, 9, 113, 9), (0.25, 37, 75, 16), (1, 21, 85, 14))
]


def test_the_curve_goes_through_the_weights_in_order_and_marks_the_current():
    figure = charts.rate_distortion(CURVE, 1, 74.0)
    line, mark = figure.data
    assert list(line.x) == [37, 21, 9] and list(line.text) == ["0.25", "1", "4"]
    assert (mark.x[0], mark.y[0]) == (21, 85)
    level = figure.layout.shapes[0]
    assert level.y0 == level.y1 == 74.0 and level.line.color == theme.AE, "an AE is a level, not a point"
    assert len(charts.rate_distortion(CURVE, 2, None).data) == 1, "an untrained weight has no mark"
    charts.rate_distortion([], None, None)


def test_bars_fall_and_sleeping_dimensions_are_hollow():
    bars = charts.kl_bars([0.05, 2.0, 0.5], active=0.1).data[0]
    assert list(bars.y) == [2.0, 0.5, 0.05] and list(bars.x) == ["z₂", "z₃", "z₁"]
    assert [c == "rgba(0,0,0,0)" for c in bars.marker.color] == [False, False, True]


def test_quality_is_drawn_in_order_of_the_weight_with_the_current_one_ringed_and_the_floor():
    points = {4.0: {"fd": 26.0}, 0.1: {"fd": 67.0}, 1.0: {"fd": 19.0}}
    figure = charts.quality_over_beta(points, {"fd": "Fréchet distance"}, 1.0, 0.4)
    line, ring = figure.data
    assert list(line.x) == [0.1, 1.0, 4.0] and list(line.y) == [67.0, 19.0, 26.0] and figure.layout.xaxis.type == "log"
    assert (list(ring.x), list(ring.y)) == ([1.0], [19.0])
    assert [shape.y0 for shape in figure.layout.shapes] == [0.4]
    untrained = charts.quality_over_beta(points, {"fd": "Fréchet distance"}, 2.2, None)
    assert len(untrained.data) == 1 and not untrained.layout.shapes, "no ring where nothing was measured"


def test_dark_figures_use_the_dark_twins():
    for dark in (False, True):
        traces = charts.distances(
            [("AE", "ae", np.ones(3)), ("VAE", "vae", np.ones(3)), ("Cross-fade", "pixels", np.ones(3))], dark
        ).data
        assert [t.line.color for t in traces[:2]] == [theme.color("ae", dark), theme.color("vae", dark)]


SVG = "{http://www.w3.org/2000/svg}"


def lane(model: str, stddev: tuple[float, float], index: int = 5) -> ET.Element:
    image = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    encoding = encoding_diagram.Encoding(model, image, image, POINTS, index, np.array(stddev))
    return ET.fromstring(encoding_diagram.drawing(encoding, factor=10))


def test_a_point_has_no_width_and_a_cloud_is_drawn_to_scale():
    assert not lane("ae", (0, 0)).findall(f".//{SVG}ellipse")
    wide, narrow = (lane("vae", (s, s / 2)).findall(f".//{SVG}ellipse") for s in (0.1, 0.05))
    assert float(wide[0].get("rx")) == pytest.approx(2 * float(wide[0].get("ry")), rel=0.02)
    assert float(wide[0].get("rx")) == pytest.approx(2 * float(narrow[0].get("rx")), rel=0.02)
    assert float(wide[1].get("rx")) == pytest.approx(10 * float(wide[0].get("rx")), rel=0.02), (
        "the lens enlarges by its factor"
    )


def test_both_lanes_hold_image_and_decoded_image():
    for svg in (lane("ae", (0, 0)), lane("vae", (0.1, 0.1))):
        pictures = svg.findall(f".//{SVG}image")
        assert len(pictures) == 2 and all(p.get("href").startswith("data:image/png;base64,") for p in pictures)


def test_encoding_again_adds_to_the_cloud_and_not_to_the_point():
    cloud, point = lane("vae", (0.1, 0.1)), lane("ae", (0, 0))
    assert len(cloud.findall(f".//{SVG}g[@class='drawn']/{SVG}path")) == encoding_diagram.ENCODINGS
    assert len(point.findall(f".//{SVG}circle[@class='same']")) == 1 and not point.findall(f".//{SVG}g[@class='drawn']")
    assert "prefers-reduced-motion" in point.find(f"{SVG}style").text


@pytest.mark.parametrize("index", range(0, 60, 7))
def test_the_lens_stays_inside_the_plane(index):
    circle = next(
        c
        for c in lane("vae", (0.05, 0.05), index).findall(f".//{SVG}circle")
        if float(c.get("r")) == encoding_diagram.LENS
    )
    x, y = float(circle.get("cx")), float(circle.get("cy"))
    assert (
        x - encoding_diagram.LENS >= 132
        and x + encoding_diagram.LENS <= 132 + encoding_diagram.PLANE
        and y - encoding_diagram.LENS >= 8
        and y + encoding_diagram.LENS <= 8 + encoding_diagram.PLANE
    )


def test_the_first_drawing_fits_codes_that_are_all_alike_and_clouds_wider_than_all_codes():
    alike = np.full((20, 2), 0.3)
    for stddev in ((0.0, 0.0), (1.0, 0.8)):
        middle, side = encoding_diagram.square_of(alike, np.array(stddev))
        assert middle.tolist() == [0.3, 0.3] and np.isfinite(side) and side >= 4 * max(stddev) and side > 0
        black = np.zeros((28, 28), np.uint8)
        encoding = encoding_diagram.Encoding("vae", black, black, alike, 0, np.array(stddev))
        encoding_diagram.drawing(encoding, encoding_diagram.lens_factor(encoding.stddev, side))
    assert (
        encoding_diagram.square_of(POINTS, np.zeros(2))[1] == encoding_diagram.square_of(POINTS, np.full(2, 1e-3))[1]
    ), "a small cloud does not move the view"


def test_a_chart_waits_for_an_import_of_pandas_that_another_thread_has_begun(monkeypatch):
    """Half an imported pandas is in `sys.modules`, without the names that plotly looks for there."""
    import importlib
    import sys
    import types

    waited, load = [], importlib.import_module

    def wait(name: str, package: str | None = None) -> types.ModuleType | None:
        if name != "pandas":
            return load(name, package)
        waited.append(name)
        monkeypatch.delitem(sys.modules, "pandas", raising=False)
        return None

    monkeypatch.setitem(sys.modules, "pandas", types.ModuleType("pandas"))
    monkeypatch.setattr(importlib, "import_module", wait)
    charts.kl_bars([1.0, 0.0], 0.1)
    assert waited == ["pandas"]
