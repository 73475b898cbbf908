"""Latent metrics on codes whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.latent.sampling import encode_all
from core.metrics.latent import dimension_use, gaussian_kl, linear_probe, mmd, mutual_information


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_linear_probe_on_separable_and_on_shuffled_classes(rng):
    labels = rng.integers(0, 3, 300)
    codes = rng.normal(size=(300, 4)) + 6 * np.eye(4)[labels]
    assert linear_probe(codes[:200], labels[:200], codes[200:], labels[200:]) == 1
    shuffled = rng.permutation(labels)
    assert linear_probe(codes[:200], shuffled[:200], codes[200:], shuffled[200:]) < 0.55
    rings = np.where(rng.random(400) < 0.5, 1.0, 3.0)  # a class that no line separates
    angle = rng.uniform(0, 2 * np.pi, 400)
    circle = rings[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    assert linear_probe(circle[:200], rings[:200] > 2, circle[200:], rings[200:] > 2) < 0.7


def test_linear_probe_does_not_mind_units_or_dead_dimensions(rng):
    labels = rng.integers(0, 2, 200)
    codes = rng.normal(size=(200, 3)) + 4 * labels[:, None]
    codes[:, 2] = 7.0
    assert linear_probe(codes * [1, 1e4, 1], labels, codes * [1, 1e4, 1], labels) > 0.95


def test_gaussian_kl_against_the_closed_form(rng):
    z = rng.normal([0.5, -1.0], [2.0, 0.3], (200_000, 2))
    expected = 0.5 * (4 + 0.09 + 0.25 + 1 - 2 - np.log(4 * 0.09))
    assert gaussian_kl(z) == pytest.approx(expected, rel=0.02)
    assert gaussian_kl(rng.normal(size=(200_000, 3))) == pytest.approx(0, abs=1e-3)
    assert gaussian_kl(np.c_[z[:, 0], np.zeros(len(z))]) == np.inf  # a dead dimension of a point model
    assert gaussian_kl(z[:, :1]) > 0


def test_mmd_against_brute_force_and_of_equal_distributions(rng):
    a, b = rng.normal(size=(12, 3)), rng.normal(0.5, 1, (9, 3))

    def k(x, y):
        return 6 / (6 + ((x - y) ** 2).sum())

    within_a = np.mean([k(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j])
    within_b = np.mean([k(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j])
    assert mmd(a, b) == pytest.approx(within_a + within_b - 2 * np.mean([k(x, y) for x in a for y in b]))
    big = [rng.normal(size=(800, 3)) for _ in range(2)]
    assert abs(mmd(*big)) < 0.002 < 0.05 < mmd(big[0], big[1] + 1)


def test_mutual_information_of_well_and_of_badly_separated_clouds(rng):
    mean = 100 * np.arange(64, dtype=float)[:, None]
    stddev = np.ones((64, 1))
    apart, cap = mutual_information(mean, stddev, mean + rng.normal(size=mean.shape))
    assert apart == pytest.approx(cap) == pytest.approx(np.log(64))  # saturated: the cap, whatever the truth
    assert mutual_information(0 * mean, stddev, rng.normal(size=mean.shape))[0] == pytest.approx(0, abs=1e-9)


def test_mutual_information_of_a_gaussian_channel(rng):
    """x ~ N(0, s^2), z = x + N(0, 1): I = log(1 + s^2) / 2, far below ln N."""
    n, s = 1500, 2.0
    x = rng.normal(0, s, (n, 1))
    information, cap = mutual_information(x, np.ones_like(x), x + rng.normal(size=x.shape))
    assert information == pytest.approx(0.5 * np.log(1 + s**2), abs=0.06)
    assert information < cap / 5


def test_points_name_their_image_unless_they_coincide():
    z = np.arange(8, dtype=float)[:, None]
    assert mutual_information(z, 0 * z, z) == pytest.approx((np.log(8), np.log(8)))
    assert mutual_information(z // 4, 0 * z, z // 4)[0] == pytest.approx(np.log(2))  # two groups of four


def test_dimension_use_finds_the_dimension_the_decoder_ignores(trained, tiny):
    model = trained["ae"].load_model()
    with torch.no_grad():
        model.decoder.layers[0].weight[:, 2] = 0
    use = dimension_use(model, tiny.test_images, encode_all(model, tiny.test_images).z)
    assert use.shape == (4,) and use[2] == pytest.approx(0, abs=1e-4)
    assert (np.delete(use, 2) > 0.1).any()
