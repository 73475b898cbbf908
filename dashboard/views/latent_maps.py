"""Latent maps: the same unseen images, laid out by each model."""

import streamlit as st

from core import compiled
from core.neighbours import NEIGHBOURS
from dashboard import boundary, cache, controls, state, text
from dashboard.catalog import Pair
from dashboard.exhibits.live import maps
from dashboard.text import AE, VAE

pair: Pair = state.get("pair")
data = cache.dataset(pair.data)
flat = pair.latent_dim <= 2
ONE_IMAGE = "views/one_image.py"


st.title("Latent maps", anchor=False)
lead = st.empty()
if flat:
    st.caption("These maps are the latent spaces themselves. Circles: 1, 2 and 3 standard deviations of the prior N(0, I).")
    method, seed = "native", 0
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        method = controls.choice("Projection", ("UMAP", "PCA"), "projection", help="UMAP keeps neighbourhoods, PCA keeps the largest directions.").lower()
        seed = controls.choice("UMAP seed", (0, 1, 2), "umap", help="The same codes, laid out again: what changes is the map, not the model.") if method == "umap" else 0


@st.fragment(run_every=0.5)
def wait() -> None:
    """Until UMAPs that are being laid out in the background are there."""
    with boundary.guard():
        status = cache.lay_out(pair)
        if not status.active:
            st.rerun()
        st.info(text.laying_out(status, compiled.is_warm(), compiled.progress()), icon=":material/hourglass_top:")


n = len(cache.gallery(pair.ae.run_id)["mean"])
if method == "umap" and n <= NEIGHBOURS:
    st.info(f"A UMAP of {NEIGHBOURS} neighbours needs at least {NEIGHBOURS + 1} test images; there are {n}. This is the codes' PCA.")
    method, seed = "pca", 0
found = cache.latent_maps(pair, method, seed)
if found is None:
    method = "pca"
    with boundary.guard():
        status = cache.lay_out(pair)
        if status.state == "failed":
            st.warning(f"No UMAP could be laid out, so this is the codes' PCA: {status.message}", icon=":material/error:")
            st.button("Try again", on_click=cache.lay_out_again, args=(pair,))
        else:
            wait()
    found = cache.latent_maps(pair, method)
views = dict(zip(("ae", "vae"), found))
why_not = {**views["vae"].why_not, **views["ae"].why_not}
lead.markdown(text.maps_takeaway(views["ae"].knn_accuracy, views["vae"].knn_accuracy, views["ae"].spread, views["vae"].spread, len(data.classes), why_not.get("knn_accuracy", "")))
left_out = maps(pair, views, native=method == "native", on_open=lambda index: st.switch_page(ONE_IMAGE, query_params={"index": str(index)}))
if not flat:
    disparity = views["vae"].disparity
    st.caption(
        "Figures above the maps are measured in the latent spaces; trustworthiness says how far neighbours on the map are neighbours there, too (Venna & Kaski 2001; about 0.5 is chance). The VAE's map is turned, mirrored and scaled to lie on the AE's as well as it can (Procrustes)."
        + ("" if disparity is None else f" What remains apart: disparity {disparity:.2f}, where 0 is the same map and 1 is unrelated.")
    )
    left_out |= {"trustworthiness": why_not.get("trustworthiness"), "the maps' disparity": why_not.get("disparity")}
if missing := text.not_measured({what: why for what, why in left_out.items() if why}):
    st.caption(missing)
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

Codes are the posterior means, each dimension standardised, then {NEIGHBOURS} neighbours and a minimum distance of 0.1. PCA is a plain rotation
of the same codes: faithful to distances in its two directions, blind to the other {pair.latent_dim - 2}.
"""
        )
