"""The judge: what it learns, that it is the same every time, and that a damaged one is never used."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil

import numpy as np
import pytest

from core import settings
from core.errors import NotMeasurable
from core.metrics.judge import Judge, JudgeError, read_judge, spread
from core.metrics.judge_training import find_judge, folders, load_judge, train_judge

quick = functools.partial(train_judge, epochs=1)


@pytest.fixture
def own_folders(tmp_path, shipped, monkeypatch):  # noqa: ARG001 - no shipped judges
    """No shipped judges, and an empty cache."""
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_it_names_images_it_never_saw(judge: Judge, tiny):
    assert judge.accuracy > 0.7
    assert judge.accuracy == pytest.approx((judge.predict(tiny.test_images) == tiny.test_labels).mean())


def test_shuffled_labels_teach_it_nothing(tiny):
    shuffled = dataclasses.replace(tiny, train_labels=np.random.default_rng(0).permutation(tiny.train_labels))
    assert train_judge(shuffled, epochs=4).accuracy < 0.3


def test_features_are_scaled_and_probabilities_add_up(judge, tiny):
    features, probabilities = judge.features_and_probabilities(tiny.train_images)
    assert features.shape == (320, 64) and probabilities.shape == (320, 10)
    assert features.var(0).sum() == pytest.approx(100, rel=1e-3)
    assert features.min() < 0  # before the ReLU
    assert probabilities.sum(1) == pytest.approx(1, abs=1e-5)


def test_bytes_and_floats_are_the_same_image(judge, tiny, images):
    assert np.allclose(
        judge.features_and_probabilities(tiny.test_images)[0], judge.features_and_probabilities(images)[0], atol=1e-5
    )
    assert np.allclose(
        judge.features_and_probabilities(images, batch=7)[0], judge.features_and_probabilities(images)[0], atol=1e-4
    )


def test_one_seed_one_judge(tiny):
    first, second, other = (train_judge(tiny, epochs=1, seed=seed) for seed in (3, 3, 4))
    assert first.info == second.info and first.weights() == second.weights()
    assert first.weights() != other.weights()


def test_a_saved_judge_judges_alike(judge, tiny, tmp_path):
    judge.save(tmp_path)
    again = read_judge(tmp_path)
    assert again.info == judge.info
    assert np.allclose(
        again.features_and_probabilities(tiny.test_images)[0],
        judge.features_and_probabilities(tiny.test_images)[0],
        atol=1e-4,
    )


@pytest.mark.parametrize("damage", ["weights", "json", "schema", "missing"])
def test_a_damaged_judge_is_not_used(judge, tmp_path, damage):
    judge.save(tmp_path)
    weights, info = tmp_path / "judge.safetensors", tmp_path / "judge.json"
    if damage == "weights":
        data = bytearray(weights.read_bytes())
        data[-5] ^= 1
        weights.write_bytes(bytes(data))
    elif damage == "json":
        info.write_text(info.read_text()[:-20])
    elif damage == "schema":
        info.write_text(json.dumps({**judge.info, "schema": 0}))
    else:
        weights.unlink()
    assert read_judge(tmp_path) is None


def test_it_is_trained_once_and_kept(tiny, own_folders, monkeypatch):
    def again(*_, **__):
        pytest.fail("trained again")

    assert find_judge(tiny) is None
    first = load_judge(tiny, train=quick)
    assert load_judge(tiny, train=again) is first
    shutil.copytree(own_folders / "cache", own_folders / "copy")
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(own_folders / "copy"))  # a folder that this process has not read
    copy = load_judge(tiny, train=again)
    assert copy is not first and copy.info == first.info


@pytest.mark.usefixtures("own_folders")
def test_a_judge_of_other_images_is_not_used(tiny):
    """The shipped folder goes by name alone; a data set that changed under its name gets a judge of its own."""
    quick(tiny, folders("tiny", tiny.digest)[0])
    assert find_judge(tiny) is not None
    assert find_judge(dataclasses.replace(tiny, digest="0" * 16)) is None


def test_a_cache_that_cannot_be_written_costs_only_time(tiny, own_folders):
    (own_folders / "cache").write_text("a file, not a folder")
    assert load_judge(tiny, train=quick).info["epochs"] == 1
    assert (own_folders / "cache").is_file() and find_judge(tiny) is None


def test_one_class_is_not_enough(tiny):
    single = dataclasses.replace(tiny, classes=("images",))
    with pytest.raises(JudgeError, match=r"at least two.*sub-folder"):
        train_judge(single)


def test_images_that_are_all_alike_can_have_no_judge_and_no_distance(judge, tiny):
    black = dataclasses.replace(tiny, train_images=np.zeros_like(tiny.train_images), digest="b" * 16)
    with pytest.raises(JudgeError, match=r"320 training images.*equal"):
        train_judge(black)
    with pytest.raises(JudgeError, match="equal"):
        judge.reference(black)


def test_few_test_images_are_looked_at_but_not_compared_with(judge, tiny):
    few = dataclasses.replace(tiny, test_images=tiny.test_images[:7], test_labels=tiny.test_labels[:7], digest="f" * 16)
    reference = judge.reference(few)
    assert reference.features.shape == (7, 64)
    for figure in ("radii", "floor"):
        with pytest.raises(NotMeasurable, match="at least 16 test images; this data set has 7"):
            getattr(reference, figure)


def test_reference_is_spread_over_the_held_out_images(judge, tiny):
    reference = judge.reference(tiny)
    assert len(reference.images) == len(reference.features) == len(reference.radii) == 120
    assert judge.reference(tiny) is reference
    assert 0 < reference.floor < 30
    chosen = spread(10_000)
    assert len(chosen) == 1000 and len(set(chosen)) == 1000 and chosen[-1] == 9990
    assert spread(7).tolist() == list(range(7))


@pytest.mark.parametrize("name", ["mnist-5k", "mnist", "fashion-mnist"])
def test_shipped_judges_are_whole_and_as_good_as_they_say(name):
    from core.data.datasets import load_dataset
    from core.data.sources import DATASETS

    shipped = read_judge(settings.SHIPPED / "judges" / name)
    assert shipped is not None and shipped.info["data_digest"] == DATASETS[name].digest
    assert shipped.accuracy > {"mnist-5k": 0.97, "mnist": 0.98, "fashion-mnist": 0.87}[name]
    if name == "mnist-5k":  # the one whose images are here
        dataset = load_dataset(name)
        assert (shipped.predict(dataset.test_images) == dataset.test_labels).mean() == pytest.approx(
            shipped.accuracy, abs=0.002
        )
        assert shipped.reference(dataset).floor < 1
