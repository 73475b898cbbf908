"""How the latent spaces form, and the progress of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.content.words import AE, VAE, nats


def _half_way(values: Sequence[float]) -> int:
    """The first epoch at which a curve has covered half of the distance from its first to its last value."""
    goal = abs((values[0] + values[-1]) / 2 - values[0])
    return next(i for i, v in enumerate(values) if abs(v - values[0]) >= goal)


@dataclass(frozen=True)
class RateCourse:
    """How the rate develops: it keeps rising, or it has a maximum of `peak` nats in epoch `epoch` and then falls."""

    rising: bool
    peak: float
    epoch: int


def rate_course(rates: Sequence[float]) -> RateCourse:
    """The course of the rate, one value per epoch; it counts as rising if it ends within 5 % of its maximum."""
    top = max(range(len(rates)), key=rates.__getitem__)
    return RateCourse(rates[-1] > 0.95 * rates[top], rates[top], top)


def training_takeaway(ae: Sequence[Mapping[str, Any]], vae: Sequence[Mapping[str, Any]]) -> str:
    """How quickly both models reduce the distortion, and how the VAE's rate develops.

    Args:
        ae, vae: histories, one row per epoch, starting at epoch 0.
    """
    fast_ae, fast_vae = (_half_way([row["distortion"] for row in rows]) for rows in (ae, vae))
    last_ae, last_vae = len(ae) - 1, len(vae) - 1
    if (fast_ae, last_ae) == (fast_vae, last_vae):
        when = f"Both models reach half of this reduction after {fast_ae} of {last_ae} epochs"
    else:
        when = (
            f"The {AE} reaches half of this reduction after {fast_ae} of {last_ae} epochs, "
            f"the {VAE} after {fast_vae} of {last_vae}"
        )
    rates = [row["rate"] for row in vae]
    course = rate_course(rates)
    if course.rising:
        how = f"rises from {rates[0]:.1f} to {rates[-1]:.1f} nats, as it learns which information is worth encoding"
    else:
        how = f"rises to {course.peak:.1f} nats in epoch {course.epoch} and settles at {rates[-1]:.1f}"
    return (
        f"Training reduces the distortion to {nats(ae[-1]['distortion'])} nats in the {AE} and "
        f"{nats(vae[-1]['distortion'])} nats in the {VAE}. {when}. The {VAE}'s rate {how}."
    )


def progress_line(status: Any, history: Sequence[Mapping[str, Any]]) -> str:
    """One line about a training in progress; `status` is a `core.jobs.status.JobStatus`."""
    left = "" if status.seconds_left is None else f" · about {max(status.seconds_left, 1):.0f} s left"
    others = f" · {status.visitors - 1} more waiting for it" if status.visitors > 1 else ""
    if status.state == "queued":
        return f"Waiting, position {status.position} in the queue{left}{others}"
    if status.state == "stopping":
        return "Stopping after this batch"
    if not history:
        return f"Starting{others}"
    return f"Epoch {history[-1]['epoch']} of {history[-1]['epochs']}{left}{others}"
