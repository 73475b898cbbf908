"""The command line: what it prints, what it leaves on disk, and what it says when the arguments are wrong."""

from __future__ import annotations

import io
import json
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from core.cli.main import main
from core.config import BETA_GRID, MODELS, RunConfig
from core.data.sources import DATASETS
from core.runs.run import Status
from core.runs.store import RunStore

TINY = ["--epochs", "2", "--train-size", "64", "--latent-dim", "2"]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch) -> Path:
    """New runs and parsed data go to one temporary folder for all tests here."""
    path = Path(tmp_path_factory.getbasetemp()) / "cli-cache"
    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(path))
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A folder with a tiny AE and a tiny VAE, trained by the command itself."""
    path = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINT_OR_CLOUD_CACHE", str(Path(tmp_path_factory.getbasetemp()) / "cli-cache"))
        assert (
            main(["sweep", "--models", "ae,vae", "--latent-dims", "2", *TINY[:4], "--store", str(path), "--json"]) == 0
        )
    return path


def run_json(capsys, *arguments: str, code: int = 0):
    """Run a command with --json and parse all of what it printed."""
    capsys.readouterr()
    assert main([*arguments, "--json"]) == code
    return json.loads(capsys.readouterr().out)


def names(store: Path) -> dict[str, str]:
    return {run.config.model: run.run_id for run in RunStore(cache=store, shipped=store)}


@pytest.mark.usefixtures("cache")
def test_help_and_runs_import_no_torch(store):
    script = """
import sys
from core.cli.main import main
assert main(["runs", "--store", sys.argv[1]]) == 0
try:
    main(["--help"])
except SystemExit as done:
    assert done.code == 0
