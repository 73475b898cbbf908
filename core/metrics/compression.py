"""Codes as bytes: the size of a stored image, and the error of what is restored from it.

Each latent dimension is divided into 2^b equal bins over three standard deviations to either side of its mean, and the
bin is stored. (The control, PCA, has bins of the same width in all dimensions: a weak component then costs nothing.) An
ideal entropy coder that knows the frequencies p of the training images needs

    bytes = -1/8 sum_j log2 p_j(bin_j)        per image, averaged over test images

The decoder itself (1.7 MB) is not counted, just as libwebp is not counted for WebP. The headers of an image file would
dominate such small pictures, so PNG and WebP store sheets of 100 images, and an image is charged a hundredth of the
file. All but PNG and lossless WebP are lossy: bytes must be read together with the error.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.shape import PART, as_pictures, in_parts, without_grey_axis
from core.data.tiles import tiled
from core.latent.sampling import decode_all, encode_all
from core.metrics.linear import Pca
from core.metrics.reconstruction import mse

if TYPE_CHECKING:
    from core.models.build import Model


BITS = (1, 2, 3, 4, 6)
PCA_WIDTHS = tuple(float(w) for w in np.geomspace(8, 0.25, 60))  # of a bin, in units of pixel distance
SHEET = 10  # images along a side of a sheet
QUALITIES = (0, 5, 10, 20, 40, 60, 80, 95)  # of lossy WebP
RANGE = 3.0  # standard deviations to either side of the mean that the bins cover


class Quantiser:
    """Equal bins in every dimension, and how often training codes fall into each of them.

    Args:
        codes: training codes (N, d).
        bins: number of bins per dimension, int (d,).
        width: of a bin, per dimension (d,). The bins are centred on the mean of the codes.
    """

    def __init__(self, codes: np.ndarray, bins: np.ndarray, width: np.ndarray):
        self.bins, self.width = bins, np.maximum(width, 1e-12)
        self.low = codes.mean(0) - self.bins * self.width / 2
        symbols = self.quantise(codes)
        # One is added so that no bin has probability zero.
        counts = [np.bincount(column, minlength=n) + 1 for column, n in zip(symbols.T, self.bins, strict=True)]
        self.bits = [-np.log2(c / c.sum()) for c in counts]
        # The value to which a bin is restored: the mean of its centre and the training codes in it.
        self.values: list[np.ndarray] = []
        for j, n in enumerate(self.bins):
            middle = self.low[j] + (np.arange(n) + 0.5) * self.width[j]
            total = np.bincount(symbols[:, j], codes[:, j], minlength=n)
            self.values.append((total + middle) / counts[j])

    @classmethod
    def of_bits(cls, codes: np.ndarray, bits: int) -> Quantiser:
        """2^bits bins over `RANGE` standard deviations to either side of the mean, in every dimension."""
        return cls(codes, np.full(codes.shape[1], 2**bits), 2 * RANGE * codes.std(0) / 2**bits)

    @classmethod
    def of_width(cls, codes: np.ndarray, width: float) -> Quantiser:
        """An odd number of bins of the same width in every dimension: one that varies less than that costs nothing."""
        bins = 2 * np.round(RANGE * codes.std(0) / width).astype(int) + 1
        return cls(codes, bins, np.full(codes.shape[1], width))

    def quantise(self, codes: np.ndarray) -> np.ndarray:
        """Bin numbers, int (N, d)."""
        return np.clip(np.floor((codes - self.low) / self.width), 0, self.bins - 1).astype(int)

    def restore(self, symbols: np.ndarray) -> np.ndarray:
        """The codes that bin numbers (N, d) are restored to, float32 (N, d)."""
        columns = [values[column] for values, column in zip(self.values, symbols.T, strict=True)]
        return np.stack(columns, 1).astype(np.float32)

    def bytes(self, symbols: np.ndarray) -> float:
        """Mean bytes per image of an ideal entropy coder, for bin numbers (N, d)."""
        return float(sum(table[column].mean() for table, column in zip(self.bits, symbols.T, strict=True)) / 8)

    def store(self, codes: np.ndarray) -> tuple[float, np.ndarray]:
        """Quantise codes (N, d): mean bytes per image, and the restored codes, float32 (N, d)."""
        symbols = self.quantise(codes)
        return self.bytes(symbols), self.restore(symbols)


def code_curve(
    model: Model, train_codes: np.ndarray, codes: np.ndarray, images: np.ndarray
) -> dict[str, dict[str, float]]:
    """bytes and mse of quantised codes, by the number of `BITS` per dimension.

    Args:
        model: decodes.
        train_codes: posterior means of training images, (M, d).
        codes: posterior means of the images, (N, d).
        images: pictures (N, ...) in [0, 1].
    """
    curve: dict[str, dict[str, float]] = {}
    for bits in BITS:
        quantiser = Quantiser.of_bits(train_codes, bits)
        size, restored = quantiser.store(codes)
        curve[str(bits)] = {"bytes": size, "mse": mse(images, decode_all(model, restored))}
    return curve


def pca_quantisers(pca: Pca, train_images: np.ndarray, numbers: int = PART) -> list[Quantiser]:
    """One quantiser for each of `PCA_WIDTHS`.

    Args:
        train_images: uint8 (N, C, H, W).
        numbers: how many of their numbers are floats at a time.
    """
    train_codes = np.concatenate([pca.encode(as_pictures(part)) for part in in_parts(train_images, numbers)])
    return [Quantiser.of_width(train_codes, width) for width in PCA_WIDTHS]


def pca_curve(pca: Pca, quantisers: list[Quantiser], images: np.ndarray) -> list[dict[str, float]]:
    """bytes and mse of the PCA codes of pictures (N, ...) in [0, 1], with each quantiser."""
    codes = pca.encode(images)
    points: list[dict[str, float]] = []
    for quantiser in quantisers:
        size, restored = quantiser.store(codes)
        points.append({"bytes": size, "mse": mse(images, pca.decode(restored))})
    return points


def least_error(points: list[dict[str, float]], size: float) -> float | None:
    """The smallest mse of the points with at most `size` bytes; None if there is none."""
    return min((p["mse"] for p in points if p["bytes"] <= size), default=None)


def least_bytes(points: list[dict[str, float]], error: float) -> float | None:
    """The fewest bytes of the points with an mse of at most `error`; None if there is none."""
    return min((p["bytes"] for p in points if p["mse"] <= error), default=None)


def saved(sheet: np.ndarray, format: str, **options: Any) -> tuple[int, np.ndarray]:
    """A picture, uint8 (h, w) or (h, w, 3), saved by Pillow with its options: bytes of the file, and what is read."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format, **options)
    return buffer.tell(), np.asarray(Image.open(buffer).convert("RGB" if sheet.ndim == 3 else "L"))


