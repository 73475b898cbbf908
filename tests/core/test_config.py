import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from core.config import ConfigError, RunConfig


def test_equal_numbers_are_one_run():
    betas, sizes, seeds = (4, 4.0, "4", np.float64(4)), (16, 16.0), (0, np.int64(0))
    assert len({RunConfig(beta=b, latent_dim=d, seed=s).run_id for b in betas for d in sizes for s in seeds}) == 1
    assert RunConfig(beta=4) == RunConfig(beta=4.0) and hash(RunConfig(beta=4)) == hash(RunConfig(beta=4.0))


def test_defaults_written_out_are_the_same_run():
    assert RunConfig().run_id == RunConfig(beta=1, trunk="conv", warmup_epochs=0, free_bits=0).run_id
    assert (
        RunConfig(latent_dim=2).trunk == "mlp"
        and RunConfig(latent_dim=2).run_id == RunConfig(latent_dim=2, trunk="mlp").run_id
    )


def test_settings_that_came_later_leave_older_ids_alone():
    assert RunConfig(data_digest="4b0c23f475d96a0e").run_id == "vae-mnist-5k-d16-b1-s0-a9acf80037e8", "as shipped"
    assert "optimiser" not in RunConfig().to_json() and "optimiser" in RunConfig(optimiser="muon").to_json()


def test_the_order_of_keys_does_not_matter():
    values = RunConfig(beta=2.5, seed=3).to_dict()
    backwards = dict(reversed(values.items()))
    assert list(backwards) != list(values)
    assert (
        RunConfig.from_dict(backwards).run_id
        == RunConfig.from_dict(values).run_id
        == RunConfig(beta=2.5, seed=3).run_id
    )


def test_json_gives_the_config_back():
    special = RunConfig(model="multirate", held_out_class=3, train_size=100, noise=0.5, optimiser="muon")
    for config in (RunConfig(), RunConfig(model="ae", latent_dim=2), special):
        assert RunConfig.from_dict(json.loads(config.to_json())) == config


