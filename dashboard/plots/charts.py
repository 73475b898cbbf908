"""Charts as plotly figures: pure functions of numbers, without Streamlit or torch.

uses_charts.py has those of the Uses page.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard.plots import theme


def for_projector(figure: go.Figure, scale: float = 1.8) -> go.Figure:
    """The same chart with larger type, lines and marks."""
    size = figure.layout.font.size or 13
    figure.update_layout(font={"size": scale * size})
    figure.for_each_annotation(lambda a: a.update(font={"size": scale * (a.font.size or size)}))

    def enlarge(trace: Any) -> None:
        trace.update(
            textfont={"size": scale * (trace.textfont.size or size)},
            marker={"size": scale * (trace.marker.size or 6)},
            line={"width": scale * (trace.line.width or 2)},
        )

    figure.for_each_trace(enlarge, selector={"type": "scatter"})
    return figure


def empty(dark: bool, height: int) -> go.Figure:
    """A chart without data.

    plotly looks for pandas in `sys.modules` and uses it even if another visitor's thread is still importing it.
    Importing it here waits until that is done.
    """
    if "pandas" in sys.modules:
        importlib.import_module("pandas")
    return go.Figure(layout=theme.layout(dark, height))


def _label(figure: go.Figure, y: float, text: str, font: dict[str, Any], anchor: str) -> None:
    """Name a horizontal line at its left end, above ("bottom") or below ("top") the line."""
    figure.add_annotation(x=0, xref="paper", xanchor="left", y=y, yanchor=anchor, text=text, showarrow=False, font=font)


def kl_bars(rate_per_dim: Sequence[float], active: float, dark: bool = False, height: int = 260) -> go.Figure:
    """The rate of each latent unit, nats per image, largest first; units below `active` nats are drawn hollow."""
    order = np.argsort(rate_per_dim)[::-1]
    values = np.asarray(rate_per_dim, float)[order]
    color = theme.color("vae", dark)
    figure = empty(dark, height)
    figure.add_bar(
        x=[f"z{theme.subscript(i + 1)}" for i in order],
        y=values,
        marker={
            "color": [color if v > active else "rgba(0,0,0,0)" for v in values],
            "line": {"color": color, "width": 1.2},
        },
        hovertemplate="%{x}: %{y:.2f} nats<extra></extra>",
    )
    figure.add_hline(y=active, line={"color": theme.muted(dark), "width": 1, "dash": "dot"})
    figure.update_layout(showlegend=False, bargap=0.25, margin={"t": 10})
    figure.update_xaxes(showgrid=False, tickangle=0, type="category")
    figure.update_yaxes(title="nats per image", rangemode="tozero")
    return figure


def rate_distortion(
    points: Sequence[Mapping[str, Any]],
    current: float | None,
    ae_distortion: float | None,
    dark: bool = False,
    height: int = 380,
) -> go.Figure:
    """The trained values of beta in the plane of rate (horizontal) and distortion (vertical).

    Args:
        points: mappings with beta, rate, distortion, neg_elbo, active_units; drawn in order of beta.
        current: the beta to mark.
        ae_distortion: of the AE, nats per image; a horizontal line, because an AE has no rate.
    """
    points = sorted(points, key=lambda p: p["beta"])
    color = theme.color("vae", dark)
    rate, distortion = [p["rate"] for p in points], [p["distortion"] for p in points]
    figure = empty(dark, height)
    figure.add_scatter(
        x=rate,
        y=distortion,
        mode="lines+markers+text",
        line={"color": color, "width": 1.5},
        marker={"size": 8, "color": color},
        text=[f"{p['beta']:g}" for p in points],
        textposition="top right",
        textfont={"size": 11, "color": theme.muted(dark)},
        customdata=[[p["beta"], p["neg_elbo"], p["active_units"]] for p in points],
        hovertemplate="β = %{customdata[0]:g}<br>rate %{x:.1f}, distortion %{y:.1f}<br>−ELBO %{customdata[1]:.1f}"
        "<br>active units %{customdata[2]}<extra></extra>",
    )
    for p in points:
        if current is not None and p["beta"] == current:
            figure.add_scatter(
                x=[p["rate"]],
                y=[p["distortion"]],
                mode="markers",
                hoverinfo="skip",
                marker={"size": 18, "color": "rgba(0,0,0,0)", "line": {"color": theme.ink(dark), "width": 2.5}},
            )
    if ae_distortion is not None:
        ae = theme.color("ae", dark)
        figure.add_hline(y=ae_distortion, line={"color": ae, "width": 1.5, "dash": "dash"})
        _label(figure, ae_distortion, "AE (no rate)", {"color": ae, "size": 12}, "top")
    figure.update_layout(showlegend=False, margin={"t": 10})
    room_for_last_label = 1.12
    figure.update_xaxes(title="rate R, nats per image", range=[0, room_for_last_label * max(rate, default=1)])
    figure.update_yaxes(title="distortion D, nats per image")
    return figure


def distances(rows: Sequence[tuple[str, str, np.ndarray]], dark: bool = False, height: int = 240) -> go.Figure:
    """The distance of each frame of a path to the nearest real image.

    Args:
        rows: (name, "ae", "vae" or "pixels", distances (steps,)).
    """
    figure = empty(dark, height)
    for name, model, values in rows:
        color = theme.muted(dark) if model == "pixels" else theme.color(model, dark)
        figure.add_scatter(
            x=np.linspace(0, 1, len(values)),
            y=values,
            name=name,
            mode="lines+markers",
            line={"color": color, "dash": "dot" if model == "pixels" else "solid"},
            marker={"size": 6},
            hovertemplate=f"{name}: %{{y:.2f}}<extra></extra>",
        )
    figure.update_xaxes(title="from the first image to the second", tickformat=".0%")
    figure.update_yaxes(title="distance", rangemode="tozero")
    return figure


def rescue(
    fd: Mapping[tuple[str, str], Sequence[float]], floor: float, dark: bool = False, height: int = 320
) -> go.Figure:
    """Fréchet distance (log axis) by the distribution that codes are drawn from: one dot per seed, lines through means.

    Args:
        fd: by (model, source), one value per seed.
        floor: the Fréchet distance of real training images.
    """
    figure = empty(dark, height)
    names = {"prior": "prior N(0, I)", "gaussian": "fitted Gaussian", "mixture": "fitted mixture"}
    for model in ("ae", "vae"):
        color, name = theme.color(model, dark), theme.NAMES[model]
        values = {source: fd[model, source] for source in names if (model, source) in fd}
        figure.add_scatter(
            x=[names[s] for s in values],
            y=[float(np.mean(v)) for v in values.values()],
            mode="lines",
            name=name,
            legendgroup=model,
            line={"color": color, "width": 2, "dash": "solid" if model == "ae" else "dash"},
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=[names[s] for s, v in values.items() for _ in v],
            y=[one for v in values.values() for one in v],
            mode="markers",
            showlegend=False,
            legendgroup=model,
            marker={"color": color, "size": 9, "opacity": 0.8, "symbol": "circle" if model == "ae" else "diamond"},
            hovertemplate=f"{name}, %{{x}}: %{{y:.1f}}<extra></extra>",
        )
    figure.add_hline(y=floor, line={"color": theme.muted(dark), "width": 1.5, "dash": "dot"})
    # On a log axis, plotly places lines by value but annotations by exponent.
    _label(figure, float(np.log10(floor)), "real training images", {"color": theme.muted(dark), "size": 12}, "bottom")
    figure.update_yaxes(type="log", title="Fréchet distance (log)", dtick=1)
    figure.update_xaxes(type="category")
    return figure


def quality_over_beta(
    points: Mapping[float, Mapping[str, float]],
    names: Mapping[str, str],
    current: float | None,
    floor: float | None,
    dark: bool = False,
    height: int = 260,
) -> go.Figure:
    """The quality of prior samples by KL weight (log axis): one dot per trained value of beta, the current one ringed.

    Args:
        points: measures by beta.
        names: the measures to draw, key -> name; the first is a solid line, the others are dotted or dashed.
        floor: the value for real images, drawn as a line; None draws none.
    """
    figure = empty(dark, height)
    color, betas = theme.color("vae", dark), sorted(points)
    for (key, name), dash in zip(names.items(), ("solid", "dot", "dash"), strict=False):  # up to three measures
        figure.add_scatter(
            x=betas,
            y=[points[b][key] for b in betas],
            name=name,
            mode="lines+markers",
            line={"color": color, "width": 1.5, "dash": dash},
            marker={
                "size": 8,
                "color": color if dash == "solid" else "rgba(0,0,0,0)",
                "line": {"color": color, "width": 1.5},
            },
            hovertemplate=f"β = %{{x:g}}<br>{name} %{{y:.2f}}<extra></extra>",
        )
        if current is not None and current in points:
            ring = {"size": 17, "color": "rgba(0,0,0,0)", "line": {"color": theme.ink(dark), "width": 2}}
            figure.add_scatter(
                x=[current], y=[points[current][key]], mode="markers", marker=ring, hoverinfo="skip", showlegend=False
            )
    if floor is not None:
        figure.add_hline(y=floor, line={"color": theme.muted(dark), "width": 1, "dash": "dash"})
        _label(figure, floor, f"real images {floor:.1f}", {"size": 11, "color": theme.muted(dark)}, "bottom")
    figure.update_layout(showlegend=len(names) > 1)
    figure.update_xaxes(
        type="log",
        title="KL weight β (log)",
        tickvals=[0.1, 0.25, 0.5, 1, 2.5, 5, 10],
        ticktext=["0.1", "0.25", "0.5", "1", "2.5", "5", "10"],
    )
    figure.update_yaxes(rangemode="tozero")
    return figure
