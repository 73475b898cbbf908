"""A training that went wrong is refused; one that was short, or asked to be poor, is kept."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from core.cli.main import main
from core.config import LIKELIHOODS, MODELS, TRUNKS, RunConfig
from core.data.datasets import load_dataset
from core.models.build import build_model
from core.models.networks import Trainable
from core.runs.run import ERROR, WEIGHTS, Status
from core.runs.store import RunStore
from core.training import outcome
from core.training.loop import fit
from core.training.outcome import TrainingError, refuse
from core.training.train_run import train

FEW = RunConfig(dataset="tiny", trunk="mlp", latent_dim=4, epochs=2, batch_size=32)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return load_dataset("tiny").train_images


def refusal(model: Trainable, images: np.ndarray) -> str:
    """Why a model is refused, "" if it is not; rounded before as `publish` does."""
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    rounded = build_model(model.config).eval().requires_grad_(False)
    rounded.load_state_dict({name: value.half().float() for name, value in weights.items()})
    try:
        refuse(rounded, weights, images)
        return ""
    except TrainingError as error:
        return str(error)


def untrained(config: RunConfig, images: np.ndarray) -> Trainable:
    model = build_model(config).eval().requires_grad_(False)
    model.start_from(images)
    return model


@pytest.mark.parametrize(
    ("model", "trunk", "likelihood", "d"), list(itertools.product(MODELS, TRUNKS, LIKELIHOODS, (1, 64)))
)
def test_no_network_is_refused_for_having_learned_nothing_yet(model, trunk, likelihood, d, images):
    assert (
        refusal(untrained(RunConfig(model=model, trunk=trunk, likelihood=likelihood, latent_dim=d), images), images)
        == ""
    )


@pytest.mark.parametrize(
    "change",
    [
        {"beta": 1000, "epochs": 8, "learning_rate": 0.01},
        {"reduction": "mean", "epochs": 10},
        {"noise": 2.0},
        {"model": "ae", "noise": 0.5},
        {"epochs": 1, "train_size": 10},
    ],
    ids=str,
)
def test_what_was_asked_to_be_poor_is_kept(change, store):
    assert train(FEW.replace(**change), store).status() is Status.COMPLETE


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("pattern", ["black", "white", "one image", "one pixel"])
@pytest.mark.parametrize("model", MODELS)
def test_images_that_are_all_alike_need_no_different_outputs(pattern, model):
    whole = load_dataset("tiny")
    made = {
        "black": np.zeros((1, 28, 28)),
        "white": np.full((1, 28, 28), 255),
        "one image": whole.train_images[0],
        "one pixel": np.zeros((1, 28, 28)),
    }
    stack = np.repeat(made[pattern][None].astype(np.uint8), 12, 0)
    if pattern == "one pixel":
        stack[3, 0, 14, 14] = 255
    data = dataclasses.replace(
        whole, train_images=stack, train_labels=np.zeros(12, int), test_images=stack[:4], test_labels=np.zeros(4, int)
    )
    config = RunConfig(model=model, trunk="mlp-400", latent_dim=2, epochs=3)
    *_, last = fit(config, data, "cpu")
    assert refusal(last.model, stack) == ""


def constant(config: RunConfig, image: torch.Tensor, images: np.ndarray) -> Trainable:
    """A network that draws one image whatever it sees."""
    model = untrained(config, images)
    last = model.decoder.layers[-1]
    last.weight.zero_()
    last.bias.copy_(outcome.constant_logits(image.flatten()))
    return model


def test_a_constant_picture_is_an_accident_for_a_point_and_the_mean_image_is_collapse_for_a_cloud(images):
    mean_image = torch.from_numpy(images[: outcome.EXAMINED].copy()).float().mean(0) / 255
    for model in MODELS:
        config = RunConfig(model=model, trunk="mlp", latent_dim=4)
        assert ("the same picture for every image" in refusal(constant(config, mean_image, images), images)) is (
            model == "ae"
        )
        grey = torch.full((784,), float(images.mean() / 255))
        assert "the same picture for every image" in refusal(constant(config, grey, images), images)
        assert "for one grey level everywhere" in refusal(constant(config, torch.zeros(784), images), images)


@pytest.mark.parametrize("model", MODELS)
def test_what_half_precision_cannot_hold_is_refused(model, images):
    large = untrained(RunConfig(model=model, trunk="mlp-400", latent_dim=4), images)
    large.encoder.layers[0].weight[0, 0] = 70_000
    assert "a weight reached 7e+04" in refusal(large, images) and "Lower learning_rate (now 0.003)" in refusal(
        large, images
    )
    far = untrained(RunConfig(model=model, trunk="mlp-400", latent_dim=4), images)
    far.head.mean.bias[0] = 65_000
    far.head.mean.weight[0] *= 5e4
    far.decoder.layers[0].weight[:, 0] = 0  # nothing else is wrong with it: nobody reads that number
    assert "a code reached" in refusal(far, images)


@pytest.mark.parametrize(
    "change",
    [
        {"model": "ae", "learning_rate": 1.0},
        {"model": "vae", "learning_rate": 1.0},
        {"model": "multirate", "learning_rate": 1.0},
    ],
    ids=str,
)
def test_a_training_that_went_wrong_without_a_nan_is_told_and_publishes_nothing(change, store):
    config = FEW.replace(schedule="constant", epochs=4, **change)
    with pytest.raises(TrainingError, match="Lower learning_rate"):
        train(config, store)
    (run,) = (run for run in store)
    assert run.status() is Status.FAILED and "went wrong" in (run.path / ERROR).read_text()
    assert not any((run.path / name).exists() for name in (WEIGHTS, "evaluation.json", "manifest.json", "gallery.npz"))


def test_the_terminal_ends_with_1_and_one_line(capsys, tmp_path):
    network = "--model ae --trunk mlp-400 --latent-dim 2"
    short = "--epochs 2 --train-size 64 --batch-size 8 --learning-rate 1 --schedule constant"
    arguments = f"train {network} {short}"
    assert main([*arguments.split(), "--store", str(tmp_path), "--json"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: training went wrong") and err.count("\n") == 1
    (run,) = RunStore(tmp_path, tmp_path / "none")
    assert run.status() is Status.FAILED


def test_a_figure_that_is_infinite_in_between_ends_the_training(monkeypatch):
    from core.training import evaluation

    measure = evaluation.evaluate
    monkeypatch.setattr(evaluation, "evaluate", lambda *a, **k: measure(*a, **k) | {"distortion": float("inf")})
    epochs = fit(FEW, load_dataset("tiny"), "cpu")
    next(epochs)
    with pytest.raises(TrainingError, match="the distortion is inf in epoch 1"):
        next(epochs)
