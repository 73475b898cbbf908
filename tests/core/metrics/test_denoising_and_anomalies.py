"""Denoising and anomalies: AUROC against its definition, controls that must win or lose."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter

from core.data.shape import as_pictures
from core.metrics.denoising_and_anomalies import (
    Simple,
    add_noise,
    anomalies,
    auroc,
    denoise,
    denoising,
    detection,
    median,
    oddness,
    roc,
)
from core.metrics.linear import fit_pca
from core.metrics.reconstruction import mse, psnr


@pytest.fixture(scope="module")
def pca(tiny):
    return fit_pca(tiny.train_images, 64)


def test_auroc_is_the_probability_that_odd_scores_higher():
    rng = np.random.default_rng(0)
    normal, odd = rng.integers(0, 6, 40).astype(float), rng.integers(2, 8, 30).astype(float)  # with ties
    expected = np.mean([(o > n) + 0.5 * (o == n) for o in odd for n in normal])
    assert auroc(normal, odd) == pytest.approx(expected)
    assert auroc(normal, odd + 100) == 1 and auroc(normal, odd - 100) == 0
    assert auroc(normal, normal) == pytest.approx(0.5)
    assert auroc(np.exp(normal), np.exp(odd)) == pytest.approx(expected)  # only the order counts
    with pytest.raises(ValueError, match="at least one"):
        auroc(normal, odd[:0])


def test_the_curve_holds_every_threshold_and_its_area_is_the_auroc():
    rng = np.random.default_rng(1)
    for ties in (0, 1, 6):
        normal, odd = rng.normal(size=40).round(ties), rng.normal(0.5, 1, size=30).round(ties)
        false, true = roc(normal, odd)
        assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
        assert (np.diff(false) >= 0).all() and (np.diff(true) >= 0).all()
        assert np.trapezoid(true, false) == pytest.approx(auroc(normal, odd))
        for threshold in np.r_[normal, odd]:  # what is at or above it lies on the curve
            at = (normal >= threshold).mean(), (odd >= threshold).mean()
            on = [
                abs((f1 - f0) * (at[1] - t0) - (t1 - t0) * (at[0] - f0)) < 1e-9 and f0 - 1e-9 <= at[0] <= f1 + 1e-9
                for f0, f1, t0, t1 in zip(false[:-1], false[1:], true[:-1], true[1:], strict=True)
            ]
            assert any(on)


def test_scores_without_an_order_are_refused():
    with pytest.raises(ValueError, match="finite"):
        auroc(np.array([0.0, np.nan]), np.ones(2))


def test_pca_is_the_best_linear_autoencoder(pca, tiny):
    x = as_pictures(tiny.train_images)
    assert np.allclose(pca.components @ pca.components.T, np.eye(len(pca.components)), atol=1e-4)
    centred = x.reshape(len(x), -1) - x.reshape(len(x), -1).mean(0)
    best = (np.linalg.svd(centred, compute_uv=False)[10:] ** 2).sum() / x.size  # Eckart and Young
    flat = pca.mean + pca.encode(x, 10) @ pca.components[:10]
    assert np.square(x.reshape(len(x), -1) - flat).mean() == pytest.approx(best, rel=1e-3)
    errors = [mse(x, pca.decode(pca.encode(x, d))) for d in (1, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    assert fit_pca(tiny.train_images[:5], 64).components.shape[0] <= 5


def test_noise_is_clipped_and_has_its_size():
    grey = np.full((20, 28, 28), 0.5, np.float32)
    noisy = add_noise(grey, 0.1)
    assert (noisy - grey).std() == pytest.approx(0.1, rel=0.03)
    assert add_noise(grey, 2.0).min() == 0 and add_noise(grey, 2.0).max() == 1
    assert np.array_equal(noisy, add_noise(grey, 0.1)) and not np.array_equal(noisy, add_noise(grey, 0.1, seed=1))


def test_median_does_not_mix_images(images):
    assert np.array_equal(median(images[:4], 3)[2], median_filter(images[2], size=3))


def test_denoising_figures_are_psnr_of_what_they_name(trained, tiny, pca, images):
    model = trained["vae"].load_model()
    result = denoising(model, pca, tiny.train_images, tiny.test_images, 0.5)
    noisy = add_noise(images, 0.5)
    assert result["input"] == pytest.approx(psnr(images, noisy))
    assert result["model"] == pytest.approx(psnr(images, denoise(model, noisy)))
    assert result["median"] > result["input"] and result["pca"] > result["input"]


def test_a_decoder_that_knows_the_answer_denoises_and_a_constant_one_does_not(tiny, pca, images, untrained):
    model, answer = untrained(), torch.from_numpy(images)[:, None]
    model.decode_image = lambda _codes: answer
    assert denoising(model, pca, tiny.train_images, tiny.test_images, 0.5)["model"] == pytest.approx(100)
    model.decode_image = lambda _codes: torch.zeros_like(answer)
    blank = denoising(model, pca, tiny.train_images, tiny.test_images, 0.5)
    assert blank["model"] < blank["median"]


def test_scores_are_the_models_losses(trained, tiny):
    point, cloud = (oddness(trained[name].load_model(), tiny.test_images) for name in ("ae", "vae"))
    assert set(point) == {"distortion", "mse"}  # no rate, so no ELBO
    assert (cloud["neg_elbo"] > cloud["distortion"]).all()


def test_noise_is_odd_to_a_trained_model_and_a_copy_is_not(trained, tiny, pca):
    model = trained["ae"].load_model()
    noise = np.random.default_rng(0).integers(0, 256, tiny.test_images.shape, dtype=np.uint8)
    found = detection(model, pca, tiny.test_images, noise)
    assert found["distortion"] > 0.99 and found["mse"] > 0.99
    assert detection(model, pca, tiny.test_images, tiny.test_images) == pytest.approx(
        {"distortion": 0.5, "mse": 0.5, "pca": 0.5}
    )


def test_the_held_out_class_is_not_among_the_normal_ones(trained, tiny, pca):
    model, labels = trained["ae"].load_model(), tiny.test_labels
    result = anomalies(model, pca, tiny.test_images, labels, ("other", tiny.train_images), held_out_class=1)
    expected = detection(model, pca, tiny.test_images[labels != 1], tiny.test_images[labels == 1])
    assert result["held_out"] == {"class": 1, **expected}
    assert result["other"]["dataset"] == "other"
    assert set(anomalies(model, pca, tiny.test_images, labels)) == {"rotated"}


def test_rotated_digits_are_odd_to_a_pca_of_upright_ones(trained, tiny, pca):
    result = anomalies(trained["ae"].load_model(), pca, tiny.test_images, tiny.test_labels)
    assert result["rotated"]["pca"] > 0.6


def test_pca_is_said_to_have_as_many_components_as_it_has(tiny):
    few = tiny.train_images[:5]
    tuned = Simple.tuned(fit_pca(few, 64), few, 0.5)
    assert 1 <= tuned.components <= 5
