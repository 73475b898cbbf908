"""Figures of a trained model on test images, and the pictures and arrays that a page shows without loading torch.

    D  distortion of one **sampled** code per image, nats      R  rate, nats      -ELBO = D + R
    MSE of the reconstruction from the posterior **mean**, per pixel, grey levels in [0, 1]

An AE has D and MSE but no R and no ELBO: those are None, not 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from core.config import ACTIVE_NATS
from core.data.dataset import Dataset, as_floats
from core.data.shape import in_parts
from core.data.tiles import tiled
from core.latent.sampling import SOURCES, all_densities, decode_all, pack
from core.models.build import Model
from core.models.networks import Trainable, device_of
from core.models.objectives import Calibrated
from core.runs.run import GALLERY, PICTURES, PREVIEWED, SAMPLES, TRACED

COLORS = 128  # in the palette of a preview


@torch.no_grad()
def per_image(model: Model, images: np.ndarray, seed: int = 0, batch: int = 256) -> dict[str, np.ndarray]:
    """Codes and losses of every image, with one sampled code per image.

    Args:
        model: in eval mode.
        images: uint8 (N, C, H, W).
        seed: of the sampling noise.
        batch: images per forward pass.

    Returns:
        mean, stddev (N, d); distortion (N,) in nats; mse (N,) per pixel; rate (N,) and rate_per_dim (N, d) in nats
        unless the posterior is a point. All float32.
    """
    device = device_of(model)
    generator = torch.Generator(device).manual_seed(seed)
    parts: dict[str, list[torch.Tensor]] = {}
    for start in range(0, len(images), batch):
        x = as_floats(images[start : start + batch], str(device))
        posterior = model.encode(x)
        logits = model.decode(posterior.rsample(generator)).float()
        values = {
            "mean": posterior.mean,
            "stddev": posterior.stddev,
            "distortion": model.likelihood.distortion(logits, x),
            "mse": (model.decode_image(posterior.mean) - x).square().flatten(1).mean(1),
        }
        if (kl := posterior.kl()) is not None:
            values |= {"rate": kl.sum(1), "rate_per_dim": kl}
        for name, value in values.items():
            parts.setdefault(name, []).append(value.float().cpu())
    return {name: torch.cat(tensors).numpy() for name, tensors in parts.items()}


def summarise(values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Means over images of what `per_image` returns, as JSON values; None where a model has no such figure."""
    rate = float(values["rate"].mean()) if "rate" in values else None
    per_dim = values["rate_per_dim"].mean(0).tolist() if rate is not None else None
    distortion = float(values["distortion"].mean())
    return {
        "n": len(values["mean"]),
        "distortion": distortion,
        "rate": rate,
        "neg_elbo": None if rate is None else distortion + rate,
        "mse": float(values["mse"].mean()),
        "rate_per_dim": per_dim,
        "active_units": None if per_dim is None else sum(r > ACTIVE_NATS for r in per_dim),
    }


def evaluate(model: Model, dataset: Dataset, n: int | None = None, seed: int = 0) -> dict[str, Any]:
    """The figures of a model on the first n test images, by default on all of them; see `summarise`."""
    return summarise(per_image(model, dataset.test_images[:n], seed))


def preview_images(dataset: Dataset) -> np.ndarray:
    """The test images that every preview reconstructs: the first of each class, at most `PREVIEWED`, uint8."""
    labels = dataset.test_labels
    first = [int(np.flatnonzero(labels == label)[0]) for label in np.unique(labels)[:PREVIEWED]]
    return dataset.test_images[first]


def preview(model: Model, dataset: Dataset) -> bytes:
    """PNG of 8 x 3 tiles: two rows of samples from 16 fixed prior codes, and one row of reconstructions."""
    noise = np.random.default_rng(0).standard_normal((2 * PREVIEWED, model.config.latent_dim))
    with torch.no_grad():
        codes = model.encode(as_floats(preview_images(dataset), str(device_of(model)))).mean.float().cpu().numpy()
    tiles = np.zeros((3 * PREVIEWED, *dataset.shape.picture), np.float32)
    tiles[: 2 * PREVIEWED] = decode_all(model, noise)
    tiles[2 * PREVIEWED : 2 * PREVIEWED + len(codes)] = decode_all(model, codes)
    # A network that diverges decodes to NaN: drawn black until `fit` reports it.
    return sprite(np.nan_to_num(tiles), PREVIEWED)


