"""Interpolation: paths from one real image to another, in each latent space and as a cross-fade without a model."""

import numpy as np
import streamlit as st

from dashboard import cache
from dashboard.components.assets import not_in_page
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE, provenance
from dashboard.panels import interpolation
from dashboard.session import state

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)

st.title("Interpolation", anchor=False)
if why := not_in_page(pair.ae.config, pair.vae.config):
    st.info(why)
    interpolation.on_the_server(pair)
else:
    interpolation.in_the_page(pair)
st.caption(
    "Codes are the posterior means, so the ends of a strip are the reconstructions of the two images. "
    + provenance(pair, len(cache.trained.reference(pair.data)), "Measured against", "training images")
)

with st.expander("Explanation: what lies between two codes", icon=":material/help:"):
    length = np.sqrt(pair.latent_dim)
    st.markdown(
        f"""
- **The cross-fade is the baseline.** A strip that looks no better than two superimposed images shows nothing about
  a latent space.
- **Between two of the {AE}'s points** the decoder was not trained; what it outputs there depends on its smoothness.
  **Between two of the {VAE}'s clouds** it was trained wherever the clouds extend, and the rate makes them wide.
- **Straight line or arc?** Codes of N(0, I) in {pair.latent_dim} dimensions lie near a sphere of radius
  √{pair.latent_dim} ≈ {length:.1f}. A straight line passes through its emptier interior, an arc stays near the
  sphere. In two dimensions there is no such sphere, and an {AE}'s codes do not follow N(0, I) anyway.
- **A small distance does not mean good quality.** A blurred image is close to many real images; compare the frames,
  not only the curves.
"""
    )
