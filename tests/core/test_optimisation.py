"""Schedules and optimisers: what shape the learning rate has, and which parameters take which step."""

import copy

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.models import build_model
from core.optimisation import SCHEDULES, Adam, optimisers


def test_schedules():
    cycle = SCHEDULES["onecycle"]
    values = [cycle(i / 1000) for i in range(1001)]
    assert max(values) == pytest.approx(1, abs=1e-3) and values[0] == pytest.approx(1 / 25)
    assert values.index(max(values)) == 300 and values[-1] < 1e-5
    assert max(abs(a - b) for a, b in zip(values, values[1:])) < 0.01  # no jumps
    line = [SCHEDULES["linear"](i / 1000) for i in range(1001)]
    assert line[0] == line[-1] == 0 and max(line) == line[50] == 1
    assert np.allclose(np.diff(line[50:]), -1 / 950), "straight down"


def test_muon_takes_the_matrices_and_adam_the_rest():
    model = build_model(RunConfig(optimiser="muon"))
    found = optimisers(model.config, model)
    shapes = {name: [tuple(p.shape) for group in o.param_groups for p in group["params"]] for name, o in found.items()}
    assert all(len(shape) == 2 for shape in shapes["muon"]) and (128, 1568) in shapes["muon"] and (16, 128) in shapes["muon"]
    assert len(shapes["adam"]) + len(shapes["muon"]) == len(list(model.parameters()))
    assert list(optimisers(RunConfig(), model)) == ["adam"]


def test_adam_is_torchs_bit_for_bit():
    """Same weights after steps at changing rates, and after going on from either one's state."""

    def steps(optimiser, weights, seeds):
        for seed in seeds:
            for i, weight in enumerate(weights):
                weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(100 * seed + i))
            optimiser.param_groups[0]["lr"] = 1e-3 / (1 + seed)
            optimiser.step()

    ours, torchs = build_model(RunConfig()), build_model(RunConfig())
    mine, theirs = list(ours.parameters()), list(torchs.parameters())
    adam, reference = optimisers(ours.config, ours)["adam"], torch.optim.Adam(theirs, lr=1e-3, fused=True)
    assert isinstance(adam, Adam)
    start = mine[0].detach().clone()
    steps(adam, mine, range(5))
    steps(reference, theirs, range(5))
    assert not torch.equal(start, mine[0]) and all(torch.equal(a, b) for a, b in zip(mine, theirs))
    again, other = Adam(mine, lr=1), torch.optim.Adam(theirs, lr=1, fused=True)
    again.load_state_dict(reference.state_dict())
    other.load_state_dict({"state": copy.deepcopy(adam.state_dict()["state"]), "param_groups": other.state_dict()["param_groups"]})
    steps(again, mine, range(5, 8))
    steps(other, theirs, range(5, 8))
    assert all(torch.equal(a, b) for a, b in zip(mine, theirs)) and float(again.steps[-1]) == 8


def test_a_step_of_muon_is_orthogonal_and_of_adams_size():
    """The step is U V' of the gradient, by a few Newton-Schulz iterations; scaled, its entries are about 0.2, as Adam's are."""
    model = build_model(RunConfig(optimiser="muon"))
    weight = model.encoder.layers[2].weight
    weight.grad = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)) * torch.logspace(0, -1, weight.shape[0])[:, None]
    before, gradient = weight.detach().clone(), torch.linalg.svdvals(weight.grad)
    optimisers(model.config, model)["muon"].step()
    step = (before - weight.detach()) / model.config.learning_rate
    assert gradient.max() > 10 * gradient.min()
    values = torch.linalg.svdvals(step)
    assert values.max() < 2 * values.min(), "all directions alike"
    assert 0.15 < step.square().mean().sqrt() < 0.25 and (step * weight.grad).sum() > 0
