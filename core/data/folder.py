"""A user's own images as a data set: `folder:PATH`; its sub-folders are the classes.

A folder is read in three steps: `core.data.folder_name.find` resolves its name, `core.data.folder_listing.listing`
finds the files and a fingerprint of their names, sizes and times, and `load_folder` reads the images
(`core.data.image_file`). A folder with an unchanged fingerprint is not read again.
"""

from __future__ import annotations

import contextlib
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from core.data.dataset import SPLIT_SEED, DataError, Dataset, digest_of, stratified_split
from core.data.folder_listing import MAX_FILES, Listing, listing
from core.data.folder_name import Place, find, printable, token_of
from core.data.form import Form
from core.data.image_file import Finished, Reading, finish, read, suffixes
from core.errors import UserFacingError, error_text
from core.recent import IMAGES, Recent

LEAST = 10  # the smallest number of images
ROLES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
LOOSE = "images"  # the class of images that are in no sub-folder

_loaded = Recent(IMAGES)  # the data sets of folders, by name and fingerprint


def load_folder(name: str, progress: Callable[[int, int], None] | None = None, most: int = MAX_FILES) -> Dataset:
    """The current images of a folder data set. Files that cannot be read are skipped and listed.

    A folder whose fingerprint has not changed since it was last read is not read again.

    Args:
        name: "folder:PATH", see `core.data.folder_name`.
        progress: called with the number of files read so far and the number of all files.
        most: number of image files that the folder may hold.

    Raises:
        DataError: there is no such folder or option, no readable image, or too few or too many of them.
    """
    place = find(name)
    found = listing(place)
    return _loaded.get((place.name, found.fingerprint), lambda: _read(place, found, progress, most))


HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def _reason(error: Exception, path: str) -> str:
    """Why a file is skipped, in words."""
    if isinstance(error, UserFacingError):  # an intact file that cannot be used
        return str(error)
    if type(error).__name__ == "UnidentifiedImageError":
        return _what_it_is(path)
    return f"damaged ({error_text(error, 80)})"


def _what_it_is(path: str) -> str:
    """A description of a file that Pillow does not recognise as an image."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        start = file.read(12)
        if not start:
            return "the file is empty"
        if start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS:  # phones and messengers rename them
            return "a HEIC file, whatever its name says, and HEIC is not read here; convert it to PNG or JPEG"
    return "not an image of a kind that is read here, whatever its name says"


def _read(place: Place, found: Listing, progress: Callable[[int, int], None] | None, most: int) -> Dataset:
    """Read the files of a listing; errors as in `load_folder`."""
    where = printable(place.path)
    if not found.files:
        kinds = ", ".join(sorted(suffixes() & {".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".bmp"}))
        others = f" ({len(found.refused)} files cannot be read: {found.refused[0]}.)" if found.refused else ""
        raise DataError(
            f"{where} holds no image. Put {kinds} or similar files in it, one sub-folder per class.{others}"
        )
    if len(found.files) > most:
        raise DataError(f"{where} holds {len(found.files)} images, more than {most}. Use a smaller folder.")
    readings: list[Reading] = []
    used: list[tuple[str, ...]] = []
    paths: list[str] = []
    skipped = list(found.refused)
    for i, file in enumerate(found.files):
        if progress is not None:
            progress(i, len(found.files))
        try:
            readings.append(read(Path(file.path), place.form))
            used.append(file.parts)
            paths.append(file.path)
        except Exception as error:  # Pillow raises many kinds for damaged or malicious files
            skipped.append(f"{printable('/'.join(file.parts))}: {_reason(error, file.path)}")
    if progress is not None:
        progress(len(found.files), len(found.files))
    if len(readings) < LEAST:
        why = "; ".join(skipped[:3]) or "too few"
        raise DataError(
            f"{where}: only {len(readings)} of {len(readings) + len(skipped)} files are readable images ({why}). "
            f"At least {LEAST} are needed."
        )
    finished = finish(readings, place.form)
    notes = list(_notes(readings, finished, place.form))
    by_role = _roles(used)
    groups = [parts[1:] if by_role else parts for parts in used]
    names, labels = _classes(groups)
    if by_role:
        train, test, note = _given_split(used, by_role)
        notes.insert(0, note)
    else:
        train, test = stratified_split(labels)
        if len(test) == 0:
            raise DataError(
                f"{where}: no class has enough images to hold one out for testing. Give at least three per class."
            )
        if hint := _hint(used):
            notes.append(hint)
    stack = finished.images.reshape(-1, *place.form.shape.chw)
    arrays = stack[train], labels[train], stack[test], labels[test]
    for array in arrays:
        array.setflags(write=False)  # shared by all visitors
    return Dataset(
        place.name,
        place.title,
        names,
        *arrays,
        digest=digest_of(*arrays),
        skipped=tuple(skipped),
        notes=tuple(notes),
        fingerprint=found.fingerprint,
        paths=tuple(paths[i] for i in np.concatenate([train, test])),
    )


def _classes(groups: list[tuple[str, ...]]) -> tuple[tuple[str, ...], np.ndarray]:
    """Class names, and the label of each file: the first folder of its path. Files in no folder are one more class."""
    loose = (LOOSE, 1) if any(parts[0] == LOOSE for parts in groups if len(parts) > 1) else (LOOSE, 0)
    keys = [(parts[0], 0) if len(parts) > 1 else loose for parts in groups]
    order = sorted(set(keys))
    names: list[str] = []
    for name, beside in order:
        text = printable(name) + (" (in no sub-folder)" if beside else "")
        while text in names:
            text += "'"
        names.append(text)
    number = {key: i for i, key in enumerate(order)}
    return tuple(names), np.array([number[key] for key in keys], dtype=np.int64)


def _roles(used: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Top folder -> "train", "test" or "validation", if the folder is divided into these; else {}."""
    tops = {parts[0] for parts in used if len(parts) > 1}
    roles = {top: ROLES[top.lower()] for top in tops if top.lower() in ROLES}
    whole = len(roles) == len(tops) and all(len(parts) > 1 for parts in used)
    return roles if whole and "train" in roles.values() and len(set(roles.values())) > 1 else {}


