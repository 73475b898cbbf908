"""CIFAR-10, SVHN and CelebA from small files in the layout of the real ones; and no download where there is none."""

import functools
import hashlib
import io
import os
import tarfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from core.cli.main import main
from core.data import datasets, downloaded
from core.data.dataset import DataError
from core.data.datasets import load_dataset, on_this_machine
from core.data.form import shape_named
from core.data.shape import SHAPES, shape_of
from core.data.sources import DATASETS, HAIR

RNG = np.random.default_rng(0)
COLOUR = ("cifar10", "svhn", "celeba")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty folder of downloads, and no data set remembered from before."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("POINT_OR_CLOUD_DATA", str(tmp_path / "data"))
    datasets.named.cache_clear()
    yield tmp_path / "data"
    datasets.named.cache_clear()


def bytes_of_cifar10(n=20):
    """name -> bytes of each file, and the images and labels in it."""
    files, kept = {}, {}
    for name in downloaded.CIFAR_FILES:
        images, labels = RNG.integers(0, 256, (n, 3, 32, 32), np.uint8), np.arange(n, dtype=np.uint8) % 10
        files[name] = np.concatenate([labels[:, None], images.reshape(n, -1)], 1).tobytes()
        kept[name] = images, labels
    return files, kept


def write_cifar10(root):
    files, kept = bytes_of_cifar10()
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name, stored in files.items():
        (folder / name).write_bytes(stored)
    return kept


def write_svhn(root):
    root.mkdir(parents=True)
    kept = []
    for part, n in (("train", 40), ("test", 30)):
        images, labels = RNG.integers(0, 256, (32, 32, 3, n), np.uint8), np.arange(n, dtype=np.uint8) % 10 + 1
        savemat(root / f"{part}_32x32.mat", {"X": images, "y": labels[:, None]})
        kept.append((images, labels))
    return kept


def write_celeba(root, n=60):
    """Faces with red above and below a middle square whose level is their number; hair 0, 1, 2, 3, none, two."""
    folder = root / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    names = [f"{i + 1:06d}.jpg" for i in range(n)]
    header = ["5_o_Clock_Shadow", "Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair", "Smiling"]
    hair = [{0: {1}, 1: {2}, 2: {3}, 3: {4}, 4: set(), 5: {1, 3}}[i % 6] for i in range(n)]
    rows = [" ".join(f"{1 if j in there else -1:2d}" for j in range(len(header))) for there in hair]
    lines = [f"{name}  {row}" for name, row in zip(names, rows, strict=True)]
    (folder / "list_attr_celeba.txt").write_text("\n".join([str(n), " ".join(header) + " ", *lines]) + "\n")
    parts = [0 if i < n // 2 else 1 if i < n // 2 + 6 else 2 for i in range(n)]
    (folder / "list_eval_partition.txt").write_text(
        "".join(f"{name} {part}\n" for name, part in zip(names, parts, strict=True))
    )
    for i, name in enumerate(names):
        face = np.zeros((218, 178, 3), np.uint8)
        face[..., 0] = 255
        face[20:198] = 2 * i
        Image.fromarray(face).save(folder / "img_align_celeba" / name, quality=95)
    return folder, parts


WRITE = {"cifar10": write_cifar10, "svhn": write_svhn, "celeba": write_celeba}


def test_every_shape_belongs_to_a_data_set():
    assert set(SHAPES) <= set(DATASETS)


@pytest.mark.parametrize("name", COLOUR)
def test_images_have_the_shape_of_their_name_and_are_not_downloaded_if_they_are_there(name, data, no_network):
    assert not on_this_machine(name)
    WRITE[name](data)
    assert on_this_machine(name)
    dataset = load_dataset(name)
    for images, labels in (
        (dataset.train_images, dataset.train_labels),
        (dataset.test_images, dataset.test_labels),
    ):
        assert images.dtype == np.uint8 and shape_of(images) == shape_named(name) == SHAPES[name]
        assert labels.dtype == np.int64 and labels.shape == (len(images),)
        assert set(labels) <= set(range(len(dataset.classes)))
    assert not no_network


def test_cifar10_reads_all_batches_in_order(data):
    kept = write_cifar10(data)
    dataset = load_dataset("cifar10")
    *train, test = kept.values()
    np.testing.assert_array_equal(dataset.train_images, np.concatenate([images for images, _ in train]))
    np.testing.assert_array_equal(dataset.train_labels, np.concatenate([labels for _, labels in train]))
    np.testing.assert_array_equal(dataset.test_images, test[0])


def test_svhn_has_images_upright_and_zero_for_ten(data):
    (train, labels), _ = write_svhn(data)
    dataset = load_dataset("svhn")
    np.testing.assert_array_equal(dataset.train_images[7, 1], train[:, :, 1, 7])
    assert dataset.train_labels[:10].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0] and labels[9] == 10


