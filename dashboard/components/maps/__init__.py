"""Two linked maps of the same images: what is pointed at, selected or isolated in one is also highlighted in the other.

Coordinates, codes and values are sent as one safetensors file and the images as one PNG, each under an address derived
from its content (see assets.py), so a rerun sends neither again. The networks decode reconstructions in the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.components.assets import OCTETS, media_url
from dashboard.components.lanes import Images, ModelLabel, class_numbers
from dashboard.components.scripts import register

if TYPE_CHECKING:
    from dashboard.session.shared_settings import SharedSettings

_mount = register("maps")


@dataclass(frozen=True)
class MapData:
    """One model's map.

    Attributes:
        label: the model's name and colour.
        coordinates: (n, 2), where the points are drawn.
        codes: (n, d) posterior means, decoded for reconstructions and searched for neighbours.
        sigma: (n, d) posterior standard deviations; None where the posterior is a point.
        native: the coordinates are the codes themselves (d = 2), so that the prior and the posteriors can be drawn.
        weights: address of the model's parameters; with "" no reconstructions are shown.
        caption: the measures of this map.
    """

    label: ModelLabel
    coordinates: np.ndarray
    codes: np.ndarray
    sigma: np.ndarray | None = None
    native: bool = False
    weights: str = ""
    caption: str = ""


@dataclass(frozen=True)
class Colouring:
    """One value per image, to colour the points by.

    Attributes:
        id, label, unit, note: short name without spaces, name for people, unit, a remark for the legend.
        left, right: (n,) values for each map; with `right` None both maps use `left`.
        own: the maps whose models these values describe, for the inspector and the table.
        levels: names of the values 0, 1, ... where they are levels of a factor, else empty.
        colors: of each level; empty: evenly spaced on the colour scale.
    """

    id: str
    label: str
    left: np.ndarray
    right: np.ndarray | None = None
    unit: str = ""
    note: str = ""
    own: Sequence[str] = field(default=("left", "right"))
    levels: Sequence[str] = ()
    colors: Sequence[str] = ()

    def limits(self) -> tuple[float, float]:
        """The range of the colour scale: all levels, or the 2nd and the 98th percentile of the values of both maps."""
        if self.levels:
            return 0.0, float(len(self.levels) - 1)
        values = np.concatenate([self.left, self.left if self.right is None else self.right])
        low, high = np.percentile(values[np.isfinite(values)], [2, 98]) if np.isfinite(values).any() else (0.0, 1.0)
        return float(low), float(high)


def map_arrays(
    left: MapData, right: MapData, labels: np.ndarray, colourings: Sequence[Colouring]
) -> dict[str, np.ndarray]:
    """The arrays that the script reads, by name.

    Raises:
        ValueError: arrays of different lengths.
    """
    n = len(labels)
    arrays: dict[str, np.ndarray] = {"labels": class_numbers(labels)}
    for side, data in (("left", left), ("right", right)):
        arrays[f"{side}_xy"], arrays[f"{side}_codes"] = data.coordinates, data.codes
        if data.sigma is not None:
            arrays[f"{side}_sigma"] = data.sigma
        for colouring in colourings:
            values = colouring.right if side == "right" and colouring.right is not None else colouring.left
            arrays[f"{side}_value_{colouring.id}"] = values
    for name, array in arrays.items():
        if len(array) != n:
            raise ValueError(f"{name} has {len(array)} rows for {n} images; maps are linked image by image.")
    return {k: np.ascontiguousarray(v, dtype=np.float32) for k, v in arrays.items()}


@dataclass(frozen=True)
class MapPair:
    """Two maps of the same n images.

    Attributes:
        images: the n images and their classes.
        colourings: the one with id "error" is needed; the rest as wanted.
        layers_note: why the layers that need a two-dimensional latent space are off.
        plain: the maps alone, without tools and the panel about the highlighted image.
        height: of each map, in CSS pixels.
        start: index of the image that is highlighted at first.
    """

    left: MapData
    right: MapData
    images: Images
    colourings: Sequence[Colouring]
    layers_note: str = ""
    plain: bool = False
    height: int = 460
    start: int = 0


def linked_maps(
    pair: MapPair,
    key: str,
    on_open: Callable[[int], None] | None = None,
    settings: SharedSettings | None = None,
    on_rest: Callable[[], None] = lambda: None,
) -> None:
    """Draw two maps.

    Args:
        key: names this pair in the page; the visitor's view, selection and colours are kept under it.
        on_open: called with an image's index when the visitor asks to open it.
        settings: "pictures", whether images are drawn in place of their points; by default points are.
        on_rest: called before the rerun when the visitor has changed a setting. The element's state then has `rested`:
            {"values", "sequence"}, see `dashboard.session.shared_settings`.

    Raises:
        ValueError: arrays of different lengths, or no colouring "error".
    """
    from safetensors.numpy import save

    labels, colourings = pair.images.labels, pair.colourings
    if "error" not in [c.id for c in colourings]:
        raise ValueError('linked maps need a colouring with id "error".')
    arrays = map_arrays(pair.left, pair.right, labels, colourings)

    def describe(side: str, data: MapData) -> dict[str, Any]:
        return {
            **asdict(data.label),
            "caption": data.caption,
            "native": data.native,
            "weights": data.weights,
            "dim": int(data.codes.shape[1]),
            "own": [c.id for c in colourings if side in c.own],
        }

    scales = []
    for c in colourings:
        low, high = c.limits()
        scale = {"id": c.id, "label": c.label, "unit": c.unit, "note": c.note, "low": low, "high": high}
        scales.append({**scale, "levels": list(c.levels), "colors": list(c.colors)})
    result = _mount(
        key=key,
        data={
            "key": key,
            "arrays": media_url(save(arrays), OCTETS, f"{key}/arrays"),
            **pair.images.describe(key),
            "colourings": scales,
            "left": describe("left", pair.left),
            "right": describe("right", pair.right),
            "height": pair.height,
            "start": pair.start,
            "layers_note": pair.layers_note,
            "plain": pair.plain,
            "can_open": on_open is not None,
            "values": dict(settings.values) if settings else {"pictures": False},
            "sequence": settings.sequence if settings else 0,
        },
        on_rested_change=on_rest,
        on_open_change=lambda: None,
    )
    if on_open is not None and isinstance(result.get("open"), int) and 0 <= result["open"] < len(labels):
        on_open(result["open"])
