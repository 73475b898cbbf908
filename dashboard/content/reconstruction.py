"""Which model reconstructs unseen images more precisely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.metrics.comparisons import more_precise
from dashboard.content.words import AE, VAE, nats


def compare_mse(ae: float, vae: float) -> str:
    """Which model reconstructs more precisely, and by how much."""
    better = more_precise([ae], [vae])
    if better == "neither":
        return f"{AE} and {VAE} reconstruct equally precisely (mean squared error {ae:.4f} and {vae:.4f})"
    name, other, a, b = (AE, VAE, ae, vae) if better == "ae" else (VAE, AE, vae, ae)
    return (
        f"the {name} reconstructs more precisely than the {other} "
        f"(mean squared error {a:.4f} against {b:.4f}, {1 - a / b:.0%} less)"
    )


def likelihood_sentence(likelihood: str, floor: float, sigma: float | None = None) -> str:
    """What the distortion is, why it is that, and its value for a perfect reconstruction.

    Args:
        likelihood: of the models, see `core.config.RunConfig`.
        floor: nats per image.
        sigma: the learned observation noise, in grey levels of [0, 1], where it is learned.
    """
    if likelihood == "bernoulli":
        return (
            "D is the cross-entropy of pixel levels, which suits ink on an empty ground; even a perfect reconstruction "
            f"has a distortion of {nats(floor)} nats here, because levels between black and white have an entropy."
        )
    what = "D is the negative log density of a Gaussian around the decoded image, which suits colours and photographs"
    if likelihood == "gaussian" or sigma is None:
        return f"{what}; as a log density it can be negative. A perfect reconstruction has {nats(floor, 0)} nats here."
    return (
        f"{what}. Its width σ is learned with the weights and is {sigma:.3f} here ([Rybkin et al. 2021]"
        "(https://arxiv.org/abs/2006.13202)), so no factor between D and R has to be chosen for the scale of the "
        f"images. As a log density D can be negative; a perfect reconstruction has {nats(floor, 0)} nats."
    )


def start_takeaway(ae: Mapping[str, Any], vae: Mapping[str, Any]) -> str:
    """The Start page's sentence, from both models' evaluations."""
    return (
        f"On {vae['n']:,} images neither model has seen, {compare_mse(ae['mse'], vae['mse'])}. "
        f"The {VAE}'s loss also includes a rate of {nats(vae['rate'])} nats per image, "
        "which penalises clouds that differ from the prior N(0, I)."
    )
