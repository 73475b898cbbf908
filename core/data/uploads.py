"""Images that visitors upload to a server: each upload in a folder of its own, known by a secret, removed after a time.

    <cache>/uploads/TOKEN/TITLE/...              the images; the token is random
    folder:upload:TOKEN/TITLE?color=1&size=32    the data set: no path of the server is in its name

Whoever knows the name, from having uploaded the images or from a link, sees the data set; nobody else is shown it.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core import settings
from core.data.archive import unpack
from core.data.dataset import DataError
from core.data.folder_name import PREFIX, TOKEN, Place, locate, token_of, upload_root
from core.data.form import PLAIN, Form
from core.data.snapshot import path_of
from core.runs.run import WEIGHTS
from core.runs.store import RunStore

LATENT_DIM = 16  # of the pair that is trained on a person's own images, unless they ask for another


@dataclass(frozen=True)
class Upload:
    """Images that were uploaded.

    Attributes:
        token: the secret.
        title: what the visitor sees as its name.
        skipped: files that were not taken, one line each: the path and the reason.
    """

    token: str
    title: str
    skipped: tuple[str, ...] = ()

    def dataset(self, form: Form = PLAIN) -> str:
        """The name of the data set of these images in a form."""
        return Place(str(upload_root() / self.token / self.title), form).name


def take(given: Sequence[tuple[str, BinaryIO]]) -> Upload:
    """Put images into a folder whose name cannot be guessed.

    Args:
        given: as for `core.data.archive.unpack`, whose limits are those of the settings.

    Raises:
        ArchiveError: the images cannot be taken; nothing is left behind.
        OSError: the cache cannot be written.
    """
    title, token = title_of(given[0][0] if given else ""), new_token()
    home = upload_root() / token
    try:
        unpacked = unpack(given, home / title)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return Upload(token, title, unpacked.skipped)


def find(name: str) -> Upload:
    """The upload whose data set has this name, in any form.

    Raises:
        DataError: there is none, or not any more.
    """
    place = locate(name)
    if not name.startswith(PREFIX) or place.token is None or not Path(place.path).is_dir():
        raise DataError("There are no such images, or their time is over and they were removed. Upload them again.")
    return Upload(place.token, Path(place.path).name)


def new_token() -> str:
    """A secret of 128 random bits."""
    while (token := secrets.token_urlsafe(16)).startswith("-"):
        continue  # so that it is never taken for an option
    return token


def title_of(name: str) -> str:
    """The first part of a path, without its suffix, as `core.data.folder_name.TITLE` allows it."""
    first = unicodedata.normalize("NFC", name).replace("\\", "/").strip("/").split("/")[0]
    stem = first.rpartition(".")[0] or first
    return re.sub(r"[\W_]+", "-", stem)[:40].strip("-") or "images"


def hours() -> int:
    """After how many hours an upload is removed."""
    return settings.value("IMPORT_HOURS")


def largest_mb() -> int:
    """The largest upload, in MB; 0 where nothing may be uploaded."""
    return settings.value("IMPORT_MB")


def remove_expired(store: RunStore, now: float | None = None) -> list[str]:
    """Remove the uploads whose time is over, the runs that were trained on them, and their kept images.

    Args:
        store: where the runs are.
        now: seconds since 1970.

    Returns:
        the tokens of the removed uploads.
    """
    now = time.time() if now is None else now
    root, expired = upload_root(), list[str]()
    for folder in root.iterdir() if root.is_dir() else ():
        with contextlib.suppress(OSError):
            if now - folder.stat().st_mtime > hours() * 3600:
                expired.append(folder.name)
    for token in expired:
        remove(token, store)
    return expired


def remove(token: str, store: RunStore) -> None:
    """Remove one upload with everything that was made of it."""
    if not TOKEN.fullmatch(token):
        return
    new = [run for run in store if not run.shipped]
    of_it = [run for run in new if token_of(run.config.dataset) == token]
    others = {run.config.data_digest for run in new if run not in of_it}
    for run in of_it:
        if run.config.data_digest not in others:  # the same images may have been uploaded twice
            path_of(store.cache, run.config.data_digest).unlink(missing_ok=True)
        (run.path / WEIGHTS).unlink(missing_ok=True)  # first, so that the run no longer counts as complete
        shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(upload_root() / token, ignore_errors=True)
