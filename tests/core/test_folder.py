import json
import os
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from core.config import RunConfig
from core.data import folder, folder_listing, folder_name
from core.data.dataset import DataError
from core.data.datasets import load_dataset, resolve
from core.data.folder import load_folder
from core.data.form import Form
from core.data.image_file import finish, read

SQUARE = np.zeros((40, 40), np.uint8)  # a bright square in the middle of a dark ground, as every mode below shows it
SQUARE[10:30, 10:30] = 255


def read_image(file, invert=False):
    """One file by itself, uint8 (28, 28)."""
    form = Form(invert=invert)
    return finish([read(file, form)], form).images[0]


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
    assert image.shape == (28, 28) and image.min() == image.max() == 90, (
        "the square around it has its own ground's colour"
    )


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
    """n random grey images per class, one sub-folder per class; the first class is dark, the next brighter."""
    rng = np.random.default_rng(0)
    for level, name in enumerate(classes):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            Image.fromarray(rng.integers(60 * (level % 4), 60 * (level % 4) + 50, (30, 30), np.uint8)).save(
                root / name / f"{i}.png"
            )
    return f"folder:{root}"


def test_sub_folders_are_the_classes(tmp_path):
    dataset = load_dataset(fill(tmp_path / "mine", ("ant", "bee", "cow"), 10))
    assert dataset.classes == ("ant", "bee", "cow") and dataset.title == "Folder mine"
    assert np.bincount(dataset.train_labels).tolist() == [8, 8, 8] and np.bincount(dataset.test_labels).tolist() == [
        2,
        2,
        2,
    ]
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
    assert sorted(entry.split(":")[0] for entry in dataset.skipped) == [
        "a/cut.png",
        "a/empty.jpg",
        "b/bomb.png",
        "b/text.png",
    ]
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
    with pytest.raises(DataError, match=r"is not a folder\. Give the path"):
        load_dataset(f"folder:{where}")


def test_a_file_is_no_folder(tmp_path):
    fill(tmp_path)
    with pytest.raises(DataError, match=r"0\.png is not a folder"):
        load_dataset(f"folder:{tmp_path / 'a' / '0.png'}")


def test_an_empty_folder_and_one_without_images(tmp_path):
    for _ in range(2):
        with pytest.raises(DataError, match=r"holds no image.*one sub-folder per class"):
            load_dataset(f"folder:{tmp_path}")
        (tmp_path / "notes.txt").write_text("none")


def test_a_folder_that_may_not_be_read_is_told_apart_from_an_empty_one(tmp_path, monkeypatch):
    name = fill(tmp_path)

    def refuse(path):  # what the system does; a test run by root could not have it done
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"cannot be read.*Permission denied.*Check its permissions"):
        load_dataset(name)


def test_too_few_images_are_counted_with_the_reasons(tmp_path):
    name = fill(tmp_path, n=2)
    for i in range(3):
        (tmp_path / "a" / f"bad{i}.png").write_text("no")
    with pytest.raises(DataError, match=r"only 4 of 7 .*bad0.png.*At least 10"):
        load_dataset(name)


def test_too_many_files_and_classes_too_small_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"no class has enough.*three per class"):
        load_dataset(fill(tmp_path / "ones", [f"class {i}" for i in range(10)], 1))
    with pytest.raises(DataError, match="10 images, more than 5"):
        folder.load_folder(f"folder:{tmp_path / 'ones'}", most=5)


# Names


@pytest.mark.parametrize(
    "odd",
    [
        "plain",
        "with space",
        'it\'s "quoted"',
        "ünï-💡",
        "a,b",
        "100%",
        "what?",
        "a?x=1",
        "tick`",
        "line\nbreak",
        "caf\udce9",
        "%41",
        "#hash&and=1",
    ],
)
def test_a_path_of_any_bytes_has_one_printable_name_that_leads_back(tmp_path, odd):
    name = fill(tmp_path / odd)
    dataset = load_dataset(name)
    for again in (dataset.name, name + "/", f"folder:{tmp_path}/./{odd}/../{odd}"):
        assert folder_name.canonical(again) == dataset.name
    assert load_dataset(dataset.name) is dataset, "the name written into a run finds the folder"
    assert dataset.name.isprintable() and dataset.name.encode() and "`" not in dataset.name
    config = resolve(RunConfig(dataset=name))
    assert RunConfig.from_dict(json.loads(config.to_json())) == config and config.run_id.isascii()
    assert dataset.title.isprintable()


def test_two_spellings_of_a_folder_are_one_data_set(tmp_path, monkeypatch):
    name = fill(tmp_path / "mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    spellings = [
        name,
        name + "/",
        "folder:mine",
        "folder:./mine/",
        "folder:~/mine",
        f"folder:{tmp_path}/link",
        f"folder:{tmp_path}//mine",
        f"folder://{tmp_path}/mine",
    ]
    configs = {resolve(RunConfig(dataset=spelling)) for spelling in spellings}
    assert len(configs) == 1 and next(iter(configs)).dataset == name
    monkeypatch.chdir("/")
    assert load_dataset(next(iter(configs)).dataset).name == name, "a relative path means the same folder tomorrow"


