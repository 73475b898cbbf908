"""Straight and curved paths from one code to another, and a control: a cross-fade between the two images.

    lerp(a, b; t) = (1 - t) a + t b
    slerp(a, b; t) = sin((1-t) w)/sin(w) a + sin(t w)/sin(w) b,  w the angle between a and b    (Shoemake 1985)

Codes from N(0, I) in d dimensions lie near the sphere of radius sqrt(d). The straight line passes through its interior,
where codes are rare; the arc stays near the sphere. In few dimensions, or for codes that do not follow a prior, this is
no argument for the arc.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.errors import ArgumentError

if TYPE_CHECKING:
    import torch

    from core.models.build import Model

KINDS = ("linear", "spherical")


def lerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Points on the line from a to b, both (d,); t is a scalar or (steps, 1)."""
    return (1 - t) * a + t * b


def slerp(a: np.ndarray, b: np.ndarray, t: np.ndarray | float) -> np.ndarray:
    """Points on the arc from a to b, both (d,); t is a scalar or (steps, 1).

    If the arc is undefined (a zero code, equal or opposite directions), points on the straight line.
    """
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    cosine = np.clip(np.dot(a, b) / lengths, -1, 1) if lengths > 0 else 1.0
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:
        return lerp(a, b, t)
    return (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def path(a: np.ndarray, b: np.ndarray, steps: int, kind: str = "linear") -> np.ndarray:
    """Codes from a to b, both (d,), including both ends: float32 (steps, d).

    Args:
        a: first code.
        b: last code.
        steps: number of codes.
        kind: one of `KINDS`.

    Raises:
        ArgumentError: unknown kind, or fewer than two steps.
    """
    if kind not in KINDS:
        raise ArgumentError(f"kind={kind!r} is not known; choose one of {', '.join(KINDS)}.")
    if steps < 2:
        raise ArgumentError(f"steps={steps}: a path needs its two ends, give at least 2.")
    t = np.linspace(0, 1, steps)[:, None]
    return (lerp if kind == "linear" else slerp)(np.asarray(a, float), np.asarray(b, float), t).astype(np.float32)


def cross_fade(a: np.ndarray, b: np.ndarray, steps: int) -> np.ndarray:
    """The control: pixels interpolated linearly, without a model. Pictures (...) -> (steps, ...)."""
    t = np.linspace(0, 1, steps).reshape(-1, *(1,) * np.ndim(a))
    return lerp(np.asarray(a, np.float32), np.asarray(b, np.float32), t).astype(np.float32)


def nearest(images: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reference image nearest to each image, by Euclidean distance over pixels.

    Args:
        images: pictures (n, ...) in [0, 1].
        reference: pictures (m, ...) in [0, 1], or uint8 (m, C, H, W).

    Returns:
        index (n,) into the reference images, and distance (n,).
    """
    a = np.asarray(images, np.float32).reshape(len(images), -1)
    b = np.asarray(reference).reshape(len(reference), -1)
    b = b.astype(np.float32) / 255 if b.dtype == np.uint8 else b.astype(np.float32, copy=False)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T
    index = squared.argmin(1)
    return index, np.linalg.norm(a - b[index], axis=1)


def interpolate(
    model: Model, image_a: torch.Tensor, image_b: torch.Tensor, steps: int = 9, kind: str = "linear"
) -> torch.Tensor:
    """Decode a path between the posterior means of two images, each (C, H, W) or (1, C, H, W) in [0, 1].

    Returns:
        images float32 (steps, C, H, W); the first and last are the reconstructions of the two images.

    Raises:
        ArgumentError: unknown kind, or fewer than two steps.
    """
    import torch

    from core.latent.sampling import decode_all
    from core.models.networks import device_of

    with torch.no_grad():
        ends = torch.stack([image.reshape(model.config.shape.chw) for image in (image_a, image_b)]).to(device_of(model))
        a, b = model.encode(ends).mean.float().cpu().numpy()
    pictures = decode_all(model, path(a, b, steps, kind))
    return torch.from_numpy(pictures.reshape(steps, *model.config.shape.chw))
