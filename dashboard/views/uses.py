"""Uses: denoising, anomaly detection, compression; each on one image, compared with simpler methods."""

import numpy as np
import streamlit as st

from core.data.shape import without_grey_axis
from dashboard import cache
from dashboard.components.pad import pad
from dashboard.components.picker import GALLERY, picker
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE
from dashboard.panels.anomalies import detect_anomalies
from dashboard.panels.compression import compress
from dashboard.panels.denoising import denoise
from dashboard.panels.uses_context import UsesContext
from dashboard.session import controls, state
from dashboard.session.upload_form import uploaded

USES = ("denoise", "detect anomalies", "compress")

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)
n = len(cache.trained.gallery(pair.ae.run_id)["mean"])
scores = cache.measured.scores(pair.dataset, pair.latent_dim, pair.data.digest)
context = UsesContext(pair, data, scores, state.dark())


def clicked() -> None:
    """Show the image clicked in the gallery."""
    index = state.get("uses-gallery", {}).get("chosen")
    if isinstance(index, int) and 0 <= index < n:
        state.put("item", index)


def choose_image() -> tuple[np.ndarray, int | None]:
    """Draw the choice of an image; returns the picture, uint8, and its index if it is a test image."""
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        source = controls.choice("Image", ("test image", "draw one", "upload one"), "picture", width="content")
    own = None
    if source == "draw one":
        value, own = pad("uses-pad", state.get("uses-drawn", ""), data.test_images)
        state.put("uses-drawn", value)
    elif source == "upload one":
        upload = uploaded(data)
        own = upload.pixels if upload else None
    if own is not None:
        return own, None
    if source != "test image":
        st.caption("The test image is shown until you provide one.")
    index = min(int(state.get("uses-item", 0)), n - 1)
    if source == "test image":
        with row:
            with st.container(width=150):
                index = controls.whole("Test image", 0, n - 1, 0, "item")
            with st.popover("Choose from a gallery", icon=":material/grid_view:"):
                picker(
                    data.test_images[:GALLERY],
                    [data.classes[label] for label in data.test_labels[:GALLERY]],
                    "uses-gallery",
                    clicked,
                )
        state.put("uses-item", index)
    return without_grey_axis(data.test_images[index]), index


st.title("Uses", anchor=False)
use = controls.choice("Use", USES, "use", label_visibility="collapsed")
lead = st.empty()
image, test_image = choose_image()
if use == "denoise":
    denoise(context, lead, image)
elif use == "detect anomalies":
    detect_anomalies(context, lead, image, test_image)
else:
    compress(context, lead, image)

with st.expander("Explanation: uses of an autoencoder, and the baselines", icon=":material/help:"):
    st.markdown(
        f"""
- **Denoising** must be trained, with noise on the input and a clean target (Vincent et al. 2008). An {AE} trained
  on clean images has learnt to encode its whole input, including noise. The baselines are a median filter and PCA,
  each with one parameter tuned on training images.
- **Anomalies**: an image is classified as an anomaly if its reconstruction error is high. This depends on how
  *complex* an image is as well as on how *unfamiliar* it is, so simple anomalies are missed. The likelihood bound
  of a {VAE} has the same weakness.
- **Compression**: a code of {pair.latent_dim} numbers is short because the decoder is specialised to this kind of
  image; it does not work for others.
"""
    )
