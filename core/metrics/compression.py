"""Codes as bytes: what an image costs to keep, and what comes back.

Each latent dimension is cut into 2^b equal bins over three standard deviations either side of its mean, and what is
stored is the bin. (PCA, the control, gets bins of one width in all dimensions: a weak component then costs nothing.)
An ideal entropy coder that knows the training images' frequencies p spends

    bytes = -1/8 sum_j log2 p_j(bin_j)        per image, averaged over held-out images

The decoder itself (1.7 MB) is not counted, as libwebp is not counted for WebP. Image files carry headers that would
dominate a 28x28 picture, so PNG and WebP are given sheets of 100 images and charged a hundredth of the file.
All but PNG and lossless WebP are lossy: bytes and error are always read together.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.tiles import tiled
from core.latent.sampling import decode_all, encode_all
from core.metrics.linear import Pca
from core.metrics.reconstruction import mse

if TYPE_CHECKING:
    from core.models.build import Model


BITS = (1, 2, 3, 4, 6)
PCA_WIDTHS = tuple(float(w) for w in np.geomspace(8, 0.25, 60))  # of a bin, in units of pixel distance
SHEET = 10  # images a side
QUALITIES = (0, 5, 10, 20, 40, 60, 80, 95)  # of lossy WebP
RANGE = 3.0  # standard deviations either side of the mean that the bins cover


class Quantiser:
    """Equal bins in every dimension, and how often training codes fall into each.

    Args:
        codes: training codes (N, d).
        bins: number of bins per dimension, int (d,).
        width: of a bin, per dimension (d,). The bins are centred on the codes' mean.
    """

    def __init__(self, codes: np.ndarray, bins: np.ndarray, width: np.ndarray):
        self.bins, self.width = bins, np.maximum(width, 1e-12)
        self.low = codes.mean(0) - self.bins * self.width / 2
        symbols = self.quantise(codes)
        counts = [
            np.bincount(column, minlength=n) + 1 for column, n in zip(symbols.T, self.bins)
        ]  # +1: no bin is impossible
        self.bits = [-np.log2(c / c.sum()) for c in counts]
        self.values = []  # what each bin is restored to: the mean of the training codes in it, or its middle
        for j, n in enumerate(self.bins):
            middle = self.low[j] + (np.arange(n) + 0.5) * self.width[j]
            total = np.bincount(symbols[:, j], codes[:, j], minlength=n)
            self.values.append((total + middle) / counts[j])

    @classmethod
    def of_bits(cls, codes: np.ndarray, bits: int) -> Quantiser:
        """2^bits bins over `RANGE` standard deviations either side, in every dimension."""
        return cls(codes, np.full(codes.shape[1], 2**bits), 2 * RANGE * codes.std(0) / 2**bits)

    @classmethod
    def of_width(cls, codes: np.ndarray, width: float) -> Quantiser:
        """An odd number of bins of one width in every dimension: a dimension that varies less than that costs nothing."""
        bins = 2 * np.round(RANGE * codes.std(0) / width).astype(int) + 1
        return cls(codes, bins, np.full(codes.shape[1], width))

    def quantise(self, codes: np.ndarray) -> np.ndarray:
        """Bin numbers, int (N, d)."""
        return np.clip(np.floor((codes - self.low) / self.width), 0, self.bins - 1).astype(int)

    def restore(self, symbols: np.ndarray) -> np.ndarray:
        """The codes each bin stands for, float32 (N, d)."""
        return np.stack([values[column] for values, column in zip(self.values, symbols.T)], 1).astype(np.float32)

    def bytes(self, symbols: np.ndarray) -> float:
        """Mean bytes per image of an ideal entropy coder."""
        return float(sum(table[column].mean() for table, column in zip(self.bits, symbols.T)) / 8)

    def store(self, codes: np.ndarray) -> tuple[float, np.ndarray]:
        """Codes (N, d) to bins and back: mean bytes per image, and the codes that come back."""
        symbols = self.quantise(codes)
        return self.bytes(symbols), self.restore(symbols)


def code_curve(
    model: Model, train_codes: np.ndarray, codes: np.ndarray, images: np.ndarray
) -> dict[str, dict[str, float]]:
    """bytes and mse for each number of `BITS` per dimension; codes are posterior means, images (N, 28, 28) in [0, 1]."""
    curve = {}
    for bits in BITS:
        quantiser = Quantiser.of_bits(train_codes, bits)
        size, restored = quantiser.store(codes)
        curve[str(bits)] = {"bytes": size, "mse": mse(images, decode_all(model, restored))}
    return curve


def pca_quantisers(pca: Pca, train_images: np.ndarray) -> list[Quantiser]:
    """One for each of `PCA_WIDTHS`; train_images (N, 28, 28) in [0, 1]."""
    train_codes = pca.encode(train_images)
    return [Quantiser.of_width(train_codes, width) for width in PCA_WIDTHS]


def pca_curve(pca: Pca, quantisers: list[Quantiser], images: np.ndarray) -> list[dict[str, float]]:
    """bytes and mse of PCA codes of images (N, 28, 28) in [0, 1] with each quantiser."""
    codes, points = pca.encode(images), []
    for quantiser in quantisers:
        size, restored = quantiser.store(codes)
        points.append({"bytes": size, "mse": mse(images, pca.decode(restored))})
    return points


def least_error(points: list[dict[str, float]], size: float) -> float | None:
    """The least mse of the points that need at most `size` bytes; None where none does."""
    return min((p["mse"] for p in points if p["bytes"] <= size), default=None)


def least_bytes(points: list[dict[str, float]], error: float) -> float | None:
    """The fewest bytes of the points whose mse is at most `error`; None where none reaches it."""
    return min((p["bytes"] for p in points if p["mse"] <= error), default=None)


def saved(sheet: np.ndarray, format: str, **options: Any) -> tuple[int, np.ndarray]:
    """A grey picture, uint8 (h, w), saved by Pillow: bytes of the file, and what comes back of it."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, format, **options)
    return buffer.tell(), np.asarray(Image.open(buffer).convert("L"))


