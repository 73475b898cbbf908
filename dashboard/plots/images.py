"""Grids, strips and animations of images, grey or in colour, as PNG or GIF bytes.

Pixels are repeated, never interpolated, because the blur of the models is one of the things to compare. Gaps between
tiles are transparent, so a grid suits light and dark pages.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.data.tiles import tiled

GAP = 2  # pixels between tiles, before scaling


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Images of any number of axes as uint8 (n, H, W), or (n, 3, H, W) in colour.

    Args:
        images: float in [0, 1] or uint8; grey (..., H, W) or (..., 1, H, W), in colour (..., 3, H, W) with at least one
            axis in front.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8:
        images = (np.clip(images, 0, 1) * 255 + 0.5).astype(np.uint8)
    color = images.ndim >= 4 and images.shape[-3] == 3
    return images.reshape(-1, *images.shape[-3 if color else -2 :])


def mosaic(images: np.ndarray, columns: int, scale: int = 4, gap: int = GAP) -> Image.Image:
    """Images (n, ...), row by row, as one Pillow image ("LA" or "RGBA": with transparent gaps).

    Args:
        images: see `to_uint8`.

    Raises:
        ValueError: no image, or no column.
    """
    tiles = to_uint8(images)
    if not len(tiles) or columns < 1:
        raise ValueError(
            f"a grid of {len(tiles)} images in {columns} columns cannot be drawn; give at least one of each."
        )
    channels = tiles[:, None] if tiles.ndim == 3 else tiles
    layers = [*channels.swapaxes(0, 1), np.full_like(channels[:, 0], 255)]  # the last one: where there is a tile
    spaced = [np.pad(layer, ((0, 0), (0, gap), (0, gap))) for layer in layers]
    canvas = np.stack([tiled(layer, min(columns, len(tiles))) for layer in spaced], axis=-1)
    canvas = canvas[: canvas.shape[0] - gap, : canvas.shape[1] - gap]
    return Image.fromarray(canvas.repeat(scale, 0).repeat(scale, 1), "LA" if tiles.ndim == 3 else "RGBA")


def opaque(picture: Image.Image) -> Image.Image:
    """A mosaic without its transparency, "L" or "RGB"."""
    return picture.convert("L" if picture.mode == "LA" else "RGB")


def png(picture: Image.Image) -> bytes:
    """A Pillow image as PNG bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def grid(images: np.ndarray, columns: int, scale: int = 4) -> bytes:
    """`mosaic` as PNG bytes; the latest are cached, because visitors of the same models see the same images."""
    tiles = to_uint8(images)
    return _grid(tiles.tobytes(), tiles.shape, columns, scale)


@functools.lru_cache(maxsize=256)
def _grid(pixels: bytes, shape: tuple[int, ...], columns: int, scale: int) -> bytes:
    return png(mosaic(np.frombuffer(pixels, np.uint8).reshape(shape), columns, scale))


def labelled(rows: Sequence[tuple[str, np.ndarray]], title: str, columns: int = 0, scale: int = 3) -> bytes:
    """A PNG for download: rows of images on white, each below its caption, with a title.

    Args:
        rows: (caption, images (n, ...)), see `to_uint8`.
        columns: images per line; with 0 all of a row's images are on one line.
    """
    font, small, pad = ImageFont.load_default(22), ImageFont.load_default(16), 16
    parts = [(caption, mosaic(images, columns or len(images), scale)) for caption, images in rows]
    measure = ImageDraw.Draw(Image.new("L", (1, 1)))
    text_width = max([measure.textlength(title, font)] + [measure.textlength(caption, small) for caption, _ in parts])
    width = int(max(text_width, *(p.width for _, p in parts))) + 2 * pad
    height = pad + 36 + sum(p.height + 38 for _, p in parts) + pad // 2
    page = Image.new("RGB", (width, height), "white")
    draw, y = ImageDraw.Draw(page), pad + 36
    draw.text((pad, pad), title, "#31333F", font)
    for caption, picture in parts:
        draw.text((pad, y), caption, "#555", small)
        page.paste(picture.convert("RGB"), (pad, y + 24), picture.getchannel("A"))
        y += picture.height + 38
    return png(page)


def there_and_back(strips: Sequence[tuple[str, np.ndarray]], scale: int = 5, milliseconds: int = 110) -> bytes:
    """An animated GIF of strips (caption, (steps, ...)) side by side, played forwards and backwards."""
    font, head, gap = ImageFont.load_default(15), 26, 4
    tiles = [to_uint8(strip) for _, strip in strips]
    side = tiles[0].shape[-1]
    steps = min(len(strip) for strip in tiles)
    frames = []
    for step in range(steps):
        picture = mosaic(np.stack([strip[step] for strip in tiles]), len(strips), scale, gap=gap)
        flat = opaque(picture)
        frame = Image.new(flat.mode, (picture.width, picture.height + head), "white")
        frame.paste(flat, (0, head), picture.getchannel("A"))
        draw = ImageDraw.Draw(frame)
        for i, (caption, _) in enumerate(strips):
            place = (i * (side + gap) * scale + side * scale // 2, 4)
            draw.text(place, caption, "#3c3c3c", font, anchor="ma")
        frames.append(frame)
    order = list(range(steps)) + list(range(steps - 2, 0, -1))
    durations = [6 * milliseconds if i in (0, steps - 1) else milliseconds for i in order]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=[frames[i] for i in order[1:]], duration=durations, loop=0
    )
    return buffer.getvalue()


def beside(images: np.ndarray, partners: np.ndarray) -> np.ndarray:
    """Each image (n, ..., side, side) with its partner to the right and a grey line between them, 2 side + 1 wide."""
    a, b = to_uint8(images), to_uint8(partners)
    return np.concatenate([a, np.full_like(a[..., :1], 128), b], axis=-1)
