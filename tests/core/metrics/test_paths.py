"""Paths and steps on decoders whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.config import RunConfig
from core.latent.sampling import encode_all
from core.metrics.paths import flip_rate, interpolation, jacobian, measure_paths, pairs, path_length, smoothness


class Painter:
    """A decoder anyone can check: image = images[0] + z_1 A + z_2 B, linear in the code."""

    def __init__(self, a: np.ndarray, b: np.ndarray, base: np.ndarray):
        self.config = RunConfig(model="ae", latent_dim=2)
        self.basis = torch.from_numpy(np.stack([a, b]).reshape(2, -1)).float()
        self.base = torch.from_numpy(base.reshape(-1)).float()

    def parameters(self):
        return iter([self.basis])

    def decode_image(self, z: torch.Tensor) -> torch.Tensor:
        return (self.base + z @ self.basis).reshape(-1, 1, 28, 28)


@pytest.fixture
def painter(images) -> Painter:
    return Painter(images[1] - images[0], images[2] - images[0], images[0])


def test_pairs_are_of_one_class_or_of_two():
    labels = np.array([0, 0, 0, 1, 1, 2])
    same, different = pairs(labels, True, 50), pairs(labels, False, 50)
    assert (labels[same[:, 0]] == labels[same[:, 1]]).all() and (same[:, 0] != same[:, 1]).all()
    assert (labels[different[:, 0]] != labels[different[:, 1]]).all()
    assert np.array_equal(same, pairs(labels, True, 50)) and not np.array_equal(same, pairs(labels, True, 50, seed=1))
    with pytest.raises(ValueError, match="same class"):
        pairs(np.arange(4), True)
    with pytest.raises(ValueError, match="different classes"):
        pairs(np.zeros(4, int), False)


def test_path_length_of_a_line_a_corner_and_a_loop():
    corner = np.array([[0, 0], [1, 0], [1, 1.0]])
    assert path_length(np.linspace([0, 0], [3, 4], 7)) == pytest.approx(1)
    assert path_length(corner) == pytest.approx(2 / np.sqrt(2))
    assert path_length(np.array([[0, 0], [1, 0], [0, 0.0]])) is None


def test_jacobian_of_a_linear_decoder_is_its_matrix(painter):
    found = jacobian(painter, np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32), np.array([2.0, 0.5]))
    assert np.allclose(found, painter.basis.numpy().T, atol=1e-3)


def test_jacobian_of_a_network_is_autograds(trained, tiny):
    model = trained["vae"].load_model()
    codes = encode_all(model, tiny.test_images[:3]).mean
    exact = torch.func.vmap(torch.func.jacrev(lambda z: model.decode_image(z[None]).flatten()))(
        torch.from_numpy(codes)
    ).numpy()
    found = jacobian(model, codes, np.ones(4))
    assert np.abs(found - exact).max() < 1e-3 * np.abs(exact).max() + 1e-4


def test_standardised_smoothness_does_not_depend_on_the_units_of_the_code(painter, judge):
    """The same decoder with codes written ten times larger is not ten times smoother; only the raw norm says so."""
    wide = Painter(*(painter.basis.numpy().reshape(2, 28, 28) / 10), painter.base.numpy().reshape(28, 28))
    z = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    one, other = smoothness(painter, judge, z, z), smoothness(wide, judge, 10 * z, 10 * z)
    assert other["jacobian"] == pytest.approx(one["jacobian"], rel=1e-2)
    assert other["jacobian_raw"] == pytest.approx(one["jacobian_raw"] / 10, rel=1e-2)
    assert other["flip_rate"] == pytest.approx(one["flip_rate"], abs=0.01)
    expected = np.sqrt(((painter.basis.numpy() * z.std(0)[:, None]) ** 2).sum())
    assert one["jacobian"] == pytest.approx(expected, rel=1e-3)
    assert one["jacobian_largest"] <= one["jacobian"]


def test_flip_rate_grows_with_the_step_and_a_constant_decoder_never_flips(painter, judge, images):
    z = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    rates = [flip_rate(painter, judge, z, np.ones(2), step) for step in (0.0, 0.05, 0.5, 2.0)]
    assert rates[0] == 0 and rates[0] < rates[2] < rates[3]
    constant = Painter(0 * images[0], 0 * images[0], images[0])
    assert flip_rate(constant, judge, z, np.ones(2), 2.0) == 0


def test_measured_paths_of_real_images_and_of_noise(whole):
    dataset, judge = whole
    reference = judge.reference(dataset)
    images = dataset.test_images[:30, 0].astype(np.float32) / 255
    still = np.repeat(images[:, None], 5, 1)
    noise = np.random.default_rng(0).random(still.shape, dtype=np.float32)
    still[:, -1] += 1e-3  # ends that differ
    good, bad = (measure_paths(judge, reference, frames, frames, judge.predict(images)) for frames in (still, noise))
    assert good["keep_rate"] == 1 and bad["keep_rate"] < 0.5
    assert good["midpoint_density"] > 0.5 > 0.05 > bad["midpoint_density"]
    mixed = measure_paths(judge, reference, still, noise, judge.predict(images))
    assert mixed["midpoint_density_same"] == pytest.approx(good["midpoint_density"])
    assert mixed["midpoint_density_different"] == bad["midpoint_density"]


def test_interpolation_of_a_linear_decoder_is_the_cross_fade_where_it_can_be(judge, tiny, trained):
    """Fading pixels is straight by definition; a network's paths are at least as long."""
    model = trained["ae"].load_model()
    result = interpolation(model, judge, judge.reference(tiny), encode_all(model, tiny.test_images).mean, n=20)
    assert set(result) == {"linear", "spherical", "cross_fade"}
    assert result["cross_fade"]["path_length"] == pytest.approx(1, abs=1e-4)
    assert result["linear"]["path_length"] > 1 and result["spherical"]["path_length"] > 1
    assert result["linear"] != result["spherical"]
