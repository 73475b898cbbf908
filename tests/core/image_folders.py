"""Folders of random images, and an image file of any size, for tests."""

import struct
import zlib

import numpy as np
from PIL import Image


def fill(root, classes=("a", "b"), n=6):
    """n random grey images per class, one sub-folder per class; the first class is dark, the next brighter."""
    rng = np.random.default_rng(0)
    for level, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            Image.fromarray(rng.integers(60 * (level % 4), 60 * (level % 4) + 50, (30, 30), np.uint8)).save(
                root / name / f"{i}.png"
            )
    return f"folder:{root}"


def png_header(width, height):
    """A PNG that promises width x height pixels and holds none."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
