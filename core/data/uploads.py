"""Pictures that visitors gave to a server: each upload in a folder of its own, known by a secret, removed after a time.

    <cache>/uploads/<token>/<title>/...    the images; the token is random and part of the data set's name

Whoever knows the name, from having uploaded the images or from a link, sees the data set; nobody else is shown it.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path

from core import settings
from core.data.folder_name import PREFIX, locate
from core.data.snapshot import path_of
from core.runs.run import WEIGHTS
from core.runs.store import RunStore

TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


def root() -> Path:
    """The folder of all uploads."""
    return Path(os.path.realpath(settings.cache_dir())) / "uploads"


def new_place(title: str) -> Path:
    """A folder for an upload, which does not exist yet; its name cannot be guessed."""
    return root() / _token() / title


def _token() -> str:
    while (token := secrets.token_urlsafe(16)).startswith("-"):
        continue  # so that it is never taken for an option
    return token


def token_of(dataset: str) -> str | None:
    """The secret in the name of a data set that was uploaded; None for other data sets."""
    if not dataset.startswith(PREFIX) or "/uploads/" not in dataset:
        return None
    path = Path(locate(dataset).path)
    below = path.relative_to(root()).parts if path.is_relative_to(root()) else ()
    return below[0] if below and TOKEN.fullmatch(below[0]) else None


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
    expired: list[str] = []
    for folder in root().iterdir() if root().is_dir() else ():
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
    for run in [run for run in store if not run.shipped and token_of(run.config.dataset) == token]:
        path_of(store.cache, run.config.data_digest).unlink(missing_ok=True)
        (run.path / WEIGHTS).unlink(missing_ok=True)  # first, so that the run no longer counts as complete
        shutil.rmtree(run.path, ignore_errors=True)
    shutil.rmtree(root() / token, ignore_errors=True)
