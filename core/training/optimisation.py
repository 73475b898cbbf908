"""Optimisers and learning-rate schedules.

    w <- w - rate(t) * step(gradient)        Adam's step everywhere, or Muon's for the matrices between layers

A schedule is a function from the fraction of training done, in [0, 1], to a factor of the peak learning rate.
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

MUON_SIDE = 8  # a matrix with a shorter side has too few directions for Muon to help


def one_cycle(fraction: float) -> float:
    """Rises to 1 during the first 30 % of training, then falls to almost 0 (Smith & Topin 2018)."""
    peak, start, end = 0.3, 1 / 25, 1 / 250_000

    def cosine(a: float, b: float, t: float) -> float:
        return b + (a - b) * (1 + math.cos(math.pi * t)) / 2

    return cosine(start, 1, fraction / peak) if fraction < peak else cosine(1, end, (fraction - peak) / (1 - peak))


def linear(fraction: float) -> float:
    """Rises to 1 during the first 5 % of training, then falls linearly to 0 (Defazio et al. 2023)."""
    peak = 0.05
    return fraction / peak if fraction < peak else (1 - fraction) / (1 - peak)


def gentle(fraction: float) -> float:
    """As `linear`, but falls only to a fifth: for weights that are averaged."""
    peak, end = 0.05, 0.2
    return fraction / peak if fraction < peak else end + (1 - end) * (1 - fraction) / (1 - peak)


def constant(fraction: float) -> float:  # noqa: ARG001 - the signature of every schedule
    """1 throughout."""
    return 1.0


SCHEDULES: dict[str, Callable[[float], float]] = {
    "onecycle": one_cycle,
    "constant": constant,
    "linear": linear,
    "gentle": gentle,
}


def _lerp_all(tensors: list[Tensor], targets: list[Tensor], weight: float) -> None:
    """In place: every tensor <- tensor + weight (target - tensor), in one kernel for all of them."""
    torch._foreach_lerp_(tensors, targets, weight)  # pyright: ignore[reportPrivateUsage, reportPrivateImportUsage]  no public name


class Average:
    """A running mean of a model's weights, in a second model of the same kind (Polyak & Juditsky 1992).

        mean <- mean + (1 - d) (w - mean),    d = min(decay, (t + 1) / (t + 10)) after step t = 0, 1, ...

    The mean removes most of the noise of the last steps, so that the learning rate can stay higher until the end. The
    smaller d of the first steps lets the mean forget the initial weights quickly.

    Attributes:
        model: with the mean weights.
    """

    def __init__(self, model: Trainable, decay: float):
        self.decay, self.model = decay, copy.deepcopy(model).requires_grad_(False).eval()
        self._means: list[Tensor] = list(self.model.parameters())
        self._weights: list[Tensor] = list(model.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Include the weights after this optimiser step, counted from 0."""
        weight = 1 - min(self.decay, (step + 1) / (step + 10))
        _lerp_all(self._means, [w.detach() for w in self._weights], weight)


# Newton-Schulz coefficients (Jordan et al. 2024): the odd quintic that is steepest at 0 and stays near 1 further up.
QUINTIC = (3.4445, -4.7750, 2.0315)


