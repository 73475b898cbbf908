"""Caches limited by bytes, and results that do not depend on how many images are turned into floats at a time."""

import threading

import numpy as np
import pytest

from core.config import RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.data.shape import as_pictures, deviations, in_parts
from core.latent import sampling
from core.metrics import compression, linear
from core.models.build import build_model
from core.recent import Recent, remembered, size_of

RNG = np.random.default_rng(0)


def test_sizes_are_those_of_the_arrays_however_nested():
    images, labels = np.zeros((10, 3, 8, 8), np.uint8), np.zeros(10, np.int64)
    dataset = Dataset("x", "X", ("a",), images, labels, images, labels, "")
    for value, least in (
        (images, 1920),
        (images.astype(np.float32), 4 * 1920),
        ({"a": images, "b": [b"x" * 500]}, 2420),
        ((images, images[:5]), 1920 + 960),
        (dataset, 2 * 1920 + 160),
    ):
        assert least <= size_of(value) <= least + 5000


def test_the_least_recently_used_values_go_first_and_the_newest_stays():
    recent, made = Recent(2500), []

    def value(key, n=1000):
        return recent.get(key, lambda: made.append(key) or b"x" * n)

    for key in "aba":
        value(key)
    value("c")  # a was used after b
    value("a")
    assert made == ["a", "b", "c"] and len(recent) == 2 and recent.bytes <= 2500
    assert len(value("large", 10_000)) == 10_000 and len(recent) == 1
    value("large")
    assert made == ["a", "b", "c", "large"]
    recent.clear()
    assert (len(recent), recent.bytes) == (0, 0)


def test_a_failure_is_raised_and_not_kept():
    recent = Recent(1000)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            recent.get("a", lambda: 1 / 0)
    assert recent.get("a", lambda: 5) == 5


def test_threads_that_ask_at_once_share_one_computation():
    recent, begun, go, made = Recent(1000), threading.Event(), threading.Event(), []

    def make():
        begun.set()
        assert go.wait(10)
        made.append(1)
        return "value"

    found = []
    threads = [threading.Thread(target=lambda: found.append(recent.get("a", make))) for _ in range(4)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == ["value"] * 4 and made == [1]


def test_a_remembered_function_distinguishes_its_arguments():
    @remembered(10_000)
    def made(a, b=0):
        return object(), a, b

    assert made(1) is made(1) and made(1) is not made(1, b=2) and made(1, b=2) is made(1, b=2)
    before = made(1)
    made.cache_clear()
    assert made(1) is not before


IMAGES = RNG.integers(0, 256, (20, 3, 32, 32)).astype(np.uint8)
THREE = 3 * IMAGES[0].size  # numbers in three images


def test_parts_are_all_images_in_order():
    parts = list(in_parts(IMAGES, THREE))
    assert [len(part) for part in parts] == [3] * 6 + [2] and np.array_equal(np.concatenate(parts), IMAGES)
    assert list(in_parts(IMAGES[:0])) == []


def test_deviations_are_those_of_all_pixels_of_a_channel():
    np.testing.assert_allclose(deviations(IMAGES, THREE), IMAGES.std((0, 2, 3)), rtol=1e-12)


@pytest.mark.parametrize("name", ["emoji", "sprites"])
def test_a_learned_sigma_starts_where_it_always_did(name):
    images = load_dataset(name).train_images
    model = build_model(RunConfig(dataset=name, likelihood="calibrated"))
    model.start_from(images)
    started = model.sigma.offset.clone()
    model.sigma.set(max(float(images.std((0, 2, 3)).mean()) / 255, 1e-2))
    assert started == model.sigma.offset


def test_quantisers_of_parts_are_those_of_the_whole():
    pca = linear.fit_pca(IMAGES, 4)
    whole = [compression.Quantiser.of_width(pca.encode(as_pictures(IMAGES)), width) for width in compression.PCA_WIDTHS]
    found = compression.pca_quantisers(pca, IMAGES, THREE)
    np.testing.assert_array_equal([q.bins for q in found], [q.bins for q in whole])
    np.testing.assert_allclose([q.low for q in found], [q.low for q in whole], rtol=1e-4, atol=1e-5)


def test_pca_takes_fewer_of_larger_images():
    some = linear.fit_pca(IMAGES, 5, numbers=5 * IMAGES[0].size)
    np.testing.assert_array_equal(some.components, linear.fit_pca(IMAGES[::4], 5).components)


@pytest.mark.parametrize(("dataset", "batch"), [("mnist-5k", 1000), ("emoji", 1000), ("folder:x?color=1&size=64", 250)])
def test_networks_get_fewer_images_at_a_time_only_if_they_are_large(dataset, batch):
    model = build_model(RunConfig(dataset=dataset, latent_dim=2))
    assert sampling.at_a_time(model, 1000) == batch and sampling.at_a_time(model, 100) == 100
