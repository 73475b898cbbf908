"""Both halves of the loss against torch.distributions, and the units they are in."""

import pytest
import torch
from torch.distributions import Bernoulli as TorchBernoulli
from torch.distributions import Normal

from core.models.objectives import FIXED, GAUSSIAN_SIGMA, Bernoulli, Calibrated, Gaussian, SharedSigma, Terms

G = torch.Generator().manual_seed(0)
LOGITS = torch.randn(3, 1, 28, 28, generator=G)
GREY = torch.rand(3, 1, 28, 28, generator=G)


def test_bernoulli_distortion_is_nats_per_image():
    binary = (GREY > 0.5).float()
    expected = -TorchBernoulli(logits=LOGITS).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli.distortion(LOGITS, binary), expected)


def test_gaussian_distortion_is_a_normalised_log_density():
    expected = -Normal(torch.sigmoid(LOGITS), GAUSSIAN_SIGMA).log_prob(GREY).flatten(1).sum(1)
    torch.testing.assert_close(Gaussian.distortion(LOGITS, GREY), expected)


@pytest.mark.parametrize("sigma", [0.02, 0.3, 2.0])
def test_calibrated_distortion_is_a_normalised_log_density(sigma):
    likelihood = Calibrated(torch.tensor(sigma).log())
    expected = -Normal(torch.sigmoid(LOGITS), sigma).log_prob(GREY).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.distortion(LOGITS, GREY), expected)


def test_the_best_sigma_is_the_root_of_the_mean_squared_error():
    sigma = SharedSigma()
    error = (torch.sigmoid(LOGITS) - GREY).square().mean()
    sigma.set(float(error.sqrt()))
    Calibrated(sigma.log()).distortion(LOGITS, GREY).mean().backward()
    per_log = float(sigma.offset.grad) / sigma.scale  # dD/d log sigma = P - |error|^2 / sigma^2
    assert per_log == pytest.approx(0, abs=1e-2)
    best = Calibrated(sigma.log()).distortion(LOGITS, GREY).mean()
    for factor in (0.9, 1.1):
        assert Calibrated(sigma.log() + torch.tensor(factor).log()).distortion(LOGITS, GREY).mean() > best


def test_the_gradient_of_sigma_is_its_closed_form():
    sigma = SharedSigma()
    sigma.set(0.2)
    Calibrated(sigma.log()).distortion(LOGITS, GREY).sum().backward()
    error = (torch.sigmoid(LOGITS) - GREY).square().flatten(1).sum(1)
    expected = (GREY[0].numel() - error / 0.2**2).sum() * sigma.scale
    torch.testing.assert_close(sigma.offset.grad, expected, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("likelihood", FIXED.values(), ids=FIXED)
def test_the_floor_is_reached_by_a_perfect_reconstruction_and_by_nothing_else(likelihood):
    perfect = torch.logit(GREY.double().clamp(1e-9, 1 - 1e-9))
    torch.testing.assert_close(
        likelihood.distortion(perfect, GREY.double()), likelihood.floor(GREY).double(), rtol=1e-4, atol=1e-3
    )
    assert (likelihood.distortion(perfect + 0.5, GREY.double()) > likelihood.floor(GREY)).all()


def test_the_floor_of_black_and_white_is_zero():
    assert Bernoulli.floor((GREY > 0.5).float()).abs().max() == 0


def test_loss_is_distortion_plus_beta_rate():
    terms = Terms(torch.tensor([10.0, 20.0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert terms.rate.tolist() == [3.0, 7.0]
    assert terms.loss(1.0).item() == pytest.approx(15 + 5)
    assert terms.loss(4.0).item() == pytest.approx(15 + 20)
    assert terms.loss(torch.tensor([0.0, 2.0])).item() == pytest.approx(15 + 7)  # one beta per image


def test_without_a_rate_beta_does_not_matter():
    terms = Terms(torch.tensor([10.0, 20.0]), None)
    assert terms.rate is None and terms.loss(None).item() == terms.loss(7.0).item() == 15


def test_free_bits_are_free():
    terms = Terms(torch.tensor([10.0]), torch.tensor([[0.2, 3.0]]))
    assert terms.loss(1.0, free_bits=0.5).item() == pytest.approx(10 + 0.5 + 3.0)
    grad = torch.tensor([[0.2, 3.0]], requires_grad=True)
    Terms(torch.tensor([10.0]), grad).loss(2.0, free_bits=0.5).backward()
    assert grad.grad.tolist() == [[0.0, 2.0]]  # nothing is gained by going below the free bits


def test_the_mean_reduction_is_a_beta_784_times_larger():
    terms = Terms(torch.tensor([100.0]), torch.tensor([[2.0]]))
    assert 784 * terms.loss(1.0, reduction="mean").item() == pytest.approx(terms.loss(784.0).item())
