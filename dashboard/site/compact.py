"""Networks in fewer bytes for the static site: eight bits per weight, then gzip.

Row r of a large matrix or kernel w becomes integers q = round(w / s_r) with s_r = max |w_r| / 127, kept as a tensor of
type I8; its steps s are the tensor NAME:step. Small tensors, biases among them, stay as they are. `weights.js` reads
both forms. `python -m tests.benchmarks.bench_site_weights` measures what this changes.
"""

from __future__ import annotations

import gzip

import numpy as np

from dashboard.components.networks import put_together, taken_apart

LEAST = 2000  # numbers in a tensor; the others are a few per cent of a network
STEP = ":step"
LEVELS = 127


def compact(weights: bytes) -> bytes:
    """A safetensors file of a network with eight bits per weight, compressed."""
    from safetensors.numpy import load

    metadata = taken_apart(weights)[0].get("__metadata__", {})
    tensors: dict[str, np.ndarray] = {}
    for name, value in load(weights).items():
        if value.dtype.kind != "f" or value.ndim < 2 or value.size < LEAST:
            tensors[name] = value
            continue
        rows = value.astype(np.float32).reshape(len(value), -1)
        steps = np.maximum(np.abs(rows).max(1), np.finfo(np.float32).tiny * LEVELS) / np.float32(LEVELS)
        tensors[name] = np.rint(rows / steps[:, None]).astype(np.int8).reshape(value.shape)
        tensors[name + STEP] = steps.astype(np.float32)
    return gzip.compress(_file(tensors, metadata), 9, mtime=0)


def _file(tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """A safetensors file, whose bytes are the same for the same content, so that two views share it.

    `safetensors.numpy.save` writes the metadata in an order that differs between processes.
    """
    kinds = {
        np.dtype(np.float16): "F16",
        np.dtype(np.float32): "F32",
        np.dtype(np.int8): "I8",
        np.dtype(np.uint8): "U8",
    }
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))}
    parts, at = [], 0
    # The widest first, so that all are aligned.
    for name, value in sorted(tensors.items(), key=lambda item: (-item[1].itemsize, item[0])):
        part = np.ascontiguousarray(value).tobytes()
        header[name] = {
            "dtype": kinds[value.dtype],
            "shape": list(value.shape),
            "data_offsets": [at, at + len(part)],
        }
        at += len(part)
        parts.append(part)
    return put_together(header, b"".join(parts))


def expanded(weights: bytes) -> dict[str, np.ndarray]:
    """The tensors of what `compact` made, as float32: what the page computes with."""
    from safetensors.numpy import load

    found = load(gzip.decompress(weights))
    tensors: dict[str, np.ndarray] = {}
    for name, value in found.items():
        if name.endswith(STEP):
            continue
        steps = found.get(name + STEP)
        rows = value.astype(np.float32)
        tensors[name] = rows if steps is None else rows * steps.reshape(-1, *[1] * (rows.ndim - 1))
    return tensors


def smaller(data: bytes) -> bytes:
    """A media file with fewer bytes: a network by `compact`, other arrays by gzip; other files as they are."""
    try:
        header = taken_apart(data)[0]
    except ValueError:
        return data
    metadata = header.get("__metadata__", {})
    return compact(data) if "layers" in metadata else gzip.compress(data, 9, mtime=0)
