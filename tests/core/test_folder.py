"""A folder of images as a data set: its classes, its identity and name, and what is refused."""

import json
import os

import numpy as np
import pytest
from image_folders import fill, png_header

from core.config import RunConfig
from core.data import folder, folder_name
from core.data.dataset import DataError
from core.data.datasets import load_dataset, resolve
from core.data.folder import load_folder


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
