"""Runs are measured, their figures published with the project, and checked against new measurements."""

from __future__ import annotations

import json

import pytest

import core.metrics.scores
from core.metrics import measuring, records, scorecard
from core.metrics.measuring import differences, evaluate_all, publish
from core.metrics.scorecard import (
    SETTINGS,
    markdown,
    overview,
    standard,
)
from core.metrics.verdicts import (
    DEPENDS,
    UNKNOWN,
)
from core.runs.run import Run
from core.runs.store import RunStore


@pytest.fixture
def filled(store: RunStore, shipped, monkeypatch) -> RunStore:  # noqa: ARG001 - publishing goes to its folder
    """A store with a standard pair that looks finished, and a measurement that takes no time."""
    for model in ("ae", "vae"):
        config = standard(model, "mnist-5k", 16).replace(data_digest="d")
        path = store.cache / config.run_id
        path.mkdir(parents=True)
        (path / "config.json").write_text(config.to_json())
        (path / "weights.safetensors").write_bytes(model.encode())
        (path / "manifest.json").write_text(json.dumps({"weights.safetensors": model * 32}))

    def score_run(run: Run, keep: bool = True, **_):
        scores = {
            **records.stamp(run),
            "reconstruction": {"mse": 0.01 if run.config.model == "ae" else 0.02, "sharpness": 0.5},
        }
        if keep:
            records.keep(run, scores)
        return scores

    monkeypatch.setattr(core.metrics.scores, "score_run", score_run)
    return store


@pytest.mark.usefixtures("store")
def test_evaluate_publish_and_read_back(filled, shipped, tmp_path):
    def sharper(store: RunStore, *setting):
        return next(row for row in scorecard.scorecard(store, *setting) if row.id == "sharper")

    assert sharper(filled).verdict == UNKNOWN
    steps = []
    outcome = evaluate_all(filled, progress=lambda *step: steps.append(step))
    assert set(outcome.values()) == {"measured"} and steps[-1][:2] == (2, 2)
    row = sharper(filled)
    assert row.condition == "holds in squared error; does not hold in sharpness"
    files = publish(filled)
    assert files == [shipped / "scorecards" / "mnist-5k-d16.json"]
    elsewhere = RunStore(tmp_path / "empty", shipped)  # committed figures need no run
    assert sharper(elsewhere) == row
    assert sharper(elsewhere, "mnist-5k", 2).verdict == UNKNOWN
    whole = next(line for line in overview(elsewhere) if line["id"] == "sharper")
    assert (whole["verdict"], set(whole["rows"])) == (DEPENDS, {f"{dataset}, d = {d}" for dataset, d in SETTINGS})
    assert "AE 0.0100, VAE 0.0200 (one seed)" in markdown(elsewhere)


@pytest.mark.usefixtures("shipped")
def test_publishing_keeps_entries_of_runs_that_are_not_here(filled):
    evaluate_all(filled)
    gone = {"config": standard("ae", "mnist-5k", 16, 1).to_dict(), "scores": {"reconstruction": {"mse": 0.5}}}
    records.commit("mnist-5k", 16, {"gone": gone})
    publish(filled)
    assert len(records.committed("mnist-5k", 16)) == 3
    row = next(row for row in scorecard.scorecard(filled) if row.id == "sharper")
    assert row.cases[0].n == 1  # its seed has no VAE to be compared with


@pytest.mark.usefixtures("shipped")
def test_check_finds_what_changed(filled):
    evaluate_all(filled)
    publish(filled)
    assert dict(measuring.check(filled)) == {run.run_id: [] for run in filled}
    entries = records.committed("mnist-5k", 16)
    run_id = next(iter(entries))
    entries[run_id]["scores"]["reconstruction"]["mse"] += 0.005
    records.commit("mnist-5k", 16, entries)
    found = dict(measuring.check(filled))
    (problem,) = found[run_id]
    assert problem.startswith("reconstruction/mse is 0.01, committed 0.015 (tolerance 2%")
    other = next(run.run_id for run in filled if run.run_id != run_id)
    assert found[other] == [] and dict(measuring.check(filled, only=run_id)) == {run_id: [problem]}


@pytest.mark.usefixtures("shipped")
def test_a_check_that_compared_nothing_does_not_pass(filled, capsys):
    from core.cli.main import main

    assert list(measuring.check(filled)) == []
    assert main(["evaluate", "--check", "--store", str(filled.cache)]) == 1
    assert "Nothing was compared" in capsys.readouterr().out


def test_the_command_line_measures_publishes_and_checks(filled, shipped, capsys):
    from core.cli.main import main

    store = ["--store", str(filled.cache)]
    assert main(["evaluate", "--all", "--publish", *store]) == 0
    assert (shipped / "scorecards" / "mnist-5k-d16.json").exists()
    assert main(["evaluate", "--check", *store]) == 0
    assert "Every committed figure of the 2 runs" in capsys.readouterr().out
    entries = records.committed("mnist-5k", 16)
    next(iter(entries.values()))["scores"]["reconstruction"]["mse"] += 0.005
    records.commit("mnist-5k", 16, entries)
    assert main(["evaluate", "--check", *store]) == 1
    assert "committed 0.015" in (out := capsys.readouterr().out) and "1 figures are off" in out
    assert main(["evaluate", "--all", "--publish", *store]) == 0
    assert main(["evaluate", "--check", "--publish", *store]) == 2
    first = next(iter(filled)).run_id
    assert main(["evaluate", first, "--check", *store]) == 0 and main(["evaluate", first, "--all", *store]) == 2


def test_a_data_set_that_cannot_be_had_is_told_not_raised(filled):
    from core.data.dataset import DataError

    def refuse(*_, **__):
        raise DataError("no images")

    assert set(evaluate_all(filled, measure=refuse).values()) == {"no images"}


def test_differences_know_their_tolerances():
    reference = {
        "judge": "a",
        "samples": {"prior": {"fd": 20.0}},
        "latent": {"dimension_use": [5.0, None], "knn_accuracy": 0.9},
    }
    near = {
        "judge": "b",
        "samples": {"prior": {"fd": 20.9}},
        "latent": {"dimension_use": [5.2, None], "knn_accuracy": 0.91},
    }
    assert list(differences(near, reference)) == []
    far = {"samples": {"prior": {"fd": 22.0}}, "latent": {"dimension_use": [5.0, 1.0], "knn_accuracy": 0.8}}
    assert [d.split()[0] for d in differences(far, reference)] == [
        "samples/prior/fd",
        "latent/dimension_use/1",
        "latent/knn_accuracy",
    ]
    assert list(differences({}, reference)) == []  # parts that were not measured here are not compared
    turned = {"rotated": {"mse": 0.9}}
    whole = {"anomalies": {**turned, "other": {"dataset": "fashion-mnist", "mse": 1.0}}}
    assert list(differences({"anomalies": turned}, whole)) == []  # nor is a data set that is not on this machine
    assert len(list(differences({"anomalies": {"other": {"dataset": "fashion-mnist", "mse": 1.0}}}, whole))) == 1
