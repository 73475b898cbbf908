"""Random samples: images decoded by both models from the same noise."""

import streamlit as st

from dashboard import cache
from dashboard.components.assets import not_in_page
from dashboard.content.catalog import Pair
from dashboard.content.words import AE, VAE, provenance
from dashboard.panels import samples
from dashboard.session import state

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)

st.title("Random samples", anchor=False)
if why := not_in_page(pair.ae.config, pair.vae.config):
    st.info(why)
    samples.on_the_server(pair)
else:
    samples.in_the_page(pair)
st.caption(
    "Both models receive the same noise; values are computed from 1,000 samples of each. "
    + provenance(pair, min(1000, len(data.test_images)), "Measured against")
)

with st.expander("Explanation: what a decoder does with noise", icon=":material/help:"):
    st.markdown(
        f"""
- **A decoder is only trained on the codes it receives.** The {VAE}'s rate keeps its clouds near N(0, I), so codes
  drawn from N(0, I) mostly fall where some image's cloud was. Nothing constrains where the {AE} places its points;
  N(0, I) may miss them altogether.
- **Sample quality depends on the sampling distribution, not only on the model.** Fit a density to the {AE}'s codes
  and sample from it: switch to *mixture* and compare again. Evaluating an {AE} only with N(0, I) is a common mistake.
- **One class.** A Gaussian fitted to the codes of a single class makes either model conditional without training it
  again. How well that works shows how far apart the classes are in the latent space.
- **Three measures, because each can be misleading.** Samples of one perfect digit have a high density but almost no
  coverage; a copy of the training set is perfect in all three. Also compare the samples with the most similar
  training images: a good model generates new images, not copies.
"""
    )
