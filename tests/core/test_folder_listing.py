"""Which files of a folder are images, of which class and part, and what is said of the others."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from image_folders import fill, png_header
from PIL import Image

from core.data import folder, folder_listing, folder_name
from core.data.dataset import DataError
from core.data.datasets import load_dataset


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