@pytest.mark.parametrize(
    "change",
    [
        {"dataset": "kmnist"},
        {"data_digest": "0" * 16},
        {"latent_dim": 8},
        {"trunk": "mlp"},
        {"activation": "relu"},
        {"likelihood": "gaussian"},
        {"beta": 1.0001},
        {"reduction": "mean"},
        {"warmup_epochs": 2},
        {"free_bits": 0.1},
        {"noise": 0.1},
        {"held_out_class": 0},
        {"train_size": 10},
        {"epochs": 26},
        {"batch_size": 65},
        {"learning_rate": 0.002},
        {"schedule": "constant"},
        {"optimiser": "muon"},
        {"averaging": 0.9},
        {"seed": 1},
        {"model": "multirate", "beta": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_the_weights_changes_the_identity(change):
    assert RunConfig(**change).run_id != RunConfig().run_id


def test_every_field_is_covered_above_and_none_says_where_a_run_is_computed():
    names = {field.name for field in dataclasses.fields(RunConfig)}
    covered = {
        next(iter(p))
        for mark in test_whatever_changes_the_weights_changes_the_identity.pytestmark
        for p in mark.args[1]
    }
    assert names == covered | {"schema"}
    with pytest.raises(ConfigError, match=r"'device'.*known are dataset"):
        RunConfig.from_dict({**RunConfig().to_dict(), "device": "cuda"})


def test_the_identity_is_the_same_in_every_process():
    code = "from core.config import RunConfig; print(RunConfig(beta=0.25, seed=7).run_id)"
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == RunConfig(beta=0.25, seed=7).run_id


def test_a_run_id_says_what_is_special():
    assert RunConfig(noise=0.5).run_id.startswith("vae-mnist-5k-d16-b1-noise0.5-s0-")
    assert RunConfig(model="ae", held_out_class=1).run_id.startswith("ae-mnist-5k-d16-without1-s0-")
    assert RunConfig().run_id.startswith("vae-mnist-5k-d16-b1-s0-"), "the plain run is found by its plain beginning"


@pytest.mark.parametrize(
    "name", ["folder:/home/a b/../Köln?invert=1", "folder:" + "x" * 500, "folder:..", "folder:/a/<script>"]
)
def test_a_run_id_is_safe_as_a_folder_and_in_a_url(name):
    run_id = RunConfig(dataset=name).run_id
    assert (
        set(run_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") and len(run_id) < 80 and not run_id.startswith(".")
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": "gan"}, ("model='gan'", "ae, vae, multirate")),
        ({"trunk": "resnet"}, ("trunk='resnet'", "conv, mlp, mlp-400")),
        ({"activation": []}, ("activation=[]", "silu, relu")),
        ({"optimiser": "sgd"}, ("optimiser='sgd'", "adam, muon")),
        ({"likelihood": "poisson"}, ("likelihood='poisson'", "bernoulli, gaussian")),
        ({"latent_dim": 0}, ("latent_dim=0", "1 to 64")),
        ({"latent_dim": 65}, ("latent_dim=65", "1 to 64")),
        ({"latent_dim": 2.5}, ("latent_dim=2.5", "whole number")),
        ({"latent_dim": True}, ("latent_dim=True", "1 to 64")),
        ({"latent_dim": None}, ("latent_dim=None", "1 to 64")),
        ({"beta": 0}, ("beta=0", "0.001 to 1000")),
        ({"beta": "much"}, ("beta='much'", "0.001 to 1000")),
        ({"beta": float("nan")}, ("beta=nan", "0.001 to 1000")),
        ({"beta": float("inf")}, ("beta=inf", "0.001 to 1000")),
        ({"epochs": 1e400}, ("epochs=inf", "1 to 1000")),
        ({"batch_size": 0}, ("batch_size=0", "1 to 65536")),
        ({"learning_rate": 2}, ("learning_rate=2", "1e-06 to 1")),
        ({"seed": -1}, ("seed=-1", "0 to")),
        ({"dataset": ""}, ("dataset=''", "--help")),
        ({"dataset": 3}, ("dataset=3", "--help")),
        ({"model": "ae", "beta": 1}, ("beta=1", "Leave beta out")),
        ({"model": "multirate", "beta": 1}, ("beta=1", "every beta")),
        ({"model": "multirate", "warmup_epochs": 3}, ("warmup_epochs=3", "every beta", "Leave warmup_epochs out")),
        ({"model": "ae", "free_bits": 0.5}, ("free_bits=0.5", "no rate")),
        ({"model": "ae", "reduction": "mean"}, ("reduction='mean'", "no rate")),
        ({"warmup_epochs": 1}, ("warmup_epochs=1", "0 for none")),
        ({"schema": 99}, ("schema=99", "Train the run again")),
    ],
)
def test_a_value_out_of_range_is_named_with_its_choices(values, words):
    with pytest.raises(ConfigError) as caught:
        RunConfig(**values)
    assert all(word in str(caught.value) for word in words), caught.value
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "low", "high"), [("latent_dim", 1, 64), ("beta", 0.001, 1000), ("epochs", 1, 1000), ("seed", 0, 2**31 - 1)]
)
def test_the_limits_themselves_are_allowed(name, low, high):
    assert [getattr(RunConfig(**{name: value}), name) for value in (low, high)] == [low, high]


def test_replace_chooses_the_trunk_again_only_where_it_was_the_default():
    assert RunConfig().replace(latent_dim=2) == RunConfig(latent_dim=2)
    assert RunConfig(latent_dim=2, trunk="conv").replace(latent_dim=1).trunk == "conv"
    assert RunConfig(latent_dim=2).replace(latent_dim=16).trunk == "conv"


def test_replacing_the_model_drops_a_beta_that_has_no_meaning():
    assert RunConfig(beta=4).replace(model="ae") == RunConfig(model="ae")
    assert RunConfig(model="ae").replace(model="vae").beta == 1
    assert RunConfig(beta=4).replace(seed=2).beta == 4


def test_replacing_the_model_drops_what_has_no_effect_on_the_new_one_and_keeps_the_rest():
    config = RunConfig(reduction="mean", warmup_epochs=5, free_bits=0.1, noise=0.5, epochs=3)
    assert config.replace(model="ae") == RunConfig(model="ae", noise=0.5, epochs=3)
    assert config.replace(model="multirate") == RunConfig(
        model="multirate", reduction="mean", free_bits=0.1, noise=0.5, epochs=3
    )
    with pytest.raises(ConfigError, match=r"free_bits=0\.2"):
        config.replace(model="ae", free_bits=0.2)


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().beta = 2
