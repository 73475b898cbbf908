"""An SVG drawing, to scale, of one image, its code in the latent plane, and the image decoded from it.

Only for models with two latent numbers, whose latent space is a plane. A magnifying lens enlarges the neighbourhood of
the code by the same factor for both models: under it the AE's code is still a point.

For the first three seconds the drawing is animated, as if the image were encoded repeatedly: each time the AE's point
flashes at the same place, and new samples are added to the VAE's cloud. With `prefers-reduced-motion` only the final
state is shown.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np

from dashboard.plots import images, theme

WIDTH, HEIGHT = 480, 216
PLANE, LENS = 184, 54  # side of the plane and radius of the lens, in units of the drawing
ENCODINGS, BEAT = 14, 0.2  # number of encodings in the animation, and seconds between them
MOTION = f"""<style>
@keyframes drawn {{ from {{ opacity: .12 }} }}
@keyframes same {{ 30% {{ transform: scale(2) }} }}
.drawn path {{ animation: drawn .25s both }}
.same {{ transform-box: fill-box; transform-origin: center; animation: same {BEAT}s {BEAT}s {ENCODINGS} }}
@media (prefers-reduced-motion: reduce) {{ .drawn path, .same {{ animation: none }} }}
</style>"""
FONT = "font-family=\"'Source Sans', 'Source Sans Pro', system-ui, sans-serif\""


def _tile(image: np.ndarray, x: float, y: float, side: float, caption: str, dark: bool) -> str:
    data = base64.b64encode(images.grid(image[None], 1, scale=6)).decode()
    middle = x + side / 2
    return (
        f'<image x="{x}" y="{y}" width="{side}" height="{side}" href="data:image/png;base64,{data}"/>'
        f'<text x="{middle}" y="{y + side + 17}" text-anchor="middle" font-size="14" '
        f'fill="{theme.muted(dark)}">{escape(caption)}</text>'
    )


def _arrow(x1: float, x2: float, y: float, dark: bool) -> str:
    return f'<path d="M{x1} {y}H{x2 - 4}m-5 -5 5 5 -5 5" fill="none" stroke="{theme.muted(dark)}" stroke-width="1.6"/>'


def lens_factor(stddev: np.ndarray, span: float) -> float:
    """Magnification, 1 to 40, at which a cloud with this `stddev` (d,) fills half of the lens.

    Args:
        span: width of the plane, in units of the codes.
    """
    return float(np.clip(LENS * 0.36 / (max(float(np.max(stddev)), 1e-9) * PLANE / span), 1, 40))


@dataclass(frozen=True)
class Encoding:
    """An image as one model encodes and decodes it.

    Attributes:
        model: "ae" or "vae".
        image, decoded: the image and its reconstruction, uint8 (H, W) or (3, H, W).
        codes: (n, 2) codes of many images, drawn as faint dots.
        index: which of them is the code of `image`.
        stddev: (2,) standard deviations of its posterior; zeros for an AE.
    """

    model: str
    image: np.ndarray
    decoded: np.ndarray
    codes: np.ndarray
    index: int
    stddev: np.ndarray


def drawing(encoding: Encoding, factor: float, dark: bool = False) -> str:
    """One model's drawing, as SVG.

    Args:
        factor: magnification of the lens.
    """
    codes, stddev = encoding.codes, encoding.stddev
    color = theme.color(encoding.model, dark)
    centre, span = square_of(codes, stddev)
    unit, left, top = PLANE / span, 132.0, 8.0

    def at(z: np.ndarray) -> np.ndarray:
        return np.array([left, top]) + PLANE / 2 + (np.asarray(z) - centre) * [unit, -unit]

    x, y = at(codes[encoding.index])
    inside = (np.abs(codes - centre) < span / 2).all(1)
    dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in at(codes[inside]))
    # The lens goes to the corner farthest from the code.
    lx = left + (PLANE - LENS - 4 if x < left + PLANE / 2 else LENS + 4)
    ly = top + (PLANE - LENS - 4 if y < top + PLANE / 2 else LENS + 4)
    sx, sy = stddev * unit
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((70, 2)) * [sx * factor, sy * factor]
    drawn = drawn[np.hypot(*drawn.T) < LENS - 3]
    cloud = "".join(
        f'<path style="animation-delay:{BEAT * (1 + i):.1f}s" d="'
        + "".join(f"M{lx + a:.1f} {ly + b:.1f}h0" for a, b in drawn[i::ENCODINGS])
        + '"/>'
        for i in range(ENCODINGS)
    )
    length = float(np.hypot(lx - x, ly - y))
    edge = np.array([lx - x, ly - y]) / length * LENS
    what = "a point" if not stddev.any() else "a cloud"
    lens = (
        f'<path d="M{x:.1f} {y:.1f}L{lx - edge[0]:.1f} {ly - edge[1]:.1f}" stroke="{color}" stroke-width="1"/>'
        f'<circle cx="{lx}" cy="{ly}" r="{LENS}" fill="{"#1d1c1a" if dark else "#ffffff"}" stroke="{color}" '
        'stroke-width="1.5"/>'
    )
    if stddev.any():
        rings = "".join(
            f'<ellipse cx="{lx}" cy="{ly}" rx="{r * sx * factor:.1f}" ry="{r * sy * factor:.1f}" fill="{color}" '
            'fill-opacity=".13"/>'
            for r in (2, 1)
        )
        ellipse = (
            f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="{2 * sx:.2f}" ry="{2 * sy:.2f}" fill="{color}" '
            f'fill-opacity=".45" stroke="{color}"/>'
        )
        lens = (
            f'<g clip-path="url(#p)">{ellipse}</g>{lens}<clipPath id="l"><circle cx="{lx}" cy="{ly}" '
            f'r="{LENS - 1}"/></clipPath><g clip-path="url(#l)">{rings}</g>'
        )
        lens += f'<g class="drawn" stroke="{color}" stroke-width="2.6" stroke-linecap="round">{cloud}</g>'
    else:
        lens += f'<circle class="same" cx="{lx}" cy="{ly}" r="2.6" fill="{color}"/>'
    lens += f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{color}"/>'
    lens += (
        f'<text x="{lx}" y="{ly + LENS - 9}" text-anchor="middle" font-size="12" '
        f'fill="{theme.muted(dark)}">×{factor:.0f}</text>'
    )
    side, middle = 92, top + PLANE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f"{FONT}>"
        + MOTION
        + _tile(encoding.image, 2, middle - side / 2, side, "image x", dark)
        + _arrow(98, 128, middle, dark)
        + f'<clipPath id="p"><rect x="{left}" y="{top}" width="{PLANE}" height="{PLANE}" rx="8"/></clipPath>'
        + (
            f'<rect x="{left}" y="{top}" width="{PLANE}" height="{PLANE}" rx="8" fill="{color}" fill-opacity=".05" '
            f'stroke="{theme.faint(dark)}"/>'
        )
        + (
            f'<g clip-path="url(#p)"><path d="{dots}" stroke="{theme.muted(dark)}" stroke-opacity=".38" '
            'stroke-width="2" stroke-linecap="round"/></g>'
        )
        + lens
        + (
            f'<text x="{left + PLANE / 2}" y="{top + PLANE + 17}" text-anchor="middle" font-size="14" '
            f'fill="{color}" font-weight="600">its code: {what}</text>'
        )
        + _arrow(left + PLANE + 4, left + PLANE + 34, middle, dark)
        + _tile(encoding.decoded, left + PLANE + 38, middle - side / 2, side, "decoded", dark)
        + "</svg>"
    )


def square_of(codes: np.ndarray, stddev: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (2,) and side of the square that shows the codes (n, 2) and a cloud of width `stddev` (2,).

    The outermost 1 % of the codes may lie outside. Without any extent, the side is 1.
    """
    low, high = np.percentile(codes, [0.5, 99.5], axis=0)
    side = max(float((high - low).max()) * 1.12, 5 * float(np.max(stddev)))
    return (low + high) / 2, side or 1.0
