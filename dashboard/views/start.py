"""Start: how both models encode one image, and what their losses consist of."""

import numpy as np
import streamlit as st

from core.data.shape import without_grey_axis
from dashboard import cache
from dashboard.content import catalog
from dashboard.content.catalog import Pair
from dashboard.content.reconstruction import likelihood_sentence, start_takeaway
from dashboard.content.words import AE, NA, VAE, as_code, nats, provenance
from dashboard.panels.data_choice import data_choice
from dashboard.panels.encoding import encode_with_both
from dashboard.panels.page_cards import page_cards
from dashboard.plots import images, theme
from dashboard.plots.formulas import equation
from dashboard.session import controls, state
from dashboard.session.upload_form import DIGITS

pair: Pair = state.get("pair")


def drawn_pair() -> Pair:
    """The pair to draw: that of the chosen data set with two latent numbers, if there is one."""
    same = catalog.of_size(cache.trained.pairs().values(), pair, 2)
    return next((p for p in same if p.seed == pair.seed), same[0] if same else pair)


def metrics(evaluation: dict) -> None:
    """Draw the parts of one model's loss."""
    no_rate = (
        "A point has no finite divergence from a density, so an AE has no rate and no ELBO; they are undefined, not 0."
    )
    with st.container(horizontal=True, gap="large"):
        st.metric("Distortion D", nats(evaluation["distortion"]), width="content")
        rate = evaluation["rate"]
        st.metric("Rate R", nats(rate), help=no_rate if rate is None else None, width="content")
        st.metric(
            "Squared error",
            f"{evaluation['mse']:.4f}",
            width="content",
            help="Per pixel, of the image decoded from the posterior mean.",
        )


st.title("Point or Cloud", anchor=False)
st.markdown(
    f"An autoencoder ({AE}) encodes an image as a **point**. A variational autoencoder ({VAE}) encodes it as a "
    "**cloud**. Everything else about the two models is equal, so the differences that you see on these pages are the "
    "effect of that one change."
)
with st.container(horizontal=True):
    if st.button(
        "Take the walkthrough",
        type="primary",
        icon=":material/slideshow:",
        help="From “what is a code?” to “what is the right β?”, one question per scene.",
    ):
        st.switch_page("views/walkthrough.py")
    if st.button(
        "Draw a digit" if pair.dataset in DIGITS else "Draw an image",
        icon=":material/draw:",
        help="See its point, its cloud and both reconstructions update as you draw.",
    ):
        st.switch_page("views/one_image.py")
    if cache.server.limits().uploads and st.button(
        "Use your own images",
        icon=":material/upload:",
        help="Both models are trained on them, and then every page is about them.",
    ):
        st.switch_page("views/own_images.py")

data_choice(pair)
data = cache.trained.dataset(pair.data)
labels = data.test_labels[: cache.decoded.PICTURES]
present = [name for i, name in enumerate(data.classes) if (labels == i).any()]
chosen = controls.choice_of_any(
    "Image to encode with both models", present, "image", default="7" if "7" in present else present[0]
)
member = state.get("member", 0)
drawn = drawn_pair()
candidates = np.flatnonzero(labels == data.classes.index(chosen))
error = sum(cache.trained.gallery(e.run_id)["mse"][candidates] for e in drawn.entries)
index = int(candidates[np.argsort(error)][member % len(candidates)])  # from well to badly reconstructed
encode_with_both(drawn, index)
how = (
    "the plane is the whole latent space"
    if drawn.latent_dim == 2
    else "the plane is spanned by the two directions along which the codes vary most"
)
with st.container(horizontal=True, vertical_alignment="center"):
    st.button(
        "Another image",
        icon=":material/refresh:",
        help="In order from well to poorly reconstructed images.",
        on_click=lambda: state.put("member", member + 1),
    )
    st.caption(
        f"Drawn to scale for the pair with {drawn.latent_dim} latent numbers: {how}, grey dots are the codes of "
        f"{len(cache.trained.gallery(drawn.ae.run_id)['mean']):,} unseen images, and the lens magnifies the region "
        "around the code equally in both.",
        width="stretch",
    )

ae, vae = (cache.trained.evaluation(entry.run_id) for entry in pair.entries)
beta = pair.vae.config.beta
st.header(f"Loss of each model, at latent size {pair.latent_dim}", anchor=False)
st.markdown(start_takeaway(ae, vae))
left, right = st.columns(2)
with left.container(border=True, height="stretch"):
    st.markdown(f"{AE} loss, nats per image: distortion only")
    st.html(equation("<i>D</i>", theme.color("ae", state.dark()), "", nats(ae["distortion"])))
    metrics(ae)
