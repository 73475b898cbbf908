"""The files of a folder data set, before any of them is opened, and a fingerprint that shows whether they changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from core.data.dataset import DataError
from core.data.folder_name import Place, is_folder, printable
from core.data.image_file import suffixes

MAX_FILES = 100_000
MAX_ENTRIES = 10 * MAX_FILES  # files and folders of any kind below the folder
# Folders that programs make for themselves. Those whose name begins with a dot are skipped as well.
TOOL_FOLDERS = {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
# Files that users expect to be read as images and that are not.
UNREAD = {
    # photographs
    ".heic",
    ".heif",
    ".jxl",
    ".raw",
    ".dng",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".orf",
    ".rw2",
    ".raf",
    # drawings
    ".svg",
    ".eps",
    ".ps",
    ".pdf",
    ".ai",
}


class File(NamedTuple):
    """A file that may be an image: the parts of its path below the folder, and its whole path."""

    parts: tuple[str, ...]
    path: str


@dataclass(frozen=True)
class Listing:
    """The files of a folder.

    Attributes:
        files: those that may be images, in a fixed order.
        refused: files that cannot be read, one line each: the path and the reason.
        fingerprint: of names, sizes and modification times, 16 hex digits.
    """

    files: tuple[File, ...]
    refused: tuple[str, ...]
    fingerprint: str


def belongs_to_a_tool(name: str) -> bool:
    """Whether a file or folder of this name was made by a program for itself, or is hidden."""
    return name.startswith(".") or name.lower() in TOOL_FOLDERS


def _entries(root: str, refused: list[str]) -> Iterator[tuple[tuple[str, ...], os.DirEntry[str]]]:
    """Every file below a folder with the parts of its path; folders that cannot be read are appended to `refused`.

    Symbolic links to folders are followed, and each real folder is read once. Links come last, so that images belong to
    the folder that contains them and not to one that links there.
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[tuple[str, ...], str]] = [((), root)]
    links: list[tuple[tuple[str, ...], str]] = []
    count = 0
    while waiting or links:
        links.sort()
        parts, folder = waiting.pop() if waiting else links.pop(0)
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            if not parts:
                raise
            refused.append(f"{printable('/'.join(parts))}: cannot be read ({error.strerror or error})")
            continue
        count += len(entries)
        if count > MAX_ENTRIES:
            raise DataError(
                f"{printable(root)} holds more than {MAX_ENTRIES:,} files and folders. Give a folder of images."
            )
        for entry in entries:
            below = (*parts, entry.name)
            if belongs_to_a_tool(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((below, entry.path))
            elif entry.is_symlink() and is_folder(entry.path):
                links.append((below, entry.path))
            else:
                yield below, entry


def listing(place: Place) -> Listing:
    """The files below a folder; takes about a second for 100,000 files.

    Raises:
        DataError: the folder cannot be read, or contains more than `MAX_ENTRIES` files and folders.
    """
    known = suffixes()
    files: list[tuple[tuple[str, ...], str, int, int]] = []  # parts, path, size, modification time
    refused: list[str] = []  # these lines enter the fingerprint
    try:
        for parts, entry in _entries(place.path, refused):
            suffix = os.path.splitext(entry.name)[1].lower()
            if suffix in UNREAD:
                refused.append(
                    f"{printable('/'.join(parts))}: {suffix} files are not read here; convert it to PNG or JPEG"
                )
            elif suffix in known:
                try:
                    status = entry.stat()
                except OSError:
                    why = "the link leads nowhere" if entry.is_symlink() else "cannot be read"
                    refused.append(f"{printable('/'.join(parts))}: {why}")
                    continue
                if not entry.is_file():
                    continue
                files.append((parts, entry.path, status.st_size, status.st_mtime_ns))
    except OSError as error:
        raise DataError(f"{printable(place.path)} cannot be read ({error}). Check its permissions.") from error
    files.sort()
    sha = hashlib.sha256()
    for parts, _, size, modified in files:
        sha.update(repr((parts, size, modified)).encode("utf-8", "surrogatepass"))
    sha.update(repr(sorted(refused)).encode())
    return Listing(tuple(File(parts, path) for parts, path, *_ in files), tuple(refused), sha.hexdigest()[:16])
