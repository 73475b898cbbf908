"""A person's own images as a data set: `folder:PATH`; its sub-folders are the classes.

A folder is read in three steps. `locate` turns what was typed into one canonical name, so that two spellings of a folder are one
data set and a relative path means the same folder tomorrow. `listing` finds the files and a fingerprint of their names, sizes and
times, which tells cheaply whether a folder that was read before has changed. `load_folder` reads the files (`core.data.image_file`).

    folder:PATH             the images as they are
    folder:PATH?invert=1    black and white exchanged
    folder://PATH           for paths that no plain text can hold: %XX stands for one byte, as in a URL
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shlex
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

import numpy as np

from core.data.dataset import SPLIT_SEED, DataError, Dataset, digest_of, stratified_split
from core.data.image_file import Reading, finish, read, suffixes
from core.errors import UserFacingError, error_text

PREFIX = "folder:"
MAX_FILES = 100_000
MAX_ENTRIES = 10 * MAX_FILES  # files and folders of any kind that are looked at
LEAST = 10  # images
# Folders that programs make for themselves. Those whose name begins with a dot are passed over as well.
TOOL_FOLDERS = {"__macosx", "__pycache__", "@eadir", "$recycle.bin", "system volume information", "lost+found"}
# Files that people take for images and that are not read here.
UNREAD = {
    ".heic",
    ".heif",
    ".jxl",
    ".svg",
    ".eps",
    ".ps",
    ".pdf",
    ".ai",
    ".raw",
    ".dng",
    ".cr2",
    ".cr3",
    ".nef",
    ".arw",
    ".orf",
    ".rw2",
    ".raf",
}
ROLES = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
LOOSE = "images"  # the class of images that lie in no sub-folder
REMEMBERED = 4  # folders whose images stay in memory

_loaded: OrderedDict[str, tuple[str, Dataset]] = OrderedDict()
_lock = threading.Lock()


# ---------------------------------------------------------------------------------------------------------------- names


@dataclass(frozen=True)
class Place:
    """A folder as it is meant.

    Attributes:
        path: absolute, its symbolic links resolved.
        invert: exchange black and white.
        unknown: options that do not exist, as they were typed.
    """

    path: str
    invert: bool = False
    unknown: str = ""

    @property
    def name(self) -> str:
        """The one name of this data set: printable text, whatever bytes the path is made of."""
        plain = self.path.isprintable() and not set("?`") & set(self.path) and not self.path.startswith("//")
        text = (
            self.path
            if plain
            else "//" + "".join(c if c.isprintable() and c not in "?%`" else _quoted(c) for c in self.path).lstrip("/")
        )
        return PREFIX + text + ("?invert=1" if self.invert else "")

    @property
    def title(self) -> str:
        """For people."""
        return f"Folder {shown(os.path.basename(self.path) or self.path)}" + (", inverted" if self.invert else "")


def _bytes(character: str) -> bytes:
    try:
        return os.fsencode(character)
    except UnicodeEncodeError:
        return character.encode("utf-8", "surrogatepass")


def _quoted(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in _bytes(character))


def shown(text: str) -> str:
    """Text from a file system as it can be printed and sent: what is not printable as its bytes, \\x0a for a new line."""
    return "".join(c if c.isprintable() else "".join(f"\\x{byte:02x}" for byte in _bytes(c)) for c in text)


def _is_folder(location: str) -> bool:
    try:
        return bool(location) and os.path.isdir(location)
    except (OSError, ValueError):  # a name too long, a zero byte
        return False


def _option(text: str) -> bool | None:
    """What `invert` an option's text sets; None if it is no known option."""
    return {"invert=1": True, "invert=0": False}.get(text)


def locate(name: str) -> Place:
    """What "folder:..." means, whether or not there is such a folder.

    A question mark begins the options; one that belongs to the path is understood where the path with it is a folder.
    """
    text = name.removeprefix(PREFIX)
    if text.startswith("//"):
        location, _, options = text.partition("?")
        location = os.fsdecode(unquote_to_bytes("/".encode() + location.lstrip("/").encode("utf-8", "surrogateescape")))
    else:
        head, mark, tail = text.rpartition("?")
        whole, head = os.path.expanduser(text), os.path.expanduser(head)
        cut = (
            mark
            and (_is_folder(head) or not _is_folder(whole))
            and (_option(tail) is not None or (_is_folder(head) and not _is_folder(whole)))
        )
        location, options = (head, tail) if cut else (whole, "")
    unknown = options if options and _option(options) is None else ""
    try:
        path = os.path.realpath(location) if location else ""
    except (OSError, ValueError):
        path = location
    return Place("/" + path.lstrip("/") if path.startswith("//") else path, bool(_option(options)), unknown)


