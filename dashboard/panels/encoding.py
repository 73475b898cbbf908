"""One image, its code in the latent plane, and its reconstruction, for both models side by side."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data.shape import without_grey_axis
from core.latent.projection import plane_of
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
    galleries = {kind: cache.trained.gallery(entry.run_id) for kind, entry in pair.items()}
    planes = {name: plane(g["mean"], g["stddev"].astype(float)) for name, g in galleries.items()}
    codes, stddev = planes["vae"]
    factor = encoding_diagram.lens_factor(stddev[index], encoding_diagram.square_of(codes, stddev[index])[1])
    for column, name, title in zip(st.columns(2), ("ae", "vae"), (f"{AE}: a point", f"{VAE}: a cloud"), strict=True):
        codes, stddev = planes[name]
        decoded = galleries[name]["reconstruction"][index]
        image = without_grey_axis(data.test_images[index])
        encoding = encoding_diagram.Encoding(name, image, decoded, codes, index, stddev[index])
        drawing = encoding_diagram.drawing(encoding, factor, state.dark())
        code = "a single point"
        if name == "vae":
            code = f"a cloud with standard deviations {stddev[index][0]:.2f} and {stddev[index][1]:.2f}"
        label = data.classes[data.test_labels[index]]
        with column:
            st.markdown(f"## {title}", anchors=False)
            alt = f"An image of class {label}, its code as {code}, and the decoded image."
            st.image(drawing, width="stretch", alt=alt)
