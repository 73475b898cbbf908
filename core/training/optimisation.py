"""How weights move: the learning rate over the course of training, and the rule of a step.

w <- w - rate(t) * step(gradient)        Adam's step everywhere, or Muon's for the matrices between layers
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from core.config import RunConfig
from core.models.networks import Trainable

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


def gentle(fraction: float) -> float:
    """Learning-rate factor at `fraction` of training: as `linear`, but down to a fifth, for weights that are averaged."""
    peak, end = 0.05, 0.2
    return fraction / peak if fraction < peak else end + (1 - end) * (1 - fraction) / (1 - peak)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "onecycle": one_cycle,
    "constant": lambda fraction: 1.0,
    "linear": linear,
    "gentle": gentle,
}


class Average:
    """A running mean of a model's weights, in a second model of the same kind (Polyak & Juditsky 1992).

        mean <- mean + (1 - d) (w - mean),    d = min(decay, (t + 1) / (t + 10)) after step t = 0, 1, ...

    It evens out what the last steps' noise adds, so that a higher learning rate may be used to the end; with a smaller decay
    in the beginning, the initial weights are soon forgotten.
    """

    def __init__(self, model: Trainable, decay: float):
        self.decay, self.model = decay, copy.deepcopy(model).requires_grad_(False).eval()
        self.pairs = list(self.model.parameters()), list(model.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after this optimiser step."""
        means, weights = self.pairs
        torch._foreach_lerp_(means, [w.detach() for w in weights], 1 - min(self.decay, (step + 1) / (step + 10)))


# Newton-Schulz coefficients (Jordan et al. 2024): as steep at 0 as an odd quintic can be that stays near 1 further up.
QUINTIC = (3.4445, -4.7750, 2.0315)


def inverse_roots(grams: Tensor, iterations: int = 3) -> Tensor:
    """About A^(-1/2) of a batch of Gram matrices A = G G', (k, m, m): with it, G = U S V' becomes A^(-1/2) G = about U V'.

    Newton-Schulz iteration, without a decomposition. It is usually written with the whole matrix, X <- (a + b A + c A^2) X
    from X = G / |G|, where A = X X' is computed anew every time. But every factor P = a + b A + c A^2 is a polynomial in the
    first A and commutes with it, so that the next A is P A P: the iteration runs on small matrices alone and collects
    Q = P3 P2 P1. Two products with the long side of G instead of two an iteration, with the same result.

    In fp32 on every device. The usual implementation works in bf16, which a processor without bf16 instructions has to
    emulate, some thirty times slower than fp32; and squared singular values would be lost in bf16.
    """
    a, b, c = QUINTIC
    squares = grams.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-14)[:, None, None]  # |G|^2 is the trace of G G'
    gram, collected = grams / squares, squares.rsqrt()
    for i in range(iterations):
        factor = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        collected = factor @ collected if i else factor * collected
        if i + 1 < iterations:
            gram = factor @ gram @ factor
    return collected


class Muon:
    """Muon (Jordan et al. 2024): move matrices along the nearest orthogonal matrix to the averaged gradient, G = U S V' -> U V'.

        M <- 0.9 M + 0.1 gradient;    G = 0.9 M + 0.1 gradient  (Nesterov's look-ahead)
        w <- w - rate 0.2 sqrt(max(m, n)) (G G')^(-1/2) G

    So a matrix learns at one pace in all its directions. The factor gives the step's entries the size of Adam's (Liu et al.
    2025): one learning rate serves both. Three iterations come as near to U V' as this needs; five end no better. The usual
    momentum, 0.95, suits longer trainings: after the few hundred steps of a request -ELBO is 0.4 nats per image lower with 0.9
    (mean of three seeds).

    The same rule as `torch.optim.Muon(parameters, lr, weight_decay=0, momentum=0.9, ns_steps=3,
    adjust_lr_fn="match_rms_adamw")`, whose states it reads and writes, but in fp32: see `inverse_roots`. As everywhere in
    training, the last digits differ between processors.
    """

    momentum = 0.9

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        self.parameters = list(parameters)
        self.param_groups = [{"params": self.parameters, "lr": lr}]
        self.averages = [torch.zeros_like(p) for p in self.parameters]
        self.alike: dict[
            tuple[int, ...], list[int]
        ] = {}  # parameters of one shape, transposed or not: one batch of products
        for i, parameter in enumerate(self.parameters):
            self.alike.setdefault(tuple(sorted(parameter.shape)), []).append(i)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter along its gradient, which must be there."""
        gradients, rate = [p.grad for p in self.parameters], self.param_groups[0]["lr"]
        torch._foreach_lerp_(self.averages, gradients, 1 - self.momentum)
        ahead = torch._foreach_lerp(gradients, self.averages, self.momentum)
        for (_, long), positions in self.alike.items():
            wide = [len(ahead[i]) < long for i in positions]
            grams = torch.stack(
                [ahead[i] @ ahead[i].T if w else ahead[i].T @ ahead[i] for i, w in zip(positions, wide)]
            )
            for i, w, root in zip(positions, wide, inverse_roots(grams)):
                left, right = (root, ahead[i]) if w else (ahead[i], root)
                self.parameters[i].addmm_(left, right, alpha=-rate * 0.2 * math.sqrt(long))

    def state_dict(self) -> dict[str, Any]:
        """{"state": {i: {"momentum_buffer"}}}, parameters by position; views of what the next step will change."""
        return {
            "state": {i: {"momentum_buffer": average} for i, average in enumerate(self.averages)},
            "param_groups": [],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`, this class's or torch's; one without any state is a start."""
        for i, entry in state_dict["state"].items():
            self.averages[i].copy_(entry["momentum_buffer"])


Optimiser = Muon | torch.optim.Optimizer


def optimisers(config: RunConfig, model: Trainable) -> dict[str, Optimiser]:
    """Adam for all parameters; or Muon for the matrices between layers, and Adam for what is left."""
    wide = [p for p in model.parameters() if config.optimiser == "muon" and p.dim() == 2 and min(p.shape) >= MUON_SIDE]
    rest = [p for p in model.parameters() if not any(p is w for w in wide)]
    # One kernel for all parameters, where the device has it: on a CPU half the time of the loop over parameters.
    adam = torch.optim.Adam(rest, config.learning_rate, fused=rest[0].device.type in ("cpu", "cuda"))
    return {"adam": adam, "muon": Muon(wide, config.learning_rate)} if wide else {"adam": adam}
