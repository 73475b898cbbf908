"""The closed form against torch.distributions and against sampling; the point against its own definition."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from core.models.posteriors import DiagonalGaussian, Dirac


@pytest.fixture
def gaussian() -> DiagonalGaussian:
    g = torch.Generator().manual_seed(0)
    return DiagonalGaussian(torch.randn(5, 3, generator=g), torch.randn(5, 3, generator=g))


def test_kl_is_the_closed_form(gaussian):
    expected = kl_divergence(Normal(gaussian.mean, gaussian.stddev), Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian.kl(), expected)


def test_kl_agrees_with_monte_carlo(gaussian):
    g = torch.Generator().manual_seed(1)
    z = torch.stack([gaussian.rsample(g) for _ in range(20_000)])
    log_ratio = Normal(gaussian.mean, gaussian.stddev).log_prob(z) - Normal(0.0, 1.0).log_prob(z)
    torch.testing.assert_close(log_ratio.mean(0), gaussian.kl(), atol=0.1, rtol=0.03)


def test_kl_is_zero_only_at_the_prior():
    zero = torch.zeros(1, 4)
    assert DiagonalGaussian(zero, zero).kl().abs().max() == 0
    assert (DiagonalGaussian(zero + 0.1, zero).kl() > 0).all()
    assert (DiagonalGaussian(zero, zero + 0.1).kl() > 0).all()


def test_samples_have_the_stated_moments_and_gradients(gaussian):
    g = torch.Generator().manual_seed(2)
    z = torch.stack([gaussian.rsample(g) for _ in range(20_000)])
    torch.testing.assert_close(z.mean(0), gaussian.mean, atol=0.06, rtol=0)
    torch.testing.assert_close(z.std(0), gaussian.stddev, atol=0.02, rtol=0.03)
    mean, logvar = gaussian.mean.clone().requires_grad_(), gaussian.logvar.clone().requires_grad_()
    DiagonalGaussian(mean, logvar).rsample(g).sum().backward()
    torch.testing.assert_close(mean.grad, torch.ones_like(mean))  # dz/dmu = 1
    assert (logvar.grad != 0).all()


def test_a_generator_makes_samples_repeatable(gaussian):
    def draw(seed: int) -> torch.Tensor:
        return gaussian.rsample(torch.Generator().manual_seed(seed))

    assert torch.equal(draw(3), draw(3)) and not torch.equal(draw(3), draw(4))


def test_a_point_is_its_mean_and_has_no_rate():
    point = Dirac(torch.randn(4, 2))
    assert torch.equal(point.rsample(), point.mean) and torch.equal(point.rsample(), point.rsample())
    assert point.stddev.abs().max() == 0
    assert point.kl() is None