def test_an_option_that_does_not_exist_is_refused(tmp_path):
    name = fill(tmp_path / "mine")
    for option in ("inverse=1", "invert=2", "invert"):
        with pytest.raises(DataError, match=r"is not known; choose color=1 .*invert=1"):
            load_dataset(f"{name}?{option}")
    assert load_dataset(f"{name}?invert=0").name == name
    fill(tmp_path / "mine?invert=1", ("x", "y"))
    assert load_dataset(f"{name}?invert=1").classes == ("a", "b"), "of two readings, the option"
    assert load_dataset(f"folder:/{tmp_path}/mine%3Finvert=1").classes == ("x", "y")


# What lies in a folder


def test_a_folder_that_changes_is_read_again_and_one_that_does_not_is_not(tmp_path):
    name = fill(tmp_path / "mine")
    first = load_dataset(name)
    assert load_dataset(name) is first
    picture = tmp_path / "mine" / "a" / "0.png"
    shutil.copy(picture, tmp_path / "mine" / "a" / "more.png")
    more = load_dataset(name)
    assert more.digest != first.digest and len(more.train_images) + len(more.test_images) == 13
    (tmp_path / "mine" / "a" / "more.png").unlink()
    assert load_dataset(name).digest == first.digest
    level = Image.new("L", (30, 30), 77)
    level.save(picture)
    assert load_dataset(name).digest != first.digest, "a picture that was changed in place"


def test_tool_folders_and_hidden_files_are_not_images(tmp_path):
    name = fill(tmp_path)
    before = load_dataset(name)
    for tool in (".ipynb_checkpoints", "__MACOSX", ".git", ".thumbnails", "@eaDir", "a/.cache"):
        (tmp_path / tool).mkdir(parents=True)
        shutil.copy(tmp_path / "a" / "0.png", tmp_path / tool / "0.png")
    shutil.copy(tmp_path / "a" / "0.png", tmp_path / "a" / "._0.png")
    for junk in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / "a" / junk).write_bytes(b"junk")
    after = load_dataset(name)
    assert after.classes == ("a", "b") and after.digest == before.digest and not after.skipped


def test_class_folders_may_be_links_and_each_image_is_read_once(tmp_path):
    fill(tmp_path / "elsewhere", ("ants", "bees"), 6)
    root = tmp_path / "mine"
    root.mkdir()
    for name in ("ants", "bees"):
        (root / name).symlink_to(tmp_path / "elsewhere" / name)
    (root / "ants again").symlink_to(root / "ants")
    (tmp_path / "elsewhere" / "bees" / "up").symlink_to(root)
    dataset = load_dataset(f"folder:{root}")
    assert dataset.classes == ("ants", "bees") and len(dataset.train_images) + len(dataset.test_images) == 12


def test_images_belong_to_the_folder_they_lie_in_and_not_to_one_that_links_there(tmp_path):
    fill(tmp_path, ("z",), 12)
    (tmp_path / "a").symlink_to(tmp_path / "z")
    assert load_dataset(f"folder:{tmp_path}").classes == ("z",)


def test_loose_images_do_not_join_a_folder_called_images(tmp_path):
    name = fill(tmp_path, ("images", "z"), 6)
    for i in range(6):
        shutil.copy(tmp_path / "z" / f"{i}.png", tmp_path / f"{i}.png")
    assert load_dataset(name).classes == ("images", "images (in no sub-folder)", "z")
    (tmp_path / "images").rename(tmp_path / "b")
    assert load_dataset(name).classes == ("b", "images", "z")


@pytest.mark.parametrize("tops", [("train", "test"), ("Training", "VAL"), ("train", "validation", "testing")])
def test_train_and_test_folders_are_the_split(tmp_path, tops):
    for number, top in enumerate(tops):
        fill(tmp_path / top, ("ant", "bee"), 6 + number)
    dataset = load_dataset(f"folder:{tmp_path}")
    assert dataset.classes == ("ant", "bee")
    assert len(dataset.train_images) == 12 and len(dataset.test_images) == 2 * (5 + len(tops))
    trained, tested = (
        {Path(p).relative_to(tmp_path).parts[0] for p in part} for part in (dataset.paths[:12], dataset.paths[12:])
    )
    assert trained == {tops[0]} and tested == {tops[-1]}
    assert any("trained on" in note for note in dataset.notes)
    assert any("not used" in note for note in dataset.notes) == (len(tops) == 3)


def test_a_class_called_test_is_a_class_and_a_word_is_said(tmp_path):
    dataset = load_dataset(fill(tmp_path, ("bench", "test"), 6))
    assert dataset.classes == ("bench", "test") and any("test/ count" in note for note in dataset.notes)
    fill(tmp_path / "outer" / "all", ("x", "y"), 6)
    wrapped = load_dataset(f"folder:{tmp_path / 'outer'}")
    assert wrapped.classes == ("all",) and any("give the path of all/" in note for note in wrapped.notes)


