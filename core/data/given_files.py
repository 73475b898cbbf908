"""The files that are given to be unpacked: single ones, and those in zips, with what each declares of itself.

A zip is refused before anything of it is unpacked if it declares too much, or is encrypted or damaged.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, BinaryIO

from core import settings
from core.data.folder_name import printable
from core.errors import UserFacingError

RATIO, UNSUSPECTED = 200, 20e6  # an archive may grow to so many times its size, or to so many bytes
DIRECTORY_BYTES = 2000  # of a zip's directory, per file that is allowed
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # the others can claim gigabytes of memory, and are rare
# What Python's zip reader raises for a damaged archive.
DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    IndexError,
    OverflowError,
)


class ArchiveError(UserFacingError, ValueError):
    """The pictures cannot be taken. The message says why, the limit and the remedy; nothing was kept."""


@dataclass(frozen=True)
class Limits:
    """What may be unpacked at once; the defaults are those of the settings.

    Attributes:
        megabytes: of all files together, unpacked.
        files: images.
        megapixels: of one image; larger ones are skipped.
        seconds: for all of it.
    """

    megabytes: float = 500
    files: int = 5000
    megapixels: float = 50
    seconds: float = 60


def limits_from_settings() -> Limits:
    """The limits according to the environment; see the table of settings in README.md."""
    return Limits(
        settings.value("IMPORT_UNPACKED_MB"),
        settings.value("IMPORT_FILES"),
        settings.value("IMPORT_MEGAPIXELS"),
        settings.value("IMPORT_SECONDS"),
    )


@dataclass(frozen=True)
class Entry:
    """One file that was given: its name as it came, its declared size, how it is opened, and why it is skipped."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    reason: str = ""


def short_name(name: str) -> str:
    """A name as it came, printable and of at most 100 characters."""
    text = printable(name)
    return text if len(text) <= 100 else text[:60] + "…" + text[-39:]


def entries_of(name: str, file: BinaryIO, limits: Limits, opened: contextlib.ExitStack, alone: bool) -> Iterator[Entry]:
    """The files that a given file stands for: itself, or what is in it if it is a zip.

    Unless it is the only one, the files of a zip are in a folder that is called like it.
    """
    if not name.lower().endswith(".zip"):
        yield Entry(name, file.seek(0, os.SEEK_END), lambda: _from_start(file))
        return
    shown, packed = short_name(name), file.seek(0, os.SEEK_END)
    try:
        if _directory_bytes(file, packed) > DIRECTORY_BYTES * limits.files:
            raise ArchiveError(f"{shown} lists too many files. Give a zip of at most {limits.files:,} images.")
        archive = opened.enter_context(zipfile.ZipFile(file))
    except DAMAGES as error:
        if isinstance(error, ArchiveError):
            raise
        raise ArchiveError(
            f"{shown} is not a zip that can be opened ({type(error).__name__}). Pack the images again."
        ) from None
    infos = [
        info for info in archive.infolist() if not info.orig_filename.endswith("/")
    ]  # not `is_dir`, which fails on an empty name
    if any(info.flag_bits & 1 for info in infos):
        raise ArchiveError(f"{shown} is encrypted. Pack the images again without a password.")
    declared = sum(info.file_size for info in infos)
    if declared > max(RATIO * packed, UNSUSPECTED):
        raise ArchiveError(
            f"{shown} would grow from {packed / 1e6:.2f} to {declared / 1e6:,.0f} MB, which no zip of images does. "
            "Give the images themselves."
        )
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        reason = ""
        if kind not in (0, stat.S_IFREG):
            reason = "a link, and links are not followed" if kind == stat.S_IFLNK else "not a regular file"
        elif info.compress_type not in METHODS:
            reason = "packed in a way that is not read here"
        # `filename` ends at a zero byte; the name as it came does not
        inside = info.orig_filename if alone else f"{name[:-4]}/{info.orig_filename}"
        yield Entry(inside, info.file_size, lambda info=info: archive.open(info), reason)


def _from_start(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _directory_bytes(file: BinaryIO, size: int) -> int:
    """The length of a zip's directory as its end declares it, since reading a long one takes much memory; 0 if absent.

    Layout: PKWARE APPNOTE 6.3, sections 4.3.14 to 4.3.16.
    """
    file.seek(max(size - 65_600, 0))
    end = file.read()
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) < at + 20:
        return 0
    (length,) = struct.unpack_from("<L", end, at + 12)
    large = end.rfind(b"PK\x06\x06", 0, at)
    if large >= 0 and len(end) >= large + 48:
        length = max(length if length != 0xFFFFFFFF else 0, *struct.unpack_from("<Q", end, large + 40))
    return length
