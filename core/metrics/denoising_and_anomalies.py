"""Two applications of autoencoders, each compared with simpler methods.

Denoising: the PSNR of the output against the clean image. It is meaningful only for a model that was **trained** to
denoise (noise on the input, none on the target; Vincent et al. 2008), so this is stated with every figure. The controls
are the median filter and PCA, each with one setting that is chosen on training images.

Anomalies: an image counts as an anomaly if the model reconstructs it badly. AUROC = P(an anomaly scores higher than a
normal image): 1/2 is chance, and below 1/2 the model scores anomalies lower. The class "1", left out of training, is an
example: it has less ink than the digits that the model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.data.shape import as_pictures
from core.data.square import ground_level
from core.errors import NotMeasurable
from core.latent.sampling import decode_all
from core.metrics.linear import Pca
from core.metrics.reconstruction import mse, psnr
from core.training.evaluation import per_image

if TYPE_CHECKING:
    from core.models.build import Model


MEDIAN_SIZES = (3, 5)
PCA_SIZES = (8, 16, 32, 64)
TUNING = 200  # training images on which the settings of the controls are chosen


def add_noise(images: np.ndarray, sigma: float, seed: int = 0) -> np.ndarray:
    """Pictures (N, ...) in [0, 1] with Gaussian noise, clipped to [0, 1] as in training."""
    noise = np.random.default_rng(seed).standard_normal(images.shape, dtype=np.float32)
    return np.clip(images + np.float32(sigma) * noise, 0, 1)


def median(noisy: np.ndarray, size: int) -> np.ndarray:
    """The median of the size x size pixels around each pixel of pictures (N, ..., H, W)."""
    from scipy.ndimage import median_filter

    return median_filter(noisy, size=(1,) * (noisy.ndim - 2) + (size, size))


def denoise(model: Model, noisy: np.ndarray) -> np.ndarray:
    """Noisy pictures (N, ...) reconstructed by the model from the posterior mean."""
    import torch

    from core.models.networks import device_of

    with torch.no_grad():
        x = torch.from_numpy(noisy.reshape(-1, *model.config.shape.chw)).to(device_of(model))
        codes = torch.cat([model.encode(part).mean.float().cpu() for part in x.split(1000)])
    return decode_all(model, codes.numpy())


@dataclass(frozen=True)
class Simple:
    """The controls at one noise level: the size of the median filter, and the number of PCA components."""

    size: int
    components: int

    @classmethod
    def tuned(cls, pca: Pca, train_images: np.ndarray, sigma: float, seed: int = 1) -> Simple:
        """The settings with the smallest error on the first `TUNING` training images, uint8 (N, C, H, W)."""
        clean = as_pictures(train_images[:TUNING])
        noisy = add_noise(clean, sigma, seed)

        def median_error(size: int) -> float:
            return mse(clean, median(noisy, size))

        def pca_error(components: int) -> float:
            return mse(clean, pca.decode(pca.encode(noisy, components)))

        sizes = sorted({min(k, len(pca.components)) for k in PCA_SIZES})  # PCA of few images has few components
        return cls(min(MEDIAN_SIZES, key=median_error), min(sizes, key=pca_error))

    def denoised(self, pca: Pca, noisy: np.ndarray) -> dict[str, np.ndarray]:
        """Noisy pictures (N, ...) denoised by each control."""
        return {"median": median(noisy, self.size), "pca": pca.decode(pca.encode(noisy, self.components))}


def denoising(
    model: Model, pca: Pca, train_images: np.ndarray, images: np.ndarray, sigma: float, seed: int = 0
) -> dict[str, float]:
    """PSNR in dB against the clean images, of the noisy input, the model and both controls.

    Args:
        model: denoises.
        pca: a control.
        train_images: uint8 (M, C, H, W), on which the controls are tuned.
        images: uint8 (N, C, H, W), on which everything is measured.
        sigma: standard deviation of the noise, in grey levels of [0, 1].
        seed: of the noise.
    """
    clean = as_pictures(images)
    noisy = add_noise(clean, sigma, seed)
    controls = Simple.tuned(pca, train_images, sigma, seed + 1).denoised(pca, noisy)
    results = {"input": noisy, "model": denoise(model, noisy), **controls}
    return {name: psnr(clean, result) for name, result in results.items()}


def auroc(normal: np.ndarray, odd: np.ndarray) -> float:
    """Area under the ROC curve of the scores of normal images (n,) and anomalies (m,); ties count half.

    Raises:
        NotMeasurable: one of the two is empty, or a score is not finite.
    """
    if not (len(normal) and len(odd)):
        raise NotMeasurable(f"{len(normal)} normal and {len(odd)} odd images: at least one of each is needed.")
    if not (np.isfinite(normal).all() and np.isfinite(odd).all()):
        raise NotMeasurable("scores that are not finite have no order.")
    # The fraction of pairs in which the anomaly has the higher score.
    ranked = np.sort(normal)
    below, not_above = (np.searchsorted(ranked, odd, side) for side in ("left", "right"))
    return float((below + not_above).mean() / (2 * len(normal)))


def roc(normal: np.ndarray, odd: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ROC curve: fractions of normal images (n,) and anomalies (m,) with scores above a falling threshold.

    Returns:
        two arrays of equal length, from 0 to 1; inner points of straight sections are left out.
    """
    thresholds = np.unique(np.r_[normal, odd])[::-1]
    rates = [1 - np.searchsorted(np.sort(scores), thresholds, "left") / len(scores) for scores in (normal, odd)]
    curve = np.concatenate([np.zeros((2, 1)), np.stack(rates)], axis=1)
    steps = np.diff(curve, axis=1)
    turns = (np.abs(np.diff(steps, axis=1)) > 1e-12).any(0)
    kept = np.r_[True, turns, True] if curve.shape[1] > 2 else slice(None)
    return curve[0, kept], curve[1, kept]


