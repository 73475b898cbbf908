"""Untrusted image files, single or in a zip, are put into a folder of their own: safely, or not at all.

No name from an archive is used as a path. Each is taken apart at its slashes, and its parts are written with safe
characters and in a bounded length below a new folder. Symbolic links and special files are not made. Sizes are limited
twice: as the archive declares them, before anything is unpacked, and as they turn out to be. The folder gets its name
only when it is complete; after an error nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

from core.data.folder_listing import UNREAD, belongs_to_a_tool
from core.data.given_files import (
    DAMAGES,
    ArchiveError,
    Entry,
    Limits,
    entries_of,
    limits_from_settings,
    short_name,
)
from core.data.image_file import formats, suffixes
from core.data.safe_paths import parts_of, safe_paths
from core.errors import FAILURE, UserFacingError

CHUNK = 1 << 16
DEEPEST = 8  # parts of a path
ARCHIVES = {".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz"}
Result = TypeVar("Result")


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
        self.skipped.append(f"{short_name(name)}: {reason}")


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
            entries = [entry for name, file in given for entry in entries_of(name, file, limits, opened, alone)]
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


def _plan(entries: Sequence[Entry], budget: _Budget) -> list[tuple[Entry, tuple[str, ...]]]:
    """The entries that are taken, each with the parts of its path in the new folder; the others are reported."""
    most = budget.limits.files
    if len(entries) > 10 * most:
        raise ArchiveError(f"There are {len(entries):,} files; at most {most:,} images are taken. Give fewer.")
    found: list[tuple[Entry, tuple[str, ...]]] = []
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


def _write(entry: Entry, path: Path, budget: _Budget) -> bool:
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