def canonical(name: str) -> str:
    """The one name of the data set that `name` means; names of other data sets are returned as they are."""
    return locate(name).name if name.startswith(PREFIX) and name != PREFIX else name


def find(name: str) -> Place:
    """As `locate`, of a folder that is there.

    Raises:
        DataError: there is no such folder, or an option that does not exist.
    """
    place = locate(name)
    if not _is_folder(place.path):
        where = shown(name.removeprefix(PREFIX)) or "an empty path"
        raise DataError(
            f"'{shown(name)}': {where} is not a folder. Give the path of a folder of images, with one sub-folder per class."
        )
    if place.unknown:
        raise DataError(
            f"'{shown(name)}': the option '{shown(place.unknown)}' is not known; choose invert=1 (exchange black and white) or leave it out. "
            "A question mark that belongs to the path is written %3F, after folder:// instead of folder:/."
        )
    return place


# ---------------------------------------------------------------------------------------------------------------- files


@dataclass(frozen=True)
class Listing:
    """The files of a folder, before any is opened.

    Attributes:
        files: (parts of the path below the folder, path) of every file that may be an image, in a fixed order.
        refused: what cannot be read, a line each: the path and the reason.
        fingerprint: of names, sizes and times of change.
    """

    files: tuple[tuple[tuple[str, ...], str], ...]
    refused: tuple[str, ...]
    fingerprint: str


def _tool(name: str) -> bool:
    return name.startswith(".") or name.lower() in TOOL_FOLDERS


