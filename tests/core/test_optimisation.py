"""Schedules and optimisers: what shape the learning rate has, and which parameters take which step."""

import copy
import itertools

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.models.build import build_model
from core.training.optimisation import SCHEDULES, Average, Muon, inverse_roots, optimisers


def test_schedules():
    cycle = SCHEDULES["onecycle"]
    values = [cycle(i / 1000) for i in range(1001)]
    assert max(values) == pytest.approx(1, abs=1e-3) and values[0] == pytest.approx(1 / 25)
    assert values.index(max(values)) == 300 and values[-1] < 1e-5
    assert max(abs(a - b) for a, b in itertools.pairwise(values)) < 0.01  # no jumps
    line = [SCHEDULES["linear"](i / 1000) for i in range(1001)]
    assert line[0] == line[-1] == 0 and max(line) == line[50] == 1
    assert np.allclose(np.diff(line[50:]), -1 / 950), "straight down"
    gentle = [SCHEDULES["gentle"](i / 1000) for i in range(1001)]
    assert (
        gentle[:51] == line[:51] and gentle[-1] == pytest.approx(0.2) and np.allclose(np.diff(gentle[50:]), -0.8 / 950)
    )


def test_muon_takes_the_matrices_and_adam_the_rest():
    model = build_model(RunConfig(optimiser="muon"))
    found = optimisers(model.config, model)
    shapes = {name: [tuple(p.shape) for group in o.param_groups for p in group["params"]] for name, o in found.items()}
    assert (
        all(len(shape) == 2 for shape in shapes["muon"])
        and (128, 1568) in shapes["muon"]
        and (16, 128) in shapes["muon"]
    )
    assert len(shapes["adam"]) + len(shapes["muon"]) == len(list(model.parameters()))
    assert list(optimisers(RunConfig(), model)) == ["adam"]
    assert all(group["fused"] for group in found["adam"].param_groups), "one kernel for all parameters on a CPU"


def test_a_step_of_muon_is_orthogonal_and_of_adams_size():
    """The step is U V' of the gradient by Newton-Schulz iterations; scaled, its entries are about 0.2, like Adam's."""
    model = build_model(RunConfig(optimiser="muon"))
    weight = model.encoder.layers[2].weight
    weight.grad = (
        torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
        * torch.logspace(0, -1, weight.shape[0])[:, None]
    )
    before, gradient = weight.detach().clone(), torch.linalg.svdvals(weight.grad)
    muon = optimisers(model.config, model)["muon"]
    for other in muon.parameters:
        other.grad = torch.zeros_like(other) if other is not weight else weight.grad
    muon.step()
    step = (before - weight.detach()) / model.config.learning_rate
    assert gradient.max() > 10 * gradient.min()
    values = torch.linalg.svdvals(step)
    assert values.max() < 2 * values.min(), "all directions alike"
    assert 0.15 < step.square().mean().sqrt() < 0.25 and (step * weight.grad).sum() > 0


def iterated(matrix: torch.Tensor, iterations: int) -> torch.Tensor:
    """Newton-Schulz as it is usually written, in float64."""
    x = matrix.double() / matrix.double().norm()
    for _ in range(iterations):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


@pytest.mark.parametrize("spread", [0, 2, 4], ids=lambda decades: f"{decades} decades")
@pytest.mark.parametrize("shape", [(8, 8), (16, 128), (128, 1568)], ids=str)
def test_the_iteration_in_the_gram_matrix_is_the_iteration(shape, spread):
    """Also where singular values span decades, which squaring them makes twice as many."""
    generator = torch.Generator().manual_seed(sum(shape))
    matrices = torch.randn((2, *shape), generator=generator) * torch.logspace(0, -spread, shape[0])[:, None]
    for iterations in (1, 2, 3):
        for root, matrix in zip(inverse_roots(matrices @ matrices.mT, iterations), matrices, strict=True):
            assert torch.allclose((root @ matrix).double(), iterated(matrix, iterations), atol=1e-4)
    assert torch.isfinite(inverse_roots(torch.zeros(1, 8, 8))).all(), "no gradient, no step"


def test_muon_is_torchs_when_both_compute_in_fp32(monkeypatch):
    """torch's Muon always rounds to bf16; without that both agree, and each continues from the other's state."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda self: self.clone())
    shapes = [(128, 1568), (16, 128), (16, 128), (128, 16), (1568, 128), (8, 8)]
    start = [torch.randn(shape, generator=torch.Generator().manual_seed(i)) for i, shape in enumerate(shapes)]
    mine, theirs = ([weight.clone().requires_grad_() for weight in start] for _ in range(2))

    def torchs():
        return torch.optim.Muon(theirs, lr=1, weight_decay=0, momentum=0.9, ns_steps=3, adjust_lr_fn="match_rms_adamw")

    def steps(ours, reference, seeds):
        for seed in seeds:
            for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                a.grad = torch.randn(a.shape, generator=torch.Generator().manual_seed(100 * seed + i)) / (1 + i)
                b.grad = a.grad.clone()
            for optimiser in (ours, reference):
                optimiser.param_groups[0]["lr"] = 1e-2 / (1 + seed)
                optimiser.step()

    ours, reference = Muon(mine, lr=1), torchs()
    steps(ours, reference, range(4))
    assert all(
        torch.allclose(a, b, atol=1e-5) and (a - c).abs().max() > 1e-3
        for a, b, c in zip(mine, theirs, start, strict=True)
    )
    again, other = Muon(mine, lr=1), torchs()
    again.load_state_dict(reference.state_dict())
    other.load_state_dict(
        {"state": copy.deepcopy(ours.state_dict()["state"]), "param_groups": other.state_dict()["param_groups"]}
    )
    steps(again, other, range(4, 6))
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(mine, theirs, strict=True))


def test_an_average_forgets_the_start_and_follows_with_its_decay():
    model = build_model(RunConfig(trunk="mlp-400", latent_dim=8))
    average, weight = Average(model, 0.9), next(model.parameters())
    mean, start = next(average.model.parameters()), weight.detach().clone()
    assert not mean.requires_grad and torch.equal(mean, start)
    expected = start.double()
    for step in range(200):
        with torch.no_grad():
            weight.fill_(float(step))
        average.update(step)
        expected += (1 - min(0.9, (step + 1) / (step + 10))) * (step - expected)
    assert torch.allclose(mean.double(), expected, rtol=1e-5) and torch.equal(weight, torch.full_like(weight, 199.0))
    assert 199 - 9.5 < float(mean.mean()) < 199 - 8.5, "a mean over the last ten steps or so"
    assert float(mean.std()) < 1e-3, "nothing is left of the random start"
