"""How weights move: the learning rate over the course of training, and the rule of a step.

    w <- w - rate(t) * step(gradient)        Adam's step everywhere, or Muon's for the matrices between layers
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from core.config import RunConfig
from core.models import Trainable

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


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1) on a CPU: the kernel and the bits of `torch.optim.Adam(parameters, lr, fused=True)`.

    Only the bookkeeping around the kernel is less. torch looks through all states again before every step and counts each
    parameter's steps by itself, which takes a small network almost as long as the arithmetic; here they are looked up once,
    and the counts are views of one tensor. It answers to the part of torch's interface that training uses.
    """

    rule = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False, "maximize": False}  # torch's own

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        self.parameters = list(parameters)
        self.param_groups = [{"params": self.parameters, "lr": lr}]
        self.averages = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.counts = torch.zeros(len(self.parameters))
        self.steps = list(self.counts.unbind())

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter along its gradient, which must be there."""
        self.counts += 1
        gradients, rate = [p.grad for p in self.parameters], self.param_groups[0]["lr"]
        torch._fused_adam_(self.parameters, gradients, self.averages, self.squares, [], self.steps, lr=rate, **self.rule)

    def state_dict(self) -> dict[str, Any]:
        """{"state": {i: {"step", "exp_avg", "exp_avg_sq"}}}, parameters by position; views of what the next step will change."""
        entries = zip(self.steps, self.averages, self.squares)
        return {"state": {i: dict(zip(("step", "exp_avg", "exp_avg_sq"), entry)) for i, entry in enumerate(entries)}, "param_groups": []}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, this class's or torch's; one without any state is a start."""
        for i, entry in state_dict["state"].items():
            self.steps[i].copy_(entry["step"])
            self.averages[i].copy_(entry["exp_avg"])
            self.squares[i].copy_(entry["exp_avg_sq"])


def optimisers(config: RunConfig, model: Trainable) -> dict[str, Adam | torch.optim.Optimizer]:
    """Adam for all parameters; or Muon for the matrices between layers, and Adam for what is left.

    Muon steps along the nearest orthogonal matrix to the averaged gradient, G = U S V' -> U V', so that a matrix learns
    at one pace in all its directions (Jordan et al. 2024). Scaled to the size of Adam's steps (Liu et al. 2025), one
    learning rate serves both. Three Newton-Schulz iterations come as near to U V' as this needs; five end no better.
    """
    wide = [p for p in model.parameters() if config.optimiser == "muon" and p.dim() == 2 and min(p.shape) >= MUON_SIDE]
    rest = [p for p in model.parameters() if not any(p is w for w in wide)]
    kind = rest[0].device.type
    adam = Adam(rest, config.learning_rate) if kind == "cpu" else torch.optim.Adam(rest, config.learning_rate, fused=kind == "cuda")
    found: dict[str, Adam | torch.optim.Optimizer] = {"adam": adam}
    if wide:
        found["muon"] = torch.optim.Muon(wide, lr=config.learning_rate, weight_decay=0, ns_steps=3, adjust_lr_fn="match_rms_adamw")
    return found
