"""The form for uploading an image: what it accepts, and, beside the result, what was done to the image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import settings
from core.data.dataset import Dataset
from core.data.uploaded_image import PictureError, ground_of, kinds, kinds_in_words, prepare
from dashboard.plots import images
from dashboard.session import addresses

XSRF_COOKIE = "_streamlit_xsrf"  # as Streamlit calls it
DIGITS = (
    "mnist",
    "mnist-5k",
    "kmnist",
)  # data sets whose images were placed as `core.data.uploaded_image.as_digit` does


@dataclass(frozen=True)
class Upload:
    """An uploaded image: an id that changes with every upload, a name for people, uint8 (28, 28)."""

    id: str
    name: str
    pixels: np.ndarray


def refused() -> bool:
    """Whether the server would refuse this visitor's uploads, with 403: the browser withholds the cookie that it
    compares them with.

    Streamlit's XSRF protection wants the cookie back with every upload. Browsers withhold it (SameSite=Lax) where
    the app is shown in a frame of another site, as on huggingface.co. The request that opened the session, for a
    WebSocket, shows whether it is sent.
    """
    from streamlit.web.server.server_util import is_xsrf_enabled

    return is_xsrf_enabled() and len(st.context.headers) > 0 and XSRF_COOKIE not in st.context.cookies


def uploaded(data: Dataset) -> Upload | None:
    """The form, and the visitor's picture as a model of `data` takes it; it stays in this session's memory only.

    A picture that cannot be used becomes an error message on the page.
    """
    most, blocked = settings.value("UPLOAD_MB"), refused()
    if blocked:
        own_tab = (
            f"[Open this page in a tab of its own]({addresses.link()})"
            if addresses.link()
            else "Open this page in a tab of its own"
        )
        st.warning(
            "Images cannot be uploaded here: your browser does not send this server its cookie, most likely "
            "because the page is shown "
            f"inside another site. {own_tab}, or allow cookies for it.",
            icon=":material/cookie_off:",
        )
    suffixes = [suffix for _, endings in kinds().values() for suffix in endings]
    file = st.file_uploader(
        f"A {kinds_in_words()} image of one thing, at most {most:g} MB. It is not stored.",
        type=suffixes,
        max_upload_size=most,
        disabled=blocked,
    )
    centre = st.toggle(
        "Place it as MNIST's digits are",
        value=data.name in DIGITS,
        help=(
            "Cut out, scaled into 20×20 and moved so that its centre of mass is in the middle. Otherwise the whole "
            "picture is scaled to fit 28×28."
        ),
    )
    if file is None:
        return None
    content = file.getvalue()
    try:
        picture = prepare(content, centre, ground_of(data.train_images))
    except PictureError as error:
        st.error(str(error), icon=":material/broken_image:")
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.image(picture.original, width=112, alt="Your picture as it came")
        st.markdown("→", width="content")
        st.image(
            images.grid(picture.image[None], 1, scale=4),
            width=112,
            alt="Your picture as the models are given it: 28 by 28 grey levels",
        )
        st.caption(f"What the models are given: {'; '.join(picture.steps)}.", width="stretch")
    return Upload(f"{hashlib.sha256(content).hexdigest()[:16]}-{centre}-{data.digest}", "Your picture", picture.image)