print(sorted({"torch", "sklearn", "umap", "streamlit", "PIL"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(store)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "python -m core sweep" in done.stdout


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("trian", ["trian", "sweep", "Did you mean train?"]),
        ("train --betaa 3", ["--betaa", "Did you mean --beta?"]),
        ("train --beta high", ["'high'", "0.001 to 1000"]),
        ("train --beta nan", ["'nan'", "0.001 to 1000"]),
        ("train --model ae --beta 2", ["'2'", "ae", "Leave beta out"]),
        ("train --model gan", ["'gan'", "ae, vae, multirate"]),
        ("train --latent-dim 1.5", ["1.5", "whole number", "1 to 64"]),
        ("train --dataset cifar", ["'cifar'", "mnist-5k", "folder:PATH"]),
        ("train --dataset folder:/no/such", ["/no/such", "not a folder"]),
        ("train --device tpu", ["'tpu'", "cpu, cuda, mps"]),
        ("train --epochs", ["--epochs", "expected one argument"]),
        ("sweep --betas 1,x", ["'1,x'", "LOW:HIGH:COUNT"]),
        ("sweep --betas 1:0.1:5", ["'1:0.1:5'"]),
        ("sweep --seeds 4-1", ["'4-1'", "0-4"]),
        ("sweep --models vae,gan", ["'gan'", "multirate"]),
        ("sample", ["RUN"]),
        ("sample no-such-run", ["'no-such-run'", "python -m core"]),
        ("sample ../../etc", ["../../etc"]),
        ("sample vae --source noise", ["'noise'", "prior, gaussian, mixture"]),
        ("sample vae --n 0", ["'0'", "1 to 10000"]),
        ("interpolate vae --kind curved", ["'curved'", "linear, spherical"]),
        ("evaluate", ["RUN", "--all", "--check"]),
        ("evaluate vae --all", ["either"]),
        ("judge", ["DATASET"]),
        ("judge mnsit", ["'mnsit'", "mnist-5k", "folder:PATH"]),
        ("judge mnist-5k --device tpu", ["'tpu'", "cpu, cuda, mps"]),
        ("judge mnist-5k --out /dev/null", ["/dev/null", "cannot be written"]),
        ("project", ["--all"]),
        ("project vae --device cpu", ["--device"]),
        ("evaluate --all --device cpu", ["--device", "one RUN"]),
        ("sweep --models ae,multirate --betas 1,2", ["--betas", "vae"]),
        ("sweep --scheduler tcp://h:1 --device cpu", ["--device", "each worker"]),
        ("", ["COMMAND", "--help"]),
    ],
)
def test_wrong_arguments_get_one_line_and_leave_nothing(capsys, tmp_path, arguments, parts):
    words = arguments.split()
    target = [] if not words or words[0] == "trian" else ["--store", str(tmp_path / "new")]
    assert main(words + target) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert all(part in err for part in parts), err
    assert not list(tmp_path.rglob("config.json"))


def test_runs_lists_what_machines_need(capsys, store):
    rows = run_json(capsys, "runs", "--store", str(store))
    assert [row["model"] for row in rows] == ["ae", "vae"]
    assert set(rows[0]) == {"run_id", "model", "dataset", "latent_dim", "beta", "seed", "status", "shipped"}
    assert [row["beta"] for row in rows] == [None, 1.0]
    assert all(row["status"] == "complete" and row["shipped"] is False and row["latent_dim"] == 2 for row in rows)
    assert [row["model"] for row in run_json(capsys, "runs", "--store", str(store), "--model", "vae")] == ["vae"]
    assert run_json(capsys, "runs", "--store", str(store), "--latent-dim", "16") == []


def test_a_trained_config_is_returned_without_training(capsys, store):
    weights = store / names(store)["vae"] / "weights.safetensors"
    before = weights.read_bytes()
    answer = run_json(capsys, "train", *TINY, "--store", str(store))
    assert answer["trained"] is False and answer["run_id"] == names(store)["vae"]
    assert answer["evaluation"]["rate"] > 0 and weights.read_bytes() == before


def test_an_explicit_store_stands_alone(capsys, store, tmp_path):
    assert run_json(capsys, "runs", "--store", str(tmp_path / "empty")) == []
    assert main(["sample", names(store)["vae"], "--store", str(tmp_path / "empty")]) == 2


def test_interrupted_training_says_how_to_go_on_and_does(capsys, monkeypatch, tmp_path):
    from core.training import evaluation

    arguments = ["train", *TINY, "--seed", "5", "--store", str(tmp_path)]
    original, calls = evaluation.traced_codes, []

    def second_time_interrupts(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(evaluation, "traced_codes", second_time_interrupts)
    assert main(arguments) == 130
    err = capsys.readouterr().err
    (run,) = RunStore(cache=tmp_path, shipped=tmp_path / "none")
    assert run.run_id in err.splitlines()[-1] and "continues" in err and "Traceback" not in err
    assert not run.complete and len(run.history()) == 1

    assert run_json(capsys, *arguments)["status"] == "complete"
    assert run.status() is Status.COMPLETE and [row["epoch"] for row in run.history()] == [0, 1, 2]


def test_sweep_takes_every_combination_and_an_ae_once(capsys, tmp_path):
    rows = run_json(
        capsys,
        "sweep",
        "--betas",
        "grid",
        "--seeds",
        "0-1",
        "--models",
        "ae,vae",
        "--dry-run",
        "--store",
        str(tmp_path),
    )
    assert len(rows) == 2 * (len(BETA_GRID) + 1) == len({row["run_id"] for row in rows})
    assert {row["status"] for row in rows} == {"absent"}
    rows = run_json(capsys, "sweep", "--betas", "0.1:10:3", "--dry-run", "--store", str(tmp_path))
    assert [row["run_id"].split("-")[4] for row in rows] == ["b0.1", "b1", "b10"]


def test_sweep_leaves_out_what_has_no_effect_on_one_model_and_refuses_what_has_none_on_any(capsys, tmp_path):
    more = ["--free-bits", "0.5", "--warmup-epochs", "5", "--dry-run", "--store", str(tmp_path)]
    rows = run_json(capsys, "sweep", "--models", "ae,vae", *more)
    digest = DATASETS["mnist-5k"].digest
    expected = RunConfig(model="ae", data_digest=digest), RunConfig(free_bits=0.5, warmup_epochs=5, data_digest=digest)
    assert [row["run_id"] for row in rows] == [config.run_id for config in expected]
    assert main(["sweep", "--models", "ae", *more]) == 2
    assert "warmup_epochs=5 does not apply" in capsys.readouterr().err


def test_sweep_survives_a_run_that_fails(capsys, tmp_path):
    arguments = [
        "sweep",
        "--seeds",
        "0,1",
        *TINY[:4],
        "--latent-dims",
        "2",
        "--held-out-class",
        "77",
        "--store",
        str(tmp_path),
    ]
    answer = run_json(capsys, *arguments, code=2)
    assert answer["runs"] == [] and len(answer["failed"]) == 2
    assert all("77" in why for why in answer["failed"].values())


def test_a_failed_training_ends_with_1_as_promised_and_a_sweep_goes_on_after_it(capsys, monkeypatch, tmp_path):
    from core.training import train_run

    fit = train_run.fit

    def diverge_at_seed_0(config, *arguments):
        if config.seed == 0:
            raise train_run.TrainingError("the loss is nan in epoch 1: training diverged. Lower learning_rate.")
        return fit(config, *arguments)

    monkeypatch.setattr(train_run, "fit", diverge_at_seed_0)
    assert main(["train", *TINY, "--store", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: the loss is nan")
    answer = run_json(
        capsys, "sweep", "--seeds", "0,1", *TINY[:4], "--latent-dims", "2", "--store", str(tmp_path), code=1
    )
    assert len(answer["runs"]) == len(answer["failed"]) == 1


@pytest.mark.parametrize("model", MODELS)
def test_every_command_takes_every_kind_of_model(capsys, tmp_path, model):
    target = ["--store", str(tmp_path)]
    run_id = run_json(capsys, "train", *TINY, "--model", model, *target)["run_id"]
    measured = run_json(capsys, "evaluate", run_id, *target)
    assert measured["measured"]["distortion"] == pytest.approx(measured["recorded"]["distortion"], rel=1e-4)
    for command in (["sample", run_id, "--source", "gaussian"], ["interpolate", run_id]):
        assert run_json(capsys, *command, "--out", str(tmp_path / "out.png"), *target)["run_id"] == run_id
    assert run_json(capsys, "project", run_id, *target)["projected"] == [run_id]
    assert run_json(capsys, "export", run_id, "--out", str(tmp_path / "out.zip"), *target)["files"] == 1


def test_sample_writes_the_same_picture_for_the_same_seed(capsys, store, tmp_path):
    def picture(*more: str) -> bytes:
        out = tmp_path / "samples.png"
        assert main(["sample", "vae", "--n", "10", "--out", str(out), "--store", str(store), *more]) == 0
        return out.read_bytes()

    first = picture()
    assert Image.open(io.BytesIO(first)).size == (4 * 28 * 3, 3 * 28 * 3)  # ten samples in rows of four
    assert picture() == first
    assert picture("--seed", "1") != first
    assert picture("--source", "gaussian") != first
    assert "samples.png" in capsys.readouterr().out


def test_temperature_zero_draws_one_picture_over_and_over(store, tmp_path):
    import numpy as np

    out = tmp_path / "cold.png"
    assert main(["sample", "vae", "--n", "4", "--temperature", "0", "--out", str(out), "--store", str(store)]) == 0
    picture = np.asarray(Image.open(out))
    assert (picture[:84, :84] == picture[84:, 84:]).all() and picture.std() > 0


def test_interpolation_begins_and_ends_at_the_reconstructions(capsys, store, tmp_path):
    import numpy as np

    def strip(start: int, end: int) -> np.ndarray:
        out = tmp_path / "path.png"
        ends = ["--from", str(start), "--to", str(end), "--steps", "5"]
        answer = run_json(capsys, "interpolate", "ae", *ends, "--out", str(out), "--store", str(store))
        assert answer["run_id"] == names(store)["ae"]
        return np.asarray(Image.open(out))

    there, back = strip(0, 7), strip(7, 0)
    assert there.shape == (84, 5 * 84)
    assert (there[:, :84] == back[:, -84:]).all() and (there[:, :84] != there[:, -84:]).any()
    assert main(["interpolate", "ae", "--to", "5000", "--store", str(store)]) == 2
    assert "0 to 999" in capsys.readouterr().err


def test_beta_is_refused_where_there_is_one_already(capsys, store):
    assert main(["sample", "vae", "--beta", "2", "--store", str(store)]) == 2
    assert "multi-rate" in capsys.readouterr().err


def test_a_beginning_that_fits_two_runs_lists_them(capsys, tmp_path, store):
    import shutil

    for run_id in names(store).values():
        shutil.copytree(store / run_id, tmp_path / run_id)
    assert main(["sample", "no", "--store", str(tmp_path)]) == 2
    assert all(run_id in capsys.readouterr().err for run_id in [names(store)["ae"]])
    assert (
        main(["sweep", "--models", "vae", "--seeds", "0,1", *TINY[:4], "--latent-dims", "2", "--store", str(tmp_path)])
        == 0
    )
    capsys.readouterr()
    assert main(["evaluate", "vae-mnist", "--store", str(tmp_path)]) == 2
    assert "matches 2 runs" in capsys.readouterr().err


def test_evaluate_reproduces_the_recorded_figures(capsys, store):
    answer = run_json(capsys, "evaluate", "vae", "--store", str(store))
    for name in ("distortion", "rate", "neg_elbo", "mse"):
        assert answer["measured"][name] == pytest.approx(answer["recorded"][name], rel=1e-4)
    assert run_json(capsys, "evaluate", "ae", "--store", str(store))["measured"]["rate"] is None


def test_a_judge_is_trained_once_with_its_accuracy_told_and_stored(capsys, tmp_path, monkeypatch):
    from core.metrics import judge

    monkeypatch.setenv("POINT_OR_CLOUD_CACHE", str(tmp_path / "cache"))
    first = run_json(capsys, "judge", "tiny")
    assert first["trained"] is True and first["held_out"] == 120 and 0 < first["accuracy"] <= 1
    assert json.loads((Path(first["path"]) / "judge.json").read_text())["accuracy"] == first["accuracy"]
    again = run_json(capsys, "judge", "tiny")
    assert again["trained"] is False and again["sha256"] == first["sha256"]
    assert main(["judge", "tiny"]) == 0
    out = capsys.readouterr().out
    assert f"{first['accuracy']:.2%} of 120 held-out images" in out and "was there already" in out
    elsewhere = run_json(capsys, "judge", "tiny", "--out", str(tmp_path / "mine"))
    assert elsewhere["trained"] is True and judge.read_judge(tmp_path / "mine").info["sha256"] == first["sha256"]


def test_one_class_can_have_no_judge(capsys, tmp_path):
    for grey in range(10):
        Image.new("L", (28, 28), 9 * grey).save(tmp_path / f"{grey}.png")
    assert main(["judge", f"folder:{tmp_path}"]) == 2
    assert "at least two" in capsys.readouterr().err


def test_an_export_loads_by_its_own_ten_lines(store, tmp_path, monkeypatch):
    run_id = names(store)["vae"]
    assert main(["export", run_id, "--out", str(tmp_path / "folder"), "--store", str(store)]) == 0
    assert main(["export", run_id, "--out", str(tmp_path / "run.zip"), "--store", str(store)]) == 0
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        assert {n.removeprefix(run_id + "/") for n in archive.namelist()} == {
            p.name for p in (tmp_path / "folder").iterdir()
        }
    example = (tmp_path / "folder" / "load.py").read_text()
    assert len(example.strip().splitlines()) <= 10
    monkeypatch.chdir(tmp_path / "folder")
    images = runpy.run_path("load.py")["images"]
    assert images.shape == (16, 1, 28, 28) and 0 <= images.min() < images.max() <= 1
    assert RunConfig.from_dict(json.loads(Path("config.json").read_text())).run_id == run_id


def test_a_damaged_run_is_named_not_exported(capsys, store, tmp_path):
    import shutil

    run_id = names(store)["vae"]
    shutil.copytree(store / run_id, tmp_path / run_id)
    weights = tmp_path / run_id / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"xx")
    assert run_json(capsys, "runs", "--store", str(tmp_path))[0]["status"] == "damaged"
    for command in (["export", run_id], ["sample", run_id]):
        assert main([*command, "--out", str(tmp_path / "out"), "--store", str(tmp_path)]) == 1
        err = capsys.readouterr().err
        assert run_id in err and err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_named(capsys, store, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert main(["sample", "vae", "--out", str(tmp_path / "file" / "x.png"), "--store", str(store)]) == 2
    assert main(["train", *TINY, "--store", str(tmp_path / "file")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.startswith("error: ") and "file" in line for line in lines)
