"""Densities recover what they were fitted to; temperature and seeds do what they say; paths are the right curves."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from core.data.datasets import load_dataset
from core.latent.interpolation import cross_fade, interpolate, lerp, nearest, path, slerp
from core.latent.sampling import (
    SOURCES,
    class_density,
    decode_all,
    encode_all,
    fit_classes,
    fit_density,
    pack,
    prior,
    sample,
    unpack,
)

RNG = np.random.default_rng(0)


def test_the_prior_is_standard_normal():
    z = prior(3).sample(50_000)
    assert z.shape == (50_000, 3) and np.abs(z.mean(0)).max() < 0.02 and np.abs(np.cov(z.T) - np.eye(3)).max() < 0.03


def test_a_gaussian_is_recovered():
    root = RNG.standard_normal((3, 3))
    codes = RNG.standard_normal((20_000, 3)) @ root.T + [1, 2, 3]
    z = fit_density("gaussian", codes).sample(20_000, seed=1)
    np.testing.assert_allclose(z.mean(0), [1, 2, 3], atol=0.1)
    np.testing.assert_allclose(np.cov(z.T), root @ root.T, atol=0.25)


def test_a_mixture_finds_the_gap_a_gaussian_fills():
    codes = np.concatenate([RNG.normal(-5, 0.3, (500, 1)), RNG.normal(5, 0.3, (500, 1))])
    gap = {source: np.mean(np.abs(fit_density(source, codes).sample(2000)) < 3) for source in ("gaussian", "mixture")}
    assert gap["gaussian"] > 0.3 and gap["mixture"] < 0.01


@pytest.mark.parametrize("source", SOURCES)
def test_temperature_scales_the_spread(source):
    density = fit_density(source, RNG.standard_normal((500, 2)) * [1, 3] + 2)
    cold, warm = density.sample(1, 0.0, seed=3), density.sample(1, 1.0, seed=3)
    hot = density.sample(1, 2.0, seed=3)
    np.testing.assert_allclose(hot - cold, 2 * (warm - cold), rtol=1e-4, atol=1e-5)
    assert any(np.allclose(cold, mean, atol=1e-5) for mean in density.means), "at temperature 0 only the means are left"


def test_one_seed_one_draw_and_both_models_get_the_same_noise():
    density = prior(4)
    assert np.array_equal(density.sample(5, seed=1), density.sample(5, seed=1))
    assert not np.array_equal(density.sample(5, seed=1), density.sample(5, seed=2))


def test_a_dead_dimension_is_no_obstacle():
    codes = np.concatenate([RNG.standard_normal((200, 2)), np.zeros((200, 1))], 1)
    for source in ("gaussian", "mixture"):
        z = fit_density(source, codes).sample(100)
        assert np.isfinite(z).all() and np.abs(z[:, 2]).max() < 0.1


@pytest.mark.parametrize(
    ("codes", "told"), [(np.zeros((1, 2)), "1 codes"), (np.full((9, 2), np.nan), "18 of their values")]
)
def test_unusable_codes_are_named(codes, told):
    with pytest.raises(ValueError, match=told):
        fit_density("gaussian", codes)


def test_unknown_sources_name_the_choices():
    with pytest.raises(ValueError, match="'posterior' is not known; choose one of prior, gaussian, mixture"):
        fit_density("posterior", np.zeros((4, 2)))


def test_packed_densities_come_back():
    densities = {s: fit_density(s, RNG.standard_normal((300, 2))) for s in SOURCES}
    again = unpack(pack(densities))
    assert set(again) == set(SOURCES)
    for name, density in again.items():
        assert np.array_equal(density.sample(4), densities[name].sample(4))


def three_classes(n: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Codes of three classes with other means, spreads and shares, and their labels."""
    labels = RNG.choice(3, n, p=[0.5, 0.3, 0.2])
    means, spreads = np.array([[0, 0], [8, 1], [-3, 9]]), np.array([[1, 2], [0.5, 0.5], [3, 1]])
    return means[labels] + spreads[labels] * RNG.standard_normal((n, 2)), labels


def test_each_class_gets_the_gaussian_of_its_own_codes():
    codes, labels = three_classes()
    fitted = fit_classes(codes, labels, 3)
    np.testing.assert_allclose(fitted.weights, np.bincount(labels) / len(labels))
    for y in range(3):
        alone = fit_density("gaussian", codes[labels == y])
        np.testing.assert_allclose(fitted.means[y], alone.means[0])
        np.testing.assert_allclose(fitted.covs[y], alone.covs[0])
        assert np.array_equal(fitted.only(y).sample(9, 0.7, 3), alone.sample(9, 0.7, 3))


def test_the_classes_together_have_the_mean_and_the_covariance_of_all_codes():
    """The laws of total expectation and of total covariance, where each class divides by its own number of codes."""
    codes, labels = three_classes()
    fitted, counts = fit_classes(codes, labels, 3), np.bincount(labels)
    np.testing.assert_allclose(fitted.weights @ fitted.means, codes.mean(0))
    within = np.einsum("k,kij->ij", fitted.weights * (counts - 1) / counts, fitted.covs)
    apart = fitted.means - codes.mean(0)
    between = np.einsum("k,ki,kj->ij", fitted.weights, apart, apart)
    np.testing.assert_allclose(within + between, np.cov(codes.T, bias=True), atol=1e-5)


