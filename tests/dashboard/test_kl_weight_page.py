"""The page KL weight: what is trained, when, and what it says about each training; another pair of models."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from driving import BETAS, components, words

from core.config import RunConfig, quick
from core.metrics import records
from dashboard import cache
from dashboard.content.kl_weight import untrained
from dashboard.session.beta_state import BetaState


@pytest.fixture
def epochs(dashboard) -> int:
    """The usual number of epochs of a training on request on the images of the dashboard's pair."""
    pair = dashboard("kl_weight").session_state["pair"]
    return quick(len(cache.trained.dataset(pair.data).train_images))["epochs"]


def test_untrained_weight_from_a_link_is_offered_not_started(dashboard, jobs, epochs):
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert not jobs.asked
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert [(c.beta, c.model, c.dataset, c.epochs) for c in jobs.asked] == [(2.7, "vae", "tiny", epochs)]


def test_weight_off_the_grid_can_be_linked(dashboard):
    app = dashboard("kl_weight", beta="3.1416")
    assert "β = 3.1416" in words(app) and not app.warning


def larger(data, n):
    """A data set with its training images repeated until there are n."""
    chosen = [i % len(data.train_images) for i in range(n)]
    return replace(data, train_images=data.train_images[chosen], train_labels=data.train_labels[chosen])


def released(app, beta):
    """What the page does when the knob tells that it has come to rest (a component sends nothing under this driver)."""
    weight = app.session_state["_beta"] if "_beta" in app.session_state else BetaState()
    app.session_state["_beta"] = weight.rested({"beta": beta, "sequence": weight.sequence})
    return app.run()


def test_releasing_the_knob_starts_a_training_that_can_be_watched_and_stopped(dashboard, jobs):
    app = released(dashboard("kl_weight", train_in="the server"), 2.2)
    assert [c.beta for c in jobs.asked] == [2.2]
    assert app.query_params.get("beta") == "2.2"
    assert any("Starting" in str(p.proto) for p in app.get("progress"))
    next(b for b in app.button if b.label == "Stop").click().run()
    assert jobs.stopped == [jobs.asked[0].run_id]
    app.run()
    assert "was stopped" in words(app) and any(b.label == "Resume" for b in app.button)


def test_in_the_browser_releasing_the_knob_asks_the_server_for_nothing(dashboard, jobs):
    app = released(dashboard("kl_weight"), 2.2)
    assert not jobs.asked and app.query_params.get("beta") == "2.2"
    assert not any(b.label.startswith("Train β") for b in app.button), "the lab has that button"


def test_images_of_a_large_data_set_are_not_sent_to_browsers(dashboard, jobs, monkeypatch):
    assert any("Train in" in c.label for c in dashboard("kl_weight").segmented_control)
    real = cache.trained.dataset
    monkeypatch.setattr(cache.trained, "dataset", lambda data: larger(real(data), 10_001))
    app = released(dashboard("kl_weight"), 2.2)
    assert not any("Train in" in c.label for c in app.segmented_control)
    assert not jobs.asked, "nor are they trained on when the knob is released"


def test_each_trainings_status_is_asked_for_once_per_rerun(dashboard, jobs):
    jobs.states = {}
    app = dashboard("kl_weight", train_in="the server")
    app.button("train-pair").click().run()
    jobs.looked_up.clear()
    released(app, 2.2)
    assert len(jobs.asked) == 3, "a pair and a weight"
    assert sorted(jobs.looked_up) == sorted(config.run_id for config in jobs.asked)
    jobs.looked_up.clear()
    app.run()
    assert sorted(jobs.looked_up) == sorted(config.run_id for config in jobs.asked)


def test_a_visitor_who_sweeps_the_knob_starts_one_training_not_ten(dashboard, jobs):
    app = dashboard("kl_weight", train_in="the server")
    jobs.states = {}
    for beta in (2.2, 2.6, 3.3):
        released(app, beta)
    assert [c.beta for c in jobs.asked] == [2.2]
    assert any(b.label == "Train β = 3.3" for b in app.button), "the others can still be asked for"


def test_nothing_is_trained_on_release_when_that_is_switched_off(dashboard, jobs):
    app = released(dashboard("kl_weight", train_in="the server", auto="false"), 2.2)
    assert not jobs.asked and any(b.label == "Train β = 2.2" for b in app.button)
    assert app.query_params.get("auto") == "false"


