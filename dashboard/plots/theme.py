"""One colour, one meaning, on every page: the AE's, the VAE's, and one palette for the ten classes.

AE and VAE are the vermillion and the blue of Okabe & Ito (2008), distinguishable with every common colour vision;
each has a lighter twin for dark backgrounds. The class palette was searched for: the smallest OKLab distance
between any two of its colours, under normal vision and simulated protan, deutan and tritan vision (Machado et al.
2009), is as large as could be found among colours that keep their distance from the AE's and the VAE's and stand
out on white (1.8:1) and on near-black (2.6:1) alike. Its smallest distance is .10 to .15 where the usual ten
colours reach .01. Maps print the class names too.
"""

from __future__ import annotations

from typing import Any

AE, VAE = "#D55E00", "#0072B2"
AE_DARK, VAE_DARK = "#FF8A3D", "#56B4E9"
# The multi-rate model is a VAE whose beta can be turned: the VAE's colour, drawn dashed or hollow.

# Ordered so that digits which are easily confused (4/9, 3/5/8, 1/7) are far apart.
CLASSES = ("#1C51BE", "#EE547F", "#A47100", "#EFAD19", "#5BD4B4", "#8B65E8", "#B7A8F9", "#169CB6", "#5A5A08", "#9B2571")

INK, INK_DARK = "#31333F", "#E8E6E3"  # text in plots
FAINT, FAINT_DARK = "rgba(90,90,100,0.22)", "rgba(220,220,230,0.20)"  # grid lines, guides
MUTED, MUTED_DARK = "#6E7079", "#A6A4A0"  # secondary text and marks

NAMES = {"ae": "AE", "vae": "VAE", "multirate": "Multi-rate VAE"}


def color(model: str, dark: bool = False) -> str:
    """The colour of a model kind: "ae", "vae" or "multirate"."""
    return {False: {"ae": AE}, True: {"ae": AE_DARK}}[dark].get(model, VAE_DARK if dark else VAE)


def inked(color: str) -> str:
    """A model's colour for text as CSS, dark enough on light pages (contrast AA); `inked` in canvas.js is the same."""
    return f"light-dark(color-mix(in srgb, {color}, black 16%), {color})"


def ink(dark: bool = False) -> str:
    """Text and lines in a plot."""
    return INK_DARK if dark else INK


def muted(dark: bool = False) -> str:
    """Secondary marks in a plot."""
    return MUTED_DARK if dark else MUTED


def faint(dark: bool = False) -> str:
    """Grid lines and guides."""
    return FAINT_DARK if dark else FAINT


def rgba(hex_color: str, alpha: float) -> str:
    """ "#RRGGBB" with an opacity, as CSS and plotly take it."""
    r, g, b = (int(hex_color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha:g})"


def subscript(number: int) -> str:
    """12 -> "₁₂", which every font has."""
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))


def layout(dark: bool = False, height: int = 360) -> dict[str, Any]:
    """Plotly layout defaults: transparent, quiet axes, no wasted margins, the page's own text colour."""
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
