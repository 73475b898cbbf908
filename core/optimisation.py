"""How weights move: the learning rate over the course of training, and the rule of a step.

    w <- w - rate(t) * step(gradient)        Adam's step everywhere, or Muon's for the matrices between layers
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from core.config import RunConfig
from core.models import Autoencoder

MUON_SIDE = 8  # a matrix with a shorter side has too few directions to be worth it


def one_cycle(fraction: float) -> float:
    """Learning-rate factor at `fraction` of training: up to 1 by 30 %, down to almost 0 at the end (Smith & Topin 2018)."""
    peak, start, end = 0.3, 1 / 25, 1 / 250_000

    def cosine(a: float, b: float, t: float) -> float:
        return b + (a - b) * (1 + math.cos(math.pi * t)) / 2

    return cosine(start, 1, fraction / peak) if fraction < peak else cosine(1, end, (fraction - peak) / (1 - peak))


def linear(fraction: float) -> float:
    """Learning-rate factor at `fraction` of training: up to 1 by 5 %, then straight down to 0 (Defazio et al. 2023)."""
    peak = 0.05
    return fraction / peak if fraction < peak else (1 - fraction) / (1 - peak)


SCHEDULES: dict[str, Callable[[float], float]] = {"onecycle": one_cycle, "constant": lambda fraction: 1.0, "linear": linear}


def optimisers(config: RunConfig, model: Autoencoder) -> dict[str, torch.optim.Optimizer]:
    """Adam for all parameters; or Muon for the matrices between layers, and Adam for what is left.

    Muon steps along the nearest orthogonal matrix to the averaged gradient, G = U S V' -> U V', so that a matrix learns
    at one pace in all its directions (Jordan et al. 2024). Scaled to the size of Adam's steps (Liu et al. 2025), one
    learning rate serves both. Three Newton-Schulz iterations come as near to U V' as this needs; five end no better.
    """
    wide = [p for p in model.parameters() if config.optimiser == "muon" and p.dim() == 2 and min(p.shape) >= MUON_SIDE]
    rest = [p for p in model.parameters() if not any(p is w for w in wide)]
    fused = rest[0].device.type in ("cpu", "cuda")
    found: dict[str, torch.optim.Optimizer] = {"adam": torch.optim.Adam(rest, lr=config.learning_rate, fused=fused)}
    if wide:
        found["muon"] = torch.optim.Muon(wide, lr=config.learning_rate, weight_decay=0, ns_steps=3, adjust_lr_fn="match_rms_adamw")
    return found
