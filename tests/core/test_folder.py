import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from core import folder
from core.config import RunConfig
from core.data import DataError, load_dataset, resolve
from core.folder import load_folder
from core.imagefile import read_image

SQUARE = np.zeros((40, 40), np.uint8)  # a bright square in the middle of a dark ground, as every mode below shows it
SQUARE[10:30, 10:30] = 255


def looks_right(image):
    return image.shape == (28, 28) and image.dtype == np.uint8 and image[14, 14] > 200 and image[2, 2] < 55


def transparent_palette():
    image = Image.fromarray(np.where(SQUARE > 0, 1, 0).astype(np.uint8), "L").convert("P")
    image.putpalette([200, 0, 0, 255, 255, 255])  # the ground is red, but transparent
    image.info["transparency"] = 0
    return image


def rgba():
    white = np.full((40, 40, 4), 255, np.uint8)
    white[..., 3] = SQUARE  # white everywhere, visible only in the square
    return Image.fromarray(white)


MODES = {
    "grey": ("png", lambda: Image.fromarray(SQUARE)),
    "1 bit": ("png", lambda: Image.fromarray(SQUARE).convert("1")),
    "RGB": ("png", lambda: Image.fromarray(SQUARE).convert("RGB")),
    "RGBA": ("png", rgba),
    "grey with alpha": ("png", lambda: rgba().convert("LA")),
    "palette": ("gif", lambda: Image.fromarray(SQUARE).convert("P")),
    "palette with transparency": ("png", transparent_palette),
    "CMYK": ("jpg", lambda: Image.fromarray(SQUARE).convert("RGB").convert("CMYK")),
    "YCbCr": ("jpg", lambda: Image.fromarray(SQUARE).convert("YCbCr")),
    "16 bit": ("png", lambda: Image.fromarray(SQUARE.astype(np.uint16) * 16)),  # twelve bits used, as cameras do
    "32 bit": ("tif", lambda: Image.fromarray(SQUARE.astype(np.int32) * 1000)),
    "float": ("tif", lambda: Image.fromarray(SQUARE.astype(np.float32) / 255)),
    "webp": ("webp", lambda: Image.fromarray(SQUARE).convert("RGB")),
    "bmp": ("bmp", lambda: Image.fromarray(SQUARE)),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_shows_the_same_picture(tmp_path, mode):
    suffix, make = MODES[mode]
    path = tmp_path / f"image.{suffix}"
    make().save(path)
    assert looks_right(read_image(path))


def test_not_a_number_in_a_float_image_is_ground(tmp_path):
    values = SQUARE.astype(np.float32)
    values[:5] = np.nan
    Image.fromarray(values).save(tmp_path / "image.tif")
    assert looks_right(read_image(tmp_path / "image.tif"))


def test_dark_strokes_on_paper_are_inverted_on_request(tmp_path):
    Image.fromarray(255 - SQUARE).save(tmp_path / "paper.png")
    assert looks_right(read_image(tmp_path / "paper.png", invert=True))
    black = np.zeros((40, 40, 4), np.uint8)
    black[..., 3] = SQUARE  # black ink on nothing: it must not vanish on a black ground
    Image.fromarray(black).save(tmp_path / "ink.png")
    assert looks_right(read_image(tmp_path / "ink.png", invert=True))


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (28, 28), (3000, 2000), (14, 1), (5, 70)])
def test_every_size_fits(tmp_path, size):
    Image.new("L", size, 90).save(tmp_path / "image.png")
    image = read_image(tmp_path / "image.png")
    assert image.shape == (28, 28) and image.min() == image.max() == 90, "the square around it has its own ground's colour"


def test_shape_is_kept_and_centred(tmp_path):
    wide = np.zeros((20, 60), np.uint8)
    wide[5:15, 15:45] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    image = read_image(tmp_path / "wide.png").astype(float)
    rows, columns = np.flatnonzero(image.max(1) > 128), np.flatnonzero(image.max(0) > 128)
    assert len(columns) / len(rows) == pytest.approx(3, abs=0.7)
    np.testing.assert_allclose(image, image[:, ::-1], atol=8)
    assert abs((rows[0] + rows[-1]) / 2 - 13.5) <= 1


def test_a_photo_is_turned_the_way_its_camera_was_held(tmp_path):
    top = np.zeros((40, 40), np.uint8)
    top[:10] = 255
    exif = Image.Exif()
    exif[274] = 3  # upside down
    Image.fromarray(top).save(tmp_path / "photo.jpg", exif=exif)
    image = read_image(tmp_path / "photo.jpg")
    assert image[25].mean() > 200 and image[2].mean() < 55


