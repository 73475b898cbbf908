"""Two things autoencoders are used for, each beside something simpler.

Denoising: the output's PSNR against the clean image. It says something only about a model that was **trained** to
denoise (noise on the input, none on the target; Vincent et al. 2008), so that is stated with every figure. Controls: the
median filter and PCA, each with its one setting chosen on training images.

Anomalies: an image is odd when the model reconstructs it badly. AUROC = P(odd image scores higher than a normal one), 1/2 is
guessing, and below 1/2 the model prefers the odd ones: a held-out "1" costs less ink than the digits it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import NotMeasurable
from core.latent.sampling import decode_all
from core.metrics.linear import Pca
from core.metrics.reconstruction import mse, psnr
from core.training.evaluation import per_image

if TYPE_CHECKING:
    from core.models.build import Model


MEDIAN_SIZES = (3, 5)
PCA_SIZES = (8, 16, 32, 64)
TUNING = 200  # training images the controls choose their setting on


def as_unit(images: np.ndarray) -> np.ndarray:
    """uint8 (N, 1, 28, 28) -> float32 (N, 28, 28) in [0, 1]."""
    return images[:, 0].astype(np.float32) / 255


def add_noise(images: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Images (N, 28, 28) in [0, 1] with Gaussian noise, clipped to [0, 1] as in training."""
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(sigma) * noise, 0, 1)


def median(noisy: np.ndarray, size: int) -> np.ndarray:
    """The median of the size x size pixels around each; (N, 28, 28) -> (N, 28, 28)."""
    from scipy.ndimage import median_filter

    return median_filter(noisy, size=(1, size, size))


def denoise(model: Model, noisy: np.ndarray) -> np.ndarray:
    """What the model makes of noisy images (N, 28, 28): decoded from the posterior mean, (N, 28, 28)."""
    import torch

    from core.models.networks import device_of

    with torch.no_grad():
        x = torch.from_numpy(noisy)[:, None].to(device_of(model))
        codes = torch.cat([model.encode(part).mean.float().cpu() for part in x.split(1000)])
    return decode_all(model, codes.numpy())


@dataclass(frozen=True)
class Simple:
    """The controls at one noise level: the median filter's size, and how many components the PCA keeps."""

    size: int
    components: int

    @classmethod
    def tuned(cls, pca: Pca, train_images: np.ndarray, sigma: float, seed: int = 1) -> Simple:
        """The settings with the least error on the first `TUNING` training images, uint8 (N, 1, 28, 28)."""
        clean = as_unit(train_images[:TUNING])
        noisy = add_noise(clean, sigma, seed)
        size = min(MEDIAN_SIZES, key=lambda s: mse(clean, median(noisy, s)))
        sizes = sorted({min(k, len(pca.components)) for k in PCA_SIZES})  # a few images have few components
        return cls(size, min(sizes, key=lambda k: mse(clean, pca.decode(pca.encode(noisy, k)))))

    def denoised(self, pca: Pca, noisy: np.ndarray) -> dict[str, np.ndarray]:
        """Noisy images (N, 28, 28) as each control returns them."""
        return {"median": median(noisy, self.size), "pca": pca.decode(pca.encode(noisy, self.components))}


def denoising(
    model: Model, pca: Pca, train_images: np.ndarray, images: np.ndarray, sigma: float, seed: int = 0
) -> dict[str, float]:
    """PSNR in dB against the clean images, of the noisy input, the model and both controls.

    Args:
        train_images, images: uint8 (N, 1, 28, 28); the controls are tuned on the first, all are measured on the second.
    """
    clean = as_unit(images)
    noisy = add_noise(clean, sigma, seed)
    others = Simple.tuned(pca, train_images, sigma, seed + 1).denoised(pca, noisy)
    return {
        name: psnr(clean, result) for name, result in {"input": noisy, "model": denoise(model, noisy), **others}.items()
    }