def inverse_roots(grams: Tensor, iterations: int = 3) -> Tensor:
    """Approximately A^(-1/2) for a batch of Gram matrices A = G G', both (k, m, m).

    With it, G = U S V' becomes A^(-1/2) G, approximately U V'.

    Newton-Schulz iteration, without a decomposition. It is usually written with the whole matrix,
    X <- (a + b A + c A^2) X from X = G / |G|, where A = X X' is computed anew in every iteration. But every factor
    P = a + b A + c A^2 is a polynomial in the first A and commutes with it, so the next A is P A P: the iteration runs
    on the small matrices alone and collects Q = P3 P2 P1. This takes two products with the long side of G in total
    instead of two per iteration, with the same result.

    Computed in fp32 on every device. The usual implementation works in bf16, which a processor without bf16
    instructions emulates about thirty times slower than fp32; squared singular values would also be lost in bf16.
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
    """Muon (Jordan et al. 2024): moves a matrix along the orthogonal matrix nearest to the averaged gradient.

        M <- 0.9 M + 0.1 gradient;    G = 0.9 M + 0.1 gradient  (Nesterov's look-ahead)
        w <- w - rate 0.2 sqrt(max(m, n)) (G G')^(-1/2) G       (G = U S V' becomes U V')

    A matrix thus learns at the same rate in all its directions. The factor gives the entries of a step the size of
    Adam's (Liu et al. 2025), so both optimisers share one learning rate. Three iterations approximate U V' well enough;
    with five the result is no better. The usual momentum of 0.95 suits longer trainings: after the few hundred steps of
    `core.config.QUICK`, -ELBO is 0.4 nats per image lower with 0.9 (mean of three seeds).

    The same rule as `torch.optim.Muon(parameters, lr, weight_decay=0, momentum=0.9, ns_steps=3,
    adjust_lr_fn="match_rms_adamw")`, whose states it reads and writes, but in fp32: see `inverse_roots`. As everywhere
    in training, the last digits differ between processors.
    """

    momentum = 0.9

    def __init__(self, parameters: Iterable[Tensor], lr: float):
        self.parameters = list(parameters)
        self.param_groups: list[dict[str, Any]] = [{"params": self.parameters, "lr": lr}]
        self.averages = [torch.zeros_like(p) for p in self.parameters]
        # Positions of the parameters of each shape, transposed or not: they share one batch of products.
        self.same_shape: dict[tuple[int, ...], list[int]] = {}
        for i, parameter in enumerate(self.parameters):
            self.same_shape.setdefault(tuple(sorted(parameter.shape)), []).append(i)

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter along its gradient; all of them must have one."""
        rate = self.param_groups[0]["lr"]
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        assert len(gradients) == len(self.parameters), "a parameter has no gradient"
        _lerp_all(self.averages, gradients, 1 - self.momentum)
        ahead = [g.lerp(average, self.momentum) for g, average in zip(gradients, self.averages, strict=True)]
        for (_, long), positions in self.same_shape.items():
            wide = [len(ahead[i]) < long for i in positions]
            grams = torch.stack(
                [ahead[i] @ ahead[i].T if w else ahead[i].T @ ahead[i] for i, w in zip(positions, wide, strict=True)]
            )
            for i, w, root in zip(positions, wide, inverse_roots(grams), strict=True):
                left, right = (root, ahead[i]) if w else (ahead[i], root)
                self.parameters[i].addmm_(left, right, alpha=-rate * 0.2 * math.sqrt(long))

    def state_dict(self) -> dict[str, Any]:
        """{"state": {i: {"momentum_buffer"}}}, parameters by position. The tensors are those the next step changes."""
        return {
            "state": {i: {"momentum_buffer": average} for i, average in enumerate(self.averages)},
            "param_groups": [],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from the state of this class or of `torch.optim.Muon`; without any entries, from the beginning."""
        for i, entry in state_dict["state"].items():
            self.averages[i].copy_(entry["momentum_buffer"])


Optimiser = Muon | torch.optim.Optimizer


def optimisers(config: RunConfig, model: Trainable) -> dict[str, Optimiser]:
    """{"adam"} for all parameters, or {"adam", "muon"}: Muon for the matrices between layers, Adam for the others."""
    wide = [p for p in model.parameters() if config.optimiser == "muon" and p.dim() == 2 and min(p.shape) >= MUON_SIDE]
    rest = [p for p in model.parameters() if not any(p is w for w in wide)]
    # The fused kernel, where the device has one, takes half the time of the loop over parameters on a CPU.
    adam = torch.optim.Adam(rest, config.learning_rate, fused=rest[0].device.type in ("cpu", "cuda"))
    return {"adam": adam, "muon": Muon(wide, config.learning_rate)} if wide else {"adam": adam}
