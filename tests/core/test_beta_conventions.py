"""Conventions of beta against the losses themselves: each is computed as its code writes it, and compared."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from core.config import LIKELIHOODS, RunConfig
from core.models import beta_conventions
from core.models.beta_conventions import CONVENTIONS, Setting, comparable, effective, nominal
from core.models.objectives import FIXED, GAUSSIAN_SIGMA
from core.models.posteriors import DiagonalGaussian

B, D, P = 8, 16, 784

BY_ID = {convention.id: convention for convention in CONVENTIONS}


def batch(seed: int):
    """Logits, images and a posterior: everything a loss is made of."""
    generator = torch.Generator().manual_seed(seed)
    like = {"generator": generator, "dtype": torch.float64}
    logits, images = (1 + seed % 2) * torch.randn(B, 1, 28, 28, **like), torch.rand(B, 1, 28, 28, **like)
    mean, logvar = (
        (1 + 2 * (seed > 1)) * torch.randn(B, D, **like),
        torch.randn(B, D, **like),
    )  # D and R vary independently
    return logits, images, DiagonalGaussian(mean, logvar)


def theirs(convention: str, w: float, seed: int) -> float:
    """The loss as the code of that name writes it, with weight w."""
    logits, x, q = batch(seed)
    x_hat = torch.sigmoid(logits)
    kl = -0.5 * (1 + q.logvar - q.mean.pow(2) - q.logvar.exp())
    bce = F.binary_cross_entropy(x_hat, x, reduction="none")
    return float(
        {
            "here": lambda: bce.flatten(1).sum(1).mean() + w * kl.sum(1).mean(),
            "pytorch": lambda: F.binary_cross_entropy(x_hat, x, reduction="sum") + w * kl.sum(),
            "keras": lambda: bce[:, 0].sum(dim=(1, 2)).mean() + w * kl.sum(1).mean(),
            "pythae-bce": lambda: (bce.flatten(1).sum(-1) + w * kl.sum(-1)).mean(0),
            "pythae": lambda: (0.5 * F.mse_loss(x_hat, x, reduction="none").flatten(1).sum(-1) + w * kl.sum(-1)).mean(
                0
            ),
            "pytorch-vae": lambda: F.mse_loss(x_hat, x) + w * kl.sum(1).mean(0),
            "means": lambda: bce.mean() + w * kl.mean(),
            "mistake": lambda: bce.mean() + w * kl.sum(1).mean(),
        }[convention]()
    )


def ours(likelihood: str, beta: float, seed: int) -> float:
    logits, x, q = batch(seed)
    return float(FIXED[likelihood].distortion(logits, x).mean() + beta * q.kl().sum(1).mean())


@pytest.mark.parametrize("beta", [0.25, 4.0])
@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.id)
def test_the_translated_loss_is_a_multiple_of_ours(convention, beta):
    """theirs = a ours + b at every point, with one a > 0 and one b: the same optimum."""
    likelihood = "gaussian" if convention.error == "mse" else "bernoulli"
    assert comparable(convention, likelihood)
    w = nominal(beta, convention, Setting(likelihood, P, D))
    assert off_a_line(convention, likelihood, beta, w) < 1e-9
    assert off_a_line(convention, likelihood, 2 * beta, w) > 1e-3, "for another beta it is no multiple"


def off_a_line(convention, likelihood: str, beta: float, w: float) -> float:
    """How far three points (ours, theirs) are from lying on one rising line, as a share of their height."""
    (x0, y0), (x1, y1), (x2, y2) = [(ours(likelihood, beta, seed), theirs(convention.id, w, seed)) for seed in range(3)]
    assert (y1 - y0) / (x1 - x0) > 0
    return abs(y0 + (y1 - y0) / (x1 - x0) * (x2 - x0) - y2) / (max(y0, y1, y2) - min(y0, y1, y2))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.id)
def test_there_and_back(convention, likelihood):
    setting = Setting(likelihood, 3072, 8, sigma=0.2)
    for beta in (0.1, 1.0, 7.3):
        assert effective(nominal(beta, convention, setting), convention, setting) == pytest.approx(beta)


def test_a_learned_sigma_is_the_sigma_of_a_squared_error():
    setting = Setting("calibrated", P, D, sigma=0.2)
    assert effective(1.0, BY_ID["pythae"], setting) == pytest.approx(1 / 0.2**2)  # half the summed squared error
    assert nominal(1.0, BY_ID["keras"], setting) == 1.0, "cross-entropy has no sigma"


def test_known_values():
    assert nominal(1.0, BY_ID["pytorch"]) == 1.0 == nominal(1.0, BY_ID["keras"])
    assert effective(1.0, BY_ID["mistake"]) == pytest.approx(784)
    assert effective(1.0, BY_ID["means"], Setting(latent_dim=16)) == pytest.approx(49)
    # 64x64 colour images, where PyTorch-VAE's tiny weight is none: squared error read as a Gaussian of sigma 1
    assert effective(0.00025, BY_ID["pytorch-vae"], Setting(pixels=64 * 64 * 3)) == pytest.approx(1.536)


def test_different_distortions_are_flagged():
    rows = {row.convention.id: row for row in beta_conventions.translate(2.0)}
    assert not rows["pythae"].exact and not rows["pytorch-vae"].exact and rows["keras"].exact
    assert (
        rows["here"].nominal == 2.0
        and rows["mistake"].default_as_beta == pytest.approx(784)
        and rows["pytorch"].default_as_beta is None
    )
    rows = {row.convention.id: row for row in beta_conventions.translate(2.0, Setting("gaussian"))}
    assert rows["pythae"].exact and not rows["keras"].exact and rows["here"].exact


def test_sigma_is_the_one_that_is_trained_with():
    assert beta_conventions.SIGMA == GAUSSIAN_SIGMA


def test_the_formula_says_what_is_minimised():
    assert "{j=1}^{5}" in beta_conventions.formula(RunConfig(latent_dim=5)) and "R" not in beta_conventions.formula(
        RunConfig(model="ae")
    )
    assert beta_conventions.effective_beta(RunConfig(reduction="mean", beta=2)) == 1568
    assert (
        beta_conventions.effective_beta(RunConfig(beta=2)) == 2
        and beta_conventions.effective_beta(RunConfig(model="ae")) is None
    )
