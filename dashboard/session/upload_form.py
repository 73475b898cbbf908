"""The form for uploading an image, which shows how the image was converted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import settings
from core.data.dataset import Dataset
from core.data.uploaded_image import BOX, PictureError, form_of_data, ground_of, kinds, kinds_in_words, prepare
from dashboard.plots import images
from dashboard.session import addresses

XSRF_COOKIE = "_streamlit_xsrf"  # Streamlit's name for it
# Data sets whose images are scaled and centred as by `core.data.uploaded_image.as_digit`.
DIGITS = ("mnist", "mnist-5k", "kmnist")


@dataclass(frozen=True)
class Upload:
    """An uploaded image: an id that changes with every upload, a name for people, and the picture.

    Its pixels are uint8 (side, side), or (3, side, side) in colour, as the images of the data set.
    """

    id: str
    name: str
    pixels: np.ndarray


def refused() -> bool:
    """Whether the server would refuse this visitor's uploads because the browser does not send the XSRF cookie.

    Streamlit requires the cookie with every upload. Browsers do not send it (SameSite=Lax) if the app is shown in a
    frame of another site, as on huggingface.co. Whether it is sent can be seen from the request that opened the
    session's WebSocket.
    """
    from streamlit.web.server.server_util import is_xsrf_enabled

    return is_xsrf_enabled() and len(st.context.headers) > 0 and XSRF_COOKIE not in st.context.cookies


def warn_if_refused() -> bool:
    """As `refused`, with a warning that says how to upload images nevertheless."""
    if not refused():
        return False
    own_tab = "Open this page in its own tab"
    if addresses.link():
        own_tab = f"[{own_tab}]({addresses.link()})"
    st.warning(
        "Images cannot be uploaded here, because your browser does not send the cookie of this server. Most likely "
        f"the page is shown inside another site. {own_tab}, or allow cookies for it.",
        icon=":material/cookie_off:",
    )
    return True


def uploaded(data: Dataset) -> Upload | None:
    """Draw the form; returns the visitor's image converted for the models of `data`, or None.

    The image is kept only in the memory of this session. One that cannot be used causes an error message.
    """
    most, blocked = settings.value("UPLOAD_MB"), warn_if_refused()
    suffixes = [suffix for _, endings in kinds().values() for suffix in endings]
    file = st.file_uploader(
        f"A {kinds_in_words()} image of a single object, at most {most:g} MB. It is not stored.",
        type=suffixes,
        max_upload_size=most,
        disabled=blocked,
    )
    form = form_of_data(data)
    size, box = f"{form.size}×{form.size}", round(BOX * form.size)
    centre = not form.color and st.toggle(
        "Scale and centre it like the digits of MNIST",
        value=data.name in DIGITS,
        help=(
            f"It is cropped, scaled to fit {box}×{box} pixels and placed with its centre of mass in the middle. "
            f"Otherwise the whole image is scaled to fit {size} pixels."
        ),
    )
    if file is None:
        return None
    content = file.getvalue()
    try:
        picture = prepare(content, centre, ground_of(data.train_images), form)
    except PictureError as error:
        st.error(str(error), icon=":material/broken_image:")
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.image(picture.original, width=112, alt="Your image before conversion")
        st.markdown("→", width="content")
        st.image(
            images.grid(picture.image[None], 1, scale=4),
            width=112,
            alt=f"Your image as the models receive it: {size}, {'in colour' if form.color else 'grey levels'}",
        )
        st.caption(f"What the models receive: {'; '.join(picture.steps)}.", width="stretch")
    return Upload(f"{hashlib.sha256(content).hexdigest()[:16]}-{centre}-{data.digest}", "Your image", picture.image)