def codec(images: np.ndarray, format: str, **options: Any) -> dict[str, float]:
    """bytes per image and mse of uint8 images (N, 1, 28, 28) saved in full sheets of 100 (or fewer, if there are)."""
    n = min(SHEET, math.isqrt(len(images))) ** 2
    size, error, sheets = 0, 0.0, len(images) // n
    for part in images[: sheets * n].reshape(sheets, n, 28, 28):
        sheet = tiled(part, math.isqrt(n))
        length, restored = saved(sheet, format, **options)
        size += length
        error += mse(sheet / np.float32(255), restored.astype(np.float32) / 255)
    return {"bytes": size / (sheets * n), "mse": error / sheets}


def codecs(images: np.ndarray) -> dict[str, Any]:
    """PNG and lossless WebP, and lossy WebP over its quality settings."""
    return {
        "png": codec(images, "PNG", optimize=True),
        "webp_lossless": codec(images, "WEBP", lossless=True, quality=100, method=4),
        "webp_lossy": {str(q): codec(images, "WEBP", quality=q, method=4) for q in QUALITIES},
    }


def compression(
    model: Model, pca: Pca, train_images: np.ndarray, train_codes: np.ndarray, images: np.ndarray, codes: np.ndarray
) -> dict[str, Any]:
    """The model's curve, PCA's error at the model's size, PCA's and WebP's size at the model's error, and the image formats.

    Args:
        train_images, images: uint8 (N, 1, 28, 28); train_codes, codes: their posterior means (N, d).
    """
    x = images[:, 0].astype(np.float32) / 255
    curve = code_curve(model, train_codes, codes, x)
    linear = pca_curve(pca, pca_quantisers(pca, train_images[:, 0].astype(np.float32) / 255), x)
    formats = codecs(images)
    for point in curve.values():
        point["pca_mse"] = least_error(linear, point["bytes"])
        point["pca_bytes"] = least_bytes(linear, point["mse"])
        point["webp_bytes"] = least_bytes(list(formats["webp_lossy"].values()), point["mse"])
    return {"bits": curve, **formats}


@dataclass(frozen=True)
class Stored:
    """One image kept in some way: what comes back float32 (28, 28), its bytes, its squared error a pixel."""

    image: np.ndarray
    bytes: float
    mse: float


def store_code(model: Model, quantiser: Quantiser, image: np.ndarray) -> Stored:
    """An image uint8 (28, 28) as its code in bins, and decoded from them."""
    size, codes = quantiser.store(encode_all(model, image[None, None]).mean)
    back = decode_all(model, codes)[0]
    return Stored(back, size, mse(image / np.float32(255), back))


def store_pca(pca: Pca, quantisers: list[Quantiser], image: np.ndarray, most: float) -> Stored:
    """The best a quantised PCA makes of an image with at most `most` bytes; if none fits, the smallest."""
    x = image[None] / np.float32(255)
    codes, found = pca.encode(x), []
    for quantiser in quantisers:
        size, restored = quantiser.store(codes)
        back = pca.decode(restored)[0]
        found.append(Stored(back, size, mse(x[0], back)))
    return min((s for s in found if s.bytes <= most), key=lambda s: s.mse, default=min(found, key=lambda s: s.bytes))


def store_file(image: np.ndarray, others: np.ndarray, format: str, **options: Any) -> Stored:
    """An image as the first of a square sheet with `others`, uint8 (99, 1, 28, 28), charged its share of the file."""
    pictures = np.concatenate([image[None], others[:, 0]])
    size, restored = saved(tiled(pictures, math.isqrt(len(pictures))), format, **options)
    back = restored[:28, :28].astype(np.float32) / 255
    return Stored(back, size / (len(others) + 1), mse(image / np.float32(255), back))


def store_webp(image: np.ndarray, others: np.ndarray, error: float) -> Stored:
    """The smallest lossy WebP whose error on the image is at most `error`; if none is, the best."""
    found = [store_file(image, others, "WEBP", quality=q, method=4) for q in QUALITIES]
    return min((s for s in found if s.mse <= error), key=lambda s: s.bytes, default=min(found, key=lambda s: s.mse))
