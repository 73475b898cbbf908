"""The files of networks, with their layers in the header, which the server sends itself.

Streamlit hashes a media file again in every rerun of every page that names it, and keeps it in memory for as long. The
page KL weight names up to 24 networks of 0.9 MB, of which a browser fetches two or three: that took a fifth of its
script. Here a network is read, and its name made of its content, once per process; `dashboard.middleware` sends it, at
an address like those of media files.
"""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.errors import ArgumentError, UserFacingError

if TYPE_CHECKING:
    from core.config import RunConfig

# Streamlit compresses what it serves, at the slowest level and for every request, except for types that it takes to be
# compressed already. Half-precision weights hardly shrink, so they are sent with this type.
UNCOMPRESSED = "application/zip"
SUFFIX = ".zip"

_runs: dict[str, tuple[Path, tuple[int, int]]] = {}  # the arguments of `_file`, by the file's name


@functools.lru_cache(maxsize=32)
def _file(path: Path, stamp: tuple[int, int]) -> bytes:  # noqa: ARG001 - part of the key
    from core.runs.run import WEIGHTS, Run

    run = Run(path)
    return with_layers(run.read(WEIGHTS), layers_of(run.config))


def name_of(path: Path) -> str:
    """The name of the file of a finished run's network, from its content; `path` is the folder of the run.

    Raises:
        RunNotFound: the run was removed.
        RunDamaged: the file cannot be used.
    """
    from core.runs.run import WEIGHTS, RunNotFound

    try:
        now = (path / WEIGHTS).stat()
    except OSError:
        raise RunNotFound(f"there is no run {path.name} any more.") from None
    return _name(path, (now.st_ino, now.st_size))  # not its time: a run's use is noted there


@functools.lru_cache(maxsize=4096)
def _name(path: Path, stamp: tuple[int, int]) -> str:
    name = hashlib.sha256(_file(path, stamp)).hexdigest() + SUFFIX
    _runs[name] = path, stamp
    return name


def content(name: str) -> bytes | None:
    """The file of a network whose name a page was given; None if there is no such file, or its run was removed."""
    from core.runs.run import WEIGHTS

    if name not in _runs:
        return None
    path, stamp = _runs[name]
    try:
        return _file(path, stamp) if (path / WEIGHTS).exists() else None
    except UserFacingError:
        return None


def layers_of(config: RunConfig) -> dict[str, Any]:
    """The layers of a configuration's encoder and decoder, and the shape (C, H, W) of its images.

    Its trunk is known once it has been made.
    """
    from core.models.trunks import describe

    return {**describe(config.trunk or "", config.latent_dim, config.shape), "shape": list(config.shape.chw)}


def with_layers(weights: bytes, layers: dict[str, Any]) -> bytes:
    """A safetensors file with `layers_of` its network added to its metadata, for networks.js."""
    header, tensors = taken_apart(weights)
    header["__metadata__"] = {**header.get("__metadata__", {}), "layers": json.dumps(layers)}
    return put_together(header, tensors)


def taken_apart(file: bytes) -> tuple[dict[str, Any], bytes]:
    """The header of a safetensors file, and the bytes of its tensors.

    Raises:
        ValueError: it is another kind of file.
    """
    length = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:length]) if 8 < length <= len(file) else None
    if not isinstance(header, dict):
        raise ArgumentError("this is no safetensors file; give one that a run holds.")
    return cast(dict[str, Any], header), file[length:]


def put_together(header: dict[str, Any], tensors: bytes) -> bytes:
    """The inverse of `taken_apart`."""
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # tensors have to start at a multiple of eight
    return len(text).to_bytes(8, "little") + text + tensors
