"""Laws every architecture obeys: shapes, matched starts, gradients everywhere, seeds, and what conditioning may do."""

import itertools

import pytest
import torch

from core.config import BETA_RANGE, TRUNKS, RunConfig
from core.models.build import build_model

IMAGES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
CASES = [
    RunConfig(model=m, trunk=t, latent_dim=d)
    for m, t, d in itertools.product(("ae", "vae", "multirate"), TRUNKS, (1, 2, 64))
]


@pytest.mark.parametrize("config", CASES, ids=lambda c: f"{c.model}-{c.trunk}-{c.latent_dim}")
def test_shapes_and_gradients(config):
    model = build_model(config)
    reference = model.reference()
    posterior = reference.encode(IMAGES)
    assert posterior.mean.shape == posterior.stddev.shape == (3, config.latent_dim)
    assert reference.decode(posterior.mean).shape == (3, 1, 28, 28)
    assert reference.decode_image(posterior.mean).min() >= 0 and reference.decode_image(posterior.mean).max() <= 1
    with torch.no_grad():  # zero-initialised scales and shifts pass no gradient to what lies before them only if unused
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    model.loss(IMAGES, torch.Generator().manual_seed(0)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, f"no gradient reaches {name}"


@pytest.mark.parametrize("trunk", TRUNKS)
def test_ae_and_vae_start_equal_in_all_they_share(trunk):
    ae, vae = (build_model(RunConfig(model=m, trunk=trunk, seed=5)).state_dict() for m in ("ae", "vae"))
    assert set(vae) - set(ae) == {"head.logvar.weight", "head.logvar.bias"}
    assert all(torch.equal(ae[name], vae[name]) for name in ae)


def test_weights_depend_on_the_seed_alone_and_leave_the_global_state_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    a, b, c = (build_model(RunConfig(seed=s)).state_dict() for s in (0, 0, 1))
    assert torch.equal(torch.rand(1), expected)
    assert all(torch.equal(a[k], b[k]) for k in a) and not torch.equal(a["head.mean.weight"], c["head.mean.weight"])


def test_the_default_network_is_the_documented_one():
    assert sum(p.numel() for p in build_model(RunConfig()).parameters()) == 426_369


def test_output_bias_starts_at_the_mean_grey_level():
    model = build_model(RunConfig(model="ae"))
    model.set_output_bias(0.13)
    with torch.no_grad():
        model.decoder.layers[-1].weight.zero_()
    assert model.decode_image(torch.zeros(1, 16)).mean().item() == pytest.approx(0.13, abs=1e-6)


def test_an_untrained_condition_changes_nothing_and_a_trained_one_does():
    model = build_model(RunConfig(model="multirate"))
    low, high = (model.at(b) for b in BETA_RANGE)
    assert torch.equal(low.encode(IMAGES).mean, high.encode(IMAGES).mean)
    with torch.no_grad():
        model.encoder.films[0].weight.normal_(generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(low.encode(IMAGES).mean, high.encode(IMAGES).mean)


def test_a_variant_is_the_network_at_that_beta():
    model = build_model(RunConfig(model="multirate"))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    batch = model.terms_at(IMAGES, torch.full((3,), 4.0), torch.Generator().manual_seed(2))
    alone = model.at(4.0).terms(IMAGES, torch.Generator().manual_seed(2))
    torch.testing.assert_close(batch.distortion, alone.distortion)
    torch.testing.assert_close(batch.rate, alone.rate)
