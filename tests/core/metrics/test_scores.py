"""One run, measured whole: what is kept, what is left out, what is measured again."""

from __future__ import annotations

import dataclasses
import functools
import json
import math

import numpy as np
import pytest

from core.config import RunConfig
from core.errors import NotMeasurable
from core.metrics import records, scores
from core.metrics.measuring import leaves
from core.metrics.scores import PARTS, other_dataset, parts_for, plain, score_run
from core.metrics.subject import Subject
from core.runs.run import Run
from core.training.train_run import train


def test_every_part_is_measured_and_is_plain_json(measured):
    assert set(measured) == {"ae", "vae"}
    for values in measured.values():
        assert set(PARTS) < set(values)
        assert not [part for part in PARTS if "not_measured" in values[part]]
        json.dumps(values, allow_nan=False)


def test_an_ae_has_no_rate_and_no_bound(measured):
    point, cloud = (measured[name]["reconstruction"] for name in ("ae", "vae"))
    assert all(point[name] is None for name in ("rate", "neg_elbo", "importance_weighted", "bound_gap", "active_units"))
    assert cloud["neg_elbo"] == pytest.approx(cloud["distortion"] + cloud["rate"], rel=1e-4)
    assert cloud["importance_weighted"] < cloud["neg_elbo"]
    assert "neg_elbo" not in measured["ae"]["anomalies"]["rotated"]


def test_figures_agree_with_the_runs_own_evaluation(measured, trained):
    """All 120 test images are the reference here, so both measure the same thing in two ways."""
    for name, run in trained.items():
        assert measured[name]["reconstruction"]["mse"] == pytest.approx(run.evaluation()["mse"], rel=1e-3)
        assert measured[name]["reconstruction"]["distortion"] == pytest.approx(run.evaluation()["distortion"], rel=1e-3)
        assert measured[name]["samples"]["floor"] < measured[name]["samples"]["mixture"]["fd"]
        assert (
            measured[name]["latent"]["mutual_information"] <= measured[name]["latent"]["mutual_information_cap"] + 1e-6
        )
        assert measured[name]["latent"]["mutual_information_cap"] == pytest.approx(math.log(120), rel=1e-4)


def test_measuring_twice_gives_the_same_numbers(measured, trained, tiny, judge):
    subject = Subject(trained["vae"].load_model(), tiny, judge)
    again = plain(scores.reconstruction_part(subject))
    assert dict(leaves(again)) == pytest.approx(dict(leaves(measured["vae"]["reconstruction"])), rel=1e-3)


QUICK = {
    name: (lambda s, name=name: {"d": s.config.latent_dim, "name": name})
    for name in ("reconstruction", "samples", "latent")
}
quickly = functools.partial(score_run, measures=QUICK)


@pytest.fixture
def run(store) -> Run:
    """A run of its own, that may be written to."""
    return train(RunConfig(model="ae", dataset="tiny", epochs=1, latent_dim=2, trunk="mlp-400"), store)


def test_scores_are_kept_part_by_part_and_taken_up_again(run, tiny, judge):
    def fail(_subject):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_run(run, tiny, judge, measures={**QUICK, "samples": fail})
    assert "reconstruction" in records.scores_of(run) and "samples" not in records.scores_of(run)
    seen = []
    found = quickly(run, tiny, judge, on_part=seen.append)
    assert seen == ["samples", "latent"]
    assert found == records.scores_of(run) and found["samples"]["name"] == "samples"
    run.verify()  # the manifest knows the new file
    assert quickly(run, tiny, judge, on_part=seen.append) == found and len(seen) == 2
    quickly(run, tiny, judge, fresh=True, on_part=seen.append)
    assert len(seen) == 5


def test_another_judge_or_other_weights_are_measured_again(run, tiny, judge):
    first = quickly(run, tiny, judge)
    records.keep(run, {**first, "judge": "0" * 16, "latent": {"stale": 1}})
    assert "stale" not in quickly(run, tiny, judge)["latent"]
    records.keep(run, {**first, "weights": "0" * 16})
    assert records.scores_of(run) == {}


def test_damaged_scores_are_measured_again(run, tiny, judge):
    quickly(run, tiny, judge)
    (run.path / records.FILE).write_text("{")
    assert records.scores_of(run) == {}
    assert quickly(run, tiny, judge)["latent"]["d"] == 2


def test_a_shipped_run_stays_as_it_came(run, tiny, judge, tmp_path, monkeypatch):
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    shipped = Run(run.path, shipped=True)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    first = quickly(shipped, tiny, judge)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before
    seen: list[str] = []
    assert quickly(shipped, tiny, judge, on_part=seen.append) == first and not seen, "measured once"


def test_a_part_that_makes_no_sense_for_the_data_says_why(run, tiny, judge):
    def refuse(_subject):
        raise NotMeasurable("no two images of the same class")

    found = score_run(run, tiny, judge, keep=False, measures={**QUICK, "latent": refuse})
    assert found["latent"] == {"not_measured": "no two images of the same class"} and found["samples"]["d"] == 2


def test_parts_fit_the_run():
    assert parts_for(RunConfig()) == parts_for(RunConfig(model="ae")) == tuple(PARTS)
    assert parts_for(RunConfig(noise=0.5)) == ("reconstruction", "denoising")
    assert parts_for(RunConfig(held_out_class=1)) == ("anomalies",)
    assert "samples" in parts_for(RunConfig(beta=4)) and "compression" not in parts_for(RunConfig(beta=4))


def test_other_data_is_only_what_is_here(monkeypatch, tmp_path):
    monkeypatch.setenv("POINT_OR_CLOUD_DATA", str(tmp_path))
    assert other_dataset("mnist-5k") is None
    assert other_dataset("fashion-mnist") == "mnist-5k"  # embedded
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    assert other_dataset("mnist-5k") is None  # an empty folder is not a data set
    for split in ("train", "t10k"):
        (raw / f"{split}-images-idx3-ubyte").touch()
        (raw / f"{split}-labels-idx1-ubyte").touch()
    assert other_dataset("mnist-5k") == "fashion-mnist"


def test_plain_numbers():
    value = plain({"a": np.float32(1 / 3), 2: [np.int64(3), float("inf"), float("nan")], "c": (True, None, "x")})
    assert value == {"a": 0.333333, "2": [3, None, None], "c": [True, None, "x"]}


def test_a_figure_that_cannot_be_had_leaves_the_others_of_its_part(trained, tiny, judge):
    few = dataclasses.replace(
        tiny, test_images=np.zeros_like(tiny.test_images[:7]), test_labels=tiny.test_labels[:7], digest="0" * 16
    )
    subject = Subject(trained["vae"].load_model(), few, judge)
    reconstruction, latent = (plain(PARTS[part](subject)) for part in ("reconstruction", "latent"))
    assert reconstruction["sharpness"] is None and "no detail" in reconstruction["not_measured"]["sharpness"]
    assert reconstruction["mse"] > 0 and latent["dimensions"] == 4
    assert latent["knn_accuracy"] is None and "at least 16" in latent["not_measured"]["knn_accuracy"]
    json.dumps([reconstruction, latent], allow_nan=False)
    with pytest.raises(NotMeasurable, match="at least 16"):
        PARTS["samples"](subject)
