"""Random samples: noise in, pictures out, for both models from the same noise."""

import numpy as np
import streamlit as st

from dashboard import cache, controls, images, state, text
from dashboard.catalog import Pair
from dashboard.text import AE, VAE

pair: Pair = state.get("pair")
SHOWN, PAIRED = 36, 24  # pictures in a grid; with their nearest training image beside them
SOURCES = {
    "prior": "z ~ N(0, I): the bell curve a VAE is trained for, and an AE never heard of.",
    "gaussian": "z ~ one Gaussian, fitted to the codes of the training images, for each model its own.",
    "mixture": "z ~ ten Gaussians, fitted to the codes of the training images, for each model its own (Ghosh et al. 2020).",
}
BOTH = (("ae", AE, pair.ae), ("vae", VAE, pair.vae))

st.title("Random samples", anchor=False)
lead = st.empty()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    source = controls.choice("Draw codes from", tuple(SOURCES), "source")
    temperature = controls.slide("Temperature", 0.0, 2.0, 1.0, 0.05, "temperature", help="Scales the noise. 0 is the middle of the distribution, 1 is as it was fitted.")
    seed = controls.whole("Noise seed", 0, 9999, 0, "noise")
    st.button("Draw again", icon=":material/casino:", type="primary", on_click=lambda: state.put("noise", (seed + 1) % 10_000))
st.caption(SOURCES[source])

pictures = {kind: cache.samples(entry.run_id, source, temperature, seed) for kind, _, entry in BOTH}
closest = {kind: cache.samples_likeness(entry.run_id, source, temperature, seed) for kind, _, entry in BOTH}
needed = cache.real_likeness(pair.dataset)
alike = {kind: float((cosine >= needed).mean()) for kind, (_, cosine) in closest.items()}
data = cache.dataset(pair.dataset)
real = text.variety(data.test_images[: cache.SAMPLES, 0] / np.float32(255))
variety = {kind: text.variety(pictures[kind]) / real for kind in pictures}
lead.markdown(text.samples_takeaway(source, alike, variety))

beside = controls.switch("Show the most similar training image beside each sample", "nearest")
for column, (kind, name, entry) in zip(st.columns(2), BOTH):
    with column:
        st.markdown(f"#### {name}", anchors=False)
        if beside:
            partners = data.train_images[closest[kind][0][:PAIRED], 0]
            st.image(images.grid(images.beside(pictures[kind][:PAIRED], partners), 4), width="stretch", alt=f"{PAIRED} samples, each with its most similar training image")
        else:
            st.image(images.grid(pictures[kind][:SHOWN], 6), width="stretch", alt=f"{SHOWN} images sampled from the {kind.upper()}")
        with st.container(horizontal=True, gap="large"):
            st.metric(
                "Resemble a real image", f"{alike[kind]:.0%}", width="content",
                help=f"Share of {cache.SAMPLES} samples that are as like some training image as 95 % of unseen real images are (cosine of pixels, {needed:.2f} or more).",
            )
            st.metric(
                "Variety", f"{variety[kind]:.0%}", width="content",
                help=f"How much {cache.SAMPLES} samples differ from each other (standard deviation, pixel by pixel), as a share of what as many real images do.",
            )

st.download_button(
    "Download as PNG", icon=":material/download:", mime="image/png", on_click="ignore", file_name=f"samples-{pair.dataset}-d{pair.latent_dim}-{source}-T{temperature:g}-{seed}.png",
    data=lambda: images.labelled(
        [(f"{kind.upper()}  {entry.run_id}", pictures[kind]) for kind, _, entry in BOTH],
        f"Random samples: {source}, temperature {temperature:g}, noise seed {seed}", columns=16,
    ),
)
compared = min(cache.REFERENCE, len(data.train_images))
st.caption(
    f"The same noise goes into both models; {SHOWN} of {cache.SAMPLES} samples are shown, all are measured. "
    + text.provenance(pair, compared, "Measured against", "training images")
)

with st.expander("Why: what a decoder does with noise", icon=":material/help:"):
    st.markdown(
        f"""
- **A decoder only knows the codes it was trained on.** The {VAE}'s rate keeps its clouds near N(0, I), so noise drawn from N(0, I) mostly falls
  where some image's cloud was. Nothing tells the {AE} where to put its points; N(0, I) may miss them altogether.
- **That is a matter of where one draws, not only of the model.** Fit a density to the {AE}'s codes afterwards and draw from that: switch to
  *mixture* and compare again. Comparing an {AE} only under N(0, I) is the usual mistake.
- **Resembling is no proof of quality.** A blur resembles much, and a copy most of all. Look at the pictures, at the variety, and at the most
  similar training images: a good model makes new images, not copies.
"""
    )
