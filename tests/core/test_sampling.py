"""Densities recover what they were fitted to; temperature and seeds do what they say; paths are the right curves."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from core.data.datasets import load_dataset
from core.latent.interpolation import cross_fade, interpolate, lerp, nearest, path, slerp
from core.latent.sampling import SOURCES, decode_all, encode_all, fit_density, pack, prior, sample, unpack

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
