"""Images and charts that more than one page shows."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard import cache, hero, state
from dashboard.catalog import Pair
from dashboard.text import AE, VAE


def plane(codes: np.ndarray, stddev: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and widths (n, d) in a plane: as they are for d = 2, else along the two directions of largest variance."""
    if codes.shape[1] == 2:
        return codes, stddev
    if codes.shape[1] == 1:
        return np.hstack([codes, 0 * codes]), np.hstack([stddev, 0 * stddev])
    axes = np.linalg.svd(codes - codes.mean(0), full_matrices=False)[2][:2]
    return codes @ axes.T, np.sqrt(stddev**2 @ axes.T**2)


def lanes(drawn: Pair, index: int) -> None:
    """The image through both models, side by side."""
    data = cache.dataset(drawn.dataset)
    galleries = {"ae": cache.gallery(drawn.ae.run_id), "vae": cache.gallery(drawn.vae.run_id)}
    planes = {name: plane(g["mean"], g["stddev"].astype(float)) for name, g in galleries.items()}
    codes, stddev = planes["vae"]
    factor = hero.lens_factor(stddev[index], hero.plane_of(codes)[1])
    for column, name, title in zip(st.columns(2), ("ae", "vae"), (f"{AE}: a point", f"{VAE}: a cloud")):
        codes, stddev = planes[name]
        decoded = galleries[name]["reconstruction"][index]
        picture = hero.drawing(name, data.test_images[index, 0], codes, index, stddev[index], decoded, factor, state.dark())
        kind = "a single point" if name == "ae" else f"a cloud with standard deviations {stddev[index][0]:.2f} and {stddev[index][1]:.2f}"
        with column:
            st.markdown(f"#### {title}", anchors=False)
            st.image(picture, width="stretch", alt=f"An image of class {data.classes[data.test_labels[index]]}, its code as {kind}, and the decoded image.")