def test_celeba_has_the_middle_square_and_one_class_per_colour_of_hair(data):
    _, parts = write_celeba(data)
    dataset = load_dataset("celeba")
    assert dataset.classes == HAIR and dataset.train_labels[:6].tolist() == [0, 1, 2, 3, 4, 4]
    assert len(dataset.train_images) == parts.count(0) and len(dataset.test_images) == parts.count(2)
    first_test = parts.index(2)
    np.testing.assert_allclose(
        dataset.test_images[0, :, 2:-2], 2 * first_test, atol=6, err_msg="red, or an image of the validation part"
    )


def test_celeba_is_bounded_and_its_converted_images_are_kept(data, tmp_path):
    folder, _ = write_celeba(data)
    images, labels, test_images, _ = downloaded.celeba(data, tmp_path / "parsed", most=(8, 3))
    assert len(images) == len(labels) == 8 and len(test_images) == 3
    path = folder / "img_align_celeba" / "000001.jpg"
    before, times = path.read_bytes(), path.stat()
    path.write_bytes(bytes(len(before)))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = downloaded.celeba(data, tmp_path / "parsed", most=(8, 3))
    np.testing.assert_array_equal(again[0], images)
    (kept,) = (tmp_path / "parsed").iterdir()
    kept.write_bytes(kept.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"celeba are damaged.*000001\.jpg"):
        downloaded.celeba(data, tmp_path / "parsed", most=(8, 3))
    path.write_bytes(before)
    restored = downloaded.celeba(data, tmp_path / "parsed", most=(8, 3))
    np.testing.assert_array_equal(restored[0], images)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cifar10", ("CIFAR-10", "cifar-10-batches-bin", "six .bin files", "cifar-10-binary.tar.gz", "network")),
        ("svhn", ("SVHN", "train_32x32.mat and test_32x32.mat", "network")),
    ],
)
def test_without_a_network_the_message_names_folder_files_and_remedy(name, words, data, no_network):
    with pytest.raises(DataError) as caught:
        load_dataset(name)
    for word in (*words, str(data), "POINT_OR_CLOUD_DATA", "mnist-5k"):
        assert word in str(caught.value)
    assert no_network and not list(data.iterdir()), "a failed download leaves nothing"


def test_celeba_is_never_downloaded(data, no_network):
    with pytest.raises(DataError) as caught:
        load_dataset("celeba")
    for word in ("non-commercial", "list_attr_celeba.txt", "img_align_celeba", str(data / "celeba"), "mnist-5k"):
        assert word in str(caught.value)
    assert not no_network


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("cifar10", "cifar-10-batches-bin/data_batch_3.bin"),
        ("svhn", "test_32x32.mat"),
        ("celeba", "celeba/img_align_celeba/000002.jpg"),
        ("celeba", "celeba/list_attr_celeba.txt"),
    ],
)
def test_a_file_cut_short_is_called_damaged(name, file, data):
    WRITE[name](data)
    path = data / file
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"damaged .*Remove .*mnist-5k") as caught:
        load_dataset(name)
    assert str(data) in str(caught.value)


def test_a_label_that_cifar10_does_not_have_is_damage(data):
    write_cifar10(data)
    path = data / "cifar-10-batches-bin" / "test_batch.bin"
    path.write_bytes(b"\x80" + path.read_bytes()[1:])
    with pytest.raises(DataError, match=r"test_batch\.bin has the label 128"):
        load_dataset("cifar10")


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """The address and the MD5 of an archive of CIFAR-10 on a server of this machine."""
    path = tmp_path / "archive.tar.gz"
    with tarfile.open(path, mode="w:gz") as archive:
        for name, stored in bytes_of_cifar10()[0].items():
            about = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            about.size = len(stored)
            archive.addfile(about, io.BytesIO(stored))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{path.name}", hashlib.md5(path.read_bytes()).hexdigest()
        server.shutdown()
        thread.join()


def test_an_archive_with_another_checksum_is_not_unpacked(data, archive):
    with pytest.raises(DataError, match="could not be downloaded"):
        downloaded.cifar10(data, archive[0], "0" * 32)
    assert not list(data.iterdir())


def test_a_downloaded_archive_is_unpacked_into_the_folder(data, archive):
    images, *_ = downloaded.cifar10(data, *archive)
    assert len(images) == 100
    assert [path.name for path in data.iterdir()] == ["cifar-10-batches-bin"], "neither archive nor temporary folder"


@pytest.mark.parametrize("name", ["cifar10", pytest.param("svhn", marks=pytest.mark.slow)])
def test_train_takes_it(name, data, tmp_path, capsys):
    WRITE[name](data)
    options = ["--dataset", name, "--latent-dim", "4", "--epochs", "1", "--store", str(tmp_path / "runs")]
    assert main(["train", *options, "--device", "cpu"]) == 0
    assert f"vae-{name}-d4" in capsys.readouterr().out
