"""Arrays in plotly's JSON: a list, or a dictionary of the numbers' type, their bytes in base64 and the shape."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def array_of(data: Any) -> np.ndarray | None:
    """The array that is written as a list or as {"dtype", "bdata", "shape"}; None for anything else."""
    if isinstance(data, Mapping) and "bdata" in data:
        array = np.frombuffer(base64.b64decode(data["bdata"]), np.dtype(data["dtype"]))
        return array.reshape([int(n) for n in str(data["shape"]).split(",")]) if "shape" in data else array
    return np.asarray(data) if isinstance(data, Sequence) and not isinstance(data, str) else None
