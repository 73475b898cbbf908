"""Your own images: drop them, see what the models get, train the pair; then all pages are about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.folder import load_folder, what_was_read
from core.data.folder_name import locate, token_of
from core.data.form import FITS, PLAIN, Form, suits_color
from core.data.shape import SIDES
from core.data.uploads import LATENT_DIM, Upload, find, hours, remove
from core.errors import UserFacingError
from core.jobs.limits import limits_from_settings
from core.training.cost import cost
from dashboard import cache
from dashboard.content.catalog import STANDARD, Pair
from dashboard.content.folders import folder_summary
from dashboard.content.uploads import own_takeaway, who_sees_them
from dashboard.content.words import AE, VAE
from dashboard.panels.on_demand import ASKED, POLL, ask, progress, recipe_for, requested, watch
from dashboard.panels.page_cards import page_cards
from dashboard.panels.upload import IMAGES, REFUSED, UPLOAD, receive
from dashboard.session import controls, state

if TYPE_CHECKING:
    from core.config import ModelName
    from core.data.dataset import Dataset

SMALL = 32  # pixels: the usual side of images in colour
COLUMNS = 8  # images of a row of the preview
FIT_NAMES = {"pad": "whole image", "crop": "middle", "stretch": "stretched"}
COLORS = {"colour": True, "grey levels": False}
NEXT = (
    ("views/start.py", "Start", "How do both models encode one of them?"),
    ("views/latent_maps.py", "Latent maps", "Which of them are neighbours?"),
    ("views/samples.py", "Random samples", "Which model makes new ones?"),
    ("views/interpolation.py", "Interpolation", "What lies between two of them?"),
    ("views/kl_weight.py", "KL weight", "Which β suits them?"),
    ("views/uses.py", "Uses", "Denoising, anomalies, compression."),
)


def read(upload: Upload, form: Form) -> Dataset:
    """The images in a form; reading takes seconds the first time, with a progress bar."""
    bar = st.empty()

    def show(done: int, of: int) -> None:
        if done % 20 == 0:
            bar.progress(done / of, f"Reading {done:,} of {of:,} files…")

    data = load_folder(upload.dataset(form), show)
    bar.empty()
    return data


def form_of_choice(upload: Upload) -> Form:
    """Draw the choices of how images become input of the models; what is not chosen follows from the images."""
    trained = [p.dataset for p in (pair, *cache.trained.pairs().values()) if token_of(p.dataset) == upload.token]
    if trained:
        usual = locate(trained[0]).form
    else:
        color = suits_color(read(upload, Form(True, SMALL)).train_images)
        usual = Form(True, SMALL) if color else PLAIN
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        color = COLORS[choice("Keep", list(COLORS), next(w for w, c in COLORS.items() if c == usual.color), "color")]
        size = choice("Side in pixels", SIDES, usual.size, "size")
        fit = choice("Fit", FITS, usual.fit, "fit", FIT_NAMES.__getitem__)
        invert = not color and st.toggle(
            "Exchange black and white", usual.invert, key="own-invert", help="For dark ink on light paper."
        )
    return Form(color, size, fit, invert)


def choice(label: str, options: Sequence[Any], default: Any, key: str, words: Callable[[Any], str] = str) -> Any:
    """One of the choices, side by side."""
    return st.segmented_control(label, options, default=default, key=f"own-{key}", required=True, format_func=words)


def preview(upload: Upload, data: Dataset) -> None:
    """Draw some images with what the models get of them, and the report of what was read and skipped."""
    sheet = cache.trained.png_of_contact_sheet(data.name, data.fingerprint, COLUMNS)
    st.image(
        sheet,
        width="stretch",
        alt="Some of your images, and below each what the models get",
        caption="Above: the file. Below: what the models get.",
    )
    lines = [f"not unpacked: {line}" for line in upload.skipped] + what_was_read(data)[1:]
    st.caption(folder_summary(data))
    if lines:
        with st.expander(f"Notes, and files that were skipped ({len(upload.skipped) + len(data.skipped):,})"):
            st.code("\n".join(lines), language=None, wrap_lines=True)


def forget(upload: Upload) -> None:
    """Remove the images with all that was made of them, and its trainings (callback of the button)."""
    for config, status in requested():
        if status.active and token_of(config.dataset) == upload.token:
            cache.server.jobs().stop(config.run_id, state.visitor())
    remove(upload.token, cache.trained.store())
    if token_of(pair.dataset) == upload.token:
        controls.select(STANDARD)
    for key in (UPLOAD, ASKED):
        state.take(key)
    state.link_all({IMAGES: None})
    state.notice(f"Your images “{upload.title}” were removed, with all that was trained on them.")


def train(data: Dataset, linked: bool) -> None:
    """Draw the button with what the training costs, or its progress; select the pair as soon as it is trained.

    Args:
        linked: whether the page was opened by a link to these images, on which a pair may have been trained.
    """
    limits, images = limits_from_settings(), len(data.train_images)
    latent_dim = LATENT_DIM if LATENT_DIM in limits.latent_dims else limits.latent_dims[-1]
    kinds: tuple[ModelName, ...] = ("ae", "vae")
    configs = [recipe_for(kind, data.name, images, latent_dim).replace(data_digest=data.digest) for kind in kinds]
    asked = [(config, status) for config, status in requested() if config in configs]
    if any(status.active for _, status in asked):
        st.fragment(watch, run_every=POLL)([asked])
        return
    if all(cache.trained.store().run(config).complete for config in configs):
        if asked or linked:
            state.take(ASKED)
            controls.select_next(configs[0])
            st.rerun()
        st.button(
            "Show these images on all pages",
            type="primary",
            key="own-show",
            on_click=controls.select,
            args=(configs[0],),
        )
        return
    progress(asked)
    st.button(
        "Train the pair",
        type="primary",
        icon=":material/play_arrow:",
        key="own-train",
        disabled=not limits.trains,
        help=None if limits.trains else "This server trains nothing on request.",
        on_click=ask,
        args=(configs,),
    )
    if takes := cost(configs[-1], data.counts):
        st.caption(f"An {AE} and a {VAE}, one after the other. Each takes {takes}.")


def open_link() -> bool:
    """Open the images that the address names, as after a reload; returns whether these are others than before."""
    name = state.asked(IMAGES).text
    known = state.get(UPLOAD)
    if name is None or (known and token_of(name) == known.token):
        return False
    try:
        upload = find(name)
    except UserFacingError as error:
        state.notice(str(error))
        return False
    state.learn(upload.token)
    state.put(UPLOAD, upload)
    return True


pair: Pair = state.get("pair")
linked = open_link()
upload: Upload | None = state.get(UPLOAD)
state.link_all({IMAGES: upload.dataset() if upload else None})
st.title("Your own images", anchor=False)
takeaway = st.empty()
if upload is None:
    takeaway.markdown(own_takeaway(None))
    receive()
else:
    try:
        cards = st.container()
        data = read(upload, form_of_choice(upload))
        chosen = data.name == pair.dataset
        takeaway.markdown(own_takeaway(sum(data.counts) if chosen else None))
        if chosen:
            with cards:
                page_cards(NEXT)
        else:
            train(data, linked)
        preview(upload, data)
    except UserFacingError as error:
        takeaway.markdown(own_takeaway(None))
        st.error(str(error), icon=":material/broken_image:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Remove these images", icon=":material/delete:", key="own-remove", on_click=forget, args=(upload,))
        st.caption(who_sees_them(hours()), width="stretch")
    with st.expander("Other images", icon=":material/upload:", expanded=bool(state.get(REFUSED))):
        receive()
