"""Latent maps: the codes of the same unseen images in each model's latent space."""

import streamlit as st

from core.latent import compilation, compiled_code
from core.latent.neighbours import NEIGHBOURS
from dashboard import cache
from dashboard.content.catalog import Pair
from dashboard.content.maps import laying_out, maps_takeaway
from dashboard.content.words import AE, VAE, not_measured, provenance
from dashboard.panels.interactive import maps
from dashboard.session import boundary, controls, state

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)
flat = pair.latent_dim <= 2
ONE_IMAGE = "views/one_image.py"

st.title("Latent maps", anchor=False)
lead = st.empty()
if flat:
    st.caption(
        "These maps are the latent spaces themselves. Circles: 1, 2 and 3 standard deviations of the prior N(0, I)."
    )
    method, seed = "native", 0
else:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        method = controls.choice(
            "Projection",
            ("UMAP", "PCA"),
            "projection",
            help="UMAP preserves neighbourhoods, PCA the directions of largest variance.",
        ).lower()
        seed = (
            controls.choice(
                "UMAP seed",
                (0, 1, 2),
                "umap",
                help="The same codes with another random seed: the map changes, the model does not.",
            )
            if method == "umap"
            else 0
        )


@st.fragment(run_every=0.5)
def wait() -> None:
    """Wait until the UMAPs have been computed in the background."""
    with boundary.guard():
        status = cache.maps.compute_umap(pair)
        if not status.active:
            st.rerun()
        st.info(laying_out(status, compiled_code.is_warm(), compilation.progress()), icon=":material/hourglass_top:")


n = len(cache.trained.gallery(pair.ae.run_id)["mean"])
if method == "umap" and n <= NEIGHBOURS:
    st.info(
        f"A UMAP of {NEIGHBOURS} neighbours needs at least {NEIGHBOURS + 1} test images; there are {n}. The PCA of "
        "the codes is shown instead."
    )
    method, seed = "pca", 0
found = cache.maps.latent_maps(pair, method, seed)
if found is None:
    method = "pca"
    with boundary.guard():
        status = cache.maps.compute_umap(pair)
        if status.state == "failed":
            st.warning(
                f"The UMAP could not be computed, so the PCA of the codes is shown: {status.message}",
                icon=":material/error:",
            )
            st.button("Try again", on_click=cache.maps.retry_umap, args=(pair,))
        else:
            wait()
    found = cache.maps.instant_maps(pair, method)
views = {"ae": found[0], "vae": found[1]}
why_not = {**views["vae"].why_not, **views["ae"].why_not}
lead.markdown(
    maps_takeaway(
        views["ae"].knn_accuracy,
        views["vae"].knn_accuracy,
        views["ae"].spread,
        views["vae"].spread,
        len(data.classes),
        why_not.get("knn_accuracy", ""),
    )
)
left_out = maps(
    pair,
    views,
    native=method == "native",
    on_open=lambda index: st.switch_page(ONE_IMAGE, query_params={"index": str(index)}),
)
if not flat:
    disparity = views["vae"].disparity
    st.caption(
        "Class structure is measured in the latent spaces. Trustworthiness measures whether neighbours on the map "
        "are also neighbours in latent space (Venna & Kaski 2001; about 0.5 is chance). The VAE's map is rotated, "
        "reflected and scaled to match the AE's (Procrustes)."
        + ("" if disparity is None else f" Remaining disparity: {disparity:.2f} (0: identical maps, 1: unrelated).")
    )
    left_out |= {"trustworthiness": why_not.get("trustworthiness"), "the maps' disparity": why_not.get("disparity")}
if missing := not_measured({what: why for what, why in left_out.items() if why}):
    st.caption(missing)
st.caption(provenance(pair, n))

with st.expander("Explanation: what such a map cannot tell you", icon=":material/help:"):
    if flat:
        st.markdown(
            f"""
- **Nothing is lost here**: positions, distances and overlaps are those of the latent space. The two spaces have
  different units, so each map has its own scale; the circles show the size of the prior in each.
- **Gaps matter.** Nothing in the {AE}'s loss says where codes should lie, so a code drawn from N(0, I) may fall
  where the decoder was never trained. The {VAE}'s rate keeps every cloud close to the prior.
- **Two dimensions are few.** Classes overlap because {len(data.classes)} classes share a plane; at latent size 16
  they separate.
"""
        )
    else:
        st.markdown(
            f"""
- **Sizes, gaps and densities of clusters are not meaningful** in a UMAP: it preserves neighbourhoods and little else
  ([Understanding UMAP](https://pair-code.github.io/understanding-umap/); [Chari & Pachter
  2023](https://doi.org/10.1371/journal.pcbi.1011288)).
- **Another seed gives another map** of the same codes. Try the three seeds and trust only what they have in common.
- **Samples from the prior are not drawn here**: UMAP pulls any new point onto existing clusters, so every prior
  would look perfect. At latent size 2 the latent space itself is shown.

Codes are the posterior means with each dimension standardised; UMAP uses {NEIGHBOURS} neighbours and a minimum
distance of 0.1. PCA is a rotation of the same codes: it preserves distances in its two directions and ignores the
other {pair.latent_dim - 2}.
"""
        )
