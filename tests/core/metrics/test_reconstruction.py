"""Errors against closed forms and figures of scikit-image; bounds against each other and against integration."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.data.dataset import as_floats
from core.metrics.reconstruction import importance_weighted_bound, mse, psnr, sharpness_ratio, ssim
from core.models.build import build_model
from core.models.objectives import Bernoulli
from core.training.evaluation import evaluate


@pytest.fixture
def noisy(images: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.1, images.shape)
    return np.clip(images + noise, 0, 1).astype(np.float32)


def test_mse_and_psnr_of_a_constant_shift():
    a, b = np.full((3, 28, 28), 0.5, np.float32), np.full((3, 28, 28), 0.6, np.float32)
    assert mse(a, b) == pytest.approx(0.01, rel=1e-5)
    assert psnr(a, b) == pytest.approx(20, rel=1e-5)


def test_psnr_is_averaged_over_images_and_capped(images, noisy):
    errors = [mse(a, b) for a, b in zip(images, noisy, strict=True)]
    assert psnr(images, noisy) == pytest.approx(np.mean([-10 * math.log10(error) for error in errors]), rel=1e-5)
    assert psnr(images, images) == pytest.approx(100)  # capped, not infinite


def test_ssim_is_the_papers_by_definition(images, noisy):
    """Against the formula of Wang et al. (2004), written out for one image's 11 x 11 Gaussian windows."""
    offsets = np.arange(-5, 6)
    window = np.exp(-(offsets**2) / (2 * 1.5**2))
    window = np.outer(window, window) / np.outer(window, window).sum()
    a, b = images[0].astype(float), noisy[0].astype(float)

    def local(values: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(values, (11, 11))
        return (views * window).sum((2, 3))

    ma, mb = local(a), local(b)
    va, vb, vab = local(a * a) - ma**2, local(b * b) - mb**2, local(a * b) - ma * mb
    c1, c2 = 0.01**2, 0.03**2
    expected = ((2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))).mean()
    assert ssim(images[:1], noisy[:1]) == pytest.approx(expected, abs=1e-4)


def test_ssim_is_scikit_images_and_one_for_equal_images(images, noisy):
    """scikit-image 0.26's SSIM.

    structural_similarity(a, b, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False).
    """
    expected = 0.7983234255
    assert ssim(images[:5], noisy[:5]) == pytest.approx(expected, abs=1e-6)
    assert ssim(images[:5], images[:5]) == pytest.approx(1)
    assert ssim(images[:5], images[5:10]) < expected  # another digit is less alike than the same one with noise


def test_sharpness_ratio_falls_with_blur_and_is_one_for_a_copy(images):
    from scipy.ndimage import gaussian_filter

    blurred = [gaussian_filter(images, (0, s, s)) for s in (0.5, 1.0, 2.0)]
    ratios = [sharpness_ratio(images, b) for b in blurred]
    assert sharpness_ratio(images, images) == pytest.approx(1)
    assert 1 > ratios[0] > ratios[1] > ratios[2]
    assert sharpness_ratio(images, np.full_like(images, images.mean())) == 0  # a constant decoder
    assert sharpness_ratio(images, 0.5 * images) == pytest.approx(
        0.25, rel=1e-4
    )  # variance: the square of the contrast


def test_sharpness_of_constant_images_is_refused():
    with pytest.raises(ValueError, match="constant"):
        sharpness_ratio(np.zeros((2, 28, 28)), np.ones((2, 28, 28)))


def test_bound_tightens_with_more_samples(trained, tiny):
    model = trained["vae"].load_model()
    bounds = [importance_weighted_bound(model, tiny.test_images, k) for k in (1, 5, 50)]
    negative_elbo = evaluate(model, tiny)["neg_elbo"]
    assert bounds[0] == pytest.approx(negative_elbo, rel=0.01)  # one sample: the same bound, another sample
    assert bounds[0] > bounds[1] > bounds[2]


def test_bound_converges_to_the_likelihood(tiny):
    """In one latent dimension p(x) = integral of p(x|z) p(z) dz can be had on a grid."""
    model = build_model(RunConfig(model="vae", dataset="tiny", latent_dim=1)).eval()
    with torch.no_grad():  # make the decoder depend on z, and the posterior differ from the prior
        model.decoder.layers[0].weight.mul_(3)
        model.head.mean.bias.fill_(0.4)
    images = tiny.test_images[:6]
    grid = torch.linspace(-8, 8, 4001)
    with torch.no_grad():
        logits = model.decode(grid[:, None])
        log_prior = -0.5 * grid**2 - 0.5 * math.log(2 * math.pi)
        likelihood = [-Bernoulli.distortion(logits, x.expand_as(logits)) for x in as_floats(images)]
        exact = -float(
            torch.stack([torch.logsumexp((row + log_prior).double(), 0) for row in likelihood]).mean()
        ) - math.log(16 / 4000)
    assert importance_weighted_bound(model, images, 5000) == pytest.approx(exact, abs=0.02)
    assert importance_weighted_bound(model, images, 1) > exact


def test_a_point_has_no_bound(trained, tiny):
    assert importance_weighted_bound(trained["ae"].load_model(), tiny.test_images[:4], 8) is None


def test_bound_does_not_depend_on_the_batch(trained, tiny):
    model = trained["vae"].load_model()
    whole, cut = (importance_weighted_bound(model, tiny.test_images[:20], 100, batch=b) for b in (10_000, 300))
    assert whole == pytest.approx(cut, abs=0.5)  # other noise, the same quantity