def png_header(width, height):
    """A PNG that promises width x height pixels and holds none."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_a_decompression_bomb_is_refused_before_it_is_read(tmp_path):
    for side in (8000, 50_000):
        (tmp_path / "bomb.png").write_bytes(png_header(side, side))
        with pytest.raises((ValueError, Image.DecompressionBombError), match=r"(?i)pixels"):
            read_image(tmp_path / "bomb.png")


# Folders


def fill(root, classes=("a", "b"), n=6):
    """n random grey images a class, in a sub-folder each; the first class is dark, the next brighter."""
    rng = np.random.default_rng(0)
    for level, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            Image.fromarray(rng.integers(60 * (level % 4), 60 * (level % 4) + 50, (30, 30), np.uint8)).save(root / name / f"{i}.png")
    return f"folder:{root}"


def test_sub_folders_are_the_classes(tmp_path):
    dataset = load_dataset(fill(tmp_path / "mine", ("ant", "bee", "cow"), 10))
    assert dataset.classes == ("ant", "bee", "cow") and dataset.title == "Folder mine"
    assert np.bincount(dataset.train_labels).tolist() == [8, 8, 8] and np.bincount(dataset.test_labels).tolist() == [2, 2, 2]
    for split in ("train", "test"):
        levels = dataset.images(split).mean((1, 2, 3)) // 60
        np.testing.assert_array_equal(levels, dataset.labels(split))
    assert not dataset.train_images.flags.writeable and not dataset.skipped


def test_a_folder_has_an_identity_by_its_pixels(tmp_path):
    first, copy, other = fill(tmp_path / "one"), fill(tmp_path / "two"), fill(tmp_path / "three", n=7)
    assert load_folder(first).digest == load_folder(copy).digest != load_folder(other).digest
    assert resolve(RunConfig(dataset=first)).data_digest == load_folder(first).digest


def test_images_without_sub_folders_are_one_class_and_deep_ones_belong_to_the_top(tmp_path):
    fill(tmp_path, ("a",), 12)
    flat = load_folder(f"folder:{tmp_path / 'a'}")
    assert flat.classes == ("images",) and len(flat.train_images) + len(flat.test_images) == 12
    fill(tmp_path / "b", ("deep", "deeper"), 6)
    assert load_folder(f"folder:{tmp_path}").classes == ("a", "b")


def test_invert_is_part_of_the_name(tmp_path):
    name = fill(tmp_path)
    plain, inverted = load_folder(name), load_folder(name + "?invert=1")
    np.testing.assert_allclose(255.0 - plain.train_images, inverted.train_images, atol=1)  # scaling rounds


def test_bad_files_among_good_ones_are_skipped_and_listed(tmp_path):
    name = fill(tmp_path)
    whole = (tmp_path / "a" / "0.png").read_bytes()
    (tmp_path / "a" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a" / "empty.jpg").touch()
    (tmp_path / "b" / "text.png").write_text("<html>not found</html>")
    (tmp_path / "b" / "bomb.png").write_bytes(png_header(50_000, 50_000))
    (tmp_path / "b" / "notes.txt").write_text("not meant as an image, so not listed")
    dataset = load_folder(name)
    assert len(dataset.train_images) + len(dataset.test_images) == 12
    assert sorted(entry.split(":")[0] for entry in dataset.skipped) == ["a/cut.png", "a/empty.jpg", "b/bomb.png", "b/text.png"]
    assert dataset.digest == load_folder(fill(tmp_path / "again")).digest, "they leave no trace in the images"


def test_links_that_lead_in_circles_or_nowhere_are_passed_over(tmp_path):
    name = fill(tmp_path)
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "self.png").symlink_to(tmp_path / "a" / "self.png")
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    dataset = load_folder(name)
    assert len(dataset.train_images) + len(dataset.test_images) == 12


@pytest.mark.parametrize("where", ["", "/no/such/folder", "~nobody-of-this-name/x", "x" * 5000, "a\0b"])
def test_a_path_that_is_no_folder_is_named(where):
    with pytest.raises(DataError, match="is not a folder. Give the path"):
        load_dataset(f"folder:{where}")


def test_a_file_is_no_folder(tmp_path):
    fill(tmp_path)
    with pytest.raises(DataError, match="0.png is not a folder"):
        load_dataset(f"folder:{tmp_path / 'a' / '0.png'}")


def test_an_empty_folder_and_one_without_images(tmp_path):
    for _ in range(2):
        with pytest.raises(DataError, match="holds no image.*one sub-folder per class"):
            load_dataset(f"folder:{tmp_path}")
        (tmp_path / "notes.txt").write_text("none")


def test_a_folder_that_may_not_be_read_is_told_apart_from_an_empty_one(tmp_path, monkeypatch):
    name = fill(tmp_path)

    def refuse(path):  # what the system does; a test run by root could not have it done
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="cannot be read.*Permission denied.*Check its permissions"):
        load_dataset(name)


def test_too_few_images_are_counted_with_the_reasons(tmp_path):
    name = fill(tmp_path, n=2)
    for i in range(3):
        (tmp_path / "a" / f"bad{i}.png").write_text("no")
    with pytest.raises(DataError, match=r"only 4 of 7 .*bad0.png.*At least 10"):
        load_dataset(name)


def test_too_many_files_and_classes_too_small_are_refused(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="no class has enough.*three per class"):
        load_dataset(fill(tmp_path / "ones", [f"class {i}" for i in range(10)], 1))
    monkeypatch.setattr(folder, "MAX_FILES", 5)
    with pytest.raises(DataError, match="10 images, more than 5"):
        load_dataset(f"folder:{tmp_path / 'ones'}")