def test_every_skipped_file_is_listed_with_its_reason(tmp_path):
    name = fill(tmp_path)
    (tmp_path / "a" / "IMG_1.HEIC").write_bytes(b"ftypheic")
    Image.new("L", (2000, 3)).save(tmp_path / "a" / "strip.png")
    (tmp_path / "b" / "text.jpg").write_text("no")
    (tmp_path / "b" / "gone.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "b" / "caf\udce9.png").write_bytes((tmp_path / "a" / "0.png").read_bytes()[:80])
    reasons = dict(line.split(": ", 1) for line in load_dataset(name).skipped)
    assert set(reasons) == {"a/IMG_1.HEIC", "a/strip.png", "b/text.jpg", "b/gone.png", "b/caf\\xe9.png"}
    for path, word in (
        ("a/IMG_1.HEIC", "convert it"),
        ("a/strip.png", "so long a strip"),
        ("b/text.jpg", "not an image"),
        ("b/gone.png", "leads nowhere"),
        ("b/caf\\xe9.png", "damaged"),
    ):
        assert word in reasons[path]


def test_a_sound_file_that_cannot_be_used_is_not_called_damaged(tmp_path):
    """What phones and cameras leave in a folder: each has its own reason, and none of it is damage."""
    name = fill(tmp_path)
    (tmp_path / "a" / "panorama.png").write_bytes(png_header(9000, 7000))
    Image.new("L", (2000, 3)).save(tmp_path / "a" / "strip.png")
    Image.new("RGBA", (20, 20)).save(tmp_path / "a" / "clear.png")
    (tmp_path / "a" / "empty.jpg").touch()
    (tmp_path / "a" / "renamed.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    (tmp_path / "a" / "._1.jpg").write_bytes(b"\0\5\x16\7" + bytes(500))
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    reasons = dict(line.split(": ", 1) for line in load_dataset(name).skipped)
    for path, words in (
        ("a/panorama.png", "9000x7000 pixels are more than the 50 million"),
        ("a/strip.png", "2000x3 pixels are so long a strip"),
        ("a/clear.png", "every pixel is transparent"),
        ("a/empty.jpg", "the file is empty"),
        ("a/renamed.jpg", "a HEIC file, whatever its name says"),
    ):
        assert reasons.pop(path).startswith(words)
    assert not reasons


def test_what_was_read_names_the_first_few_and_where_the_rest_is(tmp_path):
    name = fill(tmp_path)
    assert folder.what_was_read(load_dataset(name)) == [f"{name}: 12 images in 2 classes"]
    for i in range(8):
        (tmp_path / "a" / f"bad{i}.png").write_text("no")
    lines = folder.what_was_read(load_dataset(name))
    assert lines[1] == "skipped: 8 of 20 files cannot be used:" and len(lines) == 2 + folder.FIRST + 1
    assert "3 more; `python -m core data" in lines[-1]


NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=("Cs",)), min_size=1, max_size=12
).filter(lambda t: t not in (".", "..") and len(t.encode()) < 200)


@given(data=st.data())
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_folder_gives_images_with_the_class_of_their_first_folder_or_a_reason(tmp_path_factory, data):
    """A law over trees of folders.

    Every image file is used once or listed with a reason; classes are first-level folders; the digest is stable.
    """
    root = tmp_path_factory.mktemp("tree")
    tops = data.draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower))
    good, bad = 0, 0
    for top in tops:
        at = root / top / data.draw(st.sampled_from(["", "deep", "deep/er"]))
        at.mkdir(parents=True, exist_ok=True)
        for i in range(data.draw(st.integers(0, 9))):
            usable = data.draw(st.booleans()) or i < 4
            if usable:
                Image.new("L", (8, 8), 10 * i).save(at / f"{i}.png")
            else:
                (at / f"{i}.png").write_bytes(b"broken")
            hidden = top.startswith(".") or top.lower() in folder_listing.TOOL_FOLDERS
            good, bad = good + (usable and not hidden), bad + (not usable and not hidden)
    try:
        dataset = load_dataset(f"folder:{root}")
    except DataError as error:
        if good >= 10 and "three per class" not in str(error):
            raise
        return
    assert len(dataset.train_images) + len(dataset.test_images) == len(dataset.paths) == good
    assert len(dataset.skipped) == bad
    labels = [*dataset.train_labels, *dataset.test_labels]
    for path, label in zip(dataset.paths, labels, strict=True):
        assert dataset.classes[label] == folder_name.printable(Path(path).relative_to(root).parts[0])
    assert all(text.isprintable() for text in dataset.classes)
    folder._loaded.clear()
    assert load_dataset(f"folder:{root}").digest == dataset.digest
