"""One image through both models: drawn, chosen or uploaded, with its point and its cloud."""

import streamlit as st

from core.config import AROUND
from dashboard import cache
from dashboard.components.assets import judge_url, not_in_page
from dashboard.components.encode_decode import encode_decode
from dashboard.components.maths import maths
from dashboard.components.neighbours import neighbours
from dashboard.components.planes import planes
from dashboard.components.traverse import traverse
from dashboard.content import catalog
from dashboard.content.catalog import Pair
from dashboard.content.factors import followed_help, followed_words
from dashboard.content.folders import how_to_train
from dashboard.content.small_steps import step_conclusions, steps_table, steps_takeaway
from dashboard.content.words import AE, VAE, displayed, provenance
from dashboard.panels.encoding import encode_with_both
from dashboard.panels.interactive import TITLES, images_of, lane_of
from dashboard.session import controls, state
from dashboard.session.upload_form import DIGITS, uploaded

# URL parameters of the initial state: test image, what the planes show, size of the step.
IMAGE, VIEW, STEP = "index", "view", "step"
VIEWS = ("codes", "grid", "holes", "regions")  # the modes of `components.planes`
STEPS = tuple(f"{tenths / 10:g}" for tenths in range(1, 11))

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)
images = images_of(pair)
n = len(images.labels)
judge = judge_url(pair.dataset)


def start_image() -> int:
    """The test image that the URL names, or the first."""
    asked = state.asked(IMAGE)
    if asked.text is None:
        return 0
    index = int(asked.text) if asked.text.isdecimal() and len(asked.text) < 9 and int(asked.text) < n else 0
    asked.check("test image", index, f"a whole number from 0 to {n - 1}")
    return index


def flat_pair() -> Pair | None:
    """The same data set's pair with two latent numbers, preferably of the same seed."""
    flat = catalog.of_size(cache.trained.pairs().values(), pair, 2)
    return min(flat, key=lambda p: (p.seed != pair.seed, p.seed), default=None)


def decode_as_you_move() -> None:
    """Both planes of two latent numbers, with the decoder under the cursor."""
    if flat is None:
        st.info(f"There is no pair with latent size 2 for {displayed(pair.dataset)} yet: {how_to_train(pair, 2)}.")
        return
    st.markdown(
        "Both planes are complete two-dimensional latent spaces. Move the cursor over them to decode the point "
        "under it, starting at the code of the image above. "
        "**Holes** shows how similar the decoded image is to real images, **Classes** which class it resembles."
    )
    if reason := not_in_page(flat.ae.config, flat.vae.config):
        on_the_server(flat, reason)
        return
    planes(
        lane_of("ae", flat.ae, "AE: a plane of points"),
        lane_of("vae", flat.vae, "VAE: a plane of clouds"),
        images,
        judge,
        topic,
        f"planes-{flat.ae.run_id}",
        mode=controls.linked("view of the planes", VIEWS, "codes", VIEW),
    )
    st.caption(provenance(flat, n, "Measured against"))


def small_steps() -> None:
    """The image's code and eight codes around it, decoded and classified."""
    st.markdown(
        f"It is often said that nearby codes of an {AE} decode to different images. The image's code is shown in "
        "the centre, with eight codes around it. "
        "Steps are measured in standard deviations of each latent number over images, so that the models can be "
        "compared. Red frame: the predicted class differs from that of the centre."
    )
    boards = [
        lane_of(kind, entry, f"{kind.upper()}, latent size {p.latent_dim}")
        for p in sorted(
            {p.latent_dim: p for p in (pair, flat) if p and not not_in_page(p.ae.config, p.vae.config)}.values(),
            key=lambda p: p.latent_dim,
        )
        for kind, entry in p.items()
    ]
    rates = cache.measured.flip_rates(pair.data)
    conclusions = step_conclusions(rates, sorted({p.latent_dim for p in (pair, flat) if p}))
    neighbours(
        boards,
        images,
        judge,
        topic,
        f"neighbours-{pair.ae.run_id}",
        conclusions,
        step=float(controls.linked("step", STEPS, "0.3", STEP)),
    )
    if rates:
        st.markdown(steps_takeaway(rates, min(AROUND, n)))
        with st.expander("How often a small step changes the class, measured", icon=":material/table:"):
            st.markdown(steps_table(rates))
            st.caption(
                f"Mean over seeds (lowest to highest), from the scorecards of {pair.dataset}, around the codes of "
                "unseen images. Directions are random instead of the eight above, "
                "with steps in standard deviations of each latent number. Small values depend on the classifier, "
                "which is the same for both models."
            )


def one_number_at_a_time() -> None:
    """A slider for every latent number."""
    factors: tuple[list[str], list[str]] = ([], [])
    explained = ""
    if data.factors is not None:
        of_ae, of_vae = (followed_words(cache.measured.followed(e.run_id), data.factors.names) for e in pair.entries)
        factors, explained = (of_ae, of_vae), " " + followed_help(n)
    st.markdown(
        f"The {VAE}'s latent units are sorted by rate, highest first; a unit with almost no rate is **inactive**, "
        "and moving it changes nothing. "
        f"The {AE} has no rate, so its units are sorted by variance.{explained}"
    )
    rates = tuple(cache.trained.evaluation(entry.run_id)["rate_per_dim"] for entry in pair.entries)
    traverse(ae, vae, rates, topic, f"traverse-{pair.ae.run_id}", factors)


def the_maths() -> None:
    """Each formula with this image's values, beside its source code."""
    maths(ae, vae, pair.ae.config.likelihood, topic, f"maths-{pair.ae.run_id}")


def on_the_server(shown: Pair, why: str) -> None:
    """A test image through both models, drawn on the server; for networks that the browser cannot run."""
    st.info(f"{why} You cannot draw an image here; choose a test image instead.")
    index = st.number_input("Test image", 0, n - 1, start_image(), key="still_index")
    encode_with_both(shown, int(index))


st.title("One image through both", anchor=False)
if reason := not_in_page(pair.ae.config, pair.vae.config):
    on_the_server(pair, reason)
    st.caption(provenance(pair, n, "The codes are those of"))
    st.stop()
drawn = "a digit" if pair.dataset in DIGITS else "an image"
st.markdown(f"Draw {drawn} or edit one. Both networks run in your browser and update with every stroke.")
board = st.container()
with st.expander("Use your own image", icon=":material/upload:"):
    upload = uploaded(data)
ae, vae = (lane_of(kind, entry, TITLES[kind]) for kind, entry in pair.items())
with board:
    topic = encode_decode(
        ae,
        vae,
        images,
        f"encode-decode-{pair.ae.run_id}",
        start=start_image(),
        upload=upload,
        on_choose=lambda index: st.query_params.update({IMAGE: str(index)}),
    )
st.caption(provenance(pair, n, "Values are for this image, computed in your browser; the maps show the codes of"))

flat = flat_pair()
parts = {
    "Decode as you move": decode_as_you_move,
    "Small steps": small_steps,
    "One number at a time": one_number_at_a_time,
    "The maths": the_maths,
}
if not judge:
    del parts["Small steps"]
st.header("More with this image", anchor=False)
parts[controls.choice("View", tuple(parts), "part", label_visibility="collapsed")]()
