"""The charts of the Uses page as plotly figures: denoising, anomaly detection, compression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from dashboard.plots import theme
from dashboard.plots.charts import empty

# Method -> its name, the model whose colour its curve has ("" for grey), and the dash.
LINES = {
    "ae": ("AE trained to denoise", "ae", "solid"),
    "vae": ("VAE trained to denoise", "vae", "dash"),
    "clean": ("AE trained on clean images", "ae", "dot"),
    "clean vae": ("VAE trained on clean images", "vae", "dashdot"),
    "median": ("median filter", "", "solid"),
    "pca": ("PCA", "", "dash"),
    "input": ("noisy image", "", "dot"),
}


def denoising(
    levels: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    current: float,
    dark: bool = False,
    height: int = 320,
) -> go.Figure:
    """PSNR by noise level: one curve per method, by the keys of `LINES`; the `current` level is marked."""
    figure = empty(dark, height)
    for key, (name, model, dash) in LINES.items():
        if key in curves:
            color = theme.color(model, dark) if model else theme.muted(dark)
            figure.add_scatter(
                x=list(levels),
                y=list(curves[key]),
                name=name,
                mode="lines+markers",
                line={"color": color, "dash": dash, "width": 2},
                marker={"size": 6},
                hovertemplate=f"{name}: %{{y:.1f}} dB<extra></extra>",
            )
    figure.add_vline(x=current, line={"color": theme.ink(dark), "width": 1})
    figure.update_xaxes(title="standard deviation of the noise")
    figure.update_yaxes(title="PSNR, dB")
    figure.update_layout(legend={"font": {"size": 11}})
    return figure


def anomaly_scores(
    normal: np.ndarray,
    anomalies: np.ndarray,
    mark: float,
    threshold: float,
    model: str,
    dark: bool = False,
    height: int = 230,
    what: str = "anomalies",
) -> go.Figure:
    """Histograms of the distortion of normal (grey) and anomalous images, nats per image.

    Args:
        mark, threshold: the distortion of the image shown, and the alarm threshold; drawn as lines.
        model: "ae" or "vae", for the colour.
        what: name of the anomalies, for the tooltip.
    """
    figure = empty(dark, height)
    low = float(min(normal.min(), anomalies.min(), mark))
    high = float(max(np.percentile(normal, 99.9), np.percentile(anomalies, 99), mark))
    if high <= low:  # all images have the same distortion
        low, high = low - 0.5, high + 0.5
    edges, top = np.linspace(low, high, 46), 0.0
    groups = (("normal images", normal, theme.muted(dark)), (what, anomalies, theme.color(model, dark)))
    for name, values, color in groups:
        shares = np.histogram(np.clip(values, low, high), edges)[0] / len(values)
        top = max(top, shares.max())
        figure.add_bar(
            x=(edges[1:] + edges[:-1]) / 2,
            y=shares,
            name=name,
            width=edges[1] - edges[0],
            marker={"color": color, "opacity": 0.6},
            hovertemplate=f"{name}, %{{x:.0f}} nats: %{{y:.1%}}<extra></extra>",
        )
    sides = ("left", "right") if mark >= threshold else ("right", "left")
    figure.add_vline(
        x=threshold,
        line={"color": theme.ink(dark), "width": 1.5, "dash": "dot"},
        annotation_text="threshold",
        annotation_position=f"top {sides[0]}",
    )
    figure.add_vline(
        x=mark,
        line={"color": theme.color(model, dark), "width": 3},
        annotation_text="this image",
        annotation_position=f"top {sides[1]}",
    )
    figure.update_layout(barmode="overlay", bargap=0, showlegend=False)
    figure.update_xaxes(title="distortion, nats")
    room_for_labels = 1.25
    figure.update_yaxes(tickformat=".0%", title="share of images", range=[0, room_for_labels * top])
    return figure


def roc(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]], allowed: float, dark: bool = False, height: int = 300
) -> go.Figure:
    """ROC curves by "ae", "vae" and "pca"; a line at the `allowed` false positive rate, the diagonal for chance."""
    figure = empty(dark, height)
    for key, dash in (("ae", "solid"), ("vae", "dash"), ("pca", "dot")):
        false, true = curves[key]
        color, name = (theme.color(key, dark), theme.NAMES[key]) if key in theme.NAMES else (theme.muted(dark), "PCA")
        figure.add_scatter(
            x=false,
            y=true,
            name=name,
            mode="lines",
            line={"color": color, "dash": dash, "width": 2},
            hovertemplate=f"{name}: %{{y:.0%}} detected<extra></extra>",
        )
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line={"color": theme.faint(dark), "width": 1})
    figure.add_vline(x=allowed, line={"color": theme.ink(dark), "width": 1, "dash": "dot"})
    figure.update_xaxes(title="false positive rate", tickformat=".0%", range=[0, 1], dtick=0.25)
    figure.update_yaxes(title="true positive rate", tickformat=".0%", range=[0, 1.02], dtick=0.25)
    return figure


def by_class(
    values: Mapping[str, Mapping[str, float]], title: str, chance: float, dark: bool = False, height: int = 280
) -> go.Figure:
    """One value per class, by model ("ae", "vae") and class name; a line at `chance`."""
    figure = empty(dark, height)
    for model, symbol in (("ae", "circle"), ("vae", "diamond")):
        names = list(values[model])
        figure.add_scatter(
            x=names,
            y=[values[model][name] for name in names],
            mode="markers",
            name=theme.NAMES[model],
            marker={"color": theme.color(model, dark), "size": 11, "symbol": symbol, "opacity": 0.85},
            hovertemplate=f"{theme.NAMES[model]}, %{{x}}: %{{y:.2f}}<extra></extra>",
        )
    figure.add_hline(
        y=chance,
        line={"color": theme.ink(dark), "width": 1, "dash": "dot"},
        annotation_text="chance",
        annotation_position="bottom right",
    )
    figure.update_xaxes(type="category", title="class left out of training")
    figure.update_yaxes(title=title, range=[0, 1.03])
    return figure


def sizes(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    exact: Mapping[str, float],
    marks: Mapping[str, tuple[float, float]],
    dark: bool = False,
    height: int = 340,
) -> go.Figure:
    """Squared error by bytes per image (log axis).

    Args:
        curves: points (bytes, mse), means over many images, by "ae", "vae", "pca", "webp".
        exact: bytes of lossless formats by name, drawn as vertical lines.
        marks: (bytes, mse) of the image shown, by the same keys as the curves.
    """
    figure = empty(dark, height)
    names = {"ae": ("AE", "solid"), "vae": ("VAE", "dash"), "pca": ("PCA", "dot"), "webp": ("WebP", "dashdot")}
    for key, (name, dash) in names.items():
        color = theme.color(key, dark) if key in theme.NAMES else theme.muted(dark)
        if curves.get(key):
            x, y = zip(*sorted(curves[key]), strict=True)
            figure.add_scatter(
                x=x,
                y=y,
                name=name,
                mode="lines+markers",
                line={"color": color, "dash": dash, "width": 2},
                marker={"size": 6},
                hovertemplate=f"{name}: %{{x:.1f}} bytes, error %{{y:.4f}}<extra></extra>",
            )
        if key in marks:
            figure.add_scatter(
                x=[marks[key][0]],
                y=[marks[key][1]],
                mode="markers",
                showlegend=False,
                hovertemplate=f"this image, {name}: %{{x:.1f}} bytes, error %{{y:.4f}}<extra></extra>",
                marker={"size": 15, "color": "rgba(0,0,0,0)", "line": {"color": color, "width": 2.5}},
            )
    for size in exact.values():
        figure.add_vline(x=size, line={"color": theme.muted(dark), "width": 1, "dash": "dot"})
    if exact:
        figure.add_annotation(
            x=np.log10(min(exact.values())),
            y=1,
            yref="paper",
            text="lossless: " + ", ".join(exact),
            showarrow=False,
            xanchor="right",
            yanchor="top",
            xshift=-4,
            font={"size": 11, "color": theme.muted(dark)},
        )
    figure.update_xaxes(type="log", title="bytes per image (log)", tickvals=[1, 2, 5, 10, 20, 50, 100, 200, 500])
    figure.update_yaxes(title="squared error per pixel", rangemode="tozero")
    return figure