def test_what_the_classes_are_called_does_not_matter():
    codes, labels = three_classes(300)
    renamed = fit_classes(codes, 2 - labels, 3)
    np.testing.assert_allclose(renamed.means[::-1], fit_classes(codes, labels, 3).means)


def test_a_class_with_one_code_or_none():
    codes, labels = three_classes(200)
    fitted = fit_classes(np.vstack([codes, [[20, 20]]]), np.append(labels, 4), 5)
    assert fitted.weights[3] == 0 and fitted.weights.sum() == pytest.approx(1)
    assert np.array_equal(fitted.means[4], [20, 20]) and np.isfinite(fitted.sample(50)).all()
    assert 0.3 < np.abs(fitted.only(4).sample(500) - 20).mean() < 4, "spread like the other classes"
    with pytest.raises(ValueError, match="component 3 was fitted to no code"):
        fitted.only(3)
    with pytest.raises(ValueError, match="3 classes; give each code a label below 3"):
        fit_classes(codes, labels + 1, 3)
    with pytest.raises(ValueError, match="199 labels"):
        fit_classes(codes, labels[1:], 3)


@pytest.mark.parametrize("model", ["ae", "vae"])
def test_a_finished_run_carries_the_density_of_its_classes(trained, model):
    run, data = trained[model], load_dataset("tiny")
    kept, again = unpack(run.arrays("density.npz"))["classes"], class_density(run.load_model(), data)
    assert kept.means.shape == (len(data.classes), run.config.latent_dim)
    np.testing.assert_allclose(kept.weights, np.bincount(data.train_labels) / len(data.train_labels))
    np.testing.assert_allclose(kept.means, again.means, atol=1e-4)


def test_codes_of_a_point_are_the_point_and_of_a_cloud_are_not(trained):
    images = load_dataset("tiny").test_images
    ae, vae = (encode_all(trained[m].load_model(), images, batch=50) for m in ("ae", "vae"))
    assert np.array_equal(ae.z, ae.mean) and ae.stddev.max() == 0
    error = (vae.z - vae.mean) / vae.stddev
    assert abs(error.mean()) < 0.1 and abs(error.std() - 1) < 0.1


def test_samples_are_images_and_errors_name_the_value(trained):
    model = trained["vae"].load_model()
    for source in SOURCES:
        images = sample(model, 3, source)
        assert images.shape == (3, 1, 28, 28) and images.min() >= 0 and images.max() <= 1
    assert torch.equal(sample(model, 3, seed=1), sample(model, 3, seed=1))
    with pytest.raises(ValueError, match="n=0"):
        sample(model, 0)


A, B = np.array([1.0, 0.0]), np.array([0.0, 2.0])


def test_lines_and_arcs():
    np.testing.assert_allclose(lerp(A, B, 0.5), [0.5, 1.0])
    middle = slerp(A, B, 0.5)
    assert np.arctan2(middle[1] / 2, middle[0]) == pytest.approx(np.pi / 4)
    unit = slerp(A, B / 2, np.linspace(0, 1, 7)[:, None])
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1)
    np.testing.assert_allclose(np.diff(np.arctan2(unit[:, 1], unit[:, 0])), np.pi / 12)


@pytest.mark.parametrize("b", [A, -A, np.zeros(2), 3 * A])
def test_where_the_arc_is_undefined_it_is_the_line(b):
    np.testing.assert_allclose(slerp(A, b, 0.25), lerp(A, b, 0.25))


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_a_path_begins_and_ends_at_its_ends(kind):
    z = path(A, B, 5, kind)
    np.testing.assert_allclose(z[[0, -1]], [A, B], atol=1e-6)


def test_bad_paths_are_named():
    with pytest.raises(ValueError, match="'cubic'"):
        path(A, B, 5, "cubic")
    with pytest.raises(ValueError, match="steps=1"):
        path(A, B, 1)


def test_interpolation_ends_at_the_two_reconstructions(trained):
    x = load_dataset("tiny").floats(n=2)
    for run in trained.values():
        model = run.load_model()
        frames = interpolate(model, x[0], x[1], steps=5)
        z = encode_all(model, load_dataset("tiny").test_images[:2]).mean
        np.testing.assert_allclose(frames[[0, -1], 0].numpy(), decode_all(model, z), atol=1e-5)


def test_the_control_mixes_pixels():
    a, b = np.zeros((28, 28)), np.ones((28, 28))
    np.testing.assert_allclose(cross_fade(a, b, 3)[1], 0.5)


def test_nearest_against_brute_force():
    a, b = RNG.random((5, 28, 28), dtype=np.float32), RNG.integers(0, 255, (40, 1, 28, 28)).astype(np.uint8)
    index, distance = nearest(a, b)
    brute = np.linalg.norm(a.reshape(5, 1, -1) - (b / 255).reshape(1, 40, -1), axis=2)
    assert np.array_equal(index, brute.argmin(1))
    np.testing.assert_allclose(distance, brute.min(1), rtol=1e-4)


def test_a_mixture_is_fitted_without_importing_pandas():
    code = """
import sys, numpy as np
from core.latent.sampling import fit_density
fit_density("mixture", np.random.default_rng(0).normal(size=(100, 2)))
print("pandas" in sys.modules or "pyarrow" in sys.modules)
import pandas  # and it can be had afterwards
print(pandas.DataFrame({"a": [1]}).shape)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.split("\n")[:2] == ["False", "(1, 1)"], result.stderr
