"""The names of folder data sets: `folder:PATH`, with options.

    folder:PATH             the images as they are
    folder:PATH?invert=1    black and white exchanged
    folder://PATH           for paths that are not plain text: %XX stands for one byte, as in a URL

`locate` turns what was typed into one canonical name, so that different spellings of a folder are one data set and a
relative path is not stored.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from core.data.dataset import DataError

PREFIX = "folder:"


@dataclass(frozen=True)
class Place:
    """What the name of a folder data set stands for.

    Attributes:
        path: absolute, with symbolic links resolved.
        invert: whether black and white are exchanged.
        unknown: an option that does not exist, as it was typed.
    """

    path: str
    invert: bool = False
    unknown: str = ""

    @property
    def name(self) -> str:
        """The canonical name of this data set: printable text, whatever bytes the path consists of."""
        text = self.path
        if not text.isprintable() or set("?`") & set(text) or text.startswith("//"):
            quoted = "".join(c if c.isprintable() and c not in "?%`" else _quoted(c) for c in text)
            text = "//" + quoted.lstrip("/")
        return PREFIX + text + ("?invert=1" if self.invert else "")

    @property
    def title(self) -> str:
        """The displayed name."""
        return f"Folder {printable(os.path.basename(self.path) or self.path)}" + (", inverted" if self.invert else "")


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


def _option(text: str) -> bool | None:
    """The value of `invert` that an option sets; None if the option is not known."""
    return {"invert=1": True, "invert=0": False}.get(text)


def _split_options(text: str) -> tuple[str, str]:
    """Path and options of a plain name: what precedes the last question mark, and what follows it.

    The question mark belongs to the path if the path with it is a folder and the path without it is not.
    """
    head, mark, tail = text.rpartition("?")
    whole, head = os.path.expanduser(text), os.path.expanduser(head)
    if not mark or (is_folder(whole) and not is_folder(head)):
        return whole, ""
    only_head = is_folder(head) and not is_folder(whole)
    return (head, tail) if only_head or _option(tail) is not None else (whole, "")


def locate(name: str) -> Place:
    """The meaning of "folder:...", whether or not there is such a folder.

    A question mark begins the options, unless the path with the question mark is a folder.
    """
    text = name.removeprefix(PREFIX)
    if text.startswith("//"):
        location, _, options = text.partition("?")
        location = os.fsdecode(unquote_to_bytes(b"/" + location.lstrip("/").encode("utf-8", "surrogateescape")))
    else:
        location, options = _split_options(text)
    unknown = options if options and _option(options) is None else ""
    try:
        path = os.path.realpath(location) if location else ""
    except (OSError, ValueError):
        path = location
    return Place("/" + path.lstrip("/") if path.startswith("//") else path, bool(_option(options)), unknown)


def canonical(name: str) -> str:
    """The canonical name of a folder data set; other names are returned unchanged."""
    return locate(name).name if name.startswith(PREFIX) and name != PREFIX else name


def find(name: str) -> Place:
    """As `locate`, for a folder that exists.

    Raises:
        DataError: there is no such folder, or the option does not exist.
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
            f"'{printable(name)}': the option '{printable(place.unknown)}' is not known; "
            "choose invert=1 (exchange black and white) or leave it out. "
            "A question mark that belongs to the path is written %3F, after folder:// instead of folder:/."
        )
    return place