def oddness(model: Model, images: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Anomaly scores of uint8 images (N, C, H, W): distortion and -ELBO (VAE only) in nats, and mse; each (N,)."""
    values = per_image(model, images, seed)
    scores = {"distortion": values["distortion"], "mse": values["mse"]}
    return scores | {"neg_elbo": values["distortion"] + values["rate"]} if "rate" in values else scores


def turned(images: np.ndarray) -> np.ndarray:
    """Images (..., H, W) rotated by 90 degrees."""
    return np.rot90(images, axes=(-2, -1))


def half_erased(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) without their lower half: anomalies with less to reconstruct."""
    kept = images.copy()
    kept[..., images.shape[-2] // 2 :, :] = ground_level(images)[:, None, None]
    return kept


def two_in_one(images: np.ndarray) -> np.ndarray:
    """Each image (N, C, H, W) with the one before it drawn over it: of both, what differs more from the ground."""
    others, empty = np.roll(images, 1, axis=0), ground_level(images).astype(np.int16)[:, None, None]
    return np.where(np.abs(others - empty) > np.abs(images - empty), others, images)


# Anomalies made from normal images.
ODDITIES = {"turned by 90°": turned, "half erased": half_erased, "two in one": two_in_one}


def pca_error(pca: Pca, images: np.ndarray, d: int) -> np.ndarray:
    """Squared error per pixel of uint8 images (N, C, H, W), reconstructed from d principal components, (N,)."""
    x = as_pictures(images)
    return np.square(x - pca.decode(pca.encode(x, d))).reshape(len(x), -1).mean(1)


def detection(model: Model, pca: Pca, normal: np.ndarray, odd: np.ndarray) -> dict[str, float]:
    """AUROC of anomalies against normal images, for each score of `oddness` and for the error of PCA with the same d.

    Args:
        model: whose scores are used.
        pca: the control.
        normal, odd: uint8 (N, C, H, W) and (M, C, H, W).

    Raises:
        NotMeasurable: there are no images of one kind, or a score is not finite.
    """
    d = model.config.latent_dim
    low, high = oddness(model, normal), oddness(model, odd)
    control = auroc(pca_error(pca, normal, d), pca_error(pca, odd, d))
    return {**{name: auroc(low[name], high[name]) for name in low}, "pca": control}


def anomalies(
    model: Model,
    pca: Pca,
    images: np.ndarray,
    labels: np.ndarray,
    other: tuple[str, np.ndarray] | None = None,
    held_out_class: int | None = None,
) -> dict[str, Any]:
    """`detection` of rotated images, of another data set, and of the class that was left out of training.

    Args:
        model: whose scores are used.
        pca: the control.
        images, labels: uint8 (N, C, H, W) and (N,); those not of the held-out class are the normal ones.
        other: name and uint8 images of another data set.
        held_out_class: the class left out of training.
    """
    seen = labels != held_out_class if held_out_class is not None else np.ones(len(labels), bool)
    normal = images[seen]
    result: dict[str, Any] = {"rotated": detection(model, pca, normal, turned(normal))}
    if other is not None:
        result["other"] = {"dataset": other[0], **detection(model, pca, normal, other[1])}
    if held_out_class is not None:
        result["held_out"] = {"class": held_out_class, **detection(model, pca, normal, images[~seen])}
    return result
