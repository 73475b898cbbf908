"""Interpolation between two images: in the page, or by the server where the page cannot run the networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.data.shape import as_pictures
from core.latent.interpolation import KINDS, cross_fade, nearest
from dashboard import cache
from dashboard.components.assets import weights_url
from dashboard.components.chart import chart
from dashboard.components.interpolator import FRAMES, Reference, drawn_image, interpolator
from dashboard.components.picker import GALLERY, picker
from dashboard.content.catalog import Pair
from dashboard.content.paths import TOLERANCE, VERDICTS, path_takeaway
from dashboard.content.words import NAMES
from dashboard.panels.interactive import images_of, label_of
from dashboard.plots import charts, images
from dashboard.session import controls, shared_settings, state
from dashboard.session.shared_settings import Setting, number, one_of, whole

KEY = "interpolator"
STEPS = 9
NAMED = {"ae": "AE", "vae": "VAE", "pixels": "cross-fade"}
Frames = dict[str, np.ndarray]  # by the keys of NAMED, each float32 (steps, ...)


def default(pair: Pair, label: int) -> int:
    """The first test image of a class, or 0."""
    data = cache.trained.dataset(pair.data)
    found = np.flatnonzero(data.test_labels[: count_of(pair)] == label % len(data.classes))
    return int(found[0]) if len(found) else 0


def count_of(pair: Pair) -> int:
    """The number of test images whose codes are stored with the runs."""
    return len(cache.trained.gallery(pair.ae.run_id)["mean"])


def settings_of(pair: Pair) -> dict[str, Setting]:
    """The settings of a path in the page, by their names in the URL."""

    shape = cache.trained.dataset(pair.data).shape

    def drawing(asked: Any) -> str | None:
        return asked if asked == "" or drawn_image(asked, shape) is not None else None

    last = count_of(pair) - 1
    drawings = "a drawing made on this page, copied whole"
    return {
        "a": whole("From test image", 0, last, default(pair, 3)),
        "b": whole("To test image", 0, last, default(pair, 8)),
        "a_drawn": Setting("Drawing at the start", "", drawing, drawings),
        "b_drawn": Setting("Drawing at the end", "", drawing, drawings),
        "way": one_of("Way", KINDS),
        "steps": whole("Steps", *FRAMES, STEPS),
        "at": number("Position on the path", 0, 1, 0.5),
    }


def in_the_page(pair: Pair) -> None:
    """The path with its controls, which the browser draws."""
    settings = settings_of(pair)
    shared = shared_settings.follow_link(KEY, settings)
    data = cache.trained.dataset(pair.data)
    reference = Reference(cache.trained.png_of_training_images(pair.data), len(cache.trained.reference(pair.data)))
    interpolator(
        {kind: (label_of(kind, kind.upper()), weights_url(entry.run)) for kind, entry in pair.items()},
        images_of(pair),
        reference,
        shared,
        KEY,
        name=f"interpolation-{pair.ae.run_id}",
        verdicts=VERDICTS,
        tolerance=TOLERANCE,
        on_rest=lambda: shared_settings.rested(KEY, (state.get(KEY) or {}).get("rested"), settings),
    )
    values = shared.values
    ends: list[int | bytes] = []
    for end in ("a", "b"):
        drawn = drawn_image(values[f"{end}_drawn"], data.shape)
        ends.append(values[end] if drawn is None else drawn.tobytes())
    _downloads(pair, ends[0], ends[1], values["steps"], values["way"])


def on_the_server(pair: Pair) -> None:
    """The path as pictures from the server, with Streamlit's controls; an end cannot be drawn here."""
    lead = st.empty()
    left, right = st.columns(2)
    with left:
        a = _end(pair, "a", "From test image", default(pair, 3))
    with right:
        b = _end(pair, "b", "To test image", default(pair, 8))
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
        steps = int(controls.slide("Steps", *FRAMES, STEPS, 1, "steps"))
        st.button("A random pair", icon=":material/casino:", on_click=_shuffle, args=(count_of(pair),))
        with st.popover("Choose from a gallery", icon=":material/grid_view:"):
            _gallery(pair)
    frames = _frames(pair, a, b, steps, kind)
    away = _distances(pair, frames)
    for model, strip in frames.items():
        words = f"{NAMES[model]}, decoded" if model in NAMES else "**Cross-fade** of the pixels, without a model"
        st.markdown(words, anchors=False)
        alt = f"{steps} frames from test image {a} to test image {b}"
        st.image(images.grid(strip, steps), width="stretch", alt=alt)
    lead.markdown(path_takeaway({k: float(v[steps // 2]) for k, v in away.items()}))
    st.markdown(
        "**Distance of each frame to the nearest real image** (Euclidean over pixels, training images)", anchors=False
    )
    rows = [("AE", "ae", away["ae"]), ("VAE", "vae", away["vae"]), ("Cross-fade", "pixels", away["pixels"])]
    chart(
        charts.distances(rows, state.dark()),
        key="distances",
        alt="Distance of each frame to the nearest training image, for the AE, the VAE and the cross-fade.",
    )
    _downloads(pair, a, b, steps, kind)


def _end(pair: Pair, key: str, title: str, first: int) -> int:
    """The controls of one end of the path; returns the index of its test image."""
    data = cache.trained.dataset(pair.data)

    def choose_class() -> None:
        """Use the first image of the class chosen for this end."""
        state.put(key, default(pair, data.classes.index(state.get(f"{key}-class"))))

    with st.container(border=True):
        picture, choices = st.columns([1, 3], wrap=False, vertical_alignment="center")
        with choices, st.container(horizontal=True, gap="small"):
            with st.container(width=144):
                index = controls.whole(title, 0, count_of(pair) - 1, first, key)
            state.put(f"{key}-class", data.classes[data.test_labels[index]])
            st.selectbox(
                "Class",
                data.classes,
                key=f"{key}-class",
                on_change=choose_class,
                width=144,
                filter_mode=None if len(data.classes) <= controls.MANY else "fuzzy",
            )
        picture.image(
            images.grid(data.test_images[index], 1, 6),
            width="stretch",
            alt=f"Test image {index}, class {data.classes[data.test_labels[index]]}",
        )
    return index


def _shuffle(count: int) -> None:
    """Choose two images at random."""
    a, b = np.random.default_rng().choice(count, 2, replace=count < 2)
    state.put("a", int(a))
    state.put("b", int(b))


def _gallery(pair: Pair) -> None:
    """Images to choose the ends from."""
    data, count = cache.trained.dataset(pair.data), count_of(pair)

    def clicked() -> None:
        """Use the image clicked for the end that is being chosen."""
        index = state.get("gallery", {}).get("chosen")
        if isinstance(index, int) and 0 <= index < count:
            state.put("b" if state.get("end") == "second" else "a", index)

    st.segmented_control("Clicking an image sets the", ("first", "second"), key="end", default="first", required=True)
    picker(
        data.test_images[:GALLERY],
        [data.classes[i] for i in data.test_labels[:GALLERY]],
        key="gallery",
        on_choose=clicked,
    )


# ---- for both ----


def _frames(pair: Pair, a: int | bytes, b: int | bytes, steps: int, way: str) -> Frames:
    """The frames of both models and of the cross-fade; an end is a test image or the bytes of a drawing."""
    data = cache.trained.dataset(pair.data)
    ends = [
        data.test_images[end] if isinstance(end, int) else np.frombuffer(end, np.uint8).reshape(data.shape.chw)
        for end in (a, b)
    ]
    first, last = as_pictures(np.stack(ends))
    decoded = {kind: cache.decoded.decoded_path(entry.run_id, a, b, steps, way) for kind, entry in pair.items()}
    return {**decoded, "pixels": cross_fade(first, last, steps)}


def _distances(pair: Pair, frames: Frames) -> dict[str, np.ndarray]:
    """The distance of each frame to the nearest training image, each (steps,)."""
    reference = cache.trained.reference(pair.data)
    found = nearest(np.concatenate(list(frames.values())), reference)[1].reshape(len(frames), -1)
    return dict(zip(frames, found, strict=True))


def _downloads(pair: Pair, a: int | bytes, b: int | bytes, steps: int, way: str) -> None:
    """Buttons that save the frames as a picture and as an animation, and their distances as CSV."""
    first, last = (f"test image {end}" if isinstance(end, int) else "a drawing" for end in (a, b))
    slugs = "-".join(str(end) if isinstance(end, int) else "drawing" for end in (a, b))
    stem = f"interpolation-{pair.slug}-d{pair.latent_dim}-{slugs}-{way}"

    def named() -> list[tuple[str, np.ndarray]]:
        return [(NAMED[kind], strip) for kind, strip in _frames(pair, a, b, steps, way).items()]

    def picture() -> bytes:
        return images.labelled(named(), f"From {first} to {last}, {way}, latent size {pair.latent_dim}")

    def animation() -> bytes:
        return images.there_and_back([(n, np.concatenate([f[:1], f, f[-1:]])) for n, f in named()])

    def table() -> str:
        away = _distances(pair, _frames(pair, a, b, steps, way))
        rows = [",".join(["position", *(NAMED[kind] for kind in away)])]
        for t, *values in zip(np.linspace(0, 1, steps), *away.values(), strict=True):
            rows.append(",".join(f"{value:.6g}" for value in (t, *values)))
        return "\n".join([*rows, ""])

    with st.container(horizontal=True):
        for label, suffix, mime, data in (
            ("PNG", "png", "image/png", picture),
            ("Animated GIF", "gif", "image/gif", animation),
            ("Distances as CSV", "csv", "text/csv", table),
        ):
            st.download_button(
                label,
                icon=":material/download:",
                file_name=f"{stem}.{suffix}",
                mime=mime,
                on_click="ignore",
                data=data,
            )
