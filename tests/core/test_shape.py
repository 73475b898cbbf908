"""Shapes follow from names alone, and measures do not depend on how the same pixels are laid out."""

import io

import numpy as np
import pytest
from PIL import Image

from core.config import RunConfig
from core.data.datasets import load_dataset
from core.data.form import shape_named
from core.data.shape import CHANNELS, GREY_28, SIDES, Shape, as_pictures, shape_of
from core.data.sources import DATASETS
from core.data.tiles import png_bytes, tiled
from core.metrics import compression, denoising_and_anomalies, reconstruction
from core.metrics.linear import fit_pca

RNG = np.random.default_rng(0)
GREY = RNG.integers(0, 256, (30, 1, 32, 32)).astype(np.uint8)
COLOUR = GREY.repeat(3, axis=1)  # the same picture in each channel


@pytest.mark.parametrize("name", [name for name, source in DATASETS.items() if source.embedded])
def test_embedded_images_have_the_shape_of_their_name(name):
    dataset = load_dataset(name)
    assert dataset.shape == shape_named(name) == RunConfig(dataset=name).shape
    assert shape_of(dataset.test_images) == dataset.shape
    assert set(np.unique(dataset.test_labels)) <= set(range(len(dataset.classes)))


def test_a_folder_says_its_shape_in_its_name():
    for channels in CHANNELS:
        for side in SIDES:
            name = f"folder:/some/where?color={int(channels > 1)}&size={side}&fit=pad"
            assert shape_named(name) == Shape(channels, side)
    assert shape_named("folder:/some/where") == shape_named("folder:/size=64/x") == GREY_28


def test_the_default_likelihood_follows_the_data_set_and_a_chosen_one_stays():
    assert RunConfig().likelihood == "bernoulli" and RunConfig(dataset="emoji").likelihood == "calibrated"
    assert RunConfig().replace(dataset="emoji").likelihood == "calibrated"
    assert RunConfig(dataset="emoji").replace(dataset="mnist-5k").likelihood == "bernoulli"
    assert RunConfig(dataset="emoji", likelihood="bernoulli").replace(epochs=2).likelihood == "bernoulli"
    assert RunConfig(likelihood="gaussian").replace(dataset="emoji").likelihood == "gaussian"


def test_tiles_in_colour_are_the_tiles_of_each_channel():
    images = RNG.integers(0, 256, (5, 3, 4, 4)).astype(np.uint8)
    sheet = tiled(images, 3)
    assert sheet.shape == (8, 12, 3)
    for channel in range(3):
        assert np.array_equal(sheet[..., channel], tiled(images[:, channel], 3))
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_bytes(sheet)))), sheet)


@pytest.mark.parametrize("metric", [reconstruction.mse, reconstruction.psnr, reconstruction.ssim])
def test_errors_of_three_equal_channels_are_those_of_one(metric):
    other, noisy = as_pictures(GREY), denoising_and_anomalies.add_noise(as_pictures(GREY), 0.2)
    assert metric(as_pictures(COLOUR), noisy[:, None].repeat(3, axis=1)) == pytest.approx(
        metric(other, noisy), rel=1e-5
    )


def test_sharpness_and_the_median_work_on_each_channel():
    grey, colour = as_pictures(GREY), as_pictures(COLOUR)
    smooth = denoising_and_anomalies.median(grey, 3)
    assert np.array_equal(denoising_and_anomalies.median(colour, 3), smooth[:, None].repeat(3, axis=1))
    assert reconstruction.sharpness_ratio(colour, smooth[:, None].repeat(3, axis=1)) == pytest.approx(
        reconstruction.sharpness_ratio(grey, smooth)
    )


def test_both_kinds_of_pca_find_the_same_subspace():
    rng = np.random.default_rng(1)
    factors, loadings = rng.normal(size=(200, 4)), rng.normal(size=(4, 3 * 28 * 28))
    images = np.clip(128 + 8 * factors @ loadings, 0, 255).astype(np.uint8).reshape(200, 3, 28, 28)
    randomised = fit_pca(images, 4)
    exact = fit_pca(images, 4, exact=10**6)
    overlap = np.linalg.svd(randomised.components @ exact.components.T, compute_uv=False)
    assert overlap == pytest.approx(np.ones(4), abs=1e-3)
    pictures = as_pictures(images)
    assert exact.decode(exact.encode(pictures)).shape == pictures.shape
    assert reconstruction.mse(pictures, exact.decode(exact.encode(pictures))) < 1e-4


def test_a_stored_colour_picture_comes_back_in_its_layout():
    others = RNG.integers(0, 256, (99, 3, 32, 32)).astype(np.uint8)
    image = RNG.integers(0, 256, (3, 32, 32)).astype(np.uint8)
    stored = compression.store_file(image, others, "PNG")
    assert np.array_equal(np.round(stored.image * 255).astype(np.uint8), image) and stored.mse == 0
    assert compression.codec(others, "PNG")["mse"] == 0


def test_anomalies_are_drawn_on_the_ground_of_the_images():
    light = np.full((4, 3, 32, 32), 250, np.uint8)
    light[:, :, 10:20, 10:20] = 0
    erased = denoising_and_anomalies.half_erased(light)
    assert (erased[:, :, 16:] == 250).all() and np.array_equal(erased[:, :, :16], light[:, :, :16])
    light[1, :, 10:20, 10:20] = 250
    light[1, :, 22:25, 22:25] = 0
    both = denoising_and_anomalies.two_in_one(light)
    assert (both[1, :, 10:20, 10:20] == 0).all() and (both[1, :, 22:25, 22:25] == 0).all()
