"""Laws every architecture obeys: shapes, matched starts, gradients everywhere, seeds, and what conditioning may do."""

import itertools

import numpy as np
import pytest
import torch

from core.config import BETA_RANGE, TRUNKS, RunConfig
from core.data.shape import CHANNELS, SIDES
from core.models.build import build_model

# One data set of every shape; a folder's options are in its name.
NAMES = [f"folder:/x?color={int(c > 1)}&size={side}" for c, side in itertools.product(CHANNELS, SIDES)]
IMAGES = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
CASES = [
    RunConfig(model=m, trunk=t, latent_dim=d)
    for m, t, d in itertools.product(("ae", "vae", "multirate"), TRUNKS, (1, 2, 64))
]
SHAPES = [
    RunConfig(model=m, trunk=t, latent_dim=5, dataset=name, likelihood=likelihood)
    for (m, t), name, likelihood in zip(
        itertools.cycle(itertools.product(("ae", "vae", "multirate"), TRUNKS)),
        itertools.chain(*itertools.repeat(NAMES, 3)),
        itertools.cycle(("calibrated", "bernoulli")),
    )
]


@pytest.mark.parametrize(
    "config", CASES + SHAPES, ids=lambda c: f"{c.model}-{c.trunk}-{c.latent_dim}-{c.shape}-{c.likelihood}"
)
def test_shapes_and_gradients(config):
    model = build_model(config)
    reference = model.reference()
    images = torch.rand(3, *config.shape.chw, generator=torch.Generator().manual_seed(0))
    posterior = reference.encode(images)
    assert posterior.mean.shape == posterior.stddev.shape == (3, config.latent_dim)
    assert reference.decode(posterior.mean).shape == (3, *config.shape.chw)
    assert reference.decode_image(posterior.mean).min() >= 0 and reference.decode_image(posterior.mean).max() <= 1
    with torch.no_grad():  # zero-initialised scales and shifts pass no gradient to what lies before them only if unused
        for parameter in model.parameters():
            parameter.add_(0.01 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    model.loss(images, torch.Generator().manual_seed(0)).backward()
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
    model.start_from(np.full((4, 1, 28, 28), 33, np.uint8))
    with torch.no_grad():
        model.decoder.layers[-1].weight.zero_()
    assert model.decode_image(torch.zeros(1, 16)).mean().item() == pytest.approx(33 / 255, abs=1e-6)


@pytest.mark.parametrize("trunk", TRUNKS)
def test_a_colour_decoder_starts_at_the_mean_of_each_channel_and_sigma_at_their_spread(trunk):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (50, 3, 32, 32)).astype(np.uint8) // np.array([1, 2, 4], np.uint8)[:, None, None]
    model = build_model(RunConfig(dataset="emoji", trunk=trunk))
    model.start_from(images)
    with torch.no_grad():
        model.decoder.layers[-1].weight.zero_()
    drawn = model.decode_image(torch.zeros(1, 16))
    assert drawn.mean((0, 2, 3)).tolist() == pytest.approx(images.mean((0, 2, 3)) / 255, abs=1e-5)
    assert float(model.sigma.log().detach().exp()) == pytest.approx(images.std((0, 2, 3)).mean() / 255, rel=1e-4)


def test_the_sigma_of_a_multirate_model_depends_on_beta_alone():
    model = build_model(RunConfig(dataset="emoji", model="multirate"))
    with torch.no_grad():
        model.sigma.slope.copy_(torch.tensor([0.1, 0.0, 0.0]))
    sigmas = [model.at(beta).likelihood.log_sigma.exp().item() for beta in (0.1, 1.0, 10.0)]
    assert sigmas == pytest.approx([np.exp(-1), 1, np.exp(1)], rel=1e-5)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    both = model.terms_at(images, torch.tensor([0.1, 10.0]), torch.Generator().manual_seed(0)).distortion
    z = model.at(0.1).encode(images).rsample(torch.Generator().manual_seed(0))
    assert both[0].item() == pytest.approx(
        model.at(0.1).likelihood.distortion(model.at(0.1).decode(z), images)[0].item(), rel=1e-5
    )


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
