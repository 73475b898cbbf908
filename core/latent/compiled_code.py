"""umap-learn's compiled code: where it is kept, and whether it is complete and unchanged.

numba compiles a function when it is first called, for the current processor, and can keep the result in a folder:

    <cache>/numba/umap-<kind>/     kind: the processor, Python, and the versions of the packages
      .../*.nbi, *.nbc             numba's index and code, a pair for each function
      whole.json                   SHA-256 of each of them; present only if everything that a map needs is there
      progress.json                while a process compiles, see `core.latent.compilation`

Code for another processor is never loaded, and neither is a file that changed after it was written: it could crash the
process.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core import settings
from core.files import sha256, write_json

log = logging.getLogger(__name__)
T = TypeVar("T")

# The functions of umap-learn that a map needs, in the order they are compiled, with their shares of the total time.
SHARES = {
    "tau_rand_int": 0.04,
    "tau_rand": 0.023,
    "rdist": 0.03,
    "smooth_knn_dist": 0.515,
    "compute_membership_strengths": 0.155,
    "_optimize_layout_euclidean_single_epoch": 0.237,
}
WHOLE = "whole.json"
ROOM = 2_000_000  # bytes that must fit into the folder; the code takes a quarter of that


def folder() -> Path:
    """Where the code for this processor is kept: below NUMBA_CACHE_DIR if that is set, else in our cache folder."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or settings.cache_dir() / "numba") / f"umap-{_kind()}"


@functools.cache
def _kind() -> str:
    """A digest of everything that compiled code depends on, 16 hex digits."""
    versions = [importlib.metadata.version(name) for name in ("umap-learn", "numba", "llvmlite")]
    kind = [platform.system(), platform.machine(), platform.python_version(), sys.prefix, *versions, *_processor()]
    return hashlib.sha256("\n".join(kind).encode()).hexdigest()[:16]


def _processor() -> list[str]:
    """Name and features of the processor that numba compiles for: those set in the environment, else this machine's."""
    name, features = (os.environ.get(variable, "") for variable in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"))
    if name:
        return [name, features]
    fields = ("model name", "flags", "CPU implementer", "CPU part", "Features")  # x86, then ARM
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
        return [features, *(line for line in first.splitlines() if line.startswith(fields))]
    return [features, platform.processor()]


def is_warm() -> bool:
    """Whether nothing has to be compiled before a first map. Imports nothing."""
    return (folder() / WHOLE).exists()


def kept_in(temporary: Path | None = None) -> Path:
    """A folder that numba can use: `folder()`, or a copy of it for this process if that cannot be written.

    Args:
        temporary: where to put the copy; by default a folder that is removed when the process ends.

    numba does not read a folder that it cannot write, and it fails without any folder.
    """
    place = folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(ROOM))
        return place
    except OSError as error:
        copy = (temporary or Path(_temporary().name)) / place.name
        with contextlib.suppress(OSError):
            shutil.copytree(place, copy, dirs_exist_ok=True)
        if not (copy / WHOLE).exists():
            log.warning(
                "compiled code cannot be kept in %s (%s), so every process compiles it again. "
                "Set POINT_OR_CLOUD_CACHE to a folder that can be written.",
                place,
                error,
            )
        return copy


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="point-or-cloud-numba-")


def _files(place: Path) -> dict[str, Path]:
    """numba's files by their path in the folder."""
    return {str(path.relative_to(place)): path for path in place.rglob("*.nb[ic]")}


def vouch(place: Path) -> None:
    """Write `WHOLE`, with the digests of all files, if everything that a map needs is in the folder.

    Something may be missing although a map was just drawn: a process that found damaged code removed all of it, and
    functions that it had loaded before are then only in its memory. The next process compiles and keeps them.
    """
    with contextlib.suppress(OSError):
        files = _files(place)
        indexed = [path.name for path in files.values() if path.suffix == ".nbi"]
        if all(any(f".{function}-" in name for name in indexed) for function in SHARES):
            write_json(place / WHOLE, {name: sha256(path.read_bytes()) for name, path in sorted(files.items())})


def check(place: Path) -> None:
    """Remove all code in the folder if one of its files is missing or has changed."""
    try:
        digests = json.loads((place / WHOLE).read_bytes())
        damaged = any(sha256((place / name).read_bytes()) != digest for name, digest in digests.items())
    except FileNotFoundError as error:
        damaged = error.filename != str(place / WHOLE)  # without `WHOLE` nothing is known about the code; see `trying`
    except (OSError, ValueError, AttributeError, TypeError):
        damaged = True
    if damaged:
        clear(place)


def clear(place: Path) -> None:
    """Remove all code in the folder, with a warning in the log."""
    log.warning("the compiled code in %s is damaged; it is compiled again.", place)
    for path in [place / WHOLE, *_files(place).values()]:
        with contextlib.suppress(OSError):
            path.unlink()


def trying(work: Callable[[], T], place: Path) -> T:
    """The result of `work`. If it fails and there is kept code, that is removed and `work` runs a second time.

    numba fails on a file that it cannot read.
    """
    try:
        return work()
    except Exception:
        if not _files(place):
            raise
        clear(place)
    return work()
