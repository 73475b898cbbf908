"""One slider per latent number: those of the VAE ordered by rate, those of the AE by variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.config import ACTIVE_NATS
from dashboard.components.lanes import Lane
from dashboard.components.scripts import register

_mount = register("traverse")


def dimensions(lane: Lane, rate_per_dim: Sequence[float] | None, factor_text: Sequence[str] = ()) -> dict[str, Any]:
    """Order, range and label of a model's latent numbers.

    Args:
        rate_per_dim: mean rate of each, nats per image; None for an AE, whose numbers are ordered by variance.
        factor_text: the known factor that each follows, in words; empty where no factors are known.
    """
    mean, sd = lane.codes.mean(0), lane.codes.std(0)
    if rate_per_dim is None:
        importance, inactive = sd**2, [bool(v < 1e-3 * (sd**2).max()) for v in sd**2]
        text = [f"variance {v:.2f}" for v in importance]
        # Three standard deviations of the model's own codes, which have no common scale.
        span = [(float(m - 3 * max(s, 1e-3)), float(m + 3 * max(s, 1e-3))) for m, s in zip(mean, sd, strict=True)]
    else:
        importance, inactive = np.asarray(rate_per_dim), [bool(r <= ACTIVE_NATS) for r in rate_per_dim]
        text = [f"{r:.2f} nats" + (", inactive" if off else "") for r, off in zip(rate_per_dim, inactive, strict=True)]
        span = [(-3.0, 3.0)] * len(importance)  # three standard deviations of the prior
    order = np.argsort(-importance, kind="stable").tolist()
    return {
        "order": order,
        "inactive": inactive,
        "weight_text": text,
        "factor_text": list(factor_text),
        "range": span,
    }


def traverse(
    left: Lane,
    right: Lane,
    rates: tuple[Sequence[float] | None, Sequence[float] | None],
    topic: str,
    key: str,
    factors: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> None:
    """Draw both columns of sliders, which start at the code of the image published under `topic`.

    Args:
        rates: of each model, mean rate per latent number in nats per image; None for an AE.
        factors: of each model, the known factor that each latent number follows, in words; empty if none are known.
    """
    described = [
        lane.describe(**dimensions(lane, rate, words))
        for lane, rate, words in zip((left, right), rates, factors, strict=True)
    ]
    _mount(key=key, data={"left": described[0], "right": described[1], "topic": topic})
