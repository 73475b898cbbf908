"""Interpolation: paths from one real image to another, in each latent space and as a cross-fade without a model."""

import numpy as np
import streamlit as st

from core.latent.interpolation import KINDS, cross_fade, nearest
from dashboard import cache
from dashboard.components.chart import chart
from dashboard.components.picker import GALLERY, picker
from dashboard.content.catalog import Pair
from dashboard.content.paths import path_takeaway
from dashboard.content.words import AE, NAMES, VAE, provenance
from dashboard.plots import charts, images
from dashboard.session import controls, state

pair: Pair = state.get("pair")
data = cache.trained.dataset(pair.data)
count = len(cache.trained.gallery(pair.ae.run_id)["mean"])


def default(label: int) -> int:
    """The first test image of a class, or 0."""
    found = np.flatnonzero(data.test_labels[:count] == label % len(data.classes))
    return int(found[0]) if len(found) else 0


def choose_class(key: str) -> None:
    """Use the first image of the class chosen for this end."""
    state.put(key, default(data.classes.index(state.get(f"{key}-class"))))


def shuffle() -> None:
    """Choose two images at random."""
    a, b = np.random.default_rng().choice(count, 2, replace=count < 2)
    state.put("a", int(a))
    state.put("b", int(b))


def clicked() -> None:
    """Use the image clicked in the gallery for the end that is being chosen."""
    index = state.get("gallery", {}).get("chosen")
    if isinstance(index, int) and 0 <= index < count:
        state.put("b" if state.get("end") == "second" else "a", index)


def end(key: str, title: str, first: int) -> int:
    """The controls of one end of the path; returns the index of its test image."""
    with st.container(border=True):
        picture, choices = st.columns([1, 3], wrap=False, vertical_alignment="center")
        with choices, st.container(horizontal=True, gap="small"):
            with st.container(width=144):
                index = controls.whole(title, 0, count - 1, first, key)
            state.put(f"{key}-class", data.classes[data.test_labels[index]])
            st.selectbox(
                "Class",
                data.classes,
                key=f"{key}-class",
                on_change=choose_class,
                args=(key,),
                width=144,
                filter_mode=None if len(data.classes) <= controls.MANY else "fuzzy",
            )
        picture.image(
            images.grid(data.test_images[index], 1, 6),
            width="stretch",
            alt=f"Test image {index}, class {data.classes[data.test_labels[index]]}",
        )
    return index


st.title("Interpolation", anchor=False)
lead = st.empty()
left, right = st.columns(2)
with left:
    a = end("a", "From test image", default(3))
with right:
    b = end("b", "To test image", default(8))
with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
    kind = controls.choice(
        "Way",
        KINDS,
        "way",
        help=(
            "Linear: a straight line between the codes. Spherical: an arc around the origin, suitable for codes "
            "that lie near a sphere."
        ),
    )
    steps = int(controls.slide("Steps", 3, 15, 9, 1, "steps"))
    st.button("A random pair", icon=":material/casino:", on_click=shuffle)
    with st.popover("Choose from a gallery", icon=":material/grid_view:"):
        st.segmented_control(
            "Clicking an image sets the", ("first", "second"), key="end", default="first", required=True
        )
        picker(
            data.test_images[:GALLERY],
            [data.classes[i] for i in data.test_labels[:GALLERY]],
            key="gallery",
            on_choose=clicked,
        )

ends = data.test_images[[a, b], 0].astype(np.float32) / 255
fade = cross_fade(ends[0], ends[1], steps)
slot = st.container()
strips = [
    (NAMES[model], model, cache.decoded.decoded_path(entry.run_id, a, b, steps, kind)) for model, entry in pair.items()
]
strips.append(("**Cross-fade** of the pixels, without a model", "pixels", fade))
reference = data.train_images[: cache.trained.REFERENCE]
distances = nearest(np.concatenate([frames for *_, frames in strips]), reference)[1].reshape(len(strips), steps)
away = {kind_: row for (_, kind_, _), row in zip(strips, distances, strict=True)}
with slot:
    for name, kind_, frames in strips:
        st.markdown(name if kind_ == "pixels" else f"{name}, decoded", anchors=False)
        st.image(
            images.grid(frames, steps), width="stretch", alt=f"{steps} frames from test image {a} to test image {b}"
        )
lead.markdown(path_takeaway({k: float(v[steps // 2]) for k, v in away.items()}))
st.markdown(
    "**Distance of each frame to the nearest real image** (Euclidean over pixels, training images)", anchors=False
)
chart(
    charts.distances(
        [("AE", "ae", away["ae"]), ("VAE", "vae", away["vae"]), ("Cross-fade", "pixels", away["pixels"])], state.dark()
    ),
    key="distances",
    alt="Distance of each frame to the nearest training image, for the AE, the VAE and the cross-fade.",
)
named = [("AE", strips[0][2]), ("VAE", strips[1][2]), ("cross-fade", fade)]
stem = f"interpolation-{pair.slug}-d{pair.latent_dim}-{a}-{b}-{kind}"
with st.container(horizontal=True):
    st.download_button(
        "PNG",
        icon=":material/download:",
        file_name=f"{stem}.png",
        mime="image/png",
        on_click="ignore",
        data=lambda: images.labelled(named, f"From test image {a} to {b}, {kind}, latent size {pair.latent_dim}"),
    )
    st.download_button(
        "Animated GIF",
        icon=":material/download:",
        file_name=f"{stem}.gif",
        mime="image/gif",
        on_click="ignore",
        data=lambda: images.there_and_back([(n, np.concatenate([f[:1], f, f[-1:]])) for n, f in named]),
    )
st.caption(
    "Codes are the posterior means, so the ends of a strip are the reconstructions of the two images. "
    + provenance(pair, len(reference), "Measured against", "training images")
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
