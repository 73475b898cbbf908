"""The multi-rate model: one network that is a whole family of VAEs, and a plain VAE before it has learned anything."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from core.config import BETA_CURVE, BETA_RANGE, RunConfig
from core.data.dataset import Dataset
from core.errors import ArgumentError
from core.latent.interpolation import interpolate
from core.latent.sampling import sample
from core.models.build import build_model
from core.models.multirate import BetaNeeded, MultiRate
from core.models.networks import Autoencoder

TRUNKS = [("conv", 16), ("mlp", 2), ("mlp-400", 5)]


def config(trunk: str = "conv", d: int = 16, **more) -> RunConfig:
    return RunConfig(model="multirate", trunk=trunk, latent_dim=d, **more)


def images(n: int = 6) -> torch.Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(1))


def scrambled(trunk: str = "conv", d: int = 16) -> MultiRate:
    """A model whose conditioning does something, as after training."""
    model = build_model(config(trunk, d))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for stack in (model.encoder, model.decoder):
            for film in stack.films:
                film.weight.normal_(0, 0.2, generator=generator)
                film.bias.normal_(0, 0.2, generator=generator)
    return model


@pytest.fixture(scope="module")
def dataset_of_blobs():
    """Images of one bright square whose place is the only thing to be known about them."""
    rng = np.random.default_rng(0)
    stack, labels = np.zeros((500, 1, 28, 28), np.uint8), np.zeros(500, np.int64)
    for i, (row, column) in enumerate(rng.integers(0, 20, (500, 2))):
        stack[i, 0, row : row + 8, column : column + 8] = 255
        labels[i] = row > 9
    parts = stack[:400], labels[:400], stack[400:], labels[400:]
    return Dataset("blobs", "Blobs", ("top", "bottom"), *parts, digest="blobs")


@pytest.mark.parametrize(("trunk", "d"), TRUNKS)
def test_untrained_conditions_change_nothing(trunk, d):
    """Scale and shift start at zero: every beta is then the same network, and that network is the plain VAE."""
    multirate, plain = build_model(config(trunk, d)), build_model(RunConfig(trunk=trunk, latent_dim=d))
    multirate.load_state_dict({**multirate.state_dict(), **plain.state_dict()})
    x, z = images(), torch.randn(6, d, generator=torch.Generator().manual_seed(0))
    for beta in (0.1, 1.0, 10.0):
        held = multirate.at(beta)
        assert torch.equal(held.encode(x).mean, plain.encode(x).mean)
        assert torch.equal(held.encode(x).logvar, plain.encode(x).logvar)
        assert torch.equal(held.decode(z), plain.decode(z))


@pytest.mark.parametrize(("trunk", "d"), TRUNKS)
def test_a_learned_condition_changes_both_halves(trunk, d):
    model, x = scrambled(trunk, d), images()
    z = torch.zeros(6, d)
    assert not torch.allclose(model.at(0.1).encode(x).mean, model.at(10.0).encode(x).mean)
    assert not torch.allclose(model.at(0.1).decode(z), model.at(10.0).decode(z))


def test_held_at_a_beta_equals_that_beta_for_every_image():
    model, x = scrambled(), images()
    for beta in (0.1, 0.7, 10.0):
        held = model.at(beta).terms(x, torch.Generator().manual_seed(3))
        batch = model.terms_at(x, torch.full((6,), beta), torch.Generator().manual_seed(3))
        assert torch.allclose(held.distortion, batch.distortion) and torch.allclose(
            held.rate_per_dim, batch.rate_per_dim
        )


def test_each_image_of_a_batch_is_under_its_own_beta():
    model, x = scrambled(), images(2)
    mixed = model.terms_at(x, torch.tensor([0.1, 10.0])).rate
    alone = [model.terms_at(x[i : i + 1], torch.tensor([beta])).rate for i, beta in enumerate((0.1, 10.0))]
    assert torch.allclose(mixed, torch.cat(alone), rtol=1e-4)
    assert not torch.allclose(mixed, model.terms_at(x, torch.tensor([10.0, 0.1])).rate)


def test_without_a_beta_it_is_no_autoencoder_and_says_how_to_choose_one():
    model = scrambled()
    assert not isinstance(model, Autoencoder) and not hasattr(model, "encode") and not hasattr(model, "decode_image")
    uses = {
        "encode": lambda: interpolate(model, images()[0], images()[1]),
        "decode_image": lambda: sample(model, 4),
        "decode": lambda: model.decode(torch.zeros(2, 16)),
        "terms": lambda: model.terms(images()),
    }
    for name, use in uses.items():
        with pytest.raises(BetaNeeded, match=rf"no {name} of its own.*load_model\(run_id\).at\(beta=1.0\)"):
            use()
    assert sample(model.at(beta=1.0), 4).shape == (4, 1, 28, 28)
    assert interpolate(model.at(beta=1.0), images()[0], images()[1]).shape == (9, 1, 28, 28)


def test_an_attribute_that_nobody_has_is_an_ordinary_mistake():
    with pytest.raises(AttributeError, match=r"MultiRate.*'encoed'"):
        _ = scrambled().encoed


@pytest.mark.parametrize("beta", [0.0, 0.09, 10.1, float("nan")])
def test_it_is_held_only_at_betas_it_was_trained_for(beta):
    with pytest.raises(ArgumentError, match=r"from 0\.1 to 10"):
        scrambled().at(beta)


def test_a_denoising_one_sees_the_noise_and_is_measured_against_the_clean_images():
    model, x = scrambled(), images()
    noisy = torch.zeros_like(x)
    seen = []
    watch = model.encoder.register_forward_pre_hook(lambda _encoder, inputs: seen.append(inputs[0]))
    found = model.terms_at(x, torch.ones(6), torch.Generator().manual_seed(0), noisy)
    watch.remove()
    assert torch.equal(seen[0], noisy)
    assert not torch.equal(
        found.distortion, model.terms_at(x, torch.ones(6), torch.Generator().manual_seed(0)).distortion
    )


def test_gradients_reach_every_parameter():
    model = scrambled()
    model.loss(images(16), torch.Generator().manual_seed(0)).backward()
    silent = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert silent == []


def test_first_step_already_trains_the_conditioning():
    """Zero-initialised does not mean stuck at zero."""
    model = build_model(config())
    model.loss(images(16), torch.Generator().manual_seed(0)).backward()
    assert all(film.weight.grad.abs().sum() > 0 for stack in (model.encoder, model.decoder) for film in stack.films)


def test_condition_spans_minus_one_to_one_and_bends():
    c = MultiRate.condition(torch.tensor([BETA_RANGE[0], math.sqrt(BETA_RANGE[0] * BETA_RANGE[1]), BETA_RANGE[1]]))
    assert torch.allclose(c[:, 0], torch.tensor([-1.0, 0.0, 1.0]), atol=1e-6)
    assert torch.allclose(c[:, 1], c[:, 0] ** 2) and torch.allclose(c[:, 2], c[:, 0] ** 3)


def test_loss_draws_log_uniform_betas_from_the_whole_range():
    model, seen = build_model(config("mlp", 2)), []
    model.encoder.register_forward_pre_hook(lambda _encoder, inputs: seen.append(inputs[1][:, 0].clone()))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for _ in range(40):
            model.loss(images(50), generator)
    t = torch.cat(seen)  # log10 beta, uniform on [-1, 1]
    assert t.min() > -1.001 and t.max() < 1.001
    assert abs(float(t.mean())) < 0.05 and abs(float(t.var()) - 1 / 3) < 0.03
    assert len(torch.cat(seen).unique()) > 1900  # one for every image, not one a batch


def test_its_figures_are_those_of_beta_one_and_its_curve_covers_the_grid():
    model = scrambled()
    assert model.reference().beta == 1.0
    assert tuple(model.variants()) == BETA_CURVE and all(held.beta == beta for beta, held in model.variants().items())


def test_training_orders_the_curve(dataset_of_blobs):
    """After a short training a larger beta buys a smaller rate with a larger distortion."""
    from core.training.evaluation import evaluate
    from core.training.loop import fit

    for epoch in fit(config("mlp", 2, epochs=8, learning_rate=5e-3, batch_size=32), dataset_of_blobs, "cpu"):
        model = epoch.model
    curve = [evaluate(model.eval().at(beta), dataset_of_blobs) for beta in (0.1, 1.0, 10.0)]
    assert curve[0]["rate"] > curve[1]["rate"] > curve[2]["rate"]
    assert curve[0]["distortion"] < curve[2]["distortion"]


def test_a_multirate_config_has_no_beta():
    with pytest.raises(ValueError, match="every beta at once"):
        config(beta=1.0)
    assert dataclasses.replace(config()).beta is None