def test_the_weight_is_translated_and_the_classic_mistake_told_where_no_run_shows_it(dashboard):
    text = words(dashboard("kl_weight", beta="4"))
    assert "PyTorch-VAE](https://github.com/AntixK/PyTorch-VAE)" in text
    assert "≈ **0.0102**" in text, "4 / (784 / 2), the distortion being another one"
    assert "| **0.005102** |" in text, "4 / 784 where D is averaged"
    assert "--reduction mean" in text


def test_a_training_that_a_restart_interrupted_is_called_that(dashboard, jobs):
    jobs.state = "stale"
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert untrained(jobs.status(""), RunConfig(beta=2.7)) in words(app)
    next(b for b in app.button if b.label == "Resume").click().run()
    assert [c.beta for c in jobs.asked] == [2.7]


def test_a_full_queue_is_told_with_the_wait(dashboard, jobs):
    from core.jobs.status import QueueFull

    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    jobs.refusal = QueueFull("8 trainings are waiting already. It should have room in about 40 s.")
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert any(str(jobs.refusal) in w.value for w in app.warning) and not app.error


def test_epochs_come_from_the_link_within_core_limits(dashboard, jobs):
    app = dashboard("kl_weight", train_in="the server", beta="2.7", epochs="3")
    next(b for b in app.button if b.label == "Train β = 2.7").click().run()
    assert [c.epochs for c in jobs.asked] == [3]
    told = dashboard("kl_weight", epochs="100000")
    assert any("100000" in w.value and "from 1 to" in w.value for w in told.warning)


@pytest.mark.usefixtures("small_store")
def test_a_pair_of_another_latent_size_is_asked_for_watched_and_shown(dashboard, jobs, epochs):
    jobs.states = {}
    app = dashboard("kl_weight")
    app.selectbox(key="pair-data").set_value("mnist-5k").run()
    app.segmented_control(key="pair-latent").set_value(8).run()
    app.button("train-pair").click().run()
    assert [(c.model, c.beta, c.dataset, c.latent_dim, c.epochs) for c in jobs.asked] == [
        ("ae", None, "mnist-5k", 8, epochs),
        ("vae", 1.0, "mnist-5k", 8, epochs),
    ]
    assert len([b for b in app.button if b.label == "Stop"]) == 2
    jobs.states = {c.run_id: "complete" for c in jobs.asked}
    app.run()
    assert any(b.label == "Show the pair: mnist-5k, latent size 8, seed 0" for b in app.button)


def test_a_failed_training_says_why(dashboard, jobs):
    jobs.state, jobs.message = "failed", "the loss is nan in epoch 3: training diverged. Lower learning_rate."
    app = dashboard("kl_weight", train_in="the server", beta="2.7")
    assert "Lower learning_rate" in words(app) and any(b.label == "Resume" for b in app.button)


def test_trained_weights_are_all_there(dashboard):
    app = dashboard("kl_weight", beta="4")
    assert f"{len(BETAS)} trained values of β" in words(app)
    assert "At β = 4 the" in words(app)


def test_what_a_training_takes_is_said_before_it_starts(dashboard, epochs):
    text = words(dashboard("kl_weight", train_in="the server", beta="2.7"))
    assert re.search(rf"Trains {epochs} epochs in the background: about .*\d+ MB of memory", text)
    assert re.search(r"Each of the two trainings takes about .*\d+ MB of memory", text)


def test_samples_of_a_network_that_was_just_trained_appear_once_its_worker_has_measured_them(
    dashboard, jobs, own_store
):
    measured = {"n": 120, "samples": {"floor": 1.0, "prior": {"fd": 2.0, "density": 0.5, "coverage": 0.25}}}
    newest = next(run for run in own_store if run.config.beta == 4.0)
    for run in own_store:
        if run.run_id != newest.run_id:
            records.keep(run, {**records.stamp(run), **measured})
    jobs.under_way.add(newest.run_id)
    app = dashboard("kl_weight")
    assert "still being evaluated" in words(app) and "beta 0.25: Fréchet distance 2.0" in drawn(app)
    assert "beta 4:" not in drawn(app) and not jobs.called, "the page measures nothing itself"
    measured["samples"]["prior"]["fd"] = 3.0
    records.keep(newest, {**records.stamp(newest), **measured})
    app = app.run()
    assert "still being evaluated" not in words(app) and "beta 4: Fréchet distance 3.0" in drawn(app)


def drawn(app) -> str:
    """The descriptions of all charts."""
    return " ".join(str(data.get("alt", "")) for name, data in components(app) if name == "chart")
