"""The names of folder data sets: `folder:PATH`, with options.

    folder:PATH                    grey levels, 28x28
    folder:PATH?color=1&size=32    with options, see `core.data.form`
    folder://PATH                  for paths that are not plain text: %XX stands for one byte, as in a URL
    folder:upload:TOKEN/TITLE      images that a visitor uploaded, see `core.data.uploads`; also with options

`locate` turns what was typed into one canonical name, so that different spellings of a folder are one data set and a
relative path is not stored.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from core import settings
from core.data.dataset import DataError
from core.data.form import IN_WORDS, PLAIN, Form, form_of

PREFIX = "folder:"
UPLOAD = "upload:"
TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
TITLE = re.compile(r"[\w-]{1,40}")


def upload_root() -> Path:
    """The folder of all uploads."""
    return Path(os.path.realpath(settings.cache_dir())) / "uploads"


@dataclass(frozen=True)
class Place:
    """What the name of a folder data set stands for.

    Attributes:
        path: absolute, with symbolic links resolved.
        form: the form of its images.
        unknown: options that do not exist, as they were typed.
    """

    path: str
    form: Form = PLAIN
    unknown: str = ""

    @property
    def name(self) -> str:
        """The canonical name of this data set: printable text, whatever bytes the path consists of."""
        text = self.path
        if self.token:
            text = UPLOAD + f"{self.token}/{os.path.basename(text)}"
        elif not text.isprintable() or set("?`") & set(text) or text.startswith("//"):
            quoted = "".join(c if c.isprintable() and c not in "?%`" else _quoted(c) for c in text)
            text = "//" + quoted.lstrip("/")
        return PREFIX + text + (f"?{self.form.options}" if self.form != PLAIN else "")

    @property
    def token(self) -> str | None:
        """The secret of an upload; None for other folders."""
        path = Path(self.path)
        uploaded = path.parent.parent == upload_root() and TITLE.fullmatch(path.name)
        return path.parent.name if uploaded and TOKEN.fullmatch(path.parent.name) else None

    @property
    def title(self) -> str:
        """The displayed name."""
        about = f", {self.form.title}" if self.form != PLAIN else ""
        kind = "Upload" if self.token else "Folder"
        return f"{kind} {printable(os.path.basename(self.path) or self.path)}{about}"


def _bytes(character: str) -> bytes:
    try:
        return os.fsencode(character)
    except UnicodeEncodeError:
        return character.encode("utf-8", "surrogatepass")


def _quoted(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in _bytes(character))


def printable(text: str) -> str:
    """A name from the file system with unprintable characters written as their bytes, e.g. \\x0a for a new line."""
    return "".join(c if c.isprintable() else "".join(f"\\x{byte:02x}" for byte in _bytes(c)) for c in text)


def is_folder(location: str) -> bool:
    """Whether there is a folder with this path; False for names that no file system accepts."""
    try:
        return bool(location) and os.path.isdir(location)
    except (OSError, ValueError):  # e.g. a name too long, a zero byte
        return False


def _split_options(text: str) -> tuple[str, str]:
    """Path and options of a plain name: what precedes the last question mark, and what follows it.

    The question mark belongs to the path if the path with it is a folder and the path without it is not.
    """
    head, mark, tail = text.rpartition("?")
    whole, head = os.path.expanduser(text), os.path.expanduser(head)
    if not mark or (is_folder(whole) and not is_folder(head)):
        return whole, ""
    only_head = is_folder(head) and not is_folder(whole)
    return (head, tail) if only_head or (tail and form_of(tail)) else (whole, "")


def locate(name: str) -> Place:
    """The meaning of "folder:...", whether or not there is such a folder.

    A question mark begins the options, unless the path with the question mark is a folder.
    """
    text = name.removeprefix(PREFIX)
    if text.startswith("//"):
        location, _, options = text.partition("?")
        location = os.fsdecode(unquote_to_bytes(b"/" + location.lstrip("/").encode("utf-8", "surrogateescape")))
    elif uploaded := re.fullmatch(rf"{UPLOAD}({TOKEN.pattern}/{TITLE.pattern})(?:\?(.*))?", text):
        location, options = str(upload_root() / uploaded[1]), uploaded[2] or ""
    else:
        location, options = _split_options(text)
    form = form_of(options)
    try:
        path = os.path.realpath(location) if location else ""
    except (OSError, ValueError):
        path = location
    path = "/" + path.lstrip("/") if path.startswith("//") else path
    return Place(path, unknown=options) if form is None else Place(path, form)


def canonical(name: str) -> str:
    """The canonical name of a folder data set; other names are returned unchanged."""
    return locate(name).name if name.startswith(PREFIX) and name != PREFIX else name


def token_of(dataset: str) -> str | None:
    """The secret in the name of a data set that was uploaded; None for other data sets."""
    return locate(dataset).token if dataset.startswith(PREFIX) else None


def find(name: str) -> Place:
    """As `locate`, for a folder that exists.

    Raises:
        DataError: there is no such folder, or an option does not exist.
    """
    place = locate(name)
    if not is_folder(place.path):
        where = printable(name.removeprefix(PREFIX)) or "an empty path"
        raise DataError(
            f"'{printable(name)}': {where} is not a folder. "
            "Give the path of a folder of images, with one sub-folder per class."
        )
    if place.unknown:
        raise DataError(
            f"'{printable(name)}': '{printable(place.unknown)}' is not known; "
            f"choose {IN_WORDS}, joined by &, or leave it out. "
            "A question mark that belongs to the path is written %3F, after folder:// instead of folder:/."
        )
    return place
