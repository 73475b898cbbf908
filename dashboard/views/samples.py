"""Random samples: images decoded by both models from the same noise."""

from collections.abc import Mapping

import streamlit as st

from core.errors import NotMeasurable
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.samples import ONE_AVERAGE, samples_takeaway
from dashboard.content.words import AE, NAMES, VAE, provenance
from dashboard.plots import images
from dashboard.session import boundary, controls, state

pair: Pair = state.get("pair")
SHOWN, PAIRED = 36, 24  # samples shown alone, and together with their most similar training images
SOURCES = {
    "prior": "z ~ N(0, I): the prior that the VAE is trained with; the AE is not trained with it.",
    "gaussian": "z ~ one Gaussian, fitted to each model's codes of the training images.",
    "mixture": "z ~ a mixture of {} Gaussians, fitted to each model's codes of the training images "
    "(Ghosh et al. 2020).",
}

st.title("Random samples", anchor=False)
lead = st.empty()
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    source = controls.choice("Draw codes from", tuple(SOURCES), "source")
    temperature = controls.slide(
        "Temperature",
        0.0,
        2.0,
        1.0,
        0.05,
        "temperature",
        help="Scales the noise. 0: the mean of the distribution; 1: the distribution as fitted.",
    )
    seed = controls.whole("Noise seed", 0, 9999, 0, "noise")
    st.button(
        "Draw again", icon=":material/casino:", type="primary", on_click=lambda: state.put("noise", (seed + 1) % 10_000)
    )
st.caption(SOURCES[source].format(cache.measured.gaussians(pair.ae.run_id)))
with st.container(horizontal=True):
    beside = controls.switch("Show each sample's most similar training image", "nearest")
    kept = source != "prior" and controls.switch(
        "Keep the VAE at N(0, I)", "vae_prior", help="The prior it was trained with."
    )
sources = {"ae": source, "vae": "prior" if kept else source}

pictures = {kind: cache.decoded.samples(entry.run_id, sources[kind], temperature, seed) for kind, entry in pair.items()}
data = cache.trained.dataset(pair.data)
slots = {}
for column, (kind, entry) in zip(st.columns(2), pair.items(), strict=True):
    with column:
        st.markdown(f"## {NAMES[kind]}", anchors=False)
        if beside:
            closest, _ = cache.decoded.samples_likeness(entry.run_id, sources[kind], temperature, seed)
            partners = data.train_images[closest[:PAIRED], 0]
            st.image(
                images.grid(images.beside(pictures[kind][:PAIRED], partners), 4),
                width="stretch",
                alt=f"{PAIRED} samples, each with its most similar training image",
            )
        else:
            st.image(
                images.grid(pictures[kind][:SHOWN], 6),
                width="stretch",
                alt=f"{SHOWN} images sampled from the {kind.upper()}",
            )
        slots[kind] = st.empty()


def show_quality(measured: Mapping[str, float]) -> None:
    """Draw the quality of a model's samples."""
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Fréchet distance",
            f"{measured['fd']:.1f}",
            width="content",
            help=(
                "Between samples and unseen images, in the feature space of a small classifier (not FID). 0: "
                f"identical distributions. {measured['floor']:.1f}: real training images. {ONE_AVERAGE:.0f}: a "
                "single average image, repeated."
            ),
        )
        st.metric(
            "Density",
            f"{measured['density']:.2f}",
            width="content",
            help=(
                "Fidelity: the average number of real-image neighbourhoods that contain a sample, normalised to "
                "about 1 for real images (Naeem et al. 2020)."
            ),
        )
        st.metric(
            "Coverage",
            f"{measured['coverage']:.0%}",
            width="content",
            help=(
                "Diversity: the share of unseen real images with at least one sample in their neighbourhood (Naeem "
                "et al. 2020)."
            ),
        )


@st.fragment(run_every=1)
def wait() -> None:
    """Wait until the judge of these images has been trained."""
    with boundary.guard():
        if measure() is not None:
            st.rerun()
        st.info(
            "The small classifier used to evaluate samples of this data set is being trained in the background.",
            icon=":material/hourglass_top:",
        )


def measure() -> dict[str, Mapping[str, float]] | None:
    """The quality of both models' samples; None while the judge is being trained."""
    found: dict[str, Mapping[str, float]] = {}
    for kind, entry in pair.items():
        quality = cache.measured.sample_quality(entry.run_id, sources[kind], temperature)
        if quality is None:
            return None
        found[kind] = quality
    return found


try:
    measured = measure()
    if measured is None:
        wait()
    else:
        lead.markdown(samples_takeaway(sources, measured["ae"], measured["vae"]))
        for kind, slot in slots.items():
            with slot:
                show_quality(measured[kind])
except NotMeasurable as error:
    st.info(f"The quality of these samples cannot be measured: {error}")

st.download_button(
    "Download as PNG",
    icon=":material/download:",
    mime="image/png",
    on_click="ignore",
    file_name=f"samples-{pair.slug}-d{pair.latent_dim}-{'-'.join(dict.fromkeys(sources.values()))}-T{temperature:g}-{seed}.png",
    data=lambda: images.labelled(
        [(f"{kind.upper()}  {entry.run_id}  {sources[kind]}", pictures[kind]) for kind, entry in pair.items()],
        f"Random samples: {', '.join(dict.fromkeys(sources.values()))}, temperature {temperature:g}, noise seed {seed}",
        columns=16,
    ),
)
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
- **Three measures, because each can be misleading.** Samples of one perfect digit have a high density but almost no
  coverage; a copy of the training set is perfect in all three. Also compare the samples with the most similar
  training images: a good model generates new images, not copies.
"""
    )
