"""Changing a setting changes the trained weights, or is refused with the reason; none changes the run's id alone."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from core.config import DEFAULTS, MODELS, ConfigError, RunConfig
from core.data.dataset import Dataset
from core.data.datasets import load_dataset
from core.training.loop import fit

BASE = {"dataset": "tiny", "trunk": "mlp-400", "latent_dim": 8, "epochs": 3, "batch_size": 16}
# Other values of every setting that describes a training; "dataset", "data_digest" and "schema" say what it is
# trained on, and by what.
OTHERS = {
    "latent_dim": (4,),
    "trunk": ("mlp", "conv"),
    "activation": ("relu",),
    "likelihood": ("gaussian",),
    "beta": (0.5, 4.0),
    "reduction": ("mean",),
    "warmup_epochs": (1, 2, 3, 50),
    "free_bits": (0.3,),
    "noise": (0.5,),
    "held_out_class": (3, 99),
    "train_size": (32, 10_000),
    "epochs": (2,),
    "batch_size": (32,),
    "learning_rate": (0.002,),
    "schedule": ("constant", "linear", "gentle"),
    "optimiser": ("muon",),
    "averaging": (0.9,),
    "seed": (1,),
}
_SEEN: dict[RunConfig, dict[str, torch.Tensor]] = {}


@pytest.fixture(scope="module")
def few() -> Dataset:
    whole = load_dataset("tiny")
    return dataclasses.replace(
        whole,
        train_images=whole.train_images[:48],
        train_labels=whole.train_labels[:48],
        test_images=whole.test_images[:8],
        test_labels=whole.test_labels[:8],
    )


def trained_weights(config: RunConfig, dataset: Dataset) -> dict[str, torch.Tensor]:
    if config not in _SEEN:
        *_, last = fit(config, dataset, "cpu")
        _SEEN[config] = {name: value.clone() for name, value in last.model.state_dict().items()}
    return _SEEN[config]


def test_every_setting_is_asked_about():
    assert set(OTHERS) | {"dataset", "data_digest", "model", "schema"} == set(DEFAULTS)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in OTHERS.items() for value in values])
def test_a_setting_changes_the_weights_or_is_refused(model, name, value, few):
    plain = RunConfig(model=model, **BASE)
    before = trained_weights(plain, few)
    try:
        after = trained_weights(dataclasses.replace(plain, **{name: value}), few)
    except ConfigError as error:
        refusal = str(error)
    else:
        refusal = None
    if refusal is not None:
        assert refusal.startswith(f"{name}={value!r}") and len(refusal) > 40
        return
    same = after.keys() == before.keys() and all(torch.equal(after[key], before[key]) for key in before)
    assert not same, f"{name}={value!r} changes the id and nothing else"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("ae", "beta"),
        ("ae", "reduction"),
        ("ae", "warmup_epochs"),
        ("ae", "free_bits"),
        ("multirate", "beta"),
        ("multirate", "warmup_epochs"),
    ],
)
def test_what_has_no_effect_is_what_is_refused(model, name):
    """Everything else is honoured: a refusal of all would keep the law, too."""
    refused = set()
    for other, (*_, value) in OTHERS.items():
        try:
            RunConfig(model=model, **{**BASE, other: value})
        except ConfigError:
            refused.add(other)
    assert name in refused
    assert (
        refused
        == {"ae": {"beta", "reduction", "warmup_epochs", "free_bits"}, "multirate": {"beta", "warmup_epochs"}}[model]
    )
