"""Frechet distance against closed forms, neighbours against brute force, and what must not look good."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from core.latent.sampling import prior
from core.metrics.samples import (
    confidence,
    frechet_distance,
    frechet_of_moments,
    local_density,
    prdc,
    quality,
    radii,
    sample_quality,
)


def test_frechet_of_two_known_gaussians():
    """Diagonal covariances: |m1-m2|^2 + sum (s1 - s2)^2."""
    mean, s1, s2 = np.array([1.0, -2.0, 0.5]), np.array([1.0, 2.0, 3.0]), np.array([2.0, 0.5, 3.0])
    expected = (mean**2).sum() + ((s1 - s2) ** 2).sum()
    assert frechet_of_moments(mean, np.diag(s1**2), np.zeros(3), np.diag(s2**2)) == pytest.approx(expected)


def test_frechet_against_the_matrix_square_root():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)), 1 + rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6))
    sa, sb = np.cov(a.T), np.cov(b.T)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(sa + sb - 2 * sqrtm(sa @ sb).real)
    assert frechet_distance(a, b) == pytest.approx(expected)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))


def test_frechet_of_samples_approaches_that_of_their_gaussians():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (20_000, 2)), rng.normal([3, 0], [1, 2], (20_000, 2))
    assert frechet_distance(a, b) == pytest.approx(9 + 1, rel=0.03)


def test_frechet_of_identical_sets_is_zero_even_when_degenerate():
    a = np.random.default_rng(0).normal(size=(40, 8))
    a[:, 3] = 0  # a dead feature: singular covariance
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-8)
    assert frechet_distance(a, np.repeat(a[:1], 40, 0)) > 1  # a generator that repeats itself


@pytest.mark.parametrize("bad", [np.full((5, 3), np.nan), np.zeros((1, 3))])
def test_frechet_refuses_what_it_cannot_measure(bad):
    with pytest.raises(ValueError, match="at least two"):
        frechet_distance(np.zeros((5, 3)), bad)


def brute_force(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    """The definitions of Kynkaanniemi et al. and Naeem et al., one image at a time."""

    def distance(a, b):
        return float(np.sqrt(((a - b) ** 2).sum()))

    def ball(points, i):
        return sorted(distance(points[i], p) for j, p in enumerate(points) if j != i)[k - 1]

    real_balls, fake_balls = [ball(real, i) for i in range(len(real))], [ball(fake, i) for i in range(len(fake))]
    return {
        "precision": np.mean([any(distance(f, r) <= b for r, b in zip(real, real_balls, strict=True)) for f in fake]),
        "recall": np.mean([any(distance(f, r) <= b for f, b in zip(fake, fake_balls, strict=True)) for r in real]),
        "density": np.mean([sum(distance(f, r) <= b for r, b in zip(real, real_balls, strict=True)) for f in fake]) / k,
        "coverage": np.mean([any(distance(f, r) <= b for f in fake) for r, b in zip(real, real_balls, strict=True)]),
    }


@pytest.mark.parametrize(("seed", "shift", "k"), [(0, 0.0, 5), (1, 0.7, 3), (2, 2.0, 1)])
def test_prdc_against_brute_force(seed, shift, k):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(30, 3)), rng.normal(shift, 0.8, size=(25, 3))
    expected = brute_force(real, fake, k)
    assert prdc(real, fake, k) == pytest.approx(expected)
    assert prdc(real, fake, k, radii(real, k)) == pytest.approx(expected)
    assert local_density(fake, real, radii(real, k), k).mean() == pytest.approx(expected["density"])


def test_prdc_of_identical_and_of_distant_sets():
    a = np.random.default_rng(0).normal(size=(200, 4))
    same, far = prdc(a, a), prdc(a, a + 100)
    assert same["precision"] == same["recall"] == same["coverage"] == 1
    assert same["density"] == pytest.approx(1, abs=0.25)  # k others and itself, over k
    assert set(far.values()) == {0.0}


def test_one_good_image_repeated_is_precise_but_covers_nothing():
    real = np.random.default_rng(0).normal(size=(200, 4))
    middle = real[np.argmin((real**2).sum(1))]
    values = prdc(real, np.repeat(middle[None], 100, 0) + 1e-6 * np.random.default_rng(1).normal(size=(100, 4)))
    assert values["precision"] == 1
    assert values["coverage"] < 0.3 and values["recall"] < 0.3


def test_too_few_images_for_the_neighbours():
    with pytest.raises(ValueError, match="more than k=5"):
        radii(np.zeros((5, 2)))


def test_confidence_is_read_with_the_entropy():
    one_blob = np.tile([0.95, 0.05, 0.0, 0.0], (10, 1))
    all_sure = np.eye(4)[np.arange(12) % 4]
    assert confidence(one_blob) == pytest.approx({"confidence": 0.95, "class_entropy": 0.0})
    assert confidence(all_sure) == pytest.approx({"confidence": 1.0, "class_entropy": np.log(4)})


def test_real_images_beat_a_constant_decoder_and_noise(whole):
    dataset, judge = whole
    reference, rng = judge.reference(dataset), np.random.default_rng(0)
    real = quality(judge, reference, dataset.train_images[:500, 0].astype(np.float32) / 255)
    average = dataset.train_images.mean((0, 1)).astype(np.float32) / 255
    constant = quality(judge, reference, average + rng.normal(0, 1e-3, (500, 28, 28)).astype(np.float32))
    noise = quality(judge, reference, rng.random((500, 28, 28), dtype=np.float32))
    for bad in (constant, noise):
        assert real["fd"] < 2 < 50 < bad["fd"]  # the features' variance adds up to 100
        assert real["density"] > 0.8 and real["coverage"] > 0.8
        assert bad["density"] < 0.05 and bad["coverage"] < 0.05
        assert real["class_entropy"] > 2.2 > 1 > bad["class_entropy"]
    assert real["confidence"] > 0.95


def test_a_trained_model_samples_better_than_an_untrained_one(judge, tiny, trained, untrained):
    before, after = (
        sample_quality(model, tiny, prior(model.config.latent_dim), judge)
        for model in (untrained(), trained["vae"].load_model())
    )
    assert after["fd"] < before["fd"]
    assert before["coverage"] < 0.2
    assert after["floor"] == judge.reference(tiny).floor < after["fd"]