def _entries(root: str, refused: list[str]) -> Iterator[tuple[tuple[str, ...], os.DirEntry[str]]]:
    """Every file below a folder with the parts of its path. Symbolic links to folders are followed, each real folder is read once.

    Links come after everything else, so that images belong to the folder they lie in and not to one that links there.
    """
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[tuple[str, ...], str]] = [((), root)]
    links: list[tuple[tuple[str, ...], str]] = []
    count = 0
    while waiting or links:
        links.sort()
        parts, folder = waiting.pop() if waiting else links.pop(0)
        try:
            at = os.stat(folder)
            if (at.st_dev, at.st_ino) in seen:
                continue
            seen.add((at.st_dev, at.st_ino))
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            if not parts:
                raise
            refused.append(f"{shown('/'.join(parts))}: cannot be read ({error.strerror or error})")
            continue
        count += len(entries)
        if count > MAX_ENTRIES:
            raise DataError(
                f"{shown(root)} holds more than {MAX_ENTRIES:,} files and folders. Give a folder of images."
            )
        for entry in entries:
            below = (*parts, entry.name)
            if _tool(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((below, entry.path))
            elif entry.is_symlink() and _is_folder(entry.path):
                links.append((below, entry.path))
            else:
                yield below, entry


def listing(place: Place) -> Listing:
    """The files below a folder, found in about a second for 100,000.

    Raises:
        DataError: the folder cannot be read, or holds too many files.
    """
    known, files, refused, sha = suffixes(), [], [], hashlib.sha256()
    try:
        for parts, entry in _entries(place.path, refused):
            suffix = os.path.splitext(entry.name)[1].lower()
            if suffix in UNREAD:
                refused.append(f"{shown('/'.join(parts))}: {suffix} files are not read here; convert it to PNG or JPEG")
            elif suffix in known:
                try:
                    at = entry.stat()
                except OSError:
                    refused.append(
                        f"{shown('/'.join(parts))}: the link leads nowhere"
                        if entry.is_symlink()
                        else f"{shown('/'.join(parts))}: cannot be read"
                    )
                    continue
                if not entry.is_file():
                    continue
                files.append((parts, entry.path, at.st_size, at.st_mtime_ns))
    except OSError as error:
        raise DataError(f"{shown(place.path)} cannot be read ({error}). Check its permissions.") from error
    files.sort()
    for parts, _, size, modified in files:
        sha.update(repr((parts, size, modified)).encode("utf-8", "surrogatepass"))
    sha.update(repr(sorted(refused)).encode())
    return Listing(tuple((parts, path) for parts, path, *_ in files), tuple(refused), sha.hexdigest()[:16])


# --------------------------------------------------------------------------------------------------------------- images


def load_folder(name: str, progress: Callable[[int, int], None] = lambda done, total: None) -> Dataset:
    """The images below "folder:PATH" as they are now. An unusable file among many is skipped and listed.

    A folder that has not changed since it was last read, by its fingerprint, is not read again.

    Args:
        progress: called with the files read so far, and how many there are.

    Raises:
        DataError: no such folder or option, nothing readable, or too few images.
    """
    place = find(name)
    found = listing(place)
    with _lock:
        known = _loaded.get(place.name)
        if known is not None and known[0] == found.fingerprint:
            _loaded.move_to_end(place.name)
            return known[1]
    dataset = _read(place, found, progress)
    with _lock:
        _loaded[place.name] = found.fingerprint, dataset
        while len(_loaded) > REMEMBERED:
            _loaded.popitem(last=False)
    return dataset


HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def _reason(error: Exception, path: str) -> str:
    """Why a file is skipped, in words."""
    if isinstance(error, UserFacingError):  # a sound file that cannot be used: the message says why
        return str(error)
    if type(error).__name__ == "UnidentifiedImageError":
        return _what_it_is(path)
    return f"damaged ({error_text(error, 80)})"


def _what_it_is(path: str) -> str:
    """What is known about a file that is no image of a kind that is read here."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        start = file.read(12)
        if not start:
            return "the file is empty"
        if start[4:8] == b"ftyp" and start[8:12] in HEIF_BRANDS:  # phones and chat programs rename them
            return "a HEIC file, whatever its name says, and HEIC is not read here; convert it to PNG or JPEG"
    return "not an image of a kind that is read here, whatever its name says"


def _read(place: Place, found: Listing, progress: Callable[[int, int], None]) -> Dataset:
    where = shown(place.path)
    if not found.files:
        kinds = ", ".join(sorted(suffixes() & {".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".bmp"}))
        others = f" ({len(found.refused)} files cannot be read: {found.refused[0]}.)" if found.refused else ""
        raise DataError(
            f"{where} holds no image. Put {kinds} or similar files in it, one sub-folder per class.{others}"
        )
    if len(found.files) > MAX_FILES:
        raise DataError(f"{where} holds {len(found.files)} images, more than {MAX_FILES}. Use a smaller folder.")
    readings: list[Reading] = []
    used: list[tuple[str, ...]] = []
    paths: list[str] = []
    skipped = list(found.refused)
    for i, (parts, path) in enumerate(found.files):
        progress(i, len(found.files))
        try:
            readings.append(read(Path(path), place.invert))
            used.append(parts)
            paths.append(path)
        except Exception as error:  # Pillow raises many kinds for damaged or hostile files
            skipped.append(f"{shown('/'.join(parts))}: {_reason(error, path)}")
    progress(len(found.files), len(found.files))
    if len(readings) < LEAST:
        why = "; ".join(skipped[:3]) or "too few"
        raise DataError(
            f"{where}: only {len(readings)} of {len(readings) + len(skipped)} files are readable images ({why}). At least {LEAST} are needed."
        )
    finished = finish(readings, place.invert)
    notes = list(_notes(readings, finished.ground, finished.other_ground, finished.white))
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
    stack = finished.images[:, None]
    arrays = stack[train], labels[train], stack[test], labels[test]
    for array in arrays:
        array.setflags(write=False)  # shared by every visitor
    order = tuple(paths[i] for i in np.concatenate([train, test]))
    told = {"skipped": tuple(skipped), "notes": tuple(notes), "fingerprint": found.fingerprint, "paths": order}
    return Dataset(place.name, place.title, names, *arrays, digest=digest_of(*arrays), **told)


def _classes(groups: list[tuple[str, ...]]) -> tuple[tuple[str, ...], np.ndarray]:
    """Class names and the label of each file: the first folder of its path. Files in none have a class of their own."""
    loose = (LOOSE, 1) if any(parts[0] == LOOSE for parts in groups if len(parts) > 1) else (LOOSE, 0)
    keys = [(parts[0], 0) if len(parts) > 1 else loose for parts in groups]
    order = sorted(set(keys))
    names: list[str] = []
    for name, beside in order:
        text = shown(name) + (" (in no sub-folder)" if beside else "")
        while text in names:
            text += "'"
        names.append(text)
    number = {key: i for i, key in enumerate(order)}
    return tuple(names), np.array([number[key] for key in keys], dtype=np.int64)


def _roles(used: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Top folder -> "train", "test" or "validation" where those are what the folder is divided into; else {}."""
    tops = {parts[0] for parts in used if len(parts) > 1}
    roles = {top: ROLES[top.lower()] for top in tops if top.lower() in ROLES}
    whole = len(roles) == len(tops) and all(len(parts) > 1 for parts in used)
    return roles if whole and "train" in roles.values() and len(set(roles.values())) > 1 else {}


def _given_split(used: list[tuple[str, ...]], roles: dict[str, str]) -> tuple[np.ndarray, np.ndarray, str]:
    """Training and test indices as the top folders divide them, in shuffled order, and a sentence about it.

    Validation images are the test images where there are no others; else they are left out, since they are neither.
    """
    rng = np.random.default_rng(SPLIT_SEED)
    kinds = np.array([roles[parts[0]] for parts in used])
    tested = "test" if "test" in roles.values() else "validation"
    train, test = (rng.permutation(np.flatnonzero(kinds == kind)) for kind in ("train", tested))
    folders = {
        kind: " and ".join(sorted(f"{shown(top)}/" for top, role in roles.items() if role == kind))
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
    """A word about a folder that looks as if another one was meant."""
    tops = Counter(parts[0] for parts in used if len(parts) > 1)
    inner = {parts[1] for parts in used if len(parts) > 2}
    if len(tops) == 1 and sum(tops.values()) == len(used) and len(inner) > 1:
        top = shown(next(iter(tops)))
        return f"all images lie in one sub-folder, {top}/, so there is one class; if the {len(inner)} folders inside it are the classes, give the path of {top}/"
    if len(tops) > 1 and (roles := sorted(top for top in tops if top.lower() in ROLES)):
        return f"{', '.join(f'{shown(r)}/' for r in roles)} count as classes like any other folder; a given split needs train/ and test/ and nothing beside them"
    return ""


def _notes(readings: list[Reading], ground: int | None, others: int, white: float | None) -> Iterator[str]:
    """What was decided for images that need a decision."""
    if ground is not None:
        n, (here, there) = (
            sum(r.on_white is not None for r in readings),
            ("white", "black") if ground else ("black", "white"),
        )
        yield f"{n} transparent images were laid on {here}" + (
            f", {others} of them on {there}, since they cannot be seen on {here}" if others else ""
        )
    if white is not None:
        yield f"{sum(r.deep is not None for r in readings)} images have more than 8 bits; white is {white:g} in all of them"
    if several := sum(r.frames for r in readings):
        yield f"{several} files hold several frames or pages; the first one of each is used"


def changed(dataset: Dataset) -> Dataset | None:
    """What the folder of a data set holds now, if those are other images; None where it has not changed.

    Files are read only where the listing's fingerprint is another one.

    Raises:
        DataError: the folder cannot be used as it is now.
    """
    place = find(dataset.name)
    if dataset.fingerprint == listing(place).fingerprint:
        return None
    now = load_folder(dataset.name)
    return None if now.digest == dataset.digest else now


FIRST = 5  # skipped files that are named; `python -m core data` names them all


def what_was_read(dataset: Dataset) -> list[str]:
    """What people should know about a folder's images, a line each: how many there are, what was decided, what was skipped and why."""
    count, missed = len(dataset.train_images) + len(dataset.test_images), len(dataset.skipped)
    lines = [
        f"{dataset.name}: {count} images in {len(dataset.classes)} {'class' if len(dataset.classes) == 1 else 'classes'}"
    ]
    lines += [f"note: {note}." for note in dataset.notes]
    if missed:
        lines.append(f"skipped: {missed} of {count + missed} files cannot be used:")
        lines += [f"  {line}" for line in dataset.skipped[:FIRST]]
        if missed > FIRST:
            lines.append(
                f"  and {missed - FIRST} more; `python -m core data {shlex.quote(dataset.name)}` lists all of them"
            )
    return lines
