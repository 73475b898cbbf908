"""Pictures from strangers, as a zip or as single files, put into a folder of their own: safely, or not at all.

No name from an archive is used as a path. Each is taken apart at its slashes, and its parts are written with safe
characters and in a bounded length below a new folder. Symbolic links and special files are not made. Sizes are limited
twice: as the archive declares them, before anything is unpacked, and as they turn out to be. The folder gets its name
only when it is complete; after an error nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, TypeVar

from core import settings
from core.data.folder_listing import UNREAD, belongs_to_a_tool
from core.data.folder_name import printable
from core.data.image_file import formats, suffixes
from core.data.safe_paths import parts_of, safe_paths
from core.errors import FAILURE, UserFacingError

CHUNK = 1 << 16
DEEPEST = 8  # parts of a path
RATIO, UNSUSPECTED = 200, 20e6  # an archive may grow to so many times its size, or to so many bytes
DIRECTORY_BYTES = 2000  # of a zip's directory, per file that is allowed
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # the others can claim gigabytes of memory, and are rare
ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
Result = TypeVar("Result")
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
class Unpacked:
    """What was taken.

    Attributes:
        folder: where it is.
        files: number of files in it.
        skipped: files that were not taken, one line each: the path and the reason.
    """

    folder: Path
    files: int
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """One file that was given: its name as it came, its declared size, how it is opened, and why it is skipped."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]
    reason: str = ""


@dataclass
class _Budget:
    """What is left of the limits."""

    limits: Limits
    until: float
    bytes: int = 0
    skipped: list[str] = field(default_factory=list[str])

    def spend(self, count: int) -> None:
        """Count so many bytes.

        Raises:
            ArchiveError: more than the limit, or the time is up.
        """
        self.bytes += count
        if self.bytes > self.limits.megabytes * 1e6:
            raise ArchiveError(
                f"Unpacked, the files have more than {self.limits.megabytes:g} MB. Give fewer or smaller images."
            )
        if time.monotonic() > self.until:
            raise ArchiveError(f"Unpacking took longer than {self.limits.seconds:g} s. Give fewer or smaller images.")

    def skip(self, name: str, reason: str) -> None:
        """Report a file that is not taken."""
        self.skipped.append(f"{_shown(name)}: {reason}")


def _shown(name: str) -> str:
    text = printable(name)
    return text if len(text) <= 100 else text[:60] + "…" + text[-39:]


def unpack(given: Sequence[tuple[str, BinaryIO]], folder: Path, limits: Limits | None = None) -> Unpacked:
    """Put images into a new folder.

    Args:
        given: names with slashes and open files; files called *.zip are unpacked. If all images lie in one folder and
            below it in others, that folder is left out, so that the others are the classes.
        folder: must not exist or be empty; only this user can read it.
        limits: by default those of the settings.

    Raises:
        ArchiveError: too much of something, a zip that is damaged or encrypted, or no image at all.
        OSError: the folder cannot be written.
    """
    limits = limits or limits_from_settings()
    budget = _Budget(limits, time.monotonic() + limits.seconds)
    folder.parent.mkdir(parents=True, exist_ok=True)
    private = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        with contextlib.ExitStack() as opened:
            alone = len(given) == 1
            entries = [entry for name, file in given for entry in _entries(name, file, limits, opened, alone)]
            plan = _plan(entries, budget)
            files = sum(_write(entry, private.joinpath(*parts), budget) for entry, parts in plan)
        if not files:
            why = f" ({'; '.join(budget.skipped[:3])})" if budget.skipped else ""
            raise ArchiveError(f"There is no image in it that can be used{why}. Give PNG, JPEG or similar files.")
        os.replace(private, folder)
    except BaseException:
        shutil.rmtree(private, ignore_errors=True)
        raise
    return Unpacked(folder, files, tuple(budget.skipped))


