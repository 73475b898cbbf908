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


def start_takeaway(ae: Mapping[str, Any], vae: Mapping[str, Any]) -> str:
    """The Start page's sentence, from both models' evaluations."""
    return (
        f"On {vae['n']:,} images neither model has seen, {compare_mse(ae['mse'], vae['mse'])}. "
        f"The {VAE}'s loss also includes a rate of {nats(vae['rate'])} nats per image, "
        "which penalises clouds that differ from the prior N(0, I)."
    )
