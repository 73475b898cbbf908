"""Writing files atomically, and the formats that are written: JSON, npz and npy without pickle."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

import numpy as np


@contextlib.contextmanager
def replacing(path: Path) -> Generator[IO[bytes]]:
    """A file to write to under a temporary name, renamed at the end, so that readers never see an incomplete file.

    Folders are created as needed.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole file, see `replacing`.

    Raises:
        OSError: the folder cannot be written.
    """
    with replacing(path) as file:
        file.write(data)


def write_json(path: Path, value: Any) -> None:
    """`write_bytes` of indented JSON.

    Raises:
        ValueError: the value contains NaN or infinity, which are not JSON.
        OSError: the folder cannot be written.
    """
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """A compressed npz, see `replacing`; written part by part, since it may be large."""
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]  as in `npz_bytes`


def write_npy(path: Path, array: np.ndarray) -> None:
    """Write a large array without compression, see `replacing`; unlike an npz, it is not built in memory first."""
    with replacing(path) as file:
        np.save(file, array, allow_pickle=False)


def npz_bytes(**arrays: np.ndarray) -> bytes:
    """Arrays as the bytes of a compressed npz."""
    buffer = io.BytesIO()
    # numpy's annotation takes every keyword for its own `allow_pickle`; arrays of objects are never passed.
    np.savez_compressed(buffer, **arrays)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def slug(name: str, most: int) -> str:
    """A data set's name (of a path: its last part) as part of a file name: at most `most` of a-z, 0-9 and "-"."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().rsplit("/", 1)[-1]).strip("-")[:most] or "data"
