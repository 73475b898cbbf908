"""Uses of a model: denoising, anomaly detection, compression; each compared with simpler methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from dashboard.content.words import AE, VAE

METHODS = {"ae": f"the {AE}", "vae": f"the {VAE}", "median": "the median filter", "pca": "PCA"}
SIMPLE = ("median", "pca")

# --------------------------------------------------------------------------------------------------------- denoising


def best_denoiser(psnr: Mapping[str, float]) -> str:
    """The method with the highest PSNR, of those in `METHODS`."""
    return max((k for k in psnr if k != "input"), key=psnr.__getitem__)


def without_training(psnr: float, noisy: float, simple: float) -> Literal["harms", "worse", "no worse"]:
    """How a model that was not trained to denoise compares with the noisy image and a simple filter; PSNR in dB."""
    if psnr < noisy:
        return "harms"
    return "worse" if psnr < simple else "no worse"


def _noisy(sigma: float, psnr: Mapping[str, float]) -> str:
    return f"With noise of standard deviation {sigma:g} this image has a PSNR of {psnr['input']:.1f} dB."


def denoise_takeaway(sigma: float, psnr: Mapping[str, float], clean_trained: float) -> str:
    """Which method denoises this image best, and how well a model does that was not trained to denoise.

    Args:
        psnr: in dB with respect to the clean image, by "input", "ae", "vae" (trained to denoise), "median", "pca".
        clean_trained: PSNR of an AE trained on clean images.
    """
    best, simple = best_denoiser(psnr), max(psnr[k] for k in SIMPLE)
    compared = (
        "; no network is needed here"
        if best in SIMPLE
        else f", compared with {simple:.1f} dB for the better of the simple methods"
    )
    clean = {
        "harms": "less than the noisy image itself. An autoencoder denoises only if it was trained to.",
        "worse": "less than a simple filter. An autoencoder denoises well only if it was trained to.",
        "no worse": "no worse than a simple filter at this noise level.",
    }[without_training(clean_trained, psnr["input"], simple)]
    return (
        f"{_noisy(sigma, psnr)} The best result is that of {METHODS[best]}, with {psnr[best]:.1f} dB{compared}. "
        f"An {AE} that was trained on clean images reaches {clean_trained:.1f} dB, {clean}"
    )


def untrained_takeaway(sigma: float, psnr: Mapping[str, float]) -> str:
    """How well models that were not trained to denoise do on a noisy image.

    Args:
        psnr: in dB, by "input", "ae", "vae", "median", "pca".
    """
    verdict = "At this noise that is no worse than a simple filter."
    if max(psnr["ae"], psnr["vae"]) < max(psnr[k] for k in SIMPLE):
        verdict = "A simple filter does better: an autoencoder that was not trained to denoise does not denoise well."
    return (
        f"{_noisy(sigma, psnr)} Trained on clean images only, the {AE} reaches {psnr['ae']:.1f} dB and the {VAE} "
        f"{psnr['vae']:.1f}; the median filter reaches {psnr['median']:.1f} and PCA {psnr['pca']:.1f}. {verdict}"
    )


# --------------------------------------------------------------------------------------------------------- anomalies


def detection(auroc: Mapping[str, float]) -> Literal["reversed", "chance", "level", "best"]:
    """How well anomalies are distinguished from normal images, from AUROC by "ae", "vae" and "pca".

    Returns:
        "reversed" if both models reconstruct anomalies better than normal images, "chance" if no method does much
        better than guessing, "level" if the best two are equally good, else "best".
    """
    second, best = sorted(auroc.values())[-2:]
    if max(auroc["ae"], auroc["vae"]) < 0.5:
        return "reversed"
    if best < 0.7:
        return "chance"
    return "level" if best - second < 0.01 else "best"


def anomaly_takeaway(what: str, above: Mapping[str, float], auroc: Mapping[str, float]) -> str:
    """How anomalous this image is for both models, and how well each method detects anomalies.

    Args:
        what: how the anomalies differ from normal images, e.g. "turned by 90°".
        above: by "ae" and "vae", the share of normal images with a lower distortion than this one.
        auroc: by "ae", "vae" and "pca", for a thousand such images.
    """
    best = max(auroc, key=auroc.__getitem__)
    verdict = {
        "reversed": "**Both models reconstruct the anomalies better than normal images**: "
        "an image that is easy to reconstruct is not necessarily similar to the training images.",
        "chance": "That is little better than chance (0.5).",
        "level": "The best two methods perform equally well.",
        "best": f"Here {METHODS[best]} performs best.",
    }[detection(auroc)]
    return (
        f"This image has a higher distortion than {above['ae']:.0%} of normal images in the {AE}, "
        f"and than {above['vae']:.0%} in the {VAE}. AUROC for separating images {what} from normal ones: "
        f"{AE} {auroc['ae']:.3f}, {VAE} {auroc['vae']:.3f}, PCA {auroc['pca']:.3f}. {verdict}"
    )


def held_out_takeaway(ae: Mapping[str, float], vae: Mapping[str, float]) -> str:
    """Which class is easiest and hardest to detect when left out of training. AUROC by class, for both models."""
    both = {name: (ae[name] + vae[name]) / 2 for name in ae}
    worst, best = min(both, key=both.__getitem__), max(both, key=both.__getitem__)
    end = "."
    if both[worst] < 0.5:
        end = (
            f". Although neither model was trained on {worst}, both reconstruct it *better* than the classes they were "
            "trained on: simple images have a low distortion even if they are unlike the training images."
        )
    return (
        "Each model was trained ten times, each time without one class, and then used to detect that class. "
        f"The easiest class to detect is **{best}** (AUROC {AE} {ae[best]:.2f}, {VAE} {vae[best]:.2f}), "
        f"the hardest **{worst}** ({AE} {ae[worst]:.2f}, {VAE} {vae[worst]:.2f}){end}"
    )


# ------------------------------------------------------------------------------------------------------- compression


def compress_takeaway(bits: int, latent_dim: int, ae: Any, vae: Any, pca: Any, webp: Any) -> str:
    """The size and error of the image as a code, compared with PCA and WebP.

    Args:
        bits: per latent number.
        ae, vae, pca, webp: each a `core.metrics.compression.Stored`.
    """
    text = (
        f"With {bits} {'bit' if bits == 1 else 'bits'} for each of the {latent_dim} latent numbers, this image takes "
        f"{ae.bytes:.1f} bytes in the {AE} (squared error {ae.mse:.4f}) and {vae.bytes:.1f} in the {VAE} "
        f"({vae.mse:.4f}). "
    )
    if pca.bytes <= ae.bytes:
        error = f"{pca.mse / ae.mse:.1f} times its error" if pca.mse > ae.mse else "no more error"
        text += f"With as many bytes as the {AE}, PCA has {error}. "
    if webp.mse > ae.mse:
        return text + "WebP does not reach that error at any quality setting."
    return text + (
        f"The smallest WebP with no larger error takes {webp.bytes:.0f} bytes ({webp.mse:.4f}), "
        f"{webp.bytes / ae.bytes:.0f} times as many. But WebP works for any image, "
        "and these codes only for images like this one."
    )
