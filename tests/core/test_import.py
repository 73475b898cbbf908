"""`python -m core import`: from a folder or a zip of pictures to a data set that can be trained on."""

import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.cli.main import main
from core.data.form import shape_named
from core.runs.store import RunStore


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """A function that makes a folder of 16 noisy pictures in two classes, coloured or grey."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))

    def make(color: bool = True):
        rng = np.random.default_rng(0)
        for name, tint in (("leaves", (40, 190, 60)), ("roses", (220, 30, 70))):
            (tmp_path / "mine" / name).mkdir(parents=True)
            for i in range(8):
                pixels = rng.integers(0, 30, (20, 26, 3)) + (np.array(tint) if color else 120)
                Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "mine" / name / f"{i}.png")
        (tmp_path / "mine" / "roses" / "bad.png").write_bytes(b"no picture")
        return tmp_path / "mine"

    return make


def imported(capsys, *arguments: str) -> dict:
    assert main(["import", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_folder_is_described_and_the_command_given(pictures, tmp_path, capsys):
    folder, sheet = pictures(), tmp_path / "sheet.png"
    assert main(["import", str(folder), "--out", str(sheet)]) == 0
    told = capsys.readouterr().out
    name = f"folder:{folder}?color=1&size=32"
    assert "16 images in 2 classes" in told and "bad.png" in told and "32x32 colour" in told
    assert f"python -m core sweep --datasets '{name}' --models ae,vae" in told
    with Image.open(sheet) as image:
        assert image.width > 100
    again = imported(capsys, str(folder), "--out", str(sheet), "--size", "64", "--fit", "crop", "--color", "0")
    assert again["dataset"] == f"folder:{folder}?size=64&fit=crop" and again["shape"] == [1, 64, 64]
    assert len(again["skipped"]) == 1


def test_grey_pictures_stay_grey_unless_asked(pictures, tmp_path, capsys):
    folder, out = pictures(color=False), ("--out", str(tmp_path / "sheet.png"))
    assert imported(capsys, str(folder), *out)["dataset"] == f"folder:{folder}"
    assert imported(capsys, str(folder), *out, "--invert")["dataset"] == f"folder:{folder}?invert=1"
    assert imported(capsys, str(folder), *out, "--color", "1")["shape"] == [3, 32, 32]


def test_a_zip_is_unpacked_and_the_same_zip_is_the_same_data_set(pictures, tmp_path, capsys):
    folder, out = pictures(), ("--out", str(tmp_path / "sheet.png"))
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
        archive.writestr("../out.png", b"x")
    found = imported(capsys, str(tmp_path / "pets.zip"), *out)
    assert found["classes"] == ["leaves", "roses"] and any("leads out" in line for line in found["skipped"])
    assert imported(capsys, str(tmp_path / "pets.zip"), *out)["digest"] == found["digest"]
    assert shape_named(found["dataset"]).color


@pytest.mark.parametrize("path", ["nowhere", "text.txt", "broken.zip"])
def test_what_cannot_be_imported_is_refused_in_one_line(pictures, tmp_path, capsys, path):
    pictures()
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    assert main(["import", str(tmp_path / path), "--out", str(tmp_path / "sheet.png")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and told.count("\n") == 1 and path in told
    assert not (tmp_path / "cache" / "unpacked").exists() or not list((tmp_path / "cache" / "unpacked").iterdir())


@pytest.mark.slow
def test_the_pair_is_trained_on_request(pictures, tmp_path):
    folder = pictures()
    arguments = [str(folder), "--train", "--store", str(tmp_path / "runs"), "--out", str(tmp_path / "sheet.png")]
    assert main(["import", *arguments]) == 0
    runs = RunStore(tmp_path / "runs", tmp_path / "none").find(dataset=f"folder:{folder}?color=1&size=32")
    assert {run.config.model for run in runs} == {"ae", "vae"}
