"""One colour, one meaning, on every page: the AE's, the VAE's, and one palette for the ten classes.

AE and VAE are the vermillion and the blue of Okabe & Ito (2008), distinguishable with every common colour vision;
each has a lighter variant for dark backgrounds. The class palette is the result of a search: it maximises the smallest
OKLab distance between any two of its colours, under normal vision and simulated protan, deutan and tritan vision
(Machado et al. 2009), among colours that are distinct from the AE's and the VAE's and have a contrast of at least 1.8:1
on white and 2.6:1 on near-black. The smallest distance is 0.10 to 0.15; plotly's default ten colours reach 0.01. Maps
also print the class names.
"""

from __future__ import annotations

import colorsys
from typing import Any

AE, VAE = "#D55E00", "#0072B2"
AE_DARK, VAE_DARK = "#FF8A3D", "#56B4E9"
# The multi-rate model is a VAE for every beta: it has the VAE's colour, drawn dashed or hollow.

# Ordered so that digits which are easily confused (4/9, 3/5/8, 1/7) are far apart.
CLASSES = ("#1C51BE", "#EE547F", "#A47100", "#EFAD19", "#5BD4B4", "#8B65E8", "#B7A8F9", "#169CB6", "#5A5A08", "#9B2571")

INK, INK_DARK = "#31333F", "#E8E6E3"  # text in plots
FAINT, FAINT_DARK = "rgba(90,90,100,0.22)", "rgba(220,220,230,0.20)"  # grid lines, guides
MUTED, MUTED_DARK = "#6E7079", "#A6A4A0"  # secondary text and marks

NAMES = {"ae": "AE", "vae": "VAE", "multirate": "Multi-rate VAE"}


def color(model: str, dark: bool = False) -> str:
    """The colour of a model kind: "ae", "vae" or "multirate"."""
    if model == "ae":
        return AE_DARK if dark else AE
    return VAE_DARK if dark else VAE


def hue(degrees: float) -> str:
    """The saturated colour of a hue, as "#RRGGBB", with the same luminance for all of them.

    A relative luminance of 0.25 (WCAG 2.2) has a contrast of more than 3:1 on white and on near-black.
    """
    low, high, rgb = 0.0, 1.0, (0.0, 0.0, 0.0)
    for _ in range(12):
        lightness = (low + high) / 2
        rgb = colorsys.hls_to_rgb(degrees / 360 % 1, lightness, 0.75)
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
        dark = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.25
        low, high = (lightness, high) if dark else (low, lightness)
    return "#" + "".join(f"{round(255 * c):02X}" for c in rgb)


def inked(color: str) -> str:
    """A model's colour for text, as CSS: darkened on light pages for contrast AA, as by `inked` in look.js."""
    return f"light-dark(color-mix(in srgb, {color}, black 16%), {color})"


def ink(dark: bool = False) -> str:
    """Colour of text and lines in a plot."""
    return INK_DARK if dark else INK


def muted(dark: bool = False) -> str:
    """Colour of secondary text and marks in a plot."""
    return MUTED_DARK if dark else MUTED


def faint(dark: bool = False) -> str:
    """Colour of grid lines and guides."""
    return FAINT_DARK if dark else FAINT


def rgba(hex_color: str, alpha: float) -> str:
    """The colour "#RRGGBB" with an opacity, for CSS and plotly."""
    r, g, b = (int(hex_color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha:g})"


def subscript(number: int) -> str:
    """A number in subscript characters, e.g. 12 -> "₁₂"."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))


def layout(dark: bool = False, height: int = 360) -> dict[str, Any]:
    """Plotly layout defaults: transparent background, light axes, narrow margins, the page's text colour."""
    axis = {
        "gridcolor": faint(dark),
        "zerolinecolor": faint(dark),
        "linecolor": faint(dark),
        "ticks": "outside",
        "ticklen": 4,
        "tickcolor": faint(dark),
        "title": {"standoff": 8},
        "automargin": True,
    }
    return {
        "height": height,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": ink(dark), "size": 13},
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "xaxis": axis,
        "yaxis": axis,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "bgcolor": "rgba(0,0,0,0)"},
        "hoverlabel": {"font": {"size": 13}},
        "dragmode": False,
    }
