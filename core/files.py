"""Writing files atomically, and the formats that are written: JSON and npz without pickle."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and rename it, so that readers never see an incomplete file.

    Folders are created as needed.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """`write_bytes` of indented JSON.

    Raises:
        ValueError: the value contains NaN or infinity, which are not JSON.
        OSError: the folder cannot be written.
    """
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def write_npz(path: Path, **arrays: np.ndarray) -> None:
    """`write_bytes` of a compressed npz."""
    write_bytes(path, npz_bytes(**arrays))


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