def sprite(tiles: np.ndarray, columns: int) -> bytes:
    """Pictures (n, H, W) or (n, 3, H, W) in [0, 1], row by row, as one PNG.

    Grey ones have 16 levels, and colour ones a palette of `COLORS`: half the file size, and hardly a visible difference
    for tiles of this size.
    """
    import io

    from PIL import Image

    picture = np.clip(tiled(tiles, columns), 0, 1)
    if picture.ndim == 3:
        image, bits = Image.fromarray(to_bytes(picture)).quantize(COLORS, dither=Image.Dither.NONE), 8
    else:
        image, bits = Image.fromarray(np.round(picture * 15).astype(np.uint8), "P"), 4
        image.putpalette([level * 17 for level in range(16) for _ in "rgb"])
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True, bits=bits)
    return buffer.getvalue()


def to_bytes(images: np.ndarray) -> np.ndarray:
    """Levels in [0, 1] -> uint8."""
    return (np.clip(images, 0, 1) * 255 + 0.5).astype(np.uint8)


def kept_pictures(pictures: np.ndarray) -> np.ndarray:
    """Pictures in [0, 1] as they are kept with a run, uint8: those in colour with 32 levels per channel.

    That halves the file; 16-bit displays have as many.
    """
    return to_bytes(np.round(np.clip(pictures, 0, 1) * 31) / 31 if pictures.ndim == 4 else pictures)


def traced_codes(model: Model, dataset: Dataset) -> np.ndarray:
    """Posterior means of the first `TRACED` test images, float16 (n, d)."""
    with torch.no_grad():
        codes = model.encode(as_floats(dataset.test_images[:TRACED], str(device_of(model)))).mean.float().cpu().numpy()
    # A network that diverges may exceed the range; `core.training.outcome` reports it at the end.
    largest = np.finfo(np.float16).max
    return np.clip(np.nan_to_num(codes), -largest, largest).astype(np.float16)


def pack_trace(codes: np.ndarray) -> dict[str, np.ndarray]:
    """Codes (epochs + 1, n, d) as int8 steps of one scale per dimension: precise to an eighth of a pixel in a plot."""
    scale = np.maximum(np.abs(codes.astype(np.float32)).max((0, 1)) / 127, 1e-6)
    return {"steps": np.round(codes / scale).astype(np.int8), "scale": scale}


def learned_sigma(model: Model) -> dict[str, float]:
    """{"sigma": the observation noise, in grey levels of [0, 1]} of a model that learned it; {} of any other."""
    likelihood = model.likelihood
    return {"sigma": float(likelihood.log_sigma.detach().exp())} if isinstance(likelihood, Calibrated) else {}


def artifacts(
    model: Trainable, dataset: Dataset
) -> tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The figures, pictures and densities that a finished run stores beside its weights.

    Returns:
        evaluation: figures on the test images, JSON values; "curve" has those of `Trainable.variants` by beta.
        gallery: mean, stddev, distortion, rate, mse of the first `GALLERY` test images, pictures as uint8.
        densities: those fitted to the training codes, packed by `core.latent.sampling.pack`.
    """
    reference = model.reference()
    values = per_image(reference, dataset.test_images)
    floor = torch.cat([reference.likelihood.floor(as_floats(x)) for x in in_parts(dataset.test_images)]).mean()
    evaluation = {
        "dataset": dataset.name,
        "split": "test",
        "seed": 0,
        "distortion_floor": float(floor),
        **learned_sigma(reference),
        **summarise(values),
    }
    curve = [{"beta": beta, **evaluate(variant, dataset)} for beta, variant in model.variants().items()]
    if curve:
        evaluation["curve"] = curve
    densities = all_densities(reference, dataset)
    gallery = {
        name: values[name][:GALLERY].astype(np.float16 if name in ("mean", "stddev") else np.float32)
        for name in ("mean", "stddev", "distortion", "rate", "mse")
        if name in values
    }
    gallery["reconstruction"] = kept_pictures(decode_all(reference, values["mean"][:PICTURES]))
    for source in SOURCES:
        gallery[f"samples_{source}"] = kept_pictures(decode_all(reference, densities[source].sample(SAMPLES)))
    return evaluation, gallery, pack(densities)
