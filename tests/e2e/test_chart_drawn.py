"""chart.js in a real browser: what is drawn stands where its numbers say, and the pointer reads them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import pytest
from serving import new_page, release

from dashboard.components.chart import described
from dashboard.components.scripts import COMPONENTS, joined, text
from dashboard.plots import charts, uses_charts

MOUNT = """
const host = document.getElementById("host"), shadow = host.attachShadow({ mode: "open" });
shadow.innerHTML = `%s`;
await mountChart({ data: %s, parentElement: shadow });
window.drawn = true;
"""


@pytest.fixture
def drawn(dashboard_browser):
    """drawn(figure) -> a page that shows it, 600 pixels wide."""
    pages = []

    def show(figure: go.Figure):
        page = new_page(dashboard_browser, {"width": 600, "height": 500})
        pages.append(page)
        page.set_content('<div id="host" style="width:600px"></div>')
        folder = COMPONENTS / "chart"
        code = joined(folder / "chart.js").replace("export default function", "function mountChart")
        data = json.dumps({"figure": described(figure), "alt": "A chart"})
        page.add_script_tag(content=code + MOUNT % (text(folder / "chart.html"), data), type="module")
        page.wait_for_function("window.drawn")
        return page

    yield show
    for page in pages:
        release(page)


def centres(page, selector: str = "g[clip-path] circle") -> list[tuple[float, float]]:
    return [(float(c.get_attribute("cx")), float(c.get_attribute("cy"))) for c in page.locator(selector).all()]


def texts(page) -> list[str]:
    return page.locator("svg text").all_text_contents()


def proportional(positions: Sequence[float], values: Sequence[float]) -> bool:
    """Whether positions are an affine function of values."""
    (p0, p1, *_), (v0, v1, *_) = positions, values
    return all(abs((p - p0) - (v - v0) * (p1 - p0) / (v1 - v0)) < 0.3 for p, v in zip(positions, values, strict=True))


def test_points_stand_where_their_numbers_say(drawn):
    x, y = [0, 1, 4], [10, 30, 20]
    page = drawn(go.Figure(go.Scatter(x=x, y=y, mode="lines+markers"), layout={"height": 300}))
    at = centres(page)
    assert proportional([p[0] for p in at], x) and proportional([p[1] for p in at], y)
    assert at[0][0] < at[2][0] and at[1][1] < at[0][1], "right is more, up is more"
    box = page.locator("svg").bounding_box()
    assert box["height"] == 300 and box["width"] == 600
    assert page.locator("svg[role=img]").get_attribute("aria-label") == "A chart"


def test_a_logarithmic_axis_and_its_annotation_are_in_decades(drawn):
    figure = charts.rescue(
        {(m, s): [v] for m in ("ae", "vae") for s, v in (("prior", 100.0), ("gaussian", 10.0), ("mixture", 1.0))}, 0.1
    )
    page = drawn(figure)
    heights = [p[1] for p in centres(page)]
    assert proportional(heights, [2, 1, 0])
    assert {"0.1", "1", "10", "100", "prior N(0, I)", "fitted mixture"} <= set(texts(page))
    level = float(page.locator("g[clip-path] line").first.get_attribute("y1"))
    assert proportional([*heights, level], [2, 1, 0, -1])
    note = page.locator("svg text", has_text="real training images")
    assert abs(float(note.get_attribute("y")) - level) < 8


def test_the_pointer_reads_the_nearest_point_as_the_template_says(drawn):
    page = drawn(uses_charts.denoising([0.1, 0.5, 1.0], {"ae": [20.04, 15, 10], "pca": [12, 11, 9]}, 0.5))
    (x, y), *_ = centres(page)
    page.mouse.move(x + 4, y + 4)
    assert "AE trained to denoise: 20.0 dB" in texts(page)
    page.mouse.move(x + 150, y + 100)
    assert not [text for text in texts(page) if text.endswith(" dB") and ":" in text]


def test_a_bar_is_read_anywhere_on_it_and_hollow_ones_are_hollow(drawn):
    page = drawn(charts.kl_bars([0.05, 2.0, 1.0], active=0.1))
    bars = page.locator("g[clip-path] rect")
    heights = [float(bar.get_attribute("height")) for bar in bars.all()]
    assert proportional([0, *heights], [0, 2.0, 1.0, 0.05])
    assert bars.last.get_attribute("fill") == "rgba(0,0,0,0)"
    box = bars.first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "z₂: 2.00 nats" in texts(page)


def test_the_legend_hides_what_is_clicked(drawn):
    page = drawn(charts.distances([("AE", "ae", [1.0, 2.0]), ("VAE", "vae", [2.0, 3.0])]))
    assert len(centres(page)) == 4
    page.locator("svg g[cursor=pointer]", has_text="VAE").click()
    assert len(centres(page)) == 2
    page.locator("svg g[cursor=pointer]", has_text="VAE").click()
    assert len(centres(page)) == 4


def test_a_chart_that_it_does_not_know_is_said(drawn):
    assert any("pie" in text for text in texts(drawn(go.Figure(go.Pie(labels=["a"], values=[1])))))


@pytest.mark.parametrize(
    ("value", "pattern", "text"),
    [(0.1234, ".0%", "12%"), (1234.5, ".1f", "1234.5"), (0.25, "g", "0.25"), (10, "", "10"), ("z₁", "", "z₁")],
)
def test_numbers_are_written_as_d3_would(drawn, value: object, pattern: str, text: str):
    page = drawn(go.Figure(go.Scatter(x=[1, 2], y=[3, 4])))
    function: Mapping[str, object] = {"value": value, "pattern": pattern}
    code = joined(COMPONENTS / "chart" / "chart_axes.js").replace("export ", "")
    assert page.evaluate(f"({{value, pattern}}) => {{ {code}; return formatted(value, pattern) }}", function) == text