def _given_split(used: list[tuple[str, ...]], roles: dict[str, str]) -> tuple[np.ndarray, np.ndarray, str]:
    """Training and test indices as divided by the top folders, in shuffled order, and a sentence about the split.

    Validation images are the test images if there are no others; otherwise they are not used.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    kinds = np.array([roles[parts[0]] for parts in used])
    tested = "test" if "test" in roles.values() else "validation"
    train, test = (rng.permutation(np.flatnonzero(kinds == kind)) for kind in ("train", tested))
    folders = {
        kind: " and ".join(sorted(f"{printable(top)}/" for top, role in roles.items() if role == kind))
        for kind in set(roles.values())
    }
    unused = int((kinds == "validation").sum()) if tested == "test" else 0
    more = f"; the {unused} images in {folders['validation']} are not used" if unused else ""
    return (
        train,
        test,
        f"trained on {folders['train']}, tested on {folders[tested]}; the classes are the folders inside{more}",
    )


def _hint(used: list[tuple[str, ...]]) -> str:
    """A hint if the folder looks as if another one was meant; "" otherwise."""
    tops = Counter(parts[0] for parts in used if len(parts) > 1)
    inner = {parts[1] for parts in used if len(parts) > 2}
    if len(tops) == 1 and sum(tops.values()) == len(used) and len(inner) > 1:
        top = printable(next(iter(tops)))
        return (
            f"all images lie in one sub-folder, {top}/, so there is one class; "
            f"if the {len(inner)} folders inside it are the classes, give the path of {top}/"
        )
    if len(tops) > 1 and (roles := sorted(top for top in tops if top.lower() in ROLES)):
        named = ", ".join(f"{printable(role)}/" for role in roles)
        return (
            f"{named} count as classes like any other folder; "
            "a given split needs train/ and test/ and nothing beside them"
        )
    return ""


def _notes(readings: list[Reading], finished: Finished, form: Form) -> Iterator[str]:
    """Sentences about the choices that were made for these images."""
    if finished.ground is not None:
        count, others = sum(r.on_white is not None for r in readings), finished.other_ground
        here, there = ("white", "black") if finished.ground else ("black", "white")
        exceptions = f", {others} of them on {there}, since they cannot be seen on {here}" if others else ""
        yield f"{count} transparent images were laid on {here}{exceptions}"
    if finished.white is not None:
        count = sum(r.deep is not None for r in readings)
        grey = "; they stay grey" if form.color else ""
        yield f"{count} images have more than 8 bits; white is {finished.white:g} in all of them{grey}"
    if several := sum(r.frames for r in readings):
        yield f"{several} files hold several frames or pages; the first one of each is used"


def changed(dataset: Dataset) -> Dataset | None:
    """The current images of the folder of a data set if they differ from it; None if the folder has not changed.

    Files are read only if the fingerprint has changed.

    Raises:
        DataError: the folder cannot be used any more.
    """
    place = find(dataset.name)
    if dataset.fingerprint == listing(place).fingerprint:
        return None
    now = load_folder(dataset.name)
    return None if now.digest == dataset.digest else now


FIRST = 5  # number of skipped files that are named; `python -m core data` names all of them


def what_was_read(dataset: Dataset) -> list[str]:
    """A report on the images of a folder, in lines: their number, the choices made, the files skipped and why."""
    count, missed = sum(dataset.counts), len(dataset.skipped)
    classes = f"{len(dataset.classes)} {'class' if len(dataset.classes) == 1 else 'classes'}"
    lines = [f"{dataset.name}: {count} images in {classes}", *(f"note: {note}." for note in dataset.notes)]
    if missed:
        lines.append(f"skipped: {missed} of {count + missed} files cannot be used:")
        lines += [f"  {line}" for line in dataset.skipped[:FIRST]]
        if missed > FIRST:
            command = f"python -m core data {shlex.quote(dataset.name)}"
            others = "" if token_of(dataset.name) else f"; `{command}` lists all of them"
            lines.append(f"  and {missed - FIRST} more{others}")
    return lines
