"""The one form with which a visitor brings a picture: what it takes, and what was done to the picture, shown beside it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from core import settings
from core.data.dataset import Dataset
from core.data.uploaded_image import PictureError, ground_of, kinds, kinds_in_words, prepare
from dashboard.plots import images

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


def uploaded(data: Dataset) -> Upload | None:
    """The form, and the visitor's picture as a model of `data` takes it; it stays in this session's memory only.

    A picture that cannot be used becomes an error message on the page.
    """
    most = settings.value("UPLOAD_MB")
    suffixes = [suffix for _, endings in kinds().values() for suffix in endings]
    file = st.file_uploader(
        f"A {kinds_in_words()} image of one thing, at most {most:g} MB. It is not stored.",
        type=suffixes,
        max_upload_size=most,
    )
    centre = st.toggle(
        "Place it as MNIST's digits are",
        value=data.name in DIGITS,
        help="Cut out, scaled into 20×20 and moved so that its centre of mass is in the middle. Otherwise the whole picture is scaled to fit 28×28.",
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
            images.grid([picture.image], 1, scale=4),
            width=112,
            alt="Your picture as the models are given it: 28 by 28 grey levels",
        )
        st.caption(f"What the models are given: {'; '.join(picture.steps)}.", width="stretch")
    return Upload(f"{hashlib.sha256(content).hexdigest()[:16]}-{centre}-{data.digest}", "Your picture", picture.image)
