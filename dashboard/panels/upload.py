"""The form for uploading a data set: files, a zip or a folder, which become an upload known by a secret."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.given_files import limits_from_settings
from core.data.uploads import hours, largest_mb, take
from core.errors import UserFacingError
from dashboard.content.uploads import what_may_be_given, who_sees_them
from dashboard.session import state
from dashboard.session.upload_form import warn_if_refused

UPLOAD, REFUSED, DROPS = "own-upload", "own-refused", "own-drops"  # session keys
IMAGES = "images"  # the URL's parameter: the name of the upload, so that it is there after a reload
FILES, FOLDER = "files or a zip", "a folder"


def receive() -> None:
    """Draw the form, and keep what was dropped; an error message stays until the next files are dropped."""
    blocked, most = warn_if_refused(), largest_mb()
    what = st.segmented_control("Drop", [FILES, FOLDER], default=FILES, key="own-kind", required=True)
    given: list[Any] = st.file_uploader(
        what_may_be_given(limits_from_settings(), most),
        accept_multiple_files="directory" if what == FOLDER else True,
        max_upload_size=most,
        disabled=blocked,
        key=f"own-files-{state.get(DROPS, 0)}",
    )
    st.caption(who_sees_them(hours()))
    if message := state.get(REFUSED):
        st.error(message, icon=":material/broken_image:")
    if not given:
        return
    try:
        if sum(file.size for file in given) > most * 1e6:
            raise UserFacingError(f"These files have more than {most} MB together. Give fewer or smaller images.")
        with st.spinner("Unpacking…"):
            upload = take([(file.name, file) for file in given])
        state.learn(upload.token)
        state.put(UPLOAD, upload)
        state.link(IMAGES, upload.dataset())
        state.put(REFUSED, None)
    except UserFacingError as error:
        state.put(REFUSED, str(error))
    state.put(DROPS, state.get(DROPS, 0) + 1)  # an empty form, so that the server need not keep the files in memory
    st.rerun()
