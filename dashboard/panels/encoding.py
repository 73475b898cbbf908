"""One image, its code in the latent plane, and its reconstruction, for both models side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.dataset import DataKey
from core.data.shape import without_grey_axis
from core.latent.projection import plane_of
from core.recent import remembered
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE
from dashboard.plots import encoding_diagram
from dashboard.session import state


def plane(codes: np.ndarray, stddev: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and standard deviations (n, d) in the plane of `core.latent.projection.plane_of`, both (n, 2)."""
    basis, offset = plane_of(codes)
    return codes @ basis.T + offset, np.sqrt(stddev**2 @ basis.T**2)


def encode_with_both(pair: Pair, index: int) -> None:
    """Draw both models' encoding of the test image `index`."""
    data = cache.trained.dataset(pair.data)
    drawn, (first, second) = _drawings(pair.data, pair.ae.run_id, pair.vae.run_id, index, state.dark())
    codes = {"ae": "a single point", "vae": f"a cloud with standard deviations {first:.2f} and {second:.2f}"}
    label = data.classes[data.test_labels[index]]
    for column, name, title in zip(st.columns(2), codes, (f"{AE}: a point", f"{VAE}: a cloud"), strict=True):
        with column:
            st.markdown(f"## {title}", anchors=False)
            alt = f"An image of class {label}, its code as {codes[name]}, and the decoded image."
            st.image(drawn[name], width="stretch", alt=alt)


@remembered(8_000_000)
def _drawings(data: DataKey, ae: str, vae: str, index: int, dark: bool) -> tuple[dict[str, str], tuple[float, float]]:
    """The drawings as SVG, by model, and the standard deviations of the VAE's code in its plane.

    They are kept for all visitors, since most see the same ones.

    Args:
        data: the images.
        ae, vae: the models' runs.
        index: of the test image.
        dark: whether the page is dark.
    """
    galleries = {kind: cache.trained.gallery(run_id) for kind, run_id in (("ae", ae), ("vae", vae))}
    planes = {name: plane(g["mean"], g["stddev"].astype(float)) for name, g in galleries.items()}
    codes, stddev = planes["vae"]
    factor = encoding_diagram.lens_factor(stddev[index], encoding_diagram.square_of(codes, stddev[index])[1])
    image = without_grey_axis(cache.trained.dataset(data).test_images[index])
    drawn = {}
    for name, (codes, stddev) in planes.items():
        decoded = galleries[name]["reconstruction"][index]
        encoding = encoding_diagram.Encoding(name, image, decoded, codes, index, stddev[index])
        drawn[name] = encoding_diagram.drawing(encoding, factor, dark)
    first, second = planes["vae"][1][index]
    return drawn, (float(first), float(second))
