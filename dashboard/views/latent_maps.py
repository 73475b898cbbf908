"""Latent maps: the same unseen images, laid out by each model."""

import streamlit as st

from dashboard import boundary, cache, controls, figures, state, text
from dashboard.catalog import Entry, Pair
from dashboard.text import AE, VAE

pair: Pair = state.get("pair")
data = cache.dataset(pair.dataset)
flat = pair.latent_dim <= 2
BOTH = (("ae", AE, pair.ae), ("vae", VAE, pair.vae))


def draw(kind: str, name: str, entry: Entry, view: cache.MapView) -> None:
    """One map with its figures under it. A later, linked map takes the place of the chart; the figures stay."""
    st.markdown(f"#### {name}", anchors=False)
    labels = data.test_labels[: len(view.points)]
    figure = figures.latent_map(view.points, labels, data.classes, kind, prior=flat, dark=state.dark())
    st.plotly_chart(figure, key=f"map-{kind}", config=figures.CONFIG, alt=f"{kind.upper()}: {len(labels)} test images as points, coloured by class.")
    with st.container(horizontal=True, gap="large"):
        st.metric(
            "Neighbours share a class", f"{view.knn_accuracy:.1%}", width="content",
            help="Measured in the latent space itself, not on this map: each code's class guessed from its 15 nearest codes.",
        )
        if not flat:
            st.metric(
                "Map keeps neighbours", f"{view.trustworthiness:.1%}", width="content",
                help="Trustworthiness (Venna & Kaski 2001): how far neighbours on the map are neighbours in the latent space. 100 % is perfect.",
            )


st.title("Latent maps", anchor=False)
lead = st.empty()
if flat:
    st.caption("Both latent spaces have two dimensions or fewer, so they are drawn as they are. The dotted circles are 1, 2 and 3 standard deviations of the prior N(0, I).")
    method, seed = "native", 0
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        method = controls.choice("Projection", ("UMAP", "PCA"), "projection", help="UMAP keeps neighbourhoods, PCA keeps the largest directions.").lower()
        seed = controls.choice("UMAP seed", (0, 1, 2), "umap", help="The same codes, laid out again: what changes is the map, not the model.") if method == "umap" else 0



@st.fragment(run_every=0.5)
def wait() -> None:
    """Until a UMAP that is being laid out in the background is there."""
    with boundary.guard():
        if cache.latent_maps(pair, "umap", seed) is not None:
            st.rerun()
        st.info("The UMAP of these codes is being laid out in the background; meanwhile this is their PCA.", icon=":material/hourglass_top:")


found = cache.latent_maps(pair, method, seed)
if found is None:
    method = "pca"
    wait()
    found = cache.latent_maps(pair, method)
views = dict(zip(("ae", "vae"), found))
lead.markdown(text.maps_takeaway(views["ae"].knn_accuracy, views["vae"].knn_accuracy, views["ae"].spread, views["vae"].spread, len(data.classes)))
for column, (kind, name, entry) in zip(st.columns(2), BOTH):
    with column:
        draw(kind, name, entry, views[kind])
n = len(views["ae"].points)
if not flat:
    st.caption(
        f"The VAE's map is turned, mirrored and scaled to lie on the AE's as well as it can (Procrustes). What remains apart: "
        f"disparity {views['vae'].disparity:.2f}, where 0 is the same map and 1 is unrelated."
    )
st.caption(text.provenance(pair, n))

with st.expander("Why: what a map like this cannot tell you", icon=":material/help:"):
    if flat:
        st.markdown(
            f"""
- **Nothing is lost here**: position, distance and overlap are the models' own. The two spaces have their own units, though, so each
  map has its own scale, and the circles tell how large the prior is in each.
- **Gaps matter.** Nothing in the {AE}'s loss says where codes should lie, so a code drawn from N(0, I) may fall where the decoder never
  saw one. The {VAE}'s rate asks every cloud to stay near the prior.
- **Two numbers are few.** Classes overlap because {len(data.classes)} classes have to share a plane; at latent size 16 they part.
"""
        )
    else:
        st.markdown(
            f"""
- **Sizes, gaps and densities of islands mean nothing** in a UMAP: it keeps who is near whom, and little else
  ([Understanding UMAP](https://pair-code.github.io/understanding-umap/); [Chari & Pachter 2023](https://doi.org/10.1371/journal.pcbi.1011288)).
- **Another seed draws another map** of the same codes. Try the three seeds; what survives may be believed.
- **Samples from the prior are not drawn here**: UMAP pulls any new point onto the islands it knows, so every prior would look perfect.
  At latent size 2 the space is drawn as it is.

Codes are the posterior means, each dimension standardised, then 15 neighbours and a minimum distance of 0.1. PCA is a plain rotation
of the same codes: faithful to distances in its two directions, blind to the other {pair.latent_dim - 2}.
"""
        )
