"""Sentences computed from the numbers beside them: no verdict is written before it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.catalog import Entry, Pair

NA = "n/a"
SAME = 0.02  # two figures within 2 % of each other are called equal

AE, VAE = ":orange[**AE**]", ":blue[**VAE**]"  # the models' colours, see .streamlit/config.toml


def nats(value: float | None, digits: int = 1) -> str:
    """A number of nats; "n/a" where a model has none."""
    return NA if value is None else f"{value:.{digits}f}"


def less(a: float, b: float) -> float:
    """By which fraction a is smaller than b."""
    return (b - a) / b if b else 0.0


def compare_mse(ae: float, vae: float) -> str:
    """Which model reconstructs more precisely, and by how much."""
    if abs(less(ae, vae)) < SAME:
        return f"{AE} and {VAE} reconstruct equally precisely (mean squared error {ae:.4f} and {vae:.4f})"
    better, worse, a, b = (AE, VAE, ae, vae) if ae < vae else (VAE, AE, vae, ae)
    return f"the {better} reconstructs more precisely than the {worse} (mean squared error {a:.4f} against {b:.4f}, {less(a, b):.0%} less)"


def start_takeaway(ae: Mapping[str, Any], vae: Mapping[str, Any]) -> str:
    return (
        f"On {vae['n']:,} images neither model has seen, {compare_mse(ae['mse'], vae['mse'])}. "
        f"What the {VAE} pays besides is its rate: {nats(vae['rate'])} nats an image for clouds that must not stray far from one common bell curve."
    )


def provenance(pair: Pair, n: int, what: str = "test images") -> str:
    """Which models, data and seed a page's figures were measured on."""
    return (
        f"Measured on {n:,} {what} of `{pair.dataset}` · latent size {pair.latent_dim} · seed {pair.seed} · "
        f"AE `{pair.ae.run_id}` · VAE `{pair.vae.run_id}` (β = {pair.vae.config.beta:g}; nats per image, both terms summed)"
    )


def run_provenance(entry: Entry, n: int) -> str:
    """As `provenance`, for one run."""
    c = entry.config
    return f"Measured on {n:,} test images of `{c.dataset}` · latent size {c.latent_dim} · seed {c.seed} · `{entry.run_id}`"