def auroc(normal: np.ndarray, odd: np.ndarray) -> float:
    """Area under the ROC curve of scores (n,) and (m,), high meaning odd; ties count half.

    Raises:
        NotMeasurable: one of the two is empty, or a score is not finite.
    """
    if not (len(normal) and len(odd)):
        raise NotMeasurable(f"{len(normal)} normal and {len(odd)} odd images: at least one of each is needed.")
    if not (np.isfinite(normal).all() and np.isfinite(odd).all()):
        raise NotMeasurable("scores that are not finite have no order.")
    # The share of pairs in which the odd image has the higher score.
    ranked = np.sort(normal)
    below, not_above = (np.searchsorted(ranked, odd, side) for side in ("left", "right"))
    return float((below + not_above).mean() / (2 * len(normal)))


def roc(normal: np.ndarray, odd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ROC curve of scores: share of normal and share of odd images above a threshold, from the highest to the lowest."""
    thresholds = np.unique(np.r_[normal, odd])[::-1]
    shares = [1 - np.searchsorted(np.sort(scores), thresholds, "left") / len(scores) for scores in (normal, odd)]
    curve = np.concatenate([np.zeros((2, 1)), np.stack(shares)], axis=1)
    # Of points on one level or upright line only the ends are needed.
    steps = np.diff(curve, axis=1)
    turns = (np.abs(np.diff(steps, axis=1)) > 1e-12).any(0)
    kept = np.r_[True, turns, True] if curve.shape[1] > 2 else slice(None)
    return curve[0, kept], curve[1, kept]


def oddness(model: Model, images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Scores of uint8 images (N, 1, 28, 28): distortion in nats, mse, and -ELBO where the model has one; each (N,)."""
    values = per_image(model, images, seed)
    scores = {"distortion": values["distortion"], "mse": values["mse"]}
    return scores | {"neg_elbo": values["distortion"] + values["rate"]} if "rate" in values else scores


def turned(images: np.ndarray) -> np.ndarray:
    """Images (..., 28, 28) turned by 90 degrees."""
    return np.rot90(images, axes=(-2, -1))


def half_erased(images: np.ndarray) -> np.ndarray:
    """Images (..., 28, 28) without their lower half: odd, with less to reconstruct."""
    kept = images.copy()
    kept[..., images.shape[-2] // 2 :, :] = 0
    return kept


def two_in_one(images: np.ndarray) -> np.ndarray:
    """Each image (N, ..., 28, 28) with the one before it drawn over it."""
    return np.maximum(images, np.roll(images, 1, axis=0))


ODDITIES = {"turned by 90°": turned, "half erased": half_erased, "two in one": two_in_one}  # made from normal images


def pca_error(pca: Pca, images: np.ndarray, d: int) -> np.ndarray:
    """Squared error a pixel of uint8 images (N, 1, 28, 28) through d principal components, (N,)."""
    x = as_unit(images)
    return np.square(x - pca.decode(pca.encode(x, d))).mean((1, 2))


def detection(model: Model, pca: Pca, normal: np.ndarray, odd: np.ndarray) -> dict[str, float]:
    """AUROC of each score of `oddness` for odd against normal images, uint8, and of the error of a PCA as wide as the code."""
    d = model.config.latent_dim
    ours, theirs = oddness(model, normal), oddness(model, odd)
    return {name: auroc(ours[name], theirs[name]) for name in ours} | {
        "pca": auroc(pca_error(pca, normal, d), pca_error(pca, odd, d))
    }


def anomalies(
    model: Model,
    pca: Pca,
    images: np.ndarray,
    labels: np.ndarray,
    other: tuple[str, np.ndarray] | None = None,
    held_out_class: int | None = None,
) -> dict[str, Any]:
    """`detection` of images turned by 90 degrees, of another data set, and of the class the model never saw.

    Args:
        images, labels: uint8 (N, 1, 28, 28) and (N,); without the held-out class they are the normal ones.
        other: name and uint8 images of another data set.
    """
    seen = labels != held_out_class if held_out_class is not None else np.ones(len(labels), bool)
    normal = images[seen]
    result: dict[str, Any] = {"rotated": detection(model, pca, normal, turned(normal))}
    if other is not None:
        result["other"] = {"dataset": other[0], **detection(model, pca, normal, other[1])}
    if held_out_class is not None:
        result["held_out"] = {"class": held_out_class, **detection(model, pca, normal, images[~seen])}
    return result
