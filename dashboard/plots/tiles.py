"""Captioned images as HTML: in a row that wraps, or in a table with one row per model. Never smoothed."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from dashboard.plots import images, theme

STYLE = """<style>
.tiles { display: flex; flex-wrap: wrap; gap: .9rem .75rem; }
.tiles figure { margin: 0; width: 106px; }
.tiles img { width: 106px; height: 106px; image-rendering: pixelated; border-radius: 6px; display: block; }
.tiles figcaption { font-size: .82rem; line-height: 1.3; padding-top: .3rem; }
.tiles figcaption b { font-weight: 600; }
.tiles .figure { font-variant-numeric: tabular-nums; }
table.pictures { border-collapse: collapse; width: 100%; max-width: 520px; table-layout: fixed; }
table.pictures th:first-child { width: 3rem; }
table.pictures :is(th, td, tr) {
  border: 0; padding: .2rem .3rem; text-align: left; font-weight: 400; font-size: .875rem;
}
table.pictures th[style] { font-weight: 600; }
table.pictures img { width: 100%; max-width: 160px; image-rendering: pixelated; display: block; }
@media (max-width: 640px) {
  .tiles { gap: .8rem .6rem; }
  .tiles figure, .tiles img { width: 104px; }
  .tiles img { height: 104px; }
}
</style>"""


@dataclass(frozen=True)
class Tile:
    """One image with its title, the text below it, and the model whose colour the title has ("" for none)."""

    title: str
    image: np.ndarray
    below: str = ""
    model: str = ""


def table(columns: Sequence[str], pictures: Mapping[str, Sequence[bytes]], what: str, dark: bool = False) -> str:
    """A table of PNGs as HTML, with one row per model.

    Args:
        columns: titles.
        pictures: "ae" or "vae" -> one PNG per column.
        what: what the images show, for screen readers.
    """
    head = "".join(f"<th>{escape(title)}</th>" for title in columns)
    body = []
    for model, row in pictures.items():
        name = f'<th style="color:{theme.inked(theme.color(model, dark))}">{theme.NAMES[model]}</th>'
        cells = "".join(
            f'<td><img src="data:image/png;base64,{base64.b64encode(png).decode()}" '
            f'alt="{escape(f"{what} of the {theme.NAMES[model]}, {title}")}"></td>'
            for title, png in zip(columns, row, strict=True)
        )
        body.append(f"<tr>{name}{cells}</tr>")
    return f'{STYLE}<table class="pictures"><tr><th></th>{head}</tr>{"".join(body)}</table>'


def row(tiles: Sequence[Tile], dark: bool = False) -> str:
    """The tiles as HTML."""
    cells = []
    for tile in tiles:
        data = base64.b64encode(images.grid(tile.image[None], 1, scale=4)).decode()
        color = theme.color(tile.model, dark) if tile.model else theme.ink(dark)
        cells.append(
            f'<figure><img src="data:image/png;base64,{data}" alt="{escape(tile.title)}">'
            f'<figcaption><b style="color:{theme.inked(color)}">{escape(tile.title)}</b><br><span class="figure" '
            f'style="color:{theme.muted(dark)}">{escape(tile.below)}</span></figcaption></figure>'
        )
    return f'{STYLE}<div class="tiles">{"".join(cells)}</div>'