def codec(images: np.ndarray, format: str, **options: Any) -> dict[str, float]:
    """bytes per image and mse of uint8 images (N, C, H, W), saved in sheets of 100, or in one of all if fewer."""
    n = min(SHEET, math.isqrt(len(images))) ** 2
    size, error, sheets = 0, 0.0, len(images) // n
    for part in np.split(without_grey_axis(images[: sheets * n]), sheets):
        sheet = tiled(part, math.isqrt(n))
        length, restored = saved(sheet, format, **options)
        size += length
        error += mse(sheet / np.float32(255), restored.astype(np.float32) / 255)
    return {"bytes": size / (sheets * n), "mse": error / sheets}


def codecs(images: np.ndarray) -> dict[str, Any]:
    """`codec` for PNG, for lossless WebP, and for lossy WebP by quality."""
    return {
        "png": codec(images, "PNG", optimize=True),
        "webp_lossless": codec(images, "WEBP", lossless=True, quality=100, method=4),
        "webp_lossy": {str(q): codec(images, "WEBP", quality=q, method=4) for q in QUALITIES},
    }


def compression(
    model: Model, pca: Pca, train_images: np.ndarray, train_codes: np.ndarray, images: np.ndarray, codes: np.ndarray
) -> dict[str, Any]:
    """The curve of a model compared with PCA and WebP, and the image formats.

    Args:
        model: decodes.
        pca: the control.
        train_images, images: uint8 (N, C, H, W).
        train_codes, codes: their posterior means (N, d).

    Returns:
        bits: by bits per dimension, bytes and mse of the model; pca_mse at the same bytes; pca_bytes and webp_bytes at
        the same mse, None where it is not reached. The others are those of `codecs`.
    """
    x = as_pictures(images)
    linear = pca_curve(pca, pca_quantisers(pca, train_images), x)
    formats = codecs(images)
    webp = list(formats["webp_lossy"].values())
    curve = {
        bits: {
            **point,
            "pca_mse": least_error(linear, point["bytes"]),
            "pca_bytes": least_bytes(linear, point["mse"]),
            "webp_bytes": least_bytes(webp, point["mse"]),
        }
        for bits, point in code_curve(model, train_codes, codes, x).items()
    }
    return {"bits": curve, **formats}


@dataclass(frozen=True)
class Stored:
    """A stored image: the restored picture, its size in bytes, its squared error per pixel."""

    image: np.ndarray
    bytes: float
    mse: float


def store_code(model: Model, quantiser: Quantiser, image: np.ndarray) -> Stored:
    """A picture, uint8 (H, W) or (3, H, W), stored as its quantised code and decoded from it."""
    size, codes = quantiser.store(encode_all(model, image.reshape(1, *model.config.shape.chw)).mean)
    back = decode_all(model, codes)[0]
    return Stored(back, size, mse(image / np.float32(255), back))


def store_pca(pca: Pca, quantisers: list[Quantiser], image: np.ndarray, most: float) -> Stored:
    """A picture, uint8, stored by PCA with the smallest error in at most `most` bytes; else in the fewest bytes."""
    x = image[None] / np.float32(255)
    codes = pca.encode(x)
    found: list[Stored] = []
    for quantiser in quantisers:
        size, restored = quantiser.store(codes)
        back = pca.decode(restored)[0]
        found.append(Stored(back, size, mse(x[0], back)))
    return min((s for s in found if s.bytes <= most), key=_error_of, default=min(found, key=_size_of))


def _error_of(stored: Stored) -> float:
    return stored.mse


def _size_of(stored: Stored) -> float:
    return stored.bytes


def store_file(image: np.ndarray, others: np.ndarray, format: str, **options: Any) -> Stored:
    """A picture, uint8 (H, W) or (3, H, W), stored in a square sheet with `others`, uint8 (99, C, H, W)."""
    pictures = np.concatenate([image[None], without_grey_axis(others)])
    size, restored = saved(tiled(pictures, math.isqrt(len(pictures))), format, **options)
    first = restored[: image.shape[-2], : image.shape[-1]].astype(np.float32) / 255
    back = first if image.ndim == 2 else first.transpose(2, 0, 1)
    return Stored(back, size / (len(others) + 1), mse(image / np.float32(255), back))


def store_webp(image: np.ndarray, others: np.ndarray, error: float) -> Stored:
    """The smallest lossy WebP with at most this squared error on the image; else the one with the smallest error."""
    found = [store_file(image, others, "WEBP", quality=q, method=4) for q in QUALITIES]
    return min((s for s in found if s.mse <= error), key=_size_of, default=min(found, key=_error_of))