def _entries(name: str, file: BinaryIO, limits: Limits, opened: contextlib.ExitStack, alone: bool) -> Iterator[_Entry]:
    """The files that a given file stands for: itself, or what is in it if it is a zip.

    Unless it is the only one, the files of a zip are in a folder that is called like it.
    """
    if not name.lower().endswith(".zip"):
        yield _Entry(name, file.seek(0, os.SEEK_END), lambda: _from_start(file))
        return
    shown, packed = _shown(name), file.seek(0, os.SEEK_END)
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
        yield _Entry(inside, info.file_size, lambda info=info: archive.open(info), reason)


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


def _plan(entries: Sequence[_Entry], budget: _Budget) -> list[tuple[_Entry, tuple[str, ...]]]:
    """The entries that are taken, each with the parts of its path in the new folder; the others are reported."""
    most = budget.limits.files
    if len(entries) > 10 * most:
        raise ArchiveError(f"There are {len(entries):,} files; at most {most:,} images are taken. Give fewer.")
    found: list[tuple[_Entry, tuple[str, ...]]] = []
    for entry in entries:
        parts = parts_of(entry.name)
        suffix = os.path.splitext(entry.name)[1].lower()
        if parts is not None and any(map(belongs_to_a_tool, parts)):
            continue
        if parts is None:
            budget.skip(entry.name, "its path leads out of the folder")
        elif entry.reason:
            budget.skip(entry.name, entry.reason)
        elif suffix in UNREAD:
            budget.skip(entry.name, f"{suffix} files are not read here; convert it to PNG or JPEG")
        elif suffix in ARCHIVES:
            budget.skip(entry.name, "archives in a zip, and kinds other than zip, are not unpacked")
        elif suffix not in suffixes():
            budget.skip(entry.name, "not an image file")
        elif len(parts) > DEEPEST:
            budget.skip(entry.name, f"more than {DEEPEST} folders deep")
        else:
            found.append((entry, parts))
    if len(found) > most:
        raise ArchiveError(f"There are {len(found):,} images; at most {most:,} are taken at once. Give fewer.")
    declared = sum(entry.size for entry, _ in found)
    if declared > budget.limits.megabytes * 1e6:
        budget.spend(declared)
    while found and all(len(parts) > 2 and parts[0] == found[0][1][0] for _, parts in found):
        found = [(entry, parts[1:]) for entry, parts in found]
    paths = safe_paths([parts for _, parts in found])
    return [(entry, path) for (entry, _), path in zip(found, paths, strict=True)]


def _write(entry: _Entry, path: Path, budget: _Budget) -> bool:
    """Write one file; returns whether it was taken. Damaged and too large ones are removed again and reported."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        source = _carefully(entry.open)
        with path.open("xb") as target:
            while chunk := _carefully(lambda: source.read(CHUNK)):
                budget.spend(len(chunk))
                target.write(chunk)
        reason = _too_large(path, budget.limits.megapixels)
    except _Damaged as error:
        reason = f"damaged in the zip ({error})"
    if reason:
        path.unlink(missing_ok=True)
        budget.skip(entry.name, reason)
    return not reason


class _Damaged(UserFacingError):
    """What is in a zip cannot be unpacked; the report says so."""

    exit_code = FAILURE


def _carefully(step: Callable[[], Result]) -> Result:
    """The result of a step of unpacking.

    Raises:
        _Damaged: the step cannot be done, for any of many reasons.
    """
    try:
        return step()
    except DAMAGES as error:
        raise _Damaged(str(error)[:80] or type(error).__name__) from None


def _too_large(path: Path, megapixels: float) -> str:
    """Why an image has too many pixels; "" if it has not, or if its reader has to say what is wrong with it."""
    from PIL import Image

    try:
        with Image.open(path, formats=formats()) as image:
            count = image.width * image.height / 1e6
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        count = float("inf")
    except Exception:  # Pillow raises many kinds for what is not an image
        return ""
    if count <= megapixels:
        return ""
    size = f"{count:.0f} million" if count < 1e6 else "too many"
    return f"{size} pixels; at most {megapixels:g} million are read"
