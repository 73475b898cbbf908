"""Interpolation: which path's image at the midpoint is closest to real images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from dashboard.content.words import AE, VAE

METHODS = {"ae": f"the {AE}", "vae": f"the {VAE}", "pixels": "the cross-fade"}


TOLERANCE = 0.05  # distances within this share of the smallest are equal
VERDICTS = {
    "pixels": "for this pair the pixel cross-fade is as close to real images as either latent space",
    "both": "both models are about equally close to real images, and closer than the pixel cross-fade",
    "ae": f"for this pair the {AE} is closest to real images",
    "vae": f"for this pair the {VAE} is closest to real images",
}


def closest_midpoint(
    middle: Mapping[str, float], tolerance: float = TOLERANCE
) -> Literal["ae", "vae", "both", "pixels"]:
    """Which image at the midpoint is closest to a real one; distances within `tolerance` of the smallest are equal.

    Args:
        middle: distance to the nearest real image, by "ae", "vae" and "pixels" (the cross-fade).

    Returns:
        "pixels" if neither latent space is closer than the cross-fade.
    """
    best = min(middle.values())
    ae, vae, pixels = (middle[k] <= (1 + tolerance) * best for k in ("ae", "vae", "pixels"))
    if pixels:
        return "pixels"
    if ae and vae:
        return "both"
    return "ae" if ae else "vae"


def path_takeaway(middle: Mapping[str, float]) -> str:
    """The sentence for `closest_midpoint`, with the distances."""
    verdict = VERDICTS[closest_midpoint(middle)]
    distances = ", ".join(f"{METHODS[k]} {middle[k]:.1f}" for k in ("ae", "vae", "pixels"))
    return f"At the midpoint, {verdict}. (Distance to the nearest real image: {distances}.)"