with right.container(border=True, height="stretch"):
    st.markdown(f"{VAE} loss, nats per image: distortion + β · rate, β = {beta:g}")
    terms = f"{nats(vae['distortion'])} + {beta:g} · {nats(vae['rate'])}"
    total = nats(vae["distortion"] + beta * vae["rate"])
    st.html(equation("<i>D</i> + <i>β R</i>", theme.color("vae", state.dark()), terms, total))
    metrics(vae)

first = cache.decoded.one_of_each(pair.data)
for caption, strip, alt in (
    ("Unseen images", without_grey_axis(data.test_images[first]), "One unseen image of each class"),
    (
        f"{AE}: decoded from the code",
        cache.trained.gallery(pair.ae.run_id)["reconstruction"][first],
        "The same images, reconstructed by the autoencoder",
    ),
    (
        f"{VAE}: decoded from the centre of the cloud (the posterior mean)",
        cache.trained.gallery(pair.vae.run_id)["reconstruction"][first],
        "The same images, reconstructed by the variational autoencoder",
    ),
):
    st.caption(caption)
    st.image(images.grid(strip, len(first), scale=4), width="stretch", alt=alt)
st.caption(provenance(pair, ae["n"]))

with st.expander("Explanation: what differs between the two models, and what is equal", icon=":material/help:"):
    differ, equal = catalog.differences(pair)
    counts = [cache.trained.parameters(entry.run_id) for entry in pair.entries]
    st.markdown(
        f"""
- **Different: q(z|x).** The {AE}'s encoder outputs {pair.latent_dim} numbers, the code. The {VAE}'s encoder outputs
  a mean and a width for each, and the code is sampled: z = μ + σ · ε with ε ~ N(0, I). This needs one more layer:
  {counts[0]:,} compared with {counts[1]:,} parameters.
- **Different: the loss.** The {VAE}'s loss also includes its rate R = KL(q(z|x) ‖ N(0, I)), times β. For the {AE}'s
  point this would be infinite, so its loss has no rate.
- **Equal:** the data and their split, the encoder's trunk and the decoder (`{equal["trunk"]}`,
  `{equal["activation"]}`), their initial weights, the likelihood (`{equal["likelihood"]}`), the optimiser
  (`{equal["optimiser"]}` at {equal["learning_rate"]:g}), {equal["epochs"]} epochs in the same order, batches of
  {equal["batch_size"]}.
- **Units.** D and R are sums over {"pixels and channels" if data.shape.color else "pixels"} and over latent
  dimensions, in nats per image, so β = 1 is the ELBO.
  {likelihood_sentence(pair.likelihood, vae["distortion_floor"], vae.get("sigma"))}
"""
    )
    st.caption("Settings that differ: " + ", ".join(f"`{k}` {a} / {b}" for k, (a, b) in differ.items()))

with st.expander("Which models are loaded", icon=":material/list:"):
    rows = []
    for p in cache.trained.pairs().values():
        for entry in p.entries:
            e = cache.trained.evaluation(entry.run_id)
            rows.append(
                {
                    "model": entry.config.model.upper(),
                    "data set": as_code(p.dataset),
                    "latent size": p.latent_dim,
                    "seed": p.seed,
                    "D": nats(e["distortion"]),
                    "R": nats(e["rate"]),
                    "−ELBO": nats(e["neg_elbo"]),
                    "MSE": f"{e['mse']:.4f}",
                    "active": NA if e["active_units"] is None else str(e["active_units"]),
                    "run": f"`{entry.run_id}`",
                }
            )
    # As markdown: Streamlit's table element would load 0.9 MB of script for a table in an expander.
    lines = [
        list(rows[0]),
        ["---"] * len(rows[0]),
        *([str(cell).replace("|", "\\|") for cell in row.values()] for row in rows),
    ]
    st.markdown("\n".join(f"| {' | '.join(line)} |" for line in lines))

st.header("Where to go next", anchor=False)
a_digit, ends = ("a digit", "a 3 and an 8") if pair.dataset in DIGITS else ("an image", "two images")
NEXT = (
    ("views/latent_maps.py", "Latent maps", "How do the two models arrange the same images?"),
    ("views/one_image.py", "One image through both", f"Draw {a_digit} and see its point and its cloud move."),
    ("views/training.py", "How the spaces form", "Watch both latent spaces take shape, epoch by epoch."),
    ("views/samples.py", "Random samples", "Which model can generate new images, and from what noise?"),
    ("views/interpolation.py", "Interpolation", f"What lies between {ends}?"),
    ("views/kl_weight.py", "KL weight", "Vary β from autoencoder to posterior collapse."),
    ("views/scorecard.py", "Scorecard", "Which claims of the usual story hold when measured?"),
    ("views/uses.py", "Uses", "Denoising, anomaly detection, compression: is a network needed?"),
)
page_cards(NEXT)
