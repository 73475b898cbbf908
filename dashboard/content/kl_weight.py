"""The KL weight: its effect on rate and distortion, its value in other code bases, and a common mistake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.config import RunConfig
from dashboard.content.catalog import Entry, nearest_betas
from dashboard.content.words import VAE, nats


def lowest_neg_elbo(evaluations: Mapping[float, Mapping[str, Any]]) -> float:
    """The trained KL weight with the lowest -ELBO."""
    return min(evaluations, key=lambda beta: evaluations[beta]["neg_elbo"])


def activity(active: int, latent_dim: int) -> Literal["all", "some", "none"]:
    """How many of the latent units are active."""
    return "all" if active == latent_dim else "some" if active else "none"


def weight_takeaway(beta: float, evaluations: Mapping[float, Mapping[str, Any]], latent_dim: int) -> str:
    """Rate, distortion and active units at the KL weight shown, and which trained KL weight has the lowest -ELBO.

    Args:
        evaluations: of the trained runs by beta, at least one.
    """
    best = lowest_neg_elbo(evaluations)
    value = nats(evaluations[best]["neg_elbo"])
    lowest = f"Of the {len(evaluations)} trained values, β = {best:g} has the lowest −ELBO ({value})."
    if len(evaluations) == 1:
        lowest = f"Its −ELBO is {value}; no other value has been trained."
    if beta not in evaluations:
        return f"{_untrained_neighbours(beta, evaluations)} {lowest}"
    e = evaluations[beta]
    state = {
        "all": f"all {latent_dim} latent units are active",
        "some": f"{latent_dim - e['active_units']} of {latent_dim} latent units are inactive",
        "none": "all latent units are inactive, so every image is decoded to the same output",
    }[activity(e["active_units"], latent_dim)]
    return (
        f"At β = {beta:g} the {VAE} has a rate of {nats(e['rate'])} nats and a distortion of "
        f"{nats(e['distortion'])} nats; {state}. {lowest}"
    )


def _untrained_neighbours(beta: float, evaluations: Mapping[float, Mapping[str, Any]]) -> str:
    each = [
        f"β = {b:g} has a rate of {nats(evaluations[b]['rate'])} and a distortion of "
        f"{nats(evaluations[b]['distortion'])} nats"
        for b in sorted(nearest_betas(evaluations, beta, 2))
    ]
    return (
        f"The server has no network for β = {beta:g} yet. "
        f"Of the nearest trained values, the {VAE} with {'; that with '.join(each)}."
    )


def trained_here(entry: Entry) -> str:
    """Which network is shown, if one was trained for this KL weight."""
    return f"Trained for this β alone, {entry.config.epochs} epochs: `{entry.run_id}`"


def untrained(status: Any, config: RunConfig, cost: str = "") -> str:
    """Why there is no network for this KL weight, and what to do.

    Args:
        status: a `core.jobs.status.JobStatus`.
        config: of the network.
        cost: what its training takes, see `core.training.cost`.
    """
    if status.message:
        return f"The training of β = {config.beta:g} ended early: {status.message}"
    if status.state in ("stopped", "stale"):
        how = "stopped" if status.state == "stopped" else "interrupted"
        return f"The training of β = {config.beta:g} was {how}; it can be resumed from its last saved epoch."
    takes = f": {cost}" if cost else ""
    return f"Trains {config.epochs} epochs in the background{takes}. Afterwards the network is available to everyone."


def convention_takeaway(beta: float, nominal: Mapping[str, float]) -> str:
    """How much the values for the same KL weight differ between code bases.

    Args:
        nominal: value by name of the code base.
    """
    low, high = min(nominal, key=nominal.__getitem__), max(nominal, key=nominal.__getitem__)
    return (
        f"The β = {beta:g} of this page corresponds to {nominal[low]:.3g} in one code base ({low}) and to "
        f"{nominal[high]:.3g} in another ({high}), a factor of {nominal[high] / nominal[low]:,.0f} for the same "
        "weight. The reason is whether D and the KL are summed or averaged."
    )


def mistake_takeaway(
    weight: float, effective: float, wrong: Mapping[str, Any], right: Mapping[str, Any], latent_dim: int
) -> str:
    """The effect of averaging D over the pixels, from the evaluations of two runs with the same nominal KL weight.

    Args:
        weight: the nominal KL weight.
        effective: the beta that it corresponds to in the run with the mistake.
        wrong, right: evaluations of the run with the mistake and of the one without it.
    """
    active = wrong["active_units"]
    fate = f"{active} of {latent_dim} latent units are active"
    if activity(active, latent_dim) == "none":
        fate = "The model **collapses**: no latent unit is active, and every image is decoded to the same average"
    return (
        f"With D averaged over pixels and the KL summed, a weight of {weight:g} acts as β = {effective:g}. {fate} "
        f"(rate {wrong['rate']:.2f} nats, squared error {wrong['mse']:.4f}; with both summed, the same weight gives "
        f"{right['active_units']} active units, a rate of {right['rate']:.1f} nats and a squared error of "
        f"{right['mse']:.4f})."
    )
