"""Only runs that differ in nothing but the model make a pair."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import RunConfig
from core.runs.run import Run
from dashboard.content import catalog
from dashboard.session import state


def entry(shipped: bool = False, **fields) -> catalog.Entry:
    config = RunConfig(data_digest="x", **fields)
    return catalog.Entry(Run(Path(config.run_id), shipped), config)


AE, VAE = entry(model="ae"), entry(model="vae")


def test_a_pair_agrees_in_all_but_the_model():
    pair = catalog.pairs([VAE, AE])["mnist-5k", 16, 0]
    assert (pair.ae, pair.vae) == pair.entries == (AE, VAE)
    assert dict(pair.items()) == {"ae": AE, "vae": VAE} == {kind: pair[kind] for kind in ("ae", "vae")}
    differ, equal = catalog.differences(pair)
    assert set(differ) == {"model", "beta"} and equal["trunk"] == "conv"


@pytest.mark.parametrize(
    "change",
    [{"epochs": 10}, {"learning_rate": 1e-3}, {"trunk": "mlp"}, {"batch_size": 32}, {"seed": 1}, {"latent_dim": 8}],
)
def test_runs_of_different_recipes_are_no_pair(change):
    assert not catalog.pairs([AE, entry(model="vae", **change)])


@pytest.mark.parametrize(
    "change",
    [
        {"noise": 0.3},
        {"held_out_class": 1},
        {"reduction": "mean"},
        {"free_bits": 0.1},
        {"train_size": 100},
        {"likelihood": "gaussian"},
    ],
)
def test_special_runs_never_stand_for_the_models(change):
    special = entry(model="vae", **change)
    partner, family = (special.config.replace(model=model) for model in ("ae", "multirate"))
    assert not catalog.pairs([catalog.Entry(Run(Path(partner.run_id)), partner), special])
    assert catalog.multirate([catalog.Entry(Run(Path(family.run_id)), family)], catalog.Pair(AE, VAE)) is None
    assert not catalog.over_beta([entry(model="vae", beta=2.0, **change)], catalog.Pair(AE, VAE))


def test_other_weights_are_not_the_pairs_vae():
    assert not catalog.pairs([AE, entry(model="vae", beta=4.0)])


def test_the_shipped_recipe_is_preferred_and_the_default_comes_first():
    runs = [entry(model=m, epochs=60, latent_dim=16) for m in ("ae", "vae")] + [
        entry(True, model=m) for m in ("ae", "vae")
    ]
    runs += [entry(True, model=m, latent_dim=2) for m in ("ae", "vae")] + [
        entry(True, model=m, dataset="fashion-mnist") for m in ("ae", "vae")
    ]
    found = catalog.pairs(runs)
    assert found["mnist-5k", 16, 0].vae.config.epochs == 25
    assert list(found) == [("mnist-5k", 16, 0), ("mnist-5k", 2, 0), ("fashion-mnist", 16, 0)]


def test_weights_come_in_order_each_once():
    runs = [
        AE,
        VAE,
        *(entry(model="vae", beta=b) for b in (10, 0.1)),
        entry(True, model="vae", beta=10.0, epochs=30),
        entry(model="vae", beta=2, seed=1),
    ]
    found = catalog.over_beta(runs, catalog.Pair(AE, VAE))
    assert list(found) == [0.1, 1.0, 10.0] and found[10.0].run.shipped


@pytest.mark.parametrize("text", ["<b>x</b>", "a" * 500, "**bold** [link](http://x)", "line\nbreak", "\x00\x1b"])
def test_what_a_stranger_typed_is_shown_harmlessly(text):
    shown = state.shorten(text)
    assert len(shown) <= 41 and not set(shown) & set("<>*[]`\n\x00\x1b")


def test_every_run_can_be_catalogued_whatever_it_was_trained_with():
    """Only a VAE takes every setting: what runs were trained alike is asked of all of them."""
    runs = [entry(reduction="mean"), entry(free_bits=0.5), entry(warmup_epochs=3), entry(model="multirate"), AE, VAE]
    recipes = {catalog.recipe(run.config) for run in runs}
    assert len(recipes) == 4 and catalog.recipe(AE.config) == catalog.recipe(VAE.config) == catalog.recipe(
        runs[3].config
    )
    assert catalog.pairs(runs) == catalog.pairs([AE, VAE])
